"""Fold a chat's held alerts into one batch once their slot has come; one transaction, so that none falls between."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, update

from bot.alerting.routing import PRIORITY
from bot.domain import Delivery, DeliveryKind, DeliveryState, derive_id
from bot.storage.chats import FOLDED
from bot.storage.outbox import enqueue
from bot.storage.schema import deliveries

_AT_ONCE = 200  # rows read in one go; what is left is folded in the next


def fold_batches(tx: Connection, *, now: datetime) -> int:
    """Replace two or more ready alerts of batched subscriptions by one batch a chat; returns how many batches.

    A single one stays what it is: a full alert with its buttons.
    """
    by_chat: dict[str, list[RowMapping]] = defaultdict(list)
    for row in tx.execute(_ready(now)).mappings():
        if row["payload"].get("batched"):
            by_chat[row["chat_key"]].append(row)
    folded = [_fold(tx, chat_key, rows, now) for chat_key, rows in by_chat.items() if len(rows) > 1]
    return len(folded)


def _fold(tx: Connection, chat_key: str, rows: list[RowMapping], now: datetime) -> str:
    ids = [str(row["id"]) for row in rows]
    batch_id = derive_id("delivery", chat_key, DeliveryKind.BATCH.value, *ids)
    one = Delivery(
        id=batch_id,
        chat_key=chat_key,
        kind=DeliveryKind.BATCH,
        subject=batch_id,
        payload={"alerts": [row["payload"] for row in rows]},
        priority=PRIORITY[DeliveryKind.BATCH],
        not_before=now,
        created_at=min(row["created_at"] for row in rows),
    )
    enqueue(tx, [one])
    tx.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(state=DeliveryState.CANCELLED.value, last_error=FOLDED + batch_id)
    )
    return batch_id


def _ready(now: datetime) -> Select[tuple[Any, ...]]:
    return (
        select(deliveries)
        .where(
            deliveries.c.state == DeliveryState.HELD.value,
            deliveries.c.kind == DeliveryKind.ALERT.value,
            deliveries.c.not_before <= now,
        )
        .order_by(deliveries.c.chat_key, deliveries.c.created_at, deliveries.c.id)
        .limit(_AT_ONCE)
    )
