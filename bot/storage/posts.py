"""Which Telegram message shows which story in which chat: edits and replies need it after a restart."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, select

from bot.domain import DeliveryKind, DeliveryState
from bot.storage.chats import FOLDED
from bot.storage.schema import deliveries, messages
from bot.storage.upsert import insert_new

_OPEN = (DeliveryState.DUE.value, DeliveryState.HELD.value)


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


def batch_post(tx: Connection, chat_key: str, story_id: str) -> Post | None:
    """Give the batch that told a chat of a story as one of several; None where there is none, or it is not sent yet."""
    row = _batch_of(tx, chat_key, story_id)
    if row is None or row["state"] != DeliveryState.SENT.value or not any(row["progress"]):
        return None
    message_id = next(one for one in row["progress"] if one)
    return Post(
        chat_key=chat_key, message_id=message_id, story_id=story_id, alert_id="", root=False, sent_at=row["sent_at"]
    )


def still_owed(tx: Connection, chat_key: str, story_id: str) -> bool:
    """Tell whether the first message of a story, alone or in a batch, is yet to leave for a chat."""
    batch = _batch_of(tx, chat_key, story_id)
    alert = select(deliveries.c.id).where(*_alert_of(chat_key, story_id), deliveries.c.state.in_(_OPEN)).limit(1)
    return tx.execute(alert).first() is not None or (batch is not None and batch["state"] in _OPEN)


def _batch_of(tx: Connection, chat_key: str, story_id: str) -> RowMapping | None:
    note = tx.scalar(
        select(deliveries.c.last_error)
        .where(*_alert_of(chat_key, story_id), deliveries.c.last_error.startswith(FOLDED, autoescape=True))
        .order_by(deliveries.c.created_at.desc())
        .limit(1)
    )
    if note is None:
        return None
    batch_id = str(note).removeprefix(FOLDED)
    return tx.execute(select(deliveries).where(deliveries.c.id == batch_id)).mappings().first()


def _alert_of(chat_key: str, story_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        deliveries.c.chat_key == chat_key,
        deliveries.c.subject == story_id,
        deliveries.c.kind == DeliveryKind.ALERT.value,
    )


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
