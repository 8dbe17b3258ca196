"""Measure how many articles a second go the whole way: parse, choose, assess, group, match 10,000 rules, commit.

A virtual day of a million articles, or its beginning: `--sources` feeds are polled in turn, each poll shows 15 items of
which 10 are new. About 3 % report a change, in clusters, as the real stream does; the rest is other news. The shipped
model and rules assess them, chats hold 10,000 rules of every kind. Only the network and Telegram are left out: what is
owed is marked as sent in bulk. `cpu` is what the workers used themselves; the database server's share is not in it.
Run: python benchmarks/stream.py [--quick] [--articles N] [--workers N] [--postgres] [--json OUT]
`--postgres` starts a server of its own (needs the development packages). The full run is --articles 1000000.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import queue
import random
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: it has a rules.py of its own
START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 1_000_000  # articles of the virtual day
NEW, SHOWN = 10, 15  # items of a poll: new ones, and shown altogether
RULES, CHATS = 10_000, 2_000
STATES = (
    *("China", "Washington", "Brussels", "Japan", "India", "London", "Russia", "Iran", "Seoul", "Canada", "Chile"),
    *("Australia", "Indonesia", "Malaysia", "Vietnam", "Brazil", "Mexico", "Turkey", "Ukraine", "Kazakhstan", "Peru"),
    *("Argentina", "Egypt", "Thailand", "Pakistan", "Norway", "Switzerland", "Israel", "Qatar", "Nigeria", "Zambia"),
)
MAKERS = (
    "Alsen",
    "Borvik",
    "Cathmar",
    "Delwyn",
    "Eskerra",
    "Fontal",
    "Garrick",
    "Holmdal",
    "Ivaro",
    "Jestrup",
    "Kelvane",
)
DEEDS = (
    "bans exports of",
    "imposes export controls on",
    "suspends export licences for",
    "halts shipments of",
    "adds tariffs on imports of",
    "lifts export restrictions on",
    "tightens licensing of",
)
GOODS = (
    *("gallium", "germanium", "graphite", "lithium", "magnets", "nickel", "urea", "drones"),
    *("cobalt", "antimony", "tungsten", "bismuth", "titanium", "helium", "semiconductors", "polysilicon"),
    *("batteries", "palladium", "uranium", "copper", "aluminium", "steel", "tin", "wheat"),
    *("rice", "fertiliser", "chipmaking tools", "rare earths", "memory chips", "gas turbines"),
    *("solar cells", "natural gas"),
)
OTHER = (
    "quarterly profit of {a} maker rises on strong demand",
    "analysts see {a} prices steady through summer",
    "{a} start-up raises money for its second plant",
    "festival in {b} draws record crowds",
    "{b} coach names squad for the final",
    "how {a} is made: a visit to the works",
    "{b} parliament debates pension reform",
    "storm passes {b} without damage",
)


class Feed:
    """One source's feed: poll n shows items 10n-4 to 10n+10, so that five are known from the poll before."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.polls = 0

    def body(self, now: datetime) -> bytes:
        """Write the feed as of its next poll."""
        first = self.polls * NEW
        self.polls += 1
        items = "".join(self._item(at, now) for at in range(max(0, first - (SHOWN - NEW)), first + NEW))
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>f</title>{items}</channel></rss>'.encode()

    def _item(self, at: int, now: datetime) -> str:
        draw = random.Random(self._number * 1_000_003 + at)
        if draw.random() < 0.03:
            # an event of the hour is reported by several feeds in their own words
            event = random.Random(int(now.timestamp()) // 900 * 20 + draw.randrange(12))
            state, good, deed = event.choice(STATES), event.choice(GOODS), event.choice(DEEDS)
            hit = f"{event.choice(MAKERS)}{event.randrange(90)}"  # an invented company, so that events are told apart
            ending = draw.choice(["", ", ministry says", " from Monday", " in trade row", f", hitting {hit}"])
            title = f"{state} {deed} {good} of {hit}{ending}"
        else:
            title = draw.choice(OTHER).format(a=draw.choice(GOODS), b=draw.choice(STATES)) + f" {draw.randrange(10**6)}"
        words = " ".join(f"word w{int(draw.paretovariate(0.7)) % 90_000}" for _ in range(25))
        link = f"https://house{self._number}.test/{at}"
        return (
            f"<item><title>{escape(title)}</title><link>{link}</link><guid>{link}</guid>"
            f"<description>{title}. {words}</description><pubDate>{format_datetime(now)}</pubDate></item>"
        )


class Feeds:
    """Stands where the fetcher stands, and answers from memory."""

    def __init__(self, clock: "Clock") -> None:
        from bot.ingest.keyring import Keyring

        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self.keyring = Keyring()

    async def fetch(self, request: Any) -> Any:
        """Answer with the source's next feed."""
        from bot.ingest.fetching import Response

        feed = self._feeds.setdefault(request.url, Feed(int(request.url.rpartition("/")[2])))
        body = feed.body(self._clock())
        return Response(
            request=request, url=request.url, status=200, headers={"content-type": "application/rss+xml"}, body=body
        )


class Clock:
    """A virtual day: each poll takes its share of it. `ticks` is the number of polls that the workers share."""

    def __init__(self, step: timedelta, ticks: Any = None) -> None:
        self._step = step
        self._ticks = ticks or multiprocessing.Value("q", 0)

    def __call__(self) -> datetime:
        """Give the time."""
        return START + self._ticks.value * self._step

    def tick(self) -> None:
        """Let the share of one poll pass."""
        with self._ticks.get_lock():
            self._ticks.value += 1


def prepare(address: str, sources: int) -> None:
    """Make the database: sources, chats and their rules."""
    from bot.domain import Chat, ChatKind, Source, SourceKind, Subscription, Topic
    from bot.storage import sources as source_rows
    from bot.storage.chats import _row as chat_row
    from bot.storage.database import open_engine
    from bot.storage.schema import chats, subscriptions
    from bot.storage.upgrading import upgrade

    engine = open_engine(address)
    upgrade(engine)
    draw, topics = random.Random(5), [topic.value for topic in Topic]
    with engine.begin() as tx:
        source_rows.upsert_catalog(
            tx,
            [
                Source(
                    id=f"s{n}",
                    name=f"S{n}",
                    url=f"https://feeds.test/{n}",
                    kind=SourceKind.FEED,
                    tier=2 + n % 3,
                    publisher=f"house{n}",
                )
                for n in range(sources)
            ],
        )
        made = [Chat(key=str(n), telegram_id=n, kind=ChatKind.PRIVATE, created_at=START) for n in range(1, CHATS + 1)]
        tx.execute(chats.insert(), [chat_row(chat) for chat in made])
        rules = []
        for number in range(RULES):
            good, state = draw.choice(GOODS), draw.choice(STATES)
            query = (
                f'"{good}" AND {state.lower()}',
                f"topic:{draw.choice(topics)} AND {state.lower()} AND severity:>=high AND {good.split()[0]}",
                f"w{draw.randrange(90_000)} OR w{draw.randrange(90_000)}",
                f'entity:e{draw.randrange(5000)} OR "{state} {draw.choice(DEEDS)}"',
                f"direction:easing AND {good.split()[0]} AND w{draw.randrange(2000)}",
            )[number % 5]
            one = Subscription(
                id=f"r{number}", chat_key=str(number % CHATS + 1), name=f"R{number}", query=query, created_at=START
            )
            rules.append(
                {
                    "id": one.id,
                    "chat_key": one.chat_key,
                    "name": one.name,
                    "query": one.query,
                    "level": None,
                    "mode": None,
                    "paused": False,
                    "created_at": START,
                }
            )
        tx.execute(subscriptions.insert(), rules)
    engine.dispose()


def work(number: int, *, results: Any, **given: Any) -> None:
    """Poll this worker's share of the sources until its share of articles went through."""
    results.put(asyncio.run(_work(number, **given)))


async def _work(number: int, *, workers: int, address: str, sources: int, articles: int, ticks: Any) -> dict[str, Any]:
    from bot.analysis.grouping import StoryIndex
    from bot.app import load_assessor
    from bot.ingest.parsing import InlineParsers
    from bot.pipeline import Pipeline
    from bot.settings import Settings
    from bot.storage.database import open_engine

    engine = open_engine(address)
    polls = articles // workers // NEW
    clock = Clock(timedelta(days=1) * NEW / DAY, ticks)
    pipeline = Pipeline(
        engine=engine,
        fetcher=Feeds(clock),
        parsers=InlineParsers(),  # type: ignore[arg-type]
        assessor=load_assessor(Settings(_env_file=None)),
        index=StoryIndex(),
        clock=clock,
        first_window=timedelta(days=2),
    )
    mine = [f"s{n}" for n in range(number, sources, workers)]
    tenth, counts, marks, seconds = max(1, polls // 10), {}, [], {}
    warmed = time.monotonic()
    await asyncio.to_thread(pipeline.warm)
    began = last = time.monotonic()
    used = time.process_time()
    for poll in range(polls):
        told = await pipeline.run(mine[poll % len(mine)])
        clock.tick()
        for what, n in told.counts.items():
            counts[what] = counts.get(what, 0) + n
        for stage, spent in told.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
        if poll % tenth == tenth - 1:
            now, cpu = time.monotonic(), time.process_time()
            per_thousand = 1000 / (tenth * NEW)
            mark = {
                "seconds_per_1000": round((now - last) * per_thousand, 3),
                "cpu_per_1000": round((cpu - used) * per_thousand, 3),
                "rss_mb": _rss(),
            }
            marks.append(mark)
            print(f"worker {number}: {len(marks)}/10", json.dumps(mark), file=sys.stderr, flush=True)
            last, used = now, cpu
            await asyncio.to_thread(_send_all, engine)
    took = time.monotonic() - began
    engine.dispose()
    return {
        "read": counts.get("read", 0),
        "flagged": counts.get("flagged", 0),
        "owed": counts.get("owed", 0),
        "seconds": round(took, 2),
        "compile_seconds": round(began - warmed, 2),
        "tenths": marks,
        "stages": {name: round(n, 2) for name, n in seconds.items()},
    }


def growth(found: list[dict[str, Any]], cost: str) -> float:
    """Give the cost of an article in the last tenth over that in the first, or the second where that was cheaper."""
    tenths = [sum(one["tenths"][at][cost] for one in found) for at in range(len(found[0]["tenths"]))]
    return round(tenths[-1] / min(tenths[:2]), 2)


def _send_all(engine: Any) -> None:
    """Mark what is owed as sent, as the sender would have by then."""
    from sqlalchemy import update

    from bot.storage.schema import deliveries

    with engine.begin() as tx:
        tx.execute(update(deliveries).where(deliveries.c.state == "due").values(state="sent", sent_at=START))


def database_mb(address: str) -> int:
    """Give how much room the database takes by now."""
    from sqlalchemy import text

    from bot.storage.database import open_engine

    engine = open_engine(address)
    if engine.dialect.name == "sqlite":
        size = Path(str(engine.url.database)).stat().st_size
    else:
        with engine.connect() as tx:
            size = tx.scalar(text("SELECT pg_database_size(current_database())"))
    engine.dispose()
    return size // 1_000_000


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def main() -> None:
    """Run the workers and report."""
    from tests.fakes.databases import throwaway

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", default="")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--quick", action="store_true", help="2,000 articles of 100 sources")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.articles, arguments.sources = 2000, 100
    asked = nullcontext(arguments.database)
    with asked if arguments.database else throwaway(on_postgres=arguments.postgres, durable=True) as address:
        prepare(address, arguments.sources)
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        given = {
            "workers": arguments.workers,
            "address": address,
            "sources": arguments.sources,
            "articles": arguments.articles,
            "ticks": context.Value("q", 0),
            "results": results,
        }
        workers = [context.Process(target=work, args=(n,), kwargs=given) for n in range(arguments.workers)]
        for worker in workers:
            worker.start()
        found = []
        while len(found) < len(workers):
            try:
                found.append(results.get(timeout=5))
            except queue.Empty:
                if any(worker.exitcode for worker in workers):
                    sys.exit("a worker failed")
        for worker in workers:
            worker.join()
        size = database_mb(address)
    # the first tenth fills caches and reads the model's words
    spent = [sum(mark["seconds_per_1000"] for mark in one["tenths"][1:]) for one in found]
    rate = sum(1000 * (len(one["tenths"]) - 1) / seconds for one, seconds in zip(found, spent, strict=True))
    report = {
        "engine": "postgresql" if address.startswith("postgres") else "sqlite",
        "workers": arguments.workers,
        "articles": sum(one["read"] for one in found),
        "flagged": sum(one["flagged"] for one in found),
        "owed": sum(one["owed"] for one in found),
        "articles_per_second": round(rate, 1),  # after the first tenth
        "end_over_start": growth(found, "seconds_per_1000"),
        "cpu_end_over_start": growth(found, "cpu_per_1000"),
        "database_mb": size,
        "rss_mb": max(mark["rss_mb"] for one in found for mark in one["tenths"]),
        "each": found,
    }
    text = json.dumps(report, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
