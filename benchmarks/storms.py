"""One engine's storm: the feeds, the small troubles all the time, the long ones in turn, the end and the counting."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import select, text, update

from benchmarks import invariants
from benchmarks.enduring import Outcome, Stage, Trouble, all_green, endure, until
from benchmarks.growing import CHATS, FEEDS, World
from benchmarks.troubles import of_engine
from benchmarks.watches import LOOK_EVERY, Crew
from bot.errors import StorageError
from bot.rounds import REST
from bot.storage.copies import restore
from bot.storage.database import open_engine, reading
from bot.storage.schema import chats, deliveries, leases, sources
from tests.fakes import bot_api_faults as faults
from tests.fakes import one_round
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_server import FeedServer

WATCHES = 3
IN_FLIGHT = len(CHATS)  # of one sender: a message a chat at a time
LONGEST = 230.0  # seconds of one engine until no further trouble begins
_DRAIN = 45.0  # seconds
_TICK = 0.4


async def storm(
    address: str, *, server: Any, disk: Path | None, draw: random.Random, quick: bool, logs: Path | None
) -> dict[str, Any]:
    """Let one engine go through everything; gives the report."""
    began = time.monotonic()
    with FeedServer() as feeds, tempfile.TemporaryDirectory(prefix="straitwatch-chaos-", dir=disk) as folder:
        world = World(feeds, draw)
        world.serve(well=True)
        urls = [feeds.url(f"/{at}") for at in range(FEEDS)]
        one_round.prepare(address, urls, CHATS)
        week = _ask_for_digest(address)
        (cwd := Path(folder) / "watch").mkdir()
        async with BotApi() as api:
            place = {"database": address, "folder": cwd, "token": api.token, "api": api.url, "feeds": tuple(urls)}
            crew = Crew(WATCHES, place, draw, logs=logs)
            stage = Stage(
                address=address, crew=crew, api=api, world=world, draw=draw, quick=quick, server=server, disk=disk
            )
            try:
                async with asyncio.timeout(LONGEST + 4 * _DRAIN):
                    report = await _run(stage, began, week)
            finally:
                crew.abandon()
    return {**report, "seconds": round(time.monotonic() - began)}


async def _run(stage: Stage, began: float, week: str) -> dict[str, Any]:
    engine = "postgresql" if stage.server is not None else "sqlite"
    troubles = of_engine(engine, quick=stage.quick, disk=stage.disk is not None)
    await stage.crew.start()
    stage.background = background = [
        asyncio.create_task(part) for part in (stage.crew.watch_health(), _small_troubles(stage))
    ]
    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task(engine, total=len(troubles) + 1)
        for trouble in troubles:
            bar.update(task, description=f"{engine}: {trouble.name}")
            outcomes.append(outcome := await _one(trouble, stage, began))
            seconds = f"{time.monotonic() - began:.0f} s"
            bar.console.print(f"{engine}, {seconds}: {outcome}", highlight=False)
            bar.advance(task)
        bar.update(task, description=f"{engine}: draining")
        background[1].cancel()
        await asyncio.wait(background[1:])
        drained = await _drain(stage)
    found = await asyncio.to_thread(_count, stage, week)
    kills, outages = stage.done["sender killed"], sum(trouble.outages for trouble in troubles)
    allowed = (kills + outages) * IN_FLIGHT + stage.done["answers withheld"]
    done = dict(stage.crew.done + stage.done)
    return {
        **found,
        "drained_after": drained,
        "copies_allowed": allowed,
        "done": done,
        "troubles": [asdict(one) for one in outcomes],
    }


async def _one(trouble: Trouble, stage: Stage, began: float) -> Outcome:
    if time.monotonic() - began > LONGEST:
        return Outcome(name=trouble.name, how=trouble.how, wanted=bool(trouble.red), fault="no time was left for it")
    return await endure(trouble, stage)


async def _small_troubles(stage: Stage) -> None:
    """Let happen what always happens: news, broken feeds, Telegram's errors, kills, cut connections, time passing."""
    draw = stage.draw
    while True:
        if draw.random() < 0.1:
            stage.world.grow()
        stage.world.serve(well=stage.feeds_well)
        if not stage.calm:
            _trouble_telegram(stage)
            if draw.random() < 0.06:
                await _kill(stage)
        with suppress(StorageError):  # the database is away just now
            if not stage.calm and draw.random() < 0.06:
                await asyncio.to_thread(_trouble_database, stage)
            if stage.time_passes:
                await asyncio.to_thread(_pass_time, stage)
            await asyncio.to_thread(_compare_validators, stage)
        await asyncio.sleep(_TICK)


def _trouble_telegram(stage: Stage) -> None:
    if stage.draw.random() > 0.1:
        return
    choice = stage.draw.randrange(4)
    fault = [faults.server_error(), faults.flood(1), faults.html_page(502), faults.reset(accepted=True)][choice]
    stage.api.fail(fault, method="sendMessage")
    stage.done["Telegram's errors"] += 1
    stage.done["answers withheld"] += choice == 3


async def _kill(stage: Stage, *, one: bool = True) -> None:
    """Kill, and where it was the sender let the time pass for which its messages in flight are leased."""
    dead = await stage.crew.kill(one=one)
    try:
        await asyncio.to_thread(_bury, stage, dead)
    except StorageError:
        stage.done["sender killed"] += 1  # nobody can tell while the database is away


def _bury(stage: Stage, dead: list[int]) -> None:
    engine = open_engine(stage.address)
    try:
        with engine.begin() as tx:
            holders = tx.scalars(select(leases.c.holder).where(leases.c.name.like("sender:%"))).all()
            if any(_pid(holder) in dead for holder in holders):
                stage.done["sender killed"] += 1
                tx.execute(
                    update(deliveries)
                    .where(deliveries.c.state == "due", deliveries.c.not_before > _now(stage))
                    .values(not_before=_now(stage))
                )
    finally:
        engine.dispose()


def _trouble_database(stage: Stage) -> None:
    engine = open_engine(stage.address)
    try:
        if engine.dialect.name == "postgresql":
            with engine.begin() as tx:
                others = text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    " AND datname = current_database()"
                )
                stage.done["connections cut"] += len(tx.execute(others).all())
        else:
            with engine.begin():
                time.sleep(0.5)
            stage.done["locks of half a second"] += 1
    finally:
        engine.dispose()


def _pass_time(stage: Stage, *, polls: bool = True) -> None:
    """Let the minutes pass that polls, back-off after errors, and the claims of the dead would wait."""
    engine = open_engine(stage.address)
    now = _now(stage)
    try:
        with engine.begin() as tx:
            claims = tx.execute(select(sources.c.id, sources.c.claimed_by).where(sources.c.claimed_by != "")).all()
            alive = stage.crew.pids()
            dead = [row.id for row in claims if _pid(row.claimed_by) not in alive]
            soon = sources.c.claimed_until <= now + timedelta(minutes=6)  # a wrong clock's claim is not ours to mend
            rests = sources.c.claimed_until <= now + REST  # its poll could not be stored
            mine = soon & (sources.c.id.in_(dead) | rests)
            tx.execute(update(sources).where(mine).values(claimed_until=now, claimed_by=""))
            # What is due already stays as it is: a clock that is behind by a second would else never find it due.
            if polls:
                waits = sources.c.next_poll_at > now
                tx.execute(update(sources).where(waits).values(next_poll_at=now, paused_reason=""))
            tx.execute(
                update(deliveries)
                .where(
                    deliveries.c.state == "due",
                    deliveries.c.last_error != "",
                    deliveries.c.not_before > now + timedelta(seconds=2),
                    deliveries.c.intent_at.is_(None) | (deliveries.c.intent_at < now - timedelta(seconds=20)),
                )
                .values(not_before=now)
            )
    finally:
        engine.dispose()


def _compare_validators(stage: Stage) -> None:
    engine = open_engine(stage.address)
    try:
        with reading(engine) as tx:
            if ahead := invariants.validators_ahead(tx, stage.world.entries_of):
                stage.validators_ahead.append(ahead)
        stage.done["looks at validators"] += 1
    finally:
        engine.dispose()


async def _drain(stage: Stage) -> float | None:
    """End all troubles, start all watches anew, and wait until nothing is owed; then stop them in order."""
    stage.background = stage.background[:1]
    await _kill(stage, one=False)
    stage.api.heal()
    stage.world.serve(well=True)
    await stage.crew.start()
    began = time.monotonic()
    took = None
    while took is None and time.monotonic() - began < _DRAIN:
        with suppress(StorageError):
            read, owed = await asyncio.to_thread(_left, stage)
            if not read or owed:
                await asyncio.to_thread(_pass_time, stage, polls=not read)
            else:
                took = round(time.monotonic() - began, 1)
        await asyncio.sleep(_TICK)
    await until(
        stage, lambda: all_green(stage.crew, began) and _led(stage.crew, began), _DRAIN, began
    )  # all have started: now they can be stopped
    stage.background[0].cancel()
    await asyncio.wait(stage.background[:1])
    await stage.crew.stop()
    return took


def _led(crew: Crew, since: float) -> bool:
    """Tell whether a watch that lives has said since that it leads: the lease of the dead has run out."""
    return any(look.leads for look in crew.looks if look.at > since)


def _left(stage: Stage) -> tuple[bool, bool]:
    """Tell whether all feeds are read to their last item by polls that have ended, and whether a message is owed."""
    engine = open_engine(stage.address)
    try:
        with reading(engine) as tx:
            polled = tx.execute(select(sources.c.etag, sources.c.claimed_by)).all()
            owed = tx.execute(select(deliveries.c.id).where(deliveries.c.state.in_(["due", "held"])).limit(1)).first()
    finally:
        engine.dispose()
    newest = {f'"{at}-{len(entries)}"' for at, entries in enumerate(stage.world.entries)}
    ended = {row.etag for row in polled if not row.claimed_by}
    stage.read |= ended & newest
    return stage.read >= newest, owed is not None


def _count(stage: Stage, week: str) -> dict[str, Any]:
    engine = open_engine(stage.address)
    try:
        found = invariants.lost_and_doubled(engine, stage.api, stage.world.shown, CHATS)
        checked = invariants.check(engine, stage.api, CHATS, week=week)
    finally:
        engine.dispose()
    checked["validators are never ahead"] = "; ".join(stage.validators_ahead[:3])
    checked["nothing waits for the hour of a clock that was set back"] = "; ".join(stage.broken)
    overwritten = stage.done["restores over a running watch"]
    checked["no restore over running watches"] = f"{overwritten} times" if overwritten else ""
    checked["no watch ended by itself"] = "; ".join(stage.crew.ended)
    led = _two_leaders(stage.crew)
    checked["one leads"] = f"two for {led:.1f} s" if led >= 10 else ""
    restarts = sum(look.needs_restart for look in stage.crew.looks)
    checked["/healthz asks for no restart"] = f"{restarts} times red" if restarts else ""
    checked["backups are whole"] = "; ".join(filter(None, map(_look_into, stage.backups)))
    return {**found, "invariants": checked, "two_leaders_seconds": round(led, 1)}


def _look_into(path: Path) -> str:
    """Restore a backup that was taken in the middle, and look for halves."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/restored.sqlite3"
        rows = restore(path, address)
        engine = open_engine(address)
        try:
            with reading(engine) as tx:
                return invariants.orphans(tx) or ("" if rows["articles"] else "no article in it")
        finally:
            engine.dispose()


def _two_leaders(crew: Crew) -> float:
    """Give the longest time in seconds that two watches said of themselves at once that they lead."""
    leaders = Counter(look.turn for look in crew.looks if look.leads)
    longest = run = 0
    for turn in range(crew.turns + 1):
        run = run + 1 if leaders[turn] > 1 else 0
        longest = max(longest, run)
    return longest * LOOK_EVERY


def _ask_for_digest(address: str) -> str:
    """Let every chat want its digest in half an hour, which is when the clocks will jump over; gives the week."""
    at = datetime.now(UTC) + timedelta(minutes=30)
    engine = open_engine(address)
    with engine.begin() as tx:
        tx.execute(
            update(chats).values(
                digest_on=True,
                digest_daily=False,
                digest_weekday=at.weekday(),
                digest_time=f"{at:%H:%M}",
                zone="UTC",
                created_at=at - timedelta(days=2),
            )
        )
    engine.dispose()
    year, number, _ = at.isocalendar()
    return f"{year}-W{number:02}"


def _pid(name: str) -> int:
    """Give the process number in a worker's name: host, process and start."""
    part = name.split(":")[1] if ":" in name else "0"
    return int(part) if part.isdigit() else 0


def _now(stage: Stage) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=stage.crew.common_offset)
