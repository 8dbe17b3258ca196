"""What tests of sending share: a clock that jumps, a database with the schema, and a sender without threads."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import Engine

from bot.domain import Chat, Delivery, DeliveryKind, derive_id
from bot.storage import outbox
from bot.storage.chats import save_chat
from bot.storage.database import open_engine
from bot.storage.schema import metadata
from bot.telegram.composing import StoryComposer
from bot.telegram.messages import DEFAULT_OPTIONS, Options, Part, Sent, Target
from bot.telegram.pacing import Limits, Pacer
from bot.telegram.sender import Sender
from tests.fakes.values import NOW

T = TypeVar("T")
UNLIMITED = Limits(overall=10_000, private=10_000, shared=10_000)


class JumpClock:
    """A clock that jumps instead of waiting, but never while a request is on its way (`busy`)."""

    def __init__(self, start: datetime = NOW) -> None:
        self.at = start
        self.busy = 0
        self._landed = asyncio.Event()

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        was_busy = self.busy
        for _ in range(12):  # what was just started may make itself busy, what just ended may wake the sleeper
            await asyncio.sleep(0)
        if self.busy:
            with suppress(TimeoutError):  # a request may wait for what the sleeper does next
                async with asyncio.timeout(0.02):
                    await self._landed.wait()
        elif was_busy:
            await asyncio.sleep(0.001)
        else:
            self.at += timedelta(seconds=seconds)

    def land(self) -> None:
        """Say that a request has come back, to those that wait for it."""
        self.busy -= 1
        self._landed.set()
        self._landed.clear()

    def pass_by(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


class Watched:
    """A target that tells the clock while a request is on its way."""

    def __init__(self, target: Target, clock: JumpClock) -> None:
        self._target = target
        self._clock = clock
        self.kinds = target.kinds

    async def send(self, chat: Chat, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        with self._on_its_way():
            return await self._target.send(chat, part, options)

    async def edit(self, chat: Chat, message_id: int, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        with self._on_its_way():
            return await self._target.edit(chat, message_id, part, options)

    async def check(self) -> None:
        with self._on_its_way():
            await self._target.check()

    @contextmanager
    def _on_its_way(self) -> Iterator[None]:
        self._clock.busy += 1
        try:
            yield
        finally:
            self._clock.land()


async def inline(function: Callable[[], T]) -> T:
    """Run what blocks right here."""
    return function()


def open_database(folder: Path) -> Engine:
    """Open a fresh SQLite database with the schema: a copy of one that is made once, which saves half a test's time."""
    path = folder / "straitwatch.sqlite3"
    path.write_bytes(_empty_database())
    return open_engine(f"sqlite:///{path}")


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite3"
        engine = open_engine(f"sqlite:///{path}")
        metadata.create_all(engine)
        engine.dispose()
        return path.read_bytes()


def make_sender(engine: Engine, target: Target, clock: JumpClock, **options: Any) -> Sender:
    """Make a sender on a jumping clock, without limits unless a pacer is given."""
    compose = options.pop("compose", StoryComposer(clock.now))
    pacer = options.pop("pacer", Pacer(UNLIMITED))
    return Sender(
        engine,
        Watched(target, clock),
        compose,
        pacer,
        clock=clock,
        offload=inline,
        chance=random.Random(1),
        **options,
    )


def owe(
    engine: Engine, chat: Chat, *texts: str, kind: DeliveryKind = DeliveryKind.ALERT, **changes: Any
) -> list[Delivery]:
    """Owe a chat messages with these texts, one delivery each, in order; `priority` and the like as given."""
    deliveries = [
        Delivery(
            **{
                "id": derive_id(chat.key, kind.value, text),
                "chat_key": chat.key,
                "kind": kind,
                "subject": text[:64],
                "payload": {"parts": [{"html": text, "plain": text}]},
                "priority": 30,
                "not_before": NOW,
                "created_at": NOW + timedelta(microseconds=number),
                **changes,
            }
        )
        for number, text in enumerate(texts)
    ]
    with engine.begin() as tx:
        save_chat(tx, chat)
        outbox.enqueue(tx, deliveries)
    return deliveries


def state_of(engine: Engine, delivery: Delivery) -> Delivery:
    """Give a delivery as the outbox has it now."""
    with engine.connect() as tx:
        found = outbox.load_delivery(tx, delivery.id)
    assert found is not None
    return found
