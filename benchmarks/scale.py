"""Measure what would scale out: reading (parse, choose, assess) apart from committing (group, decide, route, store).

Readers write what they assessed to a log, one message a poll, as a broker (NATS JetStream, Kafka) would keep it;
committers then take that log, each its share of the sources, into one database. So each half is measured alone, and
with several processes: reading needs no lock and should grow with the cores, committing meets the database and the one
lock of story grouping. Run: python benchmarks/scale.py [--quick] [--postgres] [--json OUT]
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import pickle
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: it has a rules.py of its own

from benchmarks.stream import NEW, Clock, Feeds, prepare  # noqa: E402 - found by the line above

_LENGTH = struct.Struct("!I")


def read(number: int, readers: int, *, address: str, sources: int, log: str, results: Any) -> None:
    """Poll this reader's share of the sources once, assess what is new, and append it to the log."""
    results.put(asyncio.run(_read(range(number, sources, readers), address, Path(log) / f"{readers}-{number}")))


async def _read(mine: range, address: str, log: Path) -> dict[str, float]:
    from bot.ingest.identity import select
    from bot.ingest.parsing import InlineParsers
    from bot.ingest.polling import poll
    from bot.storage import sources as source_rows
    from bot.storage.articles import known_keys
    from bot.storage.database import open_engine, reading

    clock, engine = Clock(timedelta(seconds=1)), open_engine(address)
    feeds, parsers, pipeline = Feeds(clock), InlineParsers(), _pipeline(engine, clock)
    articles = size = 0
    began = used = 0.0
    with log.open("wb") as written:
        for at, n in enumerate(mine):
            if at == len(mine) // 10:  # warm: the words and the encoder are loaded
                articles, began, used = 0, time.monotonic(), time.process_time()
            with reading(engine) as tx:
                source, memory = source_rows.load(tx, f"s{n}")
            polled = await poll(source, memory, feeds, parsers, now=clock())  # type: ignore[arg-type]
            with reading(engine) as tx:
                known = known_keys(tx, source.id, polled.keys)
            windows = {"freshness": timedelta(hours=72), "first_window": timedelta(days=2)}
            selection = select(polled, known, now=clock(), **windows)
            message = pickle.dumps((polled, selection, pipeline.assess(selection.new), clock()))
            written.write(_LENGTH.pack(len(message)) + message)
            articles += len(selection.new)
            size += len(message)
            clock.tick()
    engine.dispose()
    found = _figures(articles, began, used)
    return {**found, "bytes_an_article": size / (len(mine) * NEW)}


def commit(number: int, committers: int, *, address: str, sources: int, log: str, results: Any) -> None:
    """Commit the polls of this committer's share of the sources."""
    from bot.laps import Laps
    from bot.storage.database import open_engine

    engine = open_engine(address)
    pipeline = _pipeline(engine, Clock(timedelta(0)))
    pipeline.warm()
    share = {f"s{n}" for n in range(number, sources, committers)}
    messages = [one for one in _messages(Path(log)) if one[0].source.id in share]
    articles, began, used = 0, 0.0, 0.0
    for at, (polled, selection, assessments, now) in enumerate(messages):
        if at == len(messages) // 10:
            articles, began, used = 0, time.monotonic(), time.process_time()
        articles += pipeline.commit(polled, selection, assessments, now, Laps()).counts["read"]
    engine.dispose()
    results.put(_figures(articles, began, used))


def _messages(log: Path) -> Iterator[tuple[Any, ...]]:
    """Read the log of a single reader back, in its order."""
    with (log / "1-0").open("rb") as written:
        while head := written.read(_LENGTH.size):
            yield pickle.loads(written.read(_LENGTH.unpack(head)[0]))


def _figures(articles: int, began: float, used: float) -> dict[str, float]:
    wall, cpu = time.monotonic() - began, time.process_time() - used
    return {"articles": articles, "a_second": articles / wall, "cpu_ms_an_article": 1000 * cpu / articles}


def _pipeline(engine: Any, clock: Any) -> Any:
    from bot.analysis.grouping import StoryIndex
    from bot.app import load_assessor
    from bot.ingest.parsing import InlineParsers
    from bot.pipeline import Pipeline
    from bot.settings import Settings

    return Pipeline(
        engine=engine,
        fetcher=Feeds(clock),  # type: ignore[arg-type]
        parsers=InlineParsers(),
        assessor=load_assessor(Settings(_env_file=None)),
        index=StoryIndex(),
        clock=clock,
    )


def run(target: Any, processes: int, address: str, sources: int, log: str) -> dict[str, Any]:
    """Run one half in so many processes; gives what they did together."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    given = {"address": address, "sources": sources, "log": log, "results": results}
    workers = [context.Process(target=target, args=(n, processes), kwargs=given, daemon=True) for n in range(processes)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=1200) for _ in workers]
    for worker in workers:
        worker.join()
    together = {
        "half": target.__name__,
        "processes": processes,
        "articles_per_second": round(sum(one["a_second"] for one in found), 1),
        "cpu_ms_an_article": round(sum(one["cpu_ms_an_article"] for one in found) / processes, 3),
    }
    if "bytes_an_article" in found[0]:
        together["bytes_an_article"] = round(found[0]["bytes_an_article"])
    print(json.dumps(together), flush=True)
    return together


def main() -> None:
    """Measure both halves with one process and with several."""
    from tests.fakes.databases import throwaway

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=2000, help="polled once each, ten articles a poll")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--quick", action="store_true", help="100 sources")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sources = 100 if arguments.quick else arguments.sources
    report = []
    with tempfile.TemporaryDirectory(prefix="straitwatch-scale-") as log:
        for target, processes in ((read, 1), (read, 2), (commit, 1), (commit, 2), (commit, 3)):
            with throwaway(on_postgres=arguments.postgres, durable=True) as address:  # a fresh one each time
                prepare(address, sources)
                report.append(run(target, processes, address, sources, log))
    found = {"engine": "postgresql" if arguments.postgres else "sqlite", "cores": os.cpu_count(), "halves": report}
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
