"""Tell other processes that the audience changed: a mark in the database that every writer renews.

The mark is random, not counted: one that a rolled-back transaction made can never come back as another's.
"""

import secrets

from sqlalchemy import Connection, select

from bot.storage.schema import meta
from bot.storage.upsert import upsert

_AUDIENCE = "audience_revision"


def audience_changed(tx: Connection) -> None:
    """Renew the mark, in the transaction that changes chats, subscriptions or snoozes."""
    upsert(tx, meta, [{"key": _AUDIENCE, "value": secrets.token_hex(8)}])


def audience_revision(tx: Connection) -> str:
    """Give the mark of the audience as this transaction sees it; empty where nobody ever changed it."""
    return str(tx.scalar(select(meta.c.value).where(meta.c.key == _AUDIENCE)) or "")
