"""What became of a story's messages, chat by chat, as lines for people."""

from sqlalchemy import Connection, or_, select

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
