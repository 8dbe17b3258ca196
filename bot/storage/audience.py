"""Load everybody who asked to be told, and who has been told of a story."""

from datetime import datetime

from sqlalchemy import Connection, or_, select, union

from bot.alerting.audience import Audience
from bot.alerting.routing import Snooze
from bot.domain import DeliveryKind, DeliveryState
from bot.storage.chats import FOLDED, all_chats
from bot.storage.revisions import audience_revision
from bot.storage.schema import deliveries, messages, snoozes
from bot.storage.subscriptions import active_subscriptions


class AudienceMemory:
    """The audience as this process last read it; read again only after some process changed it.

    Compiling every stored rule takes seconds where there are thousands of chats; a change recompiles its own rule only.
    To be used by one thread at a time.
    """

    def __init__(self) -> None:
        self._revision = ""
        self._audience: Audience | None = None

    def load(self, tx: Connection, *, now: datetime) -> Audience:
        """Give everybody who asked to be told, as this transaction sees them."""
        revision = audience_revision(tx)
        if self._audience is None or revision != self._revision:
            self._audience = load_audience(tx, now=now, earlier=self._audience)
            self._revision = revision
        return self._audience


def load_audience(tx: Connection, *, now: datetime, earlier: Audience | None = None) -> Audience:
    """Give all chats, snoozes that still hold, and active subscriptions; rules compiled for `earlier` are kept."""
    rows = tx.execute(select(snoozes).where(snoozes.c.until > now)).mappings()
    return Audience(
        chats={chat.key: chat for chat in all_chats(tx)},
        subscriptions=active_subscriptions(tx),
        snoozes=[
            Snooze(chat_key=row["chat_key"], what=row["what"], value=row["value"], until=row["until"]) for row in rows
        ],
        earlier=earlier,
    )


def told_chats(tx: Connection, story_id: str) -> frozenset[str]:
    """Give the chats that have the story's message, or are owed it."""
    sent = select(messages.c.chat_key).where(messages.c.story_id == story_id)
    owed = select(deliveries.c.chat_key).where(
        deliveries.c.subject == story_id,
        deliveries.c.kind == DeliveryKind.ALERT.value,
        or_(
            deliveries.c.state.in_([DeliveryState.DUE.value, DeliveryState.HELD.value, DeliveryState.SENT.value]),
            deliveries.c.last_error.startswith(FOLDED),  # told, or to be told, as a line of a batch
        ),
    )
    return frozenset(tx.scalars(union(sent, owed)))
