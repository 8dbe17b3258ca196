"""What the parcels of one sender share: the database, the target, the pace, and what was learnt about Telegram."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from bot.alerting.routing import URGENT
from bot.errors import StorageError
from bot.storage import outbox
from bot.storage.outbox import Claim
from bot.storage.transactions import writing
from bot.telegram.clocks import Clock
from bot.telegram.messages import Target, TargetError
from bot.telegram.pacing import Pacer
from bot.telegram.returning import Waiting

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

T = TypeVar("T")
log = structlog.get_logger(__name__)
_MANY = 3  # chats refused within as many seconds as follow: the whole bot is held
_AT_ONCE_SECONDS = 10.0


def urgent(held: Claim) -> bool:
    """Tell whether a delivery may use the slots of a group that are kept for alerts."""
    return held.delivery.priority <= URGENT


class Offload(Protocol):
    """Runs a function that blocks, off the event loop."""

    def __call__(self, function: Callable[[], T], /) -> Awaitable[T]:
        """Give what the function returns."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """What the parcels of one sender share, and what they learn about Telegram on their way."""

    engine: "Engine"
    target: Target
    pacer: Pacer
    clock: Clock
    offload: Offload
    lease: timedelta
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)  # outcomes, for the metrics
    accepted_at: datetime | None = None  # when Telegram last accepted anything
    doubted_at: datetime | None = None  # when a request last got no answer
    outage: int = 0  # requests in a row that came to nothing, whatever the chat
    waiting: Waiting = field(default_factory=Waiting)
    refused: dict[int, float] = field(default_factory=dict)  # when which chat last got "too many requests"
    halted: str = ""  # why sending has stopped for good

    def hold(self, telegram_id: int, moment: float, seconds: float) -> None:
        """Hold one chat, or all where several were refused at once: then the bot as a whole is too fast."""
        self.pacer.hold(telegram_id, moment + seconds)
        self.refused = {key: at for key, at in self.refused.items() if at > moment - _AT_ONCE_SECONDS}
        self.refused[telegram_id] = moment
        if len(self.refused) >= _MANY:
            self.pacer.hold(None, moment + seconds)

    def take(self, held: Claim, moment: float) -> bool:
        """Take a slot for the next request of a delivery; False where it has to wait."""
        return self.pacer.take(held.chat, moment, urgent=urgent(held))

    def accepted(self) -> None:
        """Note that Telegram took a message."""
        self.accepted_at = self.clock.now()
        self.outage = 0
        self.waiting.accepted(self.accepted_at)

    async def ask(self, now: datetime) -> None:
        """Ask whether Telegram is back; if it is, what was put off for its sake may leave. Raises StorageError."""
        try:
            await self.target.check()
        except TargetError as error:
            self.waiting.unanswered(now)
            log.warning("telegram_away", reason=error.failure.reason, waiting=len(self.waiting.until))
            return
        waited = dict(self.waiting.until)
        hastened = await self.offload(lambda: self._write(lambda tx: outbox.hasten(tx, waited, now=now)))
        self.waiting.answered(waited)
        log.info("telegram_back", hastened=hastened)

    async def commit(self, write: Callable[["Connection"], T]) -> T:
        """Run a transaction until it succeeds: what Telegram did must be written down, even after a full disk."""
        while True:
            try:
                return await self.offload(lambda: self._write(write))
            except StorageError as error:
                self.counts["storage_trouble"] += 1
                log.error("outcome_not_stored", error=str(error))  # noqa: TRY400 - the text says it all
                await self.clock.sleep(1.0)

    def _write(self, write: Callable[["Connection"], T]) -> T:
        with writing(self.engine) as tx:
            return write(tx)
