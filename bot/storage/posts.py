"""Which Telegram message shows which story in which chat: edits and replies need it after a restart."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select

from bot.storage.schema import messages
from bot.storage.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message of ours that shows a story; `root` is the story's first in that chat, the one that is edited."""

    chat_key: str
    message_id: int
    story_id: str
    alert_id: str
    root: bool
    sent_at: datetime


def save_post(tx: Connection, post: Post) -> None:
    """Remember a message; one that is known stays as it is."""
    row = {name: getattr(post, name) for name in Post.__dataclass_fields__}
    insert_new(tx, messages, [row])


def root_post(tx: Connection, chat_key: str, story_id: str) -> Post | None:
    """Give the message that shows a story in a chat, or None where there is none yet."""
    row = tx.execute(
        select(messages)
        .where(messages.c.chat_key == chat_key, messages.c.story_id == story_id, messages.c.root.is_(True))
        .order_by(messages.c.sent_at.desc(), messages.c.message_id)
        .limit(1)
    )
    found = row.mappings().first()
    return None if found is None else _post(found)


def post_of(tx: Connection, chat_key: str, message_id: int) -> Post | None:
    """Give what a message of ours shows, such as the one a user replied to; None for any other message."""
    row = tx.execute(select(messages).where(messages.c.chat_key == chat_key, messages.c.message_id == message_id))
    found = row.mappings().first()
    return None if found is None else _post(found)


def drop_post(tx: Connection, chat_key: str, message_id: int) -> None:
    """Forget a message that Telegram says is gone."""
    tx.execute(delete(messages).where(messages.c.chat_key == chat_key, messages.c.message_id == message_id))


def _post(row: RowMapping) -> Post:
    return Post(**{name: row[name] for name in Post.__dataclass_fields__})
