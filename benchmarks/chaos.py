"""Let everything go wrong at once for a while, and count what was lost.

Three real watches (`bot.watch.Watch`, as `straitwatch worker` runs it) on one database poll feeds that grow and fail.
All the time they are killed at random, Telegram answers with errors, connections are cut or the write lock is held.
On top come the long troubles of `benchmarks/troubles.py`, one after the other: the database crashes and restarts, its
file is locked, the disk is full, feeds and Telegram are away, clocks jump. During each, /readyz and /healthz of every
watch are asked over HTTP: they must be red while it lasts and green afterwards, and news must flow again. Then all is
drained and counted (`benchmarks/invariants.py`):

- lost: items of a feed that are no article, stories that a chat has no message of, messages given up. Must be 0.
- copies: messages of a story in a chat beyond the first, at most one for each that could be in flight when the sender
  or the database died, and one for each answer that Telegram withheld.

The disk that is full is a small one of its own (a tmpfs in a mount namespace of its own; with the rights of the user or
of root), never the machine's. Where the kernel permits none, that trouble is left out and the table says so.

Run: python benchmarks/chaos.py [--engine sqlite|postgresql|both] [--quick] [--seed N] [--json OUT]
The exit code is 1 where anything was lost, an invariant is broken or health did not turn.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: it has a rules.py of its own

BOTH = ("sqlite", "postgresql")
LONGEST = 300.0  # seconds of one engine, from its start to its end


def main() -> None:
    """Run the chaos on the engines that were asked for."""
    from benchmarks.reports import good, show
    from benchmarks.storms import storm
    from benchmarks.troubles import DISK

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=[*BOTH, "both"], default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="fewer troubles, under a minute an engine")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--logs", type=Path, help="a folder for the logs of the watches")
    parser.add_argument("--disk", type=Path, help=argparse.SUPPRESS)  # set by the run that this one is inside of
    arguments = parser.parse_args()
    if arguments.disk is None and (code := _isolated()) is not None:
        sys.exit(code)
    disk = arguments.disk if arguments.disk is not None and arguments.disk.name else None
    if disk is not None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0755", "chaos", str(disk)], check=True)
    logging.disable(logging.CRITICAL)  # the trouble is on purpose
    engines = BOTH if arguments.engine == "both" else (arguments.engine,)
    reports = []
    for engine in engines:
        with _database(engine, disk) as (address, server):
            given = {"server": server, "disk": disk, "quick": arguments.quick, "logs": arguments.logs}
            report = asyncio.run(storm(address, draw=random.Random(arguments.seed), **given))
            reports.append({"engine": engine, **report})
    if arguments.json:
        arguments.json.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    show(reports)
    sys.exit(0 if all(map(good, reports)) else 1)


def _isolated() -> int | None:
    """Run this program again where it may mount a disk and where everything it started dies with it; None where not."""
    with tempfile.TemporaryDirectory(prefix="straitwatch-chaos-disk-") as folder:
        Path(folder).chmod(0o755)
        way = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if os.geteuid() != 0:
            way += ["--user", "--map-current-user", "--keep-caps"]
        trial = ["mount", "-t", "tmpfs", "-o", "size=1m", "chaos", folder]
        try:
            if subprocess.run([*way, *trial], check=False, capture_output=True, timeout=20).returncode != 0:
                return None
        except (OSError, subprocess.TimeoutExpired):
            return None
        inside = [sys.executable, *sys.argv, "--disk", folder]
        # The shell is the first process inside, and buries the dead of PostgreSQL.
        command = [*way, "sh", "-c", '"$@"; exit $?', "sh", *inside]
        try:
            return subprocess.run(command, check=False, timeout=len(BOTH) * LONGEST).returncode
        except subprocess.TimeoutExpired:
            print("The chaos did not end in time and was stopped", file=sys.stderr)
            return 1


@contextmanager
def _database(engine: str, disk: Path | None) -> Iterator[tuple[str, Any]]:
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="straitwatch-chaos-", dir=disk) as folder:
            yield f"sqlite:///{folder}/chaos.sqlite3", None
        return
    from tests.fakes.databases import postgres

    with postgres(disk, durable=True) as server:
        yield server.fresh(), server


if __name__ == "__main__":
    main()
