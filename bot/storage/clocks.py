"""What a clock that was set back leaves behind: times that were planned by it and would be waited for."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from bot.domain import DeliveryState
from bot.storage.schema import deliveries, sources


def set_back(tx: Connection, step: timedelta, *, now: datetime) -> int:
    """Bring polls and messages that wait for a time planned by the old clock forward by `step`; gives how many.

    `now` is that of the clock as it is set now. A message in flight is left alone: its lease is the fence. What another
    machine with a right clock has planned may come earlier than planned, which does no harm.
    """
    polls = tx.execute(select(sources.c.id, sources.c.next_poll_at).where(sources.c.next_poll_at > now)).all()
    owed = tx.execute(
        select(deliveries.c.id, deliveries.c.not_before).where(
            deliveries.c.state == DeliveryState.DUE.value,
            deliveries.c.intent_at.is_(None),
            deliveries.c.not_before > now,
        )
    ).all()
    if polls:
        tx.execute(
            update(sources).where(sources.c.id == bindparam("row")).values(next_poll_at=bindparam("at")),
            [{"row": row.id, "at": row.next_poll_at - step} for row in polls],
        )
    if owed:
        tx.execute(
            update(deliveries)
            .where(
                deliveries.c.id == bindparam("row"),
                deliveries.c.not_before == bindparam("was"),
                deliveries.c.intent_at.is_(None),
            )
            .values(not_before=bindparam("at")),
            [{"row": row.id, "was": row.not_before, "at": row.not_before - step} for row in owed],
        )
    return len(polls) + len(owed)
