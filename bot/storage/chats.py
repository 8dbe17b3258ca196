"""Chats as rows: their settings, whether Telegram still lets us in, and their move to a new id."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from bot.domain import Chat, ChatKind, DeliveryState, Mode, Severity
from bot.storage.revisions import audience_changed
from bot.storage.schema import (
    access,
    callbacks,
    chats,
    deliveries,
    digests,
    feedback,
    messages,
    snoozes,
    subscriptions,
)
from bot.storage.upsert import insert_new, upsert

SUSPECT_FOR = timedelta(hours=24)  # how long a chat may be "not found" before it is taken for gone
REQUEUED_FOR = timedelta(hours=24)  # what was parked for longer than this is old news when a chat comes back
FOLDED = "in batch "  # begins the note of an alert that is delivered as a line of a batch
_DISABLED = "chat disabled: "
_OF_CHAT = (callbacks, deliveries, digests, feedback, messages, snoozes, subscriptions)


def save_chat(tx: Connection, chat: Chat) -> None:
    """Store a chat with all its settings, new or changed."""
    upsert(tx, chats, [_row(chat)])
    audience_changed(tx)


def add_chat(tx: Connection, chat: Chat) -> bool:
    """Store a chat unless it is known; returns whether it was new."""
    new = insert_new(tx, chats, [_row(chat)]) == 1
    if new:
        audience_changed(tx)
    return new


def load_chat(tx: Connection, key: str) -> Chat | None:
    """Give a chat, or None where the key is unknown."""
    row = tx.execute(select(chats).where(chats.c.key == key)).mappings().first()
    return None if row is None else chat_of(row)


def all_chats(tx: Connection, *, telegram_id: int | None = None, enabled_only: bool = False) -> list[Chat]:
    """Give all chats, those of one Telegram id (a forum has one a topic), or only those that we may write to."""
    statement = select(chats).order_by(chats.c.created_at, chats.c.key)
    if telegram_id is not None:
        statement = statement.where(chats.c.telegram_id == telegram_id)
    if enabled_only:
        statement = statement.where(chats.c.disabled_reason == "")
    return [chat_of(row) for row in tx.execute(statement).mappings()]


def disable(tx: Connection, telegram_id: int, *, reason: str) -> int:
    """Stop writing to a Telegram chat, all its topics included; what is owed to it is parked, subscriptions stay.

    Returns how many chats were disabled that were not before, so that the owner is told once.
    """
    keys = _keys(tx, telegram_id)
    changed = tx.execute(
        update(chats).where(chats.c.key.in_(keys), chats.c.disabled_reason == "").values(disabled_reason=reason)
    ).rowcount
    tx.execute(
        update(deliveries)
        .where(deliveries.c.chat_key.in_(keys), deliveries.c.state.in_(["due", "held"]))
        .values(state=DeliveryState.PARKED.value, last_error=_DISABLED + reason, intent_at=None)
    )
    audience_changed(tx)
    return changed


def enable(tx: Connection, telegram_id: int, *, now: datetime) -> int:
    """Write to a chat again, which let us in anew; what was parked within the last day becomes due again.

    Returns how many deliveries became due.
    """
    keys = _keys(tx, telegram_id)
    tx.execute(update(chats).where(chats.c.key.in_(keys)).values(disabled_reason="", suspect_since=None))
    requeued = tx.execute(
        update(deliveries)
        .where(
            deliveries.c.chat_key.in_(keys),
            deliveries.c.state == DeliveryState.PARKED.value,
            deliveries.c.last_error.startswith(_DISABLED),
            deliveries.c.created_at >= now - REQUEUED_FOR,
        )
        .values(state=DeliveryState.DUE.value, attempts=0, not_before=now)
    )
    audience_changed(tx)
    return requeued.rowcount


def suspect(tx: Connection, telegram_id: int, *, now: datetime) -> bool:
    """Note that Telegram does not know a chat; returns True once that has lasted a day, when it should be disabled.

    A single "chat not found" proves nothing: Telegram has answered so for living chats.
    """
    since: datetime | None = tx.scalar(
        select(func.min(chats.c.suspect_since)).where(chats.c.telegram_id == telegram_id)
    )
    if since is None:
        tx.execute(update(chats).where(chats.c.telegram_id == telegram_id).values(suspect_since=now))
        return False
    return now - since >= SUSPECT_FOR


def trust(tx: Connection, telegram_id: int) -> None:
    """Forget a suspicion: a message was accepted."""
    tx.execute(
        update(chats)
        .where(chats.c.telegram_id == telegram_id, chats.c.suspect_since.is_not(None))
        .values(suspect_since=None)
    )


def leave_topic(tx: Connection, key: str) -> None:
    """Send a topic's messages to the group's General topic from now on: the topic is closed or deleted."""
    tx.execute(update(chats).where(chats.c.key == key).values(thread_id=None))
    audience_changed(tx)


def forget_chat(tx: Connection, key: str) -> dict[str, int]:
    """Erase a chat and everything that belongs to it; returns how many rows of which table."""
    erased = {table.name: tx.execute(delete(table).where(table.c.chat_key == key)).rowcount for table in _OF_CHAT}
    erased[chats.name] = tx.execute(delete(chats).where(chats.c.key == key)).rowcount
    audience_changed(tx)
    return {name: number for name, number in erased.items() if number}


def owner_chats(tx: Connection) -> list[Chat]:
    """Give the private chats of the owners, who are told when something goes wrong."""
    owners = select(access.c.value).where(access.c.kind == "owner")
    statement = select(chats).where(chats.c.key.in_(owners), chats.c.disabled_reason == "").order_by(chats.c.key)
    return [chat_of(row) for row in tx.execute(statement).mappings()]


def _keys(tx: Connection, telegram_id: int) -> list[str]:
    return list(tx.scalars(select(chats.c.key).where(chats.c.telegram_id == telegram_id)))


def _row(chat: Chat) -> dict[str, Any]:
    return {
        "key": chat.key,
        "telegram_id": chat.telegram_id,
        "thread_id": chat.thread_id,
        "kind": chat.kind.value,
        "title": chat.title,
        "lang": chat.lang,
        "zone": chat.zone,
        "level": int(chat.level),
        "mode": chat.mode.value,
        "batch_minutes": chat.batch_minutes,
        "silent_below": int(chat.silent_below),
        "quiet_from": chat.quiet_from,
        "quiet_to": chat.quiet_to,
        "digest_on": chat.digest_on,
        "digest_daily": chat.digest_daily,
        "digest_weekday": chat.digest_weekday,
        "digest_time": chat.digest_time,
        "link_previews": chat.link_previews,
        "paused_until": chat.paused_until,
        "disabled_reason": chat.disabled_reason,
        "created_at": chat.created_at,
    }


def chat_of(row: RowMapping, *, prefix: str = "") -> Chat:
    """Build a chat from its row, whose columns may carry a prefix in a join."""
    values = {name: row[prefix + name] for name in Chat.__dataclass_fields__}
    values["kind"] = ChatKind(values["kind"])
    values["mode"] = Mode(values["mode"])
    values["level"] = Severity(values["level"])
    values["silent_below"] = Severity(values["silent_below"])
    return Chat(**values)
