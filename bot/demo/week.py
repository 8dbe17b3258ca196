"""Run the demonstration week: a virtual clock, the real pipeline, outbox and sender, and the terminal as its chats."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from sqlalchemy import Connection

from bot import app
from bot.alerting.charting import NoCharts
from bot.alerting.digests.planning import plan_due
from bot.demo.archive import Archive, load_archive
from bot.demo.server import serve
from bot.domain import Chat, ChatKind, Severity, Subscription, derive_id
from bot.rounds import Rounds
from bot.settings import Settings
from bot.storage import sources as source_rows
from bot.storage.chats import save_chat
from bot.storage.subscriptions import save_subscription
from bot.telegram.composing import StoryComposer
from bot.telegram.sender import Sender
from bot.terminal import TerminalTarget

START = datetime(2025, 7, 14, 6, 0, tzinfo=UTC)
END = datetime(2025, 7, 21, 6, 30, tzinfo=UTC)
STEP = timedelta(hours=3)


class VirtualClock:
    """The demonstration's clock: it stands still until it is moved; waiting moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Give the virtual time."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Let the time pass without waiting for it."""
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


async def run_week(folder: Path, console: Console, progress: Callable[[datetime], None]) -> Counter[str]:
    """Play the week into a database below `folder`; alerts and digests are printed as they are sent."""
    settings = Settings(database_url=f"sqlite:///{folder / 'demo.sqlite3'}", freshness_hours=72, log_level="error")
    app.set_up_logging(settings)
    archive, clock = load_archive(), VirtualClock(START)
    house = app.open_house(settings)
    with serve(archive, clock.now) as root:
        with house.engine.begin() as tx:
            _furnish(tx, archive, root)
        port = int(root.rpartition(":")[2])
        async with app.open_pipeline(house, clock=clock.now, loopback_ports=[port]) as pipeline:
            rounds = Rounds(engine=house.engine, pipeline=pipeline, clock=clock.now, worker="demo", at_once=12)
            target = TerminalTarget(console, app.message_ids())
            sender = Sender(house.engine, target, StoryComposer(clock.now), clock=clock, holder="demo")
            while clock.at <= END:
                progress(clock.at)
                while await rounds.begin():
                    await rounds.settle()
                await plan_due(house.engine, now=clock.at, charts=NoCharts(), pictures=folder)
                await sender.drain()
                clock.at = max(clock.at, _next_step(clock.at))
    return rounds.totals


def _next_step(at: datetime) -> datetime:
    return START + ((at - START) // STEP + 1) * STEP


def _furnish(tx: Connection, archive: Archive, root: str) -> None:
    source_rows.upsert_catalog(tx, archive.source_values(root))
    for key, title, level, query in (
        ("desk", "Compliance desk", Severity.MEDIUM, app.EVERYTHING),
        ("magnets", "Magnet buyers", Severity.LOW, "magnets OR goods:rare_earths OR topic:critical_minerals"),
    ):
        chat = Chat(
            key=key,
            telegram_id=0,
            kind=ChatKind.TERMINAL,
            title=title,
            zone="Europe/Amsterdam",
            level=level,
            digest_weekday=0,
            digest_time="08:00",
            created_at=START,
        )
        save_chat(tx, chat)
        name = "Everything" if query == app.EVERYTHING else "Magnets and minerals"
        save_subscription(
            tx,
            Subscription(id=derive_id("subscription", key), chat_key=key, name=name, query=query, created_at=START),
        )
