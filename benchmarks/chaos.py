"""Let everything go wrong at once for a while, and count what was lost.

Three real workers poll feeds that grow and fail, on one database; they are killed at random, Telegram answers with
errors, the database's connections are cut (PostgreSQL) or its write lock is held (SQLite), and one worker of six has a
clock that is an hour ahead. After `--seconds` the chaos ends, everything is drained, and it is counted:

- lost: items of a feed that are no article, stories that a chat has no message of, messages still owed. Must be 0.
- copies: messages of a story in a chat beyond the first, at most one for each message that was in flight at a kill.

Run: python benchmarks/chaos.py [--engine sqlite|postgresql|both] [--seconds N] [--quick] [--json OUT]
"""

import argparse
import asyncio
import html
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import delete, select, text, update

from bot.errors import StorageError
from bot.storage.database import open_engine, reading
from bot.storage.schema import articles, deliveries, leases, messages, sources, stories
from tests.fakes import bot_api_faults as faults
from tests.fakes import one_round
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer, Reply

FEEDS, CHATS, WORKERS = 6, (71, 72, 73), 3
IN_FLIGHT = len(CHATS)  # of one worker: a message a chat at a time


def main() -> None:
    """Run the chaos on the engines that were asked for; the exit code is 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="10 seconds an engine")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    seconds = 10.0 if arguments.quick else arguments.seconds
    engines = ["sqlite", "postgresql"] if arguments.engine == "both" else [arguments.engine]
    reports = []
    _quiet()
    for engine in engines:
        with _database(engine) as address:
            reports.append({"engine": engine, **asyncio.run(_chaos(address, seconds, random.Random(arguments.seed)))})
            print(json.dumps(reports[-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    sys.exit(any(one["lost"] or one["copies"] > one["copies_allowed"] for one in reports))


@contextmanager
def _database(engine: str) -> Iterator[str]:
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="straitwatch-chaos-") as folder:
            yield f"sqlite:///{folder}/chaos.sqlite3"
        return
    from tests.fakes.databases import postgres

    with postgres() as server:
        yield server.fresh()


def worker(database: str, port: int, api: str, token: str, ahead: int) -> None:
    """Poll and send until killed; a database that is away is tried again, as the watch does."""
    _quiet()
    if ahead:
        real = one_round.now
        one_round.now = lambda: real() + timedelta(seconds=ahead)  # the machine's clock is off

    async def run() -> None:
        while True:
            try:
                await one_round.play(database, port, api, token)
            except StorageError:
                await asyncio.sleep(0.2)
            await asyncio.sleep(0.05)

    asyncio.run(run())


def _quiet() -> None:
    """Log what is bad only: the trouble is on purpose."""
    import logging

    import structlog

    logging.disable(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class _World:
    """The feeds and what they have shown so far."""

    def __init__(self, feeds: FeedServer, draw: random.Random) -> None:
        self._feeds = feeds
        self._draw = draw
        self.entries: list[list[Entry]] = [[] for _ in range(FEEDS)]

    def grow(self) -> None:
        """Let one feed report something that no other has."""
        at = self._draw.randrange(FEEDS)
        words = " ".join("".join(self._draw.choices("bcdfgklmnprstv", k=7)) for _ in range(6))
        count = sum(map(len, self.entries))
        self.entries[at].append(
            Entry(
                title=f"Parliament bans {words}",
                link=f"https://house{at}.test/{count}",
                at=one_round.now() - timedelta(minutes=90),
                summary=words,
            )
        )

    def serve(self, *, well: bool) -> None:
        """Serve all feeds, some of them broken unless all is to be `well`."""
        for at, entries in enumerate(self.entries):
            body = rss(entries)
            broken = [Reply(status=503), Reply(body=body[: len(body) // 2]), Reply(body=b"<html>login</html>"), body]
            self._feeds.serve(f"/{at}", body if well else self._draw.choice([*broken, body, body]))


async def _chaos(address: str, seconds: float, draw: random.Random) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    done: Counter[str] = Counter()
    with FeedServer() as feeds:
        world = _World(feeds, draw)
        world.serve(well=True)
        one_round.prepare(address, [feeds.url(f"/{at}") for at in range(FEEDS)], CHATS)
        async with BotApi() as api:
            given = (address, feeds.port, api.url, api.token)
            alive = [_start(context, given, draw) for _ in range(WORKERS)]
            ends_at = time.monotonic() + seconds
            while time.monotonic() < ends_at:
                world.grow()
                world.serve(well=False)
                _trouble_telegram(api, draw, done)
                await asyncio.to_thread(_trouble_database, address, draw, done)
                await asyncio.to_thread(_pass_time, address)
                if draw.random() < 0.3:
                    at = draw.randrange(WORKERS)
                    alive[at].kill()
                    await asyncio.to_thread(alive[at].join)
                    alive[at] = _start(context, given, draw)
                    done["kills"] += 1
                await asyncio.sleep(0.4)
            for process in alive:
                process.kill()
                await asyncio.to_thread(process.join)
                done["kills"] += 1
            api.heal()
            world.serve(well=True)
            for _ in range(4):
                await asyncio.to_thread(_pass_time, address)
                await one_round.play(*given)
            found = await asyncio.to_thread(_count, address, api, world)
    return {**found, "copies_allowed": done["kills"] * IN_FLIGHT + done["unclear answers"], **done}


def _start(context: Any, given: tuple[Any, ...], draw: random.Random) -> Any:
    ahead = 3600 if draw.random() < 1 / 6 else 0
    process = context.Process(target=worker, args=(*given, ahead), daemon=True)
    process.start()
    return process


def _trouble_telegram(api: BotApi, draw: random.Random, done: Counter[str]) -> None:
    if draw.random() < 0.4:
        choice = draw.randrange(4)
        api.fail(
            [faults.server_error(), faults.flood(1), faults.html_page(502), faults.reset(accepted=True)][choice],
            method="sendMessage",
        )
        done["telegram faults"] += 1
        done["unclear answers"] += choice == 3


def _trouble_database(address: str, draw: random.Random, done: Counter[str]) -> None:
    if draw.random() > 0.15:
        return
    engine = open_engine(address)
    if engine.dialect.name == "postgresql":
        with engine.begin() as tx:
            mine = text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
            done["connections cut"] += len(tx.execute(mine).all())
    else:
        with engine.begin():
            time.sleep(0.5)
        done["lock held"] += 1
    engine.dispose()


def _pass_time(address: str) -> None:
    """Let the minutes pass that polls, claims and leases of the dead would wait."""
    engine = open_engine(address)
    then = one_round.now() - timedelta(seconds=1)
    with engine.begin() as tx:
        tx.execute(delete(leases).where(leases.c.until < then))
        tx.execute(update(sources).values(next_poll_at=then, claimed_until=None, paused_reason=""))
        tx.execute(
            update(deliveries)
            .where(deliveries.c.state == "due", deliveries.c.not_before > then + timedelta(seconds=3))
            .values(not_before=then)
        )
    engine.dispose()


def _count(address: str, api: BotApi, world: _World) -> dict[str, Any]:
    engine = open_engine(address)
    with reading(engine) as tx:
        known = set(tx.scalars(select(articles.c.url)))
        told = tx.execute(select(stories.c.id, stories.c.headline).where(stories.c.merged_into.is_(None))).all()
        open_ = tx.scalars(select(deliveries.c.id).where(deliveries.c.state.in_(["due", "held", "parked"]))).all()
        roots = {(row.story_id, row.chat_key) for row in tx.execute(select(messages.c.story_id, messages.c.chat_key))}
    engine.dispose()
    shown = [entry.link for entries in world.entries for entry in entries]
    texts = {chat: [html.unescape(one) for one in api.texts(chat)] for chat in CHATS}
    unseen = [(story, chat) for story, _ in told for chat in CHATS if (story, str(chat)) not in roots]
    unread = [link for link in shown if link not in known]
    copies = sum(max(0, sum(headline in one for one in texts[chat]) - 1) for _, headline in told for chat in CHATS)
    missing = sum(not any(headline in one for one in texts[chat]) for _, headline in told for chat in CHATS)
    return {
        "items": len(shown),
        "stories": len(told),
        "messages": sum(map(len, texts.values())),
        "lost": len(unread) + len(unseen) + len(open_) + missing,
        "copies": copies,
        "unread": len(unread),
        "untold": len(unseen) + missing,
        "open": len(open_),
    }


if __name__ == "__main__":
    main()
