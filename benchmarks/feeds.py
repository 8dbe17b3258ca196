"""Measure feed reading: a corpus of feeds beside feedparser, and every fault route of the local feed server.

    python benchmarks/feeds.py --corpus FOLDER [--json OUT] [--quick]

Corpus: exceptions (must be 0), CPU seconds of the slowest file (< 1), share of files with at least as many entries as
feedparser finds (>= 99.5 %). `Header: value` lines in a file's leading comment become response headers, as its tests
mean them. Faults: memory and CPU of this process and its parsers for each route, and how late ten healthy feeds are
that are polled beside it.
"""

import argparse
import asyncio
import io
import json
import re
import resource
import subprocess
import sys
import time
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.domain import Source, SourceKind
from bot.ingest.addresses import AddressGuard
from bot.ingest.defusing import MAX_ITEMS
from bot.ingest.fetching import Fetcher
from bot.ingest.items import NotAFeedError
from bot.ingest.kind import Answer
from bot.ingest.kinds import feed
from bot.ingest.memory import SourceMemory
from bot.ingest.parsing import ParserPool
from bot.ingest.polling import poll
from tests.fakes.feed_faults import HOSTILE, NOW, RETRY_AFTER

SOURCE = Source(id="bench", name="bench", url="http://bench.test/", kind=SourceKind.FEED, tier=3, publisher="bench")
FAULTS = (
    *HOSTILE,
    *("/drip-body", "/drip-header", "/infinite", "/header-200k", "/len-lies", "/reset-midway", "/hang"),
    *("/304-forever", "/lastmod-2041", "/etag-weak", "/301-chain", "/301-then-302", "/302-temp", "/308-loop"),
    *("/redirect-private", "/redirect-metadata", "/redirect-port", "/redirect-file", "/redirect-none"),
    *("/410", "/404", "/500", "/503-ra", "/guid-flip", "/session-guid", "/shrinks-to-0"),
    *(f"/429-{name}" for name in RETRY_AFTER),
)


def headers_of(body: bytes) -> dict[str, str]:
    """Read the `Header: value` lines of a corpus file's first comment."""
    comment = re.match(rb"\s*(?:<\?xml[^>]*\?>\s*)?<!--(.*?)-->", body, re.DOTALL)
    found = re.findall(rb"^\s*Header:\s*([\w-]+):\s*(.+?)\s*$", comment[1] if comment else b"", re.MULTILINE)
    return {name.decode().lower(): value.decode("latin-1") for name, value in found}


def read_corpus(folder: Path, limit: int | None) -> dict[str, object]:
    """Read every file twice, with our parser and with feedparser as it comes."""
    import feedparser

    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    slowest, fewer, failed, refused, entries = (0.0, ""), [], [], 0, [0, 0]
    for path in files[:limit]:
        body = path.read_bytes()
        headers = headers_of(body)
        begun = time.process_time()
        try:
            ours = feed.parse(
                SOURCE, Answer(url="http://127.0.0.1:8097/x", headers=headers, body=body, at=NOW), {}
            ).total
        except NotAFeedError:
            ours, refused = 0, refused + 1
        except Exception as error:  # noqa: BLE001 - the figure to report is how many there are
            failed.append(f"{path.name}: {error!r}")
            ours = -1
        slowest = max(slowest, (time.process_time() - begun, path.name))
        theirs = len(feedparser.parse(io.BytesIO(body), response_headers=dict(headers)).entries)
        entries = [entries[0] + max(ours, 0), entries[1] + theirs]
        if ours < min(theirs, MAX_ITEMS):
            fewer.append(f"{path.relative_to(folder)}: {ours} < {theirs}")
    number = len(files[:limit])
    return {
        "files": number,
        "exceptions": failed,
        "not_feeds": refused,
        "entries": entries[0],
        "feedparser_entries": entries[1],
        "slowest_cpu_seconds": round(slowest[0], 3),
        "slowest_file": slowest[1],
        "at_least_as_many_entries": round(1 - len(fewer) / max(number, 1), 5),
        "fewer": fewer[:20],
    }


async def run_faults(paths: tuple[str, ...], deadline: float) -> dict[str, Any]:
    """Poll each fault route, then 200 dripping ones at once, beside ten healthy feeds; parsers are counted in."""
    server = subprocess.Popen(  # noqa: ASYNC220 - at start, before anything is timed
        [sys.executable, "-m", "tests.fakes.feed_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin
    assert server.stdout
    port = int(server.stdout.readline())
    guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[port])

    async def resolve(host: str, _: int) -> list[str]:
        return [host if host[0].isdigit() else "127.0.0.1"]

    worst = {"memory_mb": (0.0, ""), "cpu_seconds": (0.0, ""), "healthy_late_seconds": (0.0, "")}
    async with (
        Fetcher(guard=guard, resolve=resolve, host_gap=timedelta(0), deadline=timedelta(seconds=deadline)) as fetcher,
        ParserPool() as parsers,
    ):

        async def one(path: str, host: str) -> float:
            begun = time.monotonic()
            source = Source(
                id=host, name=host, url=f"http://{host}:{port}{path}", kind=SourceKind.FEED, tier=3, publisher=host
            )
            await poll(source, SourceMemory(), fetcher, parsers, now=NOW)
            return time.monotonic() - begun

        await asyncio.gather(*(one(f"/feed/{n}", f"warm{n}.test") for n in range(10)))
        for number, path in enumerate(paths):
            memory, cpu = _memory_mb(), _cpu()
            bad = asyncio.create_task(one(path, f"bad{number}.test"))
            late = max(await asyncio.gather(*(one(f"/feed/{n}", f"good{n}.test") for n in range(10))))
            await bad
            found = {"memory_mb": _memory_mb() - memory, "cpu_seconds": _cpu() - cpu, "healthy_late_seconds": late}
            for name, value in found.items():
                worst[name] = max(worst[name], (round(value, 3), path))
        drips = [asyncio.create_task(one("/drip-body", f"drip{n}.test")) for n in range(200)]
        beside_drips = max(await asyncio.gather(*(one(f"/feed/{n}", f"good{n}.test") for n in range(10))))
        await asyncio.gather(*drips)
    server.stdin.close()
    server.wait()
    found = {f"worst_{name}": list(value) for name, value in worst.items()}
    return {"routes": len(paths), **found, "healthy_seconds_beside_200_drips": round(beside_drips, 3)}


def _memory_mb() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (own + max(children, _workers_kb())) / 1024


def _workers_kb() -> int:
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if f"\nPPid:\t{_pid()}\n" in text and (found := re.search(r"VmHWM:\s+(\d+)", text)):
            total += int(found[1])
    return total


def _pid() -> int:
    import os

    return os.getpid()


def _cpu() -> float:
    used = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        used += usage.ru_utime + usage.ru_stime
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == _pid():
            used += (int(fields[11]) + int(fields[12])) / 100
    return used


def missed(result: dict[str, Any]) -> list[str]:
    """Name the bars that a result misses."""
    faults, corpus = result["faults"], result.get("corpus")
    found = [
        name
        for name, limit in (("memory_mb", 50), ("cpu_seconds", 5), ("healthy_late_seconds", 10))
        if faults[f"worst_{name}"][0] >= limit
    ]
    if corpus:
        found += ["exceptions"] if corpus["exceptions"] else []
        found += ["slowest file"] if corpus["slowest_cpu_seconds"] >= 1 else []
        found += ["entries"] if corpus["at_least_as_many_entries"] < 0.995 else []
    return found


def main() -> None:
    """Run and print; exit 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    result: dict[str, Any] = {"faults": asyncio.run(run_faults(FAULTS, 1.0 if arguments.quick else 5.0))}
    if arguments.corpus:
        result["corpus"] = read_corpus(arguments.corpus, 1000 if arguments.quick else None)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2, ensure_ascii=False))
    sys.exit(bool(missed(result)))


if __name__ == "__main__":
    main()
