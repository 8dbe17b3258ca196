"""Load everybody who asked to be told, and who has been told of a story."""

from datetime import datetime

from sqlalchemy import Connection, or_, select, union

from bot.alerting.audience import Audience
from bot.alerting.routing import Snooze
from bot.domain import DeliveryKind, DeliveryState
from bot.storage.chats import FOLDED, all_chats
from bot.storage.schema import deliveries, messages, snoozes
from bot.storage.subscriptions import active_subscriptions


def load_audience(tx: Connection, *, now: datetime) -> Audience:
    """Give all chats, snoozes that still hold, and active subscriptions."""
    rows = tx.execute(select(snoozes).where(snoozes.c.until > now)).mappings()
    return Audience(
        chats={chat.key: chat for chat in all_chats(tx)},
        subscriptions=active_subscriptions(tx),
        snoozes=[
            Snooze(chat_key=row["chat_key"], what=row["what"], value=row["value"], until=row["until"]) for row in rows
        ],
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
