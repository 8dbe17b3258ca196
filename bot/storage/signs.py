"""What the database says about the health of the watch, cheap enough to be asked every few seconds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.domain import DeliveryState
from bot.ingest.health import HealthState, health
from bot.storage.leases import lease_holder
from bot.storage.schema import chats, deliveries
from bot.storage.sources import all_sources

_OPEN = (DeliveryState.DUE.value, DeliveryState.HELD.value, DeliveryState.PARKED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Sources by state, what is owed by state, and who leads. `failures_by_source` holds those that fail."""

    leader: str | None
    active_sources: int
    last_success_at: datetime | None
    sources_by_state: Mapping[str, int]
    failures_by_source: Mapping[str, int]
    owed: Mapping[str, int]
    oldest_due_at: datetime | None
    last_sent_at: datetime | None


def read_signs(tx: Connection, *, now: datetime, lease: str) -> Signs:
    """Read the signs; `lease` is the name of the leader's."""
    memories = {one.source.id: one.memory for one in all_sources(tx)}
    states = Counter(health(memory, now).state for memory in memories.values())
    answered = [memory.last_success_at for memory in memories.values() if memory.last_success_at is not None]
    owed = tx.execute(
        select(deliveries.c.state, func.count()).where(deliveries.c.state.in_(_OPEN)).group_by(deliveries.c.state)
    )
    # Also what waits for its next attempt: while Telegram is away, everything does nearly all the time. A chat that was
    # not found waits for hours alone, and is no sign of that.
    due = (
        select(func.min(deliveries.c.created_at))
        .join(chats, chats.c.key == deliveries.c.chat_key)
        .where(
            deliveries.c.state == DeliveryState.DUE.value,
            chats.c.disabled_reason == "",
            chats.c.suspect_since.is_(None),
        )
    )
    return Signs(
        leader=lease_holder(tx, lease, now=now),
        active_sources=sum(memory.enabled and not memory.paused_reason for memory in memories.values()),
        last_success_at=max(answered, default=None),
        sources_by_state={state.value: states.get(state, 0) for state in HealthState},
        failures_by_source={key: memory.error_streak for key, memory in memories.items() if memory.error_streak},
        owed={**dict.fromkeys(_OPEN, 0), **{row.state: int(row[1]) for row in owed}},
        oldest_due_at=tx.scalar(due),
        last_sent_at=tx.scalar(select(func.max(deliveries.c.sent_at))),
    )
