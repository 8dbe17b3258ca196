"""Which Telegram message shows which story in which chat: edits and replies need it after a restart."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, select

from bot.domain import DeliveryKind, DeliveryState
from bot.storage.chats import FOLDED
from bot.storage.schema import alerts, deliveries, messages, stories
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
    """Tell whether the first message of a story, alone or in a batch, is yet to be composed for a chat.

    One that was composed and may be on its way shows what was known then, and does not count.
    """
    batch = _batch_of(tx, chat_key, story_id)
    alert = (
        select(deliveries.c.id)
        .where(*_alert_of(chat_key, story_id), deliveries.c.state.in_(_OPEN), deliveries.c.intent_at.is_(None))
        .limit(1)
    )
    waits = batch is not None and batch["state"] in _OPEN and batch["intent_at"] is None
    return waits or tx.execute(alert).first() is not None


def owed_news(
    tx: Connection, chat_key: str, story_ids: Sequence[str], kinds: Collection[DeliveryKind]
) -> tuple[str, ...]:
    """Give the ids of deliveries of these kinds that are owed to a chat about alerts of these stories.

    Alerts are stored with their deliveries and with what their story says, all at once. What is composed from a story
    that is read after this was asked therefore says what these deliveries would say.
    """
    kept = select(func.coalesce(stories.c.merged_into, stories.c.id)).where(stories.c.id.in_(story_ids))
    about = select(alerts.c.id).where(alerts.c.story_id.in_(kept))
    found = tx.scalars(
        select(deliveries.c.id)
        .where(
            deliveries.c.chat_key == chat_key,
            deliveries.c.state.in_(_OPEN),
            deliveries.c.kind.in_([kind.value for kind in kinds]),
            deliveries.c.subject.in_(about),
        )
        .order_by(deliveries.c.id)
    )
    return tuple(found)


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
