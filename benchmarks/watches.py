"""The watches that the chaos torments: real ones, each a process of its own that is killed and whose clock jumps.

A process runs `bot.watch.Watch` as `straitwatch worker` does: polls, sender, conversations, digests, health over HTTP.
Only the classifier is exchanged for a look at one word, so that a start takes a tenth of a second instead of three.
"""

import asyncio
import contextlib
import io
import multiprocessing
import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bot.errors import StorageError
from tests.fakes.one_round import PRELOAD, WordAssessor

LOOK_EVERY = 0.4  # seconds between two looks at the health of all
MOST_ENDED = 10  # watches that end by themselves: more tells nothing new
_OBEY_EVERY = 0.05  # seconds after which a process has noticed that its clock was set
_AWAY = frozenset({"away"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a watch is told: where everything is. `offset` is shared memory: seconds that its clock is off."""

    database: str
    folder: Path
    token: str
    api: str
    feeds: tuple[str, ...]
    port: int
    offset: Any = field(repr=False)
    log: Path | None = None


class Judge(WordAssessor):
    """The word assessor with what a watch asks of the real one besides."""

    versions = {"model": "words", "rules": "words"}  # noqa: RUF012 - a constant
    model_card: dict[str, object] = {}  # noqa: RUF012 - a constant


def work(place: Place) -> None:
    """Watch until killed or stopped by SIGTERM; a start that the database refuses is tried again, as systemd does."""
    import logging

    import structlog
    import time_machine

    logging.disable(logging.CRITICAL)  # the trouble is on purpose
    out = (place.log or Path(os.devnull)).open("a", encoding="utf-8")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if place.log else logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(out),
    )
    os.chdir(place.folder)  # where the charts go
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=place.offset.value), tick=True) as clock:
        real = time_machine.escape_hatch.time.time()
        clock.shift(real + place.offset.value - time.time())  # what starting to travel took
        threading.Thread(target=_obey, args=(place, clock, place.offset.value), daemon=True).start()
        while True:
            try:
                asyncio.run(_watch(place))
            except StorageError as error:  # exit code 2 with this text; systemd and Docker start it again
                print(error, file=out, flush=True)
                time.sleep(0.5)
            else:
                return


def _obey(place: Place, clock: Any, offset: float) -> None:
    """Set this process's clock when told to, and end it when nobody is there to tell."""
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        if (wanted := place.offset.value) != offset:
            clock.shift(wanted - offset)
            offset = wanted
        threading.Event().wait(_OBEY_EVERY)
    os._exit(1)


async def _watch(place: Place) -> None:
    from pydantic import SecretStr
    from rich.console import Console

    from bot.app import House
    from bot.domain import Source, SourceKind
    from bot.settings import Settings
    from bot.storage.database import open_engine
    from bot.storage.upgrading import upgrade
    from bot.watch import Watch

    settings = Settings(
        _env_file=None,
        telegram_token=SecretStr(place.token),
        telegram_api=place.api,
        database_url=place.database,
        metrics_listen=f"127.0.0.1:{place.port}",
        allow_private_networks=True,
    )
    engine = open_engine(place.database)
    try:
        upgrade(engine)
        feeds = tuple(
            Source(
                id=f"feed-{n}",
                name=f"Feed {n}",
                url=url,
                kind=SourceKind.FEED,
                tier=2,
                publisher=f"house-{n}",
                poll_every=timedelta(minutes=1),
            )
            for n, url in enumerate(place.feeds)
        )
        house = House(settings=settings, engine=engine, sources=feeds, assessor=Judge())  # type: ignore[arg-type]
        watch = Watch(house, Console(file=io.StringIO()))
        watch.prepare()
        await watch.run()
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one watch said of itself at one time: the names of the checks that are not good."""

    at: float
    turn: int
    who: int
    bad: frozenset[str]
    leads: bool = False
    needs_restart: bool = False  # what /healthz said


class Crew:
    """Several watches on one database: keeps them running, kills them, sets their clocks, and asks how they are."""

    def __init__(self, size: int, place: dict[str, Any], draw: random.Random, *, logs: Path | None = None) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*PRELOAD, "benchmarks.watches", "bot.watch"])
        self._draw = draw
        self.places = [
            Place(
                **place,
                port=_free_port(),
                offset=self._context.Value("d", 0.0, lock=False),
                log=None if logs is None else logs / f"watch-{at}.log",
            )
            for at in range(size)
        ]
        self._processes: list[Any] = [None] * size
        self._taking_turns = asyncio.Lock()
        self.common_offset = 0.0  # seconds that the clocks of all are off
        self.turns = 0
        self.looks: list[Look] = []
        self.done: Counter[str] = Counter()
        self.ended: list[str] = []  # watches that ended although nobody told them to

    async def start(self) -> None:
        """Start every watch that does not run."""
        async with self._taking_turns:
            for at, process in enumerate(self._processes):
                if process is None or not process.is_alive():
                    if process is not None and process.exitcode != -signal.SIGKILL:  # that was us
                        self.ended.append(f"watch {at} ended with exit code {process.exitcode}")
                        if len(self.ended) > MOST_ENDED:
                            raise RuntimeError("; ".join(self.ended))
                    self._begin(at)

    def pids(self) -> set[int]:
        """Give the numbers of the processes that run."""
        return {process.pid for process in self._processes if process is not None and process.is_alive()}

    async def kill(self, *, one: bool = True) -> list[int]:
        """Kill one watch as by `kill -9` and start it again at once, or kill all; gives the numbers of the dead."""
        dead = []
        async with self._taking_turns:
            for at in [self._draw.randrange(len(self.places))] if one else range(len(self.places)):
                process = self._processes[at]
                if process is None:
                    continue
                process.kill()
                await asyncio.to_thread(process.join)
                dead.append(process.pid)
                self.done["kills"] += 1
                self._processes[at] = None
                if one:
                    self._begin(at)
        return dead

    async def stop(self, within: float = 20.0) -> None:
        """Stop all as by SIGTERM; one that does not end by itself with exit code 0 is noted."""
        async with self._taking_turns:
            for process in filter(None, self._processes):
                process.terminate()
            for at, process in enumerate(self._processes):
                if process is None:
                    continue
                await asyncio.to_thread(process.join, within)
                if process.exitcode != 0:
                    self.ended.append(f"watch {at} did not stop in order: exit code {process.exitcode}")
                process.kill()
                self._processes[at] = None

    def set_clock(self, seconds: float, *, who: int | None = None) -> None:
        """Set the clock of one watch or of all: `seconds` ahead of the real one, or behind it."""
        for at, place in enumerate(self.places):
            if who in {None, at} and place.offset.value != seconds:
                self.done["clock set forward" if seconds > place.offset.value else "clock set back"] += 1
                place.offset.value = seconds
        if who is None:
            self.common_offset = seconds

    async def watch_health(self) -> None:
        """Ask /readyz and /healthz of all, over and over, and start again what has ended."""
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            while True:
                begun = time.monotonic()
                self.turns += 1
                await asyncio.gather(*(self._ask(client, at) for at in range(len(self.places))))
                await self.start()
                await asyncio.sleep(max(0.0, LOOK_EVERY - (time.monotonic() - begun)))

    async def _ask(self, client: httpx.AsyncClient, at: int) -> None:
        home = f"http://127.0.0.1:{self.places[at].port}"
        try:
            ready, live = await asyncio.gather(client.get(f"{home}/readyz"), client.get(f"{home}/healthz"))
            checks = ready.json()["checks"]
        except (httpx.HTTPError, ValueError, KeyError):
            self.looks.append(Look(at=time.monotonic(), turn=self.turns, who=at, bad=_AWAY))
            return
        bad = frozenset(name for name, check in checks.items() if not check["ok"])
        assert (ready.status_code == 503) == bool(bad), "the status must say what the text says"
        leads = checks.get("leader", {}).get("text") == "this process"
        look = Look(
            at=time.monotonic(), turn=self.turns, who=at, bad=bad, leads=leads, needs_restart=live.status_code != 200
        )
        self.looks.append(look)

    def _begin(self, at: int) -> None:
        process = self._context.Process(target=work, args=(self.places[at],), daemon=True)
        process.start()
        self._processes[at] = process

    def abandon(self) -> None:
        """Kill whatever runs, without waiting for any turn: the run is over or has failed."""
        for process in filter(None, self._processes):
            with contextlib.suppress(ValueError):
                process.kill()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
