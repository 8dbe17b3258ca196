"""One long trouble and how it is judged: green before, red while it lasts, green afterwards, and news flow again."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.growing import World
from benchmarks.watches import Crew
from bot.storage.database import open_engine, reading
from bot.storage.schema import deliveries, leases, paces
from tests.fakes.bot_api import BotApi

GREEN_WITHIN = 120.0  # seconds from the end of a trouble until every watch says that all is well
FLOW_WITHIN = 120.0  # and until a new item has reached every chat: what waited goes first, one message a second
RED_WITHIN = 60.0


@dataclass(slots=True, kw_only=True)
class Stage:
    """What troubles act on. `server` is there for PostgreSQL, `disk` where a disk of its own could be mounted."""

    address: str
    crew: Crew
    api: BotApi
    world: World
    draw: random.Random
    quick: bool
    server: Any = None
    disk: Path | None = None
    calm: bool = False  # no kills, so that health can be judged
    feeds_well: bool | None = None  # all well, all away, or as it comes
    time_passes: bool = True  # whether the minutes between polls are skipped
    validators_ahead: list[str] = field(default_factory=list)
    background: list[asyncio.Task[None]] = field(default_factory=list)
    read: set[str] = field(default_factory=set)  # validators of feeds in their last state
    broken: list[str] = field(default_factory=list)
    backups: list[Path] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`during` holds the trouble while it is open; `red` are the checks that must see it, none where none should."""

    name: str
    how: str
    red: frozenset[str]
    during: Callable[[Stage], Any]
    hold: float = 6.0
    flow: bool = True
    outages: int = 1  # times that the outcome of a message in flight can be lost with the database


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one trouble led to; times in seconds, None for what was not seen in time."""

    name: str
    how: str
    wanted: bool
    red_after: float | None = None
    green_after: float | None = None
    flow_after: float | None = None
    red: int = 0
    green: int = 0
    away: int = 0
    seen: str = ""
    fault: str = ""

    @property
    def good(self) -> bool:
        """Tell whether health turned both ways and news flowed again."""
        return not self.fault

    def __str__(self) -> str:
        """Give one line for whoever waits."""
        times = f"red {self.red_after}, green {self.green_after}, news {self.flow_after}"
        return f"{self.name}: {self.fault or 'ok'} ({times})"


async def endure(trouble: Trouble, stage: Stage) -> Outcome:
    """Let a trouble happen and note how the watches judged it."""
    outcome = Outcome(name=trouble.name, how=trouble.how, wanted=bool(trouble.red))
    crew = stage.crew
    stage.calm = True
    if await until(stage, lambda: all_green(crew, since), GREEN_WITHIN, since := time.monotonic()) is None:
        outcome.fault = f"not green before: {sorted(_bad(crew, since))}"
    begun = time.monotonic()
    async with trouble.during(stage):
        outcome.red_after = await until(
            stage, lambda: bool(trouble.red & _bad(crew, begun)), RED_WITHIN if trouble.red else 0.0, begun
        )
        stage.calm = False  # processes die and start in the middle of it
        await asyncio.sleep(max(0.0, begun + trouble.hold - time.monotonic()))
        stage.calm = True
    ended = time.monotonic()
    outcome.green_after = await until(stage, lambda: all_green(crew, ended), GREEN_WITHIN, ended)
    looks = [look for look in crew.looks if look.at >= begun]
    outcome.away = sum("away" in look.bad for look in looks)
    outcome.red = sum(bool(look.bad - {"away"}) for look in looks)
    outcome.green = sum(not look.bad for look in looks)
    outcome.seen = " ".join(sorted({name for look in looks for name in look.bad} - {"away"}))
    if outcome.green_after is None:
        outcome.fault = outcome.fault or f"not green again: {sorted(_bad(crew, time.monotonic() - 2))}"
    if trouble.red and outcome.red_after is None:
        outcome.fault = outcome.fault or f"never red for {' or '.join(sorted(trouble.red))}"
    if trouble.flow and not outcome.fault:
        outcome.flow_after = await flows(stage)
        if outcome.flow_after is None:
            outcome.fault = f"a new item did not reach every chat: {await asyncio.to_thread(_what_waits, stage)}"
    stage.calm = False
    return outcome


async def flows(stage: Stage) -> float | None:
    """Let a feed report something new, and wait until every chat has it; gives the seconds."""
    begun = time.monotonic()
    stage.feeds_well, stage.calm = True, True
    title = stage.world.grow()
    took = await until(stage, lambda: stage.world.told_everywhere(stage.api, title), FLOW_WITHIN, begun)
    stage.feeds_well, stage.calm = None, False
    return took


async def until(stage: Stage, condition: Callable[[], bool], within: float, begun: float) -> float | None:
    """Wait for a condition; gives the seconds since `begun`, or None where they were `within` first."""
    while True:
        for part in stage.background:
            if part.done():
                part.result()  # a fault of this program: better said than waited for
        if condition():
            return round(time.monotonic() - begun, 1)
        if time.monotonic() - begun >= within:
            return None
        await asyncio.sleep(0.1)


def _what_waits(stage: Stage) -> str:
    """Say what is owed and until when it waits, what is held, and who leads: for whoever looks for the cause."""
    engine = open_engine(stage.address)
    now = datetime.now(UTC) + timedelta(seconds=stage.crew.common_offset)
    try:
        with reading(engine) as tx:
            owed = tx.execute(
                select(deliveries).where(deliveries.c.state == "due").order_by(deliveries.c.created_at).limit(4)
            ).mappings()
            rows = [
                f"chat {row['chat_key']} waits {(row['not_before'] - now).total_seconds():.0f} s"
                f" (attempts {row['attempts']}, in flight {row['intent_at']}, {row['last_error'][:40]!r})"
                for row in owed
            ]
            held = [f"{row.key} {max(row.times) - now.timestamp():.0f} s" for row in tx.execute(select(paces))]
            led = [
                f"{row.name} {row.holder} {(row.until - now).total_seconds():.0f} s"
                for row in tx.execute(select(leases))
            ]
    finally:
        engine.dispose()
    return "; ".join([*rows, *held, *led])


def all_green(crew: Crew, since: float) -> bool:
    """Tell whether every watch was asked since, and said last that all is well."""
    last = {look.who: look for look in crew.looks[-60:] if look.at > since}
    return len(last) == len(crew.places) and not any(look.bad for look in last.values())


def _bad(crew: Crew, since: float) -> frozenset[str]:
    return frozenset(name for look in crew.looks if look.at > since for name in look.bad)
