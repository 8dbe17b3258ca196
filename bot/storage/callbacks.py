"""What a button means: state on the server by short id with a lifetime, since callback data holds 64 bytes at most."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from bot.storage.schema import callbacks
from bot.storage.upsert import upsert


def put_callback(
    tx: Connection, callback_id: str, *, chat_key: str, payload: Mapping[str, Any], expires_at: datetime
) -> None:
    """Store what a button stands for, new or again."""
    row = {"id": callback_id, "chat_key": chat_key, "payload": dict(payload), "expires_at": expires_at}
    upsert(tx, callbacks, [row])


def get_callback(tx: Connection, callback_id: str, *, chat_key: str, now: datetime) -> dict[str, Any] | None:
    """Give what a button of this chat stands for; None for an expired one, an unknown one and another chat's."""
    found: dict[str, Any] | None = tx.scalar(
        select(callbacks.c.payload).where(
            callbacks.c.id == callback_id, callbacks.c.chat_key == chat_key, callbacks.c.expires_at > now
        )
    )
    return found


def prune_callbacks(tx: Connection, *, now: datetime) -> int:
    """Delete expired button state; returns how many."""
    return tx.execute(delete(callbacks).where(callbacks.c.expires_at <= now)).rowcount
