"""Measure how long an alert takes: from an item that stands in a feed to the message that Telegram accepted.

The real watch (`straitwatch run`, with the shipped model and rules) runs in a process of its own. This process is the
world: 1,000 feeds, each on a host of its own (127.0.x.y, so that the politeness towards one host holds nobody up), and
the Bot API. Feeds answer after 50 to 250 ms, with 304 where nothing is new; they get 11.6 items a second together, a
million a day, of which 3 % report a change. 32 chats hear of one state or one good each; one more, the desk, hears
everything: 30,000 messages a day. Two within a second wait for Telegram's limit of one a second there, whatever we do,
so that the desk proves that nothing is lost and is timed apart.

Sources are polled every 60 s, the shortest interval that the product accepts; fifteen times as often as it would be by
default, so that five minutes show five polls of each. `--quick` polls every six seconds; it sets that limit aside.

- available -> accepted: from the moment at which the item stood in the feed. Bar: p95 < interval + 5 s.
- served -> accepted: from the first answer that held it, the part that is ours. Bar: p95 < 2 s, without the desk.
- lost: items that the desk never got, unless they were read and not flagged, and messages still owed. Must be 0.

Run: python benchmarks/latency.py [--postgres] [--quick] [--sources N] [--seconds N] [--json OUT]
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fakes.bot_api import BotApi
from tests.fakes.databases import throwaway
from tests.fakes.news_world import GOODS, LINK, STATES, Feeds, Item
from tests.fakes.watch_process import WatchProcess, figure

SCRIPT = Path(__file__).resolve()
TOKEN = "123456789:AAlatencyLATENCYlatencyLATENCYlatency"
WORLD_DAY = 1_000_000 / 86_400  # items a second
DESK = 500  # the chat that hears everything; the others hear of one state or one good
PROCESSING_BAR, SLACK_BAR = 2.0, 5.0  # seconds


def prepare(address: str, urls: Sequence[str], catalog: Path) -> None:
    """Make the database with its chats, and the list of sources that the watch reads at its start."""
    from bot.app import EVERYTHING
    from bot.domain import Chat, ChatKind, Severity, Subscription
    from bot.storage import access
    from bot.storage.chats import save_chat
    from bot.storage.database import open_engine
    from bot.storage.subscriptions import save_subscription
    from bot.storage.upgrading import upgrade

    catalog.write_text(
        "".join(
            f"- {{id: s{n}, name: House {n}, url: '{url}', kind: feed, tier: {2 + n % 3},"
            f" publisher: house{n}, lang: en, poll_minutes: 1, known_by: user}}\n"
            for n, url in enumerate(urls)
        ),
        encoding="utf-8",
    )
    now = datetime.now(UTC)
    wishes = [EVERYTHING, *(f'"{word.lower()}"' for word in (*STATES, *GOODS))]
    engine = open_engine(address)
    upgrade(engine)
    with engine.begin() as tx:
        access.make_owner(tx, DESK, now=now)
        for number, query in enumerate(wishes, DESK):
            key, kind = str(number), ChatKind.PRIVATE
            save_chat(tx, Chat(key=key, telegram_id=number, kind=kind, level=Severity.INFORMATIONAL, created_at=now))
            access.allow(tx, "user", number, note="listens", now=now)
            save_subscription(tx, Subscription(id=key, chat_key=key, name="Mine", query=query, created_at=now))
    engine.dispose()


def watch(interval: float) -> None:
    """Be `straitwatch run`; below a minute the shortest interval is set aside, which no setting could do."""
    from bot.cli import main as straitwatch
    from bot.ingest import cadence

    if interval < cadence.SHORTEST.total_seconds():
        plain, every = cadence.after_success, timedelta(seconds=interval)
        cadence.SHORTEST = every
        cadence.after_success = lambda **given: plain(**{**given, "every": every})
    sys.argv = ["straitwatch", "run"]
    straitwatch()


def stored(log: Path) -> dict[int, list[float]]:
    """Read from the watch's log when the polls of each house were stored, by the monotonic clock."""
    shift, found = time.time() - time.monotonic(), defaultdict(list)
    for line in log.read_text(encoding="utf-8").splitlines():
        if line.startswith("{") and (event := json.loads(line)).get("event") == "polled":
            at = datetime.fromisoformat(event["timestamp"]).timestamp() - shift
            found[int(event["source"].removeprefix("s"))].append(at)
    return found


async def run(options: argparse.Namespace, address: str, folder: Path, show: Callable[[str, float], None]) -> dict:
    """Start world and watch, let news happen for a while, and report."""
    feeds = Feeds(options.sources, random.Random(8))
    await feeds.listen()
    prepare(address, [feeds.url(n) for n in range(options.sources)], folder / "sources.yaml")
    async with BotApi(token=TOKEN) as api:
        api.on_request = lambda method, given: accept(feeds.items, method, given)
        settings = {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API": api.url,
            "OWNER_ID": str(DESK),
            "DATABASE_URL": address,
            "SOURCES_FILE": str(folder / "sources.yaml"),
            "ALLOW_PRIVATE_NETWORKS": "true",
            "LOG_LEVEL": "info",  # each poll leaves a line when it is stored
            "LOG_FORMAT": "json",
        }
        command = (sys.executable, str(SCRIPT), "--watch", str(options.interval))
        began = time.monotonic()
        watching = await WatchProcess.start(command, settings, folder)
        try:
            one = Run(options=options, feeds=feeds, watching=watching, began=began, show=show)
            report = await one.start()
            await one.publish()
            await one.wait()
            report |= await one.report()
        finally:
            await watching.stop()
            feeds.close()
    wanted = [item for item in feeds.items if item.alerting and item.accepted_at]
    missing = [item for item in one.wanted if DESK not in item.shown_in]
    return report | parts(wanted, stored(folder / "watch.log")) | ledger(address, missing)


def accept(items: Sequence[Item], method: str, given: dict[str, Any]) -> None:
    """Note what a message shows. An alert is that of the item that was served last; the others were there before.

    An item that joins a story is shown by an edit and perhaps a reply, and by no alert of its own.
    """
    if not method.startswith(("send", "edit")):
        return
    now, chat = time.monotonic(), given.get("chat_id")
    found = [items[int(number)] for number in LINK.findall(str(given.get("text", "")))]
    for item in found:
        item.shown_in.add(chat)
    if found and method.startswith("send") and "reply_parameters" not in given:
        max(found, key=lambda item: item.served_at).accepted_at.setdefault(chat, now)


@dataclass(kw_only=True)
class Run:
    """One run, step by step."""

    options: argparse.Namespace
    feeds: Feeds
    watching: WatchProcess
    began: float
    show: Callable[[str, float], None]
    settled_at: float = 0.0
    cpu: float = 0.0
    old: int = 0  # items of the feeds before news began
    loads: list[float] = field(default_factory=list)

    @property
    def wanted(self) -> list[Item]:
        """The items that the desk must be told."""
        return [item for item in self.feeds.items[self.old :] if item.alerting]

    async def start(self) -> dict[str, Any]:
        """Wait until every source was polled twice: the second poll comes at a random time, so that they spread."""
        ready_at = 0.0
        while not ready_at or sum(len(times) > 1 for times in self.feeds.asked_at.values()) < self.options.sources:
            if self.watching.process.returncode is not None or time.monotonic() - self.began > 300:
                sys.exit("the watch did not get going: see its log")
            self.watching.look()
            if not ready_at and (await self.watching.get("/readyz"))[0] == 200:
                ready_at = time.monotonic()
            self.show(f"start: {len(self.feeds.asked_at)} sources polled", 0.0)
            await asyncio.sleep(0.2)
        self.settled_at, self.cpu, self.old = time.monotonic(), self.watching.look(), len(self.feeds.items)
        first = [times[0] - self.began for times in self.feeds.asked_at.values()]
        return {
            "start": {
                "first_poll": round(min(first), 1),
                "ready": round(ready_at - self.began, 1),
                "all_polled": round(max(first), 1),
                "all_polled_twice": round(self.settled_at - self.began, 1),
                "most_polls_in_a_second": busiest(self.feeds.asked_at, self.began, self.settled_at),
            }
        }

    async def publish(self) -> None:
        """Let items appear at random times in random feeds."""
        options, chance = self.options, random.Random(9)
        rate = WORLD_DAY * options.sources / 1000 * 60 / options.interval  # as much for each poll at any size
        while (passed := time.monotonic() - self.settled_at) < options.seconds:
            await asyncio.sleep(chance.expovariate(rate))
            house, alerting = chance.randrange(options.sources), chance.random() < options.share
            self.feeds.publish(house, alerting=alerting, at=datetime.now(UTC))
            if passed > len(self.loads):
                self.watching.look()
                self.loads.append(os.getloadavg()[0])
                told = sum(DESK in item.shown_in for item in self.wanted)
                self.show(f"{len(self.feeds.items) - self.old} items, {told} alerts told", passed / options.seconds)

    async def wait(self) -> None:
        """Wait until all is told, or a poll and a half have passed."""
        deadline = time.monotonic() + self.options.interval * 1.5 + 10
        while missing := sum(DESK not in item.shown_in for item in self.wanted):
            if time.monotonic() > deadline:
                break
            self.show(f"waiting for {missing} alerts", 1.0)
            await asyncio.sleep(0.2)
        await asyncio.sleep(2)  # what the other chats are still to get

    async def report(self) -> dict[str, Any]:
        """Count."""
        took = time.monotonic() - self.settled_at
        used = self.watching.look() - self.cpu
        page = (await self.watching.get("/metrics"))[1]
        pairs = [pair for times in self.feeds.asked_at.values() for pair in itertools.pairwise(times)]
        gaps = [later - earlier for earlier, later in pairs if earlier >= self.settled_at]
        ways = [(one, at, chat == DESK) for one in self.wanted for chat, at in one.accepted_at.items()]
        return {
            "items": len(self.feeds.items) - self.old,
            "alerting": len(self.wanted),
            "joined_a_story": sum(DESK not in one.accepted_at for one in self.wanted),
            "messages": len(ways),
            "available_to_accepted": spans([at - one.available_at for one, at, _ in ways]),
            "served_to_accepted": spans([at - one.served_at for one, at, desk in ways if not desk]),
            "served_to_accepted_by_the_desk": spans([at - one.served_at for one, at, desk in ways if desk]),
            "poll_lateness": spans([gap - self.options.interval for gap in gaps]),
            "polls_a_second": round(sum(later >= self.settled_at for _, later in pairs) / took, 2),
            "most_polls_in_a_second": busiest(self.feeds.asked_at, self.settled_at),
            "cpu_cores": round(used / took, 2),
            "peak_mb": self.watching.peak_mb,
            "load_average": round(sum(self.loads) / max(1, len(self.loads)), 2),
            "stages": stages(page),
            "figures": figures(page),
        }


def parts(told: Sequence[Item], stored_at: Mapping[int, Sequence[float]]) -> dict[str, Any]:
    """Divide the processing part: until the poll was stored, and from there to the first chat that was told."""
    ways = [(one, min(at for at in stored_at[one.house] if at > one.served_at)) for one in told]
    return {
        "served_to_stored": spans([done - one.served_at for one, done in ways]),
        "stored_to_first_accepted": spans([min(one.accepted_at.values()) - done for one, done in ways]),
    }


def ledger(address: str, missing: Sequence[Item]) -> dict[str, Any]:
    """Ask the database what is still owed, and whether what was not told was read and taken for no change."""
    from sqlalchemy import select

    from bot.storage import outbox
    from bot.storage.database import open_engine, reading
    from bot.storage.schema import articles, assessments

    engine = open_engine(address)
    with reading(engine) as tx:
        counts = outbox.summary(tx).counts
        query = select(articles.c.url).join(assessments, assessments.c.article_id == articles.c.id)
        silent = set(tx.scalars(query.where(~assessments.c.flagged, articles.c.url.in_([one.url for one in missing]))))
    engine.dispose()
    return {
        "not_flagged": [one.title for one in missing if one.url in silent],
        "not_told": [one.title for one in missing if one.url not in silent],
        "owed_at_end": sum(n for state, n in counts.items() if state.value in {"due", "held", "parked"}),
    }


def spans(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    if not ordered:
        return {}
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in SHARES.items()}
    return {**{name: round(value, 3) for name, value in at.items()}, "max": round(ordered[-1], 3)}


SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def busiest(asked: dict[int, list[float]], start: float, end: float = float("inf")) -> int:
    counts: dict[int, int] = defaultdict(int)
    for at in itertools.chain.from_iterable(asked.values()):
        if start <= at < end:
            counts[int(at - start)] += 1
    return max(counts.values(), default=0)


def stages(page: str) -> dict[str, float]:
    """Give the mean milliseconds of a poll in each stage, the start's polls included."""
    name = "straitwatch_stage_seconds"
    found = re.findall(rf'^{name}_count{{stage="(\w+)"}}', page, re.MULTILINE)
    return {
        stage: round(
            figure(page, f'{name}_sum{{stage="{stage}"}}') / figure(page, f'{name}_count{{stage="{stage}"}}') * 1000, 1
        )
        for stage in found
    }


def figures(page: str) -> dict[str, float]:
    """Give what the watch's own figures say of the same: messages counted, and the mean seconds of both lags."""
    counted = {}
    for name in ("published_to_accepted", "fetched_to_accepted"):
        full = f"straitwatch_{name}_seconds"
        count = sum(figure(page, f'{full}_count{{tier="{tier}"}}') for tier in range(1, 6))
        total = sum(figure(page, f'{full}_sum{{tier="{tier}"}}') for tier in range(1, 6))
        counted |= {f"{name}_messages": int(count), f"{name}_mean": round(total / max(1, count), 3)}
    return counted


def main() -> None:
    if sys.argv[1:2] == ["--watch"]:
        watch(float(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true", help="on a server of its own")
    parser.add_argument("--quick", action="store_true", help="100 sources, every 6 s, for 18 s")
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=160.0, help="how long news is published")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.interval, options.share = 60.0, 0.03
    if options.quick:  # a few more alerts, as there would be three or four
        options.sources, options.seconds, options.interval, options.share = 100, 18.0, 6.0, 0.05
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, options.sources * 2 + 500)), hard))
    folder = Path(tempfile.mkdtemp(prefix="straitwatch-latency-"))
    with throwaway(on_postgres=options.postgres) as address, progress() as show:
        report = asyncio.run(run(options, address, folder, show))
    engine = "postgresql" if options.postgres else "sqlite"
    report = {"engine": engine, "sources": options.sources, "interval": options.interval, **report}
    report["lost"] = len(report["not_told"]) + report["owed_at_end"]
    report["passed"] = (
        report["lost"] == 0
        and report["available_to_accepted"]["p95"] < options.interval + SLACK_BAR
        and report["served_to_accepted"]["p95"] < PROCESSING_BAR
    )
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    if report["passed"]:
        shutil.rmtree(folder)
    else:
        print(f"The watch's log and database are kept in {folder}", file=sys.stderr)
    sys.exit(0 if report["passed"] else 1)


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task("start", total=1.0)
        yield lambda text, done: shown.update(task, description=text, completed=done)


if __name__ == "__main__":
    main()
