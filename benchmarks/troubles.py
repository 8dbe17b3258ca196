"""The long troubles of the chaos: each begins, must be seen by the health checks, ends, and must be seen to have ended.

Nothing here is a mock: PostgreSQL is stopped and started, the SQLite file is locked, the disk is a small one of its own
that is full (ENOSPC from the kernel), Telegram and all feeds refuse, the clocks of the processes are set.
"""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from benchmarks.enduring import Stage, Trouble, until
from bot.errors import StorageError
from bot.storage.copies import backup, restore
from bot.storage.database import open_engine, reading
from bot.storage.schema import deliveries, leases, sources
from tests.fakes import bot_api_faults as faults

LONGER_THAN_BUSY = 33.0  # seconds; SQLite's busy time-out is 30
HOUR = 3600.0
OWED_WITHIN = 30.0  # seconds from a new item to a message that waits


@asynccontextmanager
async def _stopped(stage: Stage, mode: str) -> AsyncIterator[None]:
    await asyncio.to_thread(stage.server.stop, mode)
    try:
        yield
    finally:
        await asyncio.to_thread(stage.server.start)


@asynccontextmanager
async def _locked(stage: Stage) -> AsyncIterator[None]:
    """Hold the file as a program of its own would: BEGIN EXCLUSIVE, for longer than the others are ready to wait."""
    import sqlite3

    path = stage.address.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=60)) as holder:
        await asyncio.to_thread(holder.execute, "BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")


@asynccontextmanager
async def _full_disk(stage: Stage) -> AsyncIterator[None]:
    """Shrink the disk to what is used: from here on the kernel answers ENOSPC. Then make it large again."""
    assert stage.disk is not None
    for _ in range(20):  # what is used may grow between the question and the change
        used = await asyncio.to_thread(_used, stage.disk)
        if await asyncio.to_thread(_resize, stage.disk, f"{used}k"):
            break
    else:
        raise RuntimeError("the disk could not be made small")
    stage.world.burst()
    try:
        yield
    finally:
        await asyncio.to_thread(_resize, stage.disk, DISK)
        if stage.server is not None:
            await asyncio.to_thread(stage.server.start)  # where it gave up, as a full disk of its journal makes it


DISK = "600m"


def _used(disk: Path) -> int:
    import shutil

    return shutil.disk_usage(disk).used // 1024 + 4


def _resize(disk: Path, size: str) -> bool:
    done = subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=False, capture_output=True)
    return done.returncode == 0


@asynccontextmanager
async def _no_telegram(stage: Stage) -> AsyncIterator[None]:
    stage.api.fail(faults.html_page(502), times=None)
    stage.feeds_well = True
    stage.world.grow()
    owed = await until(stage, lambda: _owed(stage), OWED_WITHIN, time.monotonic())
    stage.crew.set_clock(1.5 * HOUR)
    stage.feeds_well = None
    try:
        yield
    finally:
        stage.api.heal()
        if owed is None:
            stage.broken.append("nothing was owed while Telegram was away")


def _owed(stage: Stage) -> bool:
    engine = open_engine(stage.address)
    try:
        with reading(engine) as tx:
            return tx.execute(select(deliveries.c.id).where(deliveries.c.state == "due").limit(1)).first() is not None
    finally:
        engine.dispose()


@asynccontextmanager
async def _no_feeds(stage: Stage) -> AsyncIterator[None]:
    stage.feeds_well = False
    stage.world.serve(well=False)
    await asyncio.sleep(2.0)  # polls under way have ended by now
    stage.crew.set_clock(1.0 * HOUR)
    try:
        yield
    finally:
        stage.feeds_well = None


@asynccontextmanager
async def _clock_back(stage: Stage) -> AsyncIterator[None]:
    stage.time_passes = False  # the watches must find to the right hour by themselves
    stage.crew.set_clock(0.0)
    yield
    if waits := await asyncio.to_thread(_wait_for_old_hour, stage):
        stage.broken.append(waits)
    stage.time_passes = True


def _wait_for_old_hour(stage: Stage) -> str:
    """Tell what is still planned for a time that the old clock showed."""
    soon = datetime.now(UTC) + timedelta(minutes=30)
    engine = open_engine(stage.address)
    try:
        with reading(engine) as tx:
            polls = tx.scalars(select(sources.c.id).where(sources.c.next_poll_at > soon)).all()
            claims = tx.scalars(select(leases.c.name).where(leases.c.until > soon)).all()
            waiting = (deliveries.c.state == "due") & (deliveries.c.not_before > soon)
            owed = tx.scalars(select(deliveries.c.id).where(waiting)).all()
    finally:
        engine.dispose()
    return f"for the old hour wait {[*polls, *claims, *owed]}" if polls or claims or owed else ""


@asynccontextmanager
async def _one_clock(stage: Stage) -> AsyncIterator[None]:
    stage.time_passes = True
    who = stage.draw.randrange(len(stage.crew.places))
    stage.crew.set_clock(-HOUR, who=who)
    await asyncio.sleep(4.0)
    stage.crew.set_clock(HOUR, who=who)
    await asyncio.sleep(4.0)
    try:
        yield
    finally:
        stage.crew.set_clock(0.0, who=who)


@asynccontextmanager
async def _backup(stage: Stage) -> AsyncIterator[None]:
    """Take an online backup while all write, and try to restore it over them, which must be refused."""
    engine = open_engine(stage.address)
    target = stage.crew.places[0].folder.parent / f"backup-{len(stage.backups)}.sqlite3"
    try:
        await asyncio.to_thread(backup, engine, target)
    finally:
        engine.dispose()
    stage.backups.append(target)
    stage.done["backups taken"] += 1
    with contextlib.suppress(StorageError):
        await asyncio.to_thread(restore, target, stage.address, overwrite=True)
        stage.done["restores over a running watch"] += 1  # must never be reached
    yield


def of_engine(engine: str, *, quick: bool, disk: bool) -> list[Trouble]:
    """Give the troubles of an engine in their order."""
    sqlite = engine == "sqlite"
    lock = Trouble(
        name="file locked",
        how=f"BEGIN EXCLUSIVE for {LONGER_THAN_BUSY:.0f} s, busy time-out 30 s",
        red=frozenset({"leader", "database"}),
        during=_locked,
        hold=LONGER_THAN_BUSY,
    )
    crash = Trouble(
        name="database crashed",
        how="pg_ctl stop -m immediate, start",
        red=frozenset({"database"}),
        during=lambda stage: _stopped(stage, "immediate"),
        hold=8.0,
    )
    restart = Trouble(
        name="database restarted",
        how="pg_ctl stop -m fast, start",
        red=frozenset({"database"}),
        during=lambda stage: _stopped(stage, "fast"),
        hold=8.0,
    )
    full = Trouble(
        name="disk full",
        how="own tmpfs shrunk to what is used: ENOSPC",
        red=frozenset({"database", "disk"} if sqlite else {"database"}),
        during=_full_disk,
        hold=12.0,
    )
    copied = Trouble(
        name="backup in the middle",
        how="online backup; restore over the running watches refused",
        red=frozenset(),
        during=_backup,
        hold=0.0,
        flow=False,
        outages=0,
    )
    feeds = Trouble(
        name="all feeds away",
        how="503 to all, all clocks 1 h forward",
        red=frozenset({"fetching"}),
        during=_no_feeds,
        outages=0,
    )
    telegram = Trouble(
        name="Telegram away",
        how="502 to all, all clocks 30 min further",
        red=frozenset({"outbox"}),
        during=_no_telegram,
        outages=0,
    )
    back = Trouble(
        name="clocks set back",
        how="all clocks 1.5 h back in the middle of their life",
        red=frozenset(),
        during=_clock_back,
        hold=15.0,
        outages=0,
    )
    one = Trouble(
        name="one clock wrong",
        how="one watch 1 h back, then 2 h forward, then right",
        red=frozenset(),
        during=_one_clock,
        hold=8.0,
        outages=0,
    )
    database = [lock] if sqlite else [crash, restart]
    if quick:
        return [*([] if sqlite else [crash]), *([full] if disk else []), feeds, back]
    return [*database, copied, *([full] if disk else []), feeds, telegram, back, one]
