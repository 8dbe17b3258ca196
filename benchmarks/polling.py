"""Measure polling: many feeds on a local server, one process, real storage; how late polls start and what they cost.

    python benchmarks/polling.py [--feeds 10000] [--interval 900] [--json OUT] [--quick]

Every feed is due once in the interval, evenly spread, 95 % healthy, 5 % dripping, hanging or failing. Lateness is the
time between a poll's due time and its start. Bars: p99 < 60 s, peak memory with parsers < 400 MB. The full run takes
the interval and a little more; `--quick` polls 500 feeds at three times the rate.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Engine, update

from bot.domain import Source, SourceKind
from bot.ingest.addresses import AddressGuard
from bot.ingest.fetching import Fetcher
from bot.ingest.identity import select
from bot.ingest.parsing import ParserPool
from bot.ingest.polling import poll
from bot.storage import articles as article_rows
from bot.storage import sources as source_rows
from bot.storage.database import open_engine, reading
from bot.storage.schema import metadata
from bot.storage.schema import sources as sources_table
from bot.storage.upsert import insert_new

BAD = ("/drip-body", "/drip-header", "/hang", "/500", "/reset-midway", "/login-html", "/404", "/infinite")
AT_ONCE = 100


@dataclass
class Tally:
    """What the run counted."""

    late: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    new: int = 0
    seen: set[str] = field(default_factory=set)


def fill(engine: Engine, feeds: int, port: int, start: datetime, spread: float) -> None:
    """Store the sources, due evenly over `spread` seconds."""
    made = []
    for number in range(feeds):
        path = BAD[number // 20 % len(BAD)] if number % 20 == 0 else f"/feed/{number}"
        made.append(
            Source(
                id=f"feed-{number}",
                name=f"Feed {number}",
                url=f"http://h{number}.test:{port}{path}",
                kind=SourceKind.FEED,
                tier=3,
                publisher=f"Publisher {number}",
            )
        )
    with engine.begin() as tx:
        insert_new(tx, sources_table, [source_rows.row_of(source, "bench") for source in made])
        for number in range(feeds):
            due_at = start + timedelta(seconds=spread * number / feeds)
            tx.execute(update(sources_table).where(sources_table.c.id == f"feed-{number}").values(next_poll_at=due_at))


async def run(engine: Engine, port: int, feeds: int, limit: float) -> Tally:
    """Poll until every feed was polled once, at most `limit` seconds."""
    tally, running = Tally(), set[asyncio.Task[None]]()
    guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[port])

    async def resolve(host: str, _: int) -> list[str]:
        del host
        return ["127.0.0.1"]

    async with Fetcher(guard=guard, resolve=resolve) as fetcher, ParserPool() as parsers:

        async def one(source_id: str) -> None:
            source, memory = await asyncio.to_thread(_load, engine, source_id)
            now = datetime.now(UTC)
            assert memory.next_poll_at
            tally.seen.add(source_id)
            tally.late.append((now - memory.next_poll_at).total_seconds())
            polled = await poll(source, memory, fetcher, parsers, now=now)
            if polled.failure:
                tally.failed[f"{'bad' if int(source_id[5:]) % 20 == 0 else 'HEALTHY'}: {polled.failure}"] += 1
            tally.new += await asyncio.to_thread(_store, engine, polled, now)

        end = time.monotonic() + limit
        while len(tally.seen) < feeds and time.monotonic() < end:
            free = AT_ONCE - len(running)
            claimed = await asyncio.to_thread(_claim, engine, free) if free else []
            for source_id in claimed:
                task = asyncio.create_task(one(source_id))
                running.add(task)
                task.add_done_callback(running.discard)
            await asyncio.sleep(0.05 if claimed else 0.25)
        await asyncio.gather(*running)
    return tally


def _claim(engine: Engine, free: int) -> list[str]:
    with engine.begin() as tx:
        return source_rows.due(tx, datetime.now(UTC), free, worker="bench")


def _load(engine: Engine, source_id: str) -> "tuple[Source, source_rows.SourceMemory]":
    with reading(engine) as tx:
        return source_rows.load(tx, source_id)


def _store(engine: Engine, polled: object, now: datetime) -> int:
    with engine.begin() as tx:
        known = article_rows.known_keys(tx, polled.source.id, polled.keys)
        selection = select(polled, known, now=now, freshness=timedelta(days=3650), first_window=timedelta(days=3650))
        source_rows.save_memory(tx, polled.source.id, selection.memory)
        article_rows.add_articles(tx, selection.new)
        article_rows.touch_sightings(tx, selection.sightings, now=now)
        article_rows.add_drops(tx, selection.drops)
        return len(selection.new)


def main() -> None:
    """Run and print; exit 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--interval", type=float, default=900.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    feeds, interval = (500, 14.0) if arguments.quick else (arguments.feeds, arguments.interval)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.feed_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin
    assert server.stdout
    port = int(server.stdout.readline())
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/polling.sqlite3", pool_size=20)
        metadata.create_all(engine)
        fill(engine, feeds, port, datetime.now(UTC), interval)
        begun, cpu = time.monotonic(), time.process_time()
        tally = asyncio.run(run(engine, port, feeds, interval + 120))
        seconds, used = time.monotonic() - begun, time.process_time() - cpu
        engine.dispose()
    server.stdin.close()
    server.wait()
    late = sorted(tally.late)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    result = {
        "feeds": feeds,
        "polled": len(tally.seen),
        "polls": len(late),  # failing feeds come up again within the interval
        "failed": dict(tally.failed),
        "articles": tally.new,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used, 1),
        "late_p50": round(late[len(late) // 2], 2),
        "late_p99": round(late[int(len(late) * 0.99)], 2),
        "late_max": round(late[-1], 2),
        "memory_mb": round(own + 2 * child),
    }
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2))
    sys.exit(len(tally.seen) < feeds or result["late_p99"] >= 60 or result["memory_mb"] >= 400)


if __name__ == "__main__":
    main()
