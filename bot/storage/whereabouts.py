"""What is owed, and what became of a story's messages, chat by chat, as lines for people."""

from collections.abc import Collection

from sqlalchemy import Connection, or_, select

from bot.domain import Delivery
from bot.storage.outbox import delivery_of
from bot.storage.schema import alerts, deliveries


def deliveries_of(tx: Connection, story_id: str) -> list[str]:
    """Give one line a message: kind, chat, state, and when it was sent or why it was not."""
    told = select(alerts.c.id).where(alerts.c.story_id == story_id)
    rows = tx.execute(
        select(deliveries)
        .where(or_(deliveries.c.subject == story_id, deliveries.c.subject.in_(told)))
        .order_by(deliveries.c.created_at, deliveries.c.chat_key)
    ).mappings()
    return [
        f"{row['kind']} to {row['chat_key']}: {row['state']}"
        + (f" at {row['sent_at']:%Y-%m-%d %H:%M} UTC" if row["sent_at"] else "")
        + (f" ({row['last_error']})" if row["last_error"] else "")
        for row in rows
    ]


def owed_beside(tx: Connection, known: Collection[str]) -> list[Delivery]:
    """Give all messages owed but those of the ids in `known`, in the order in which they would leave."""
    rows = tx.execute(select(deliveries).order_by(deliveries.c.not_before, deliveries.c.priority, deliveries.c.id))
    return [delivery_of(row) for row in rows.mappings() if row["id"] not in known]
