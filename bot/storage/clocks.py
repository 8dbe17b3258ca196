"""What a clock that was set back leaves behind: times that were planned by it and would be waited for."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, update

from bot.domain import DeliveryState
from bot.storage.locking import lock_grouping
from bot.storage.schema import deliveries, meta, paces, sources
from bot.storage.upsert import upsert

_DONE = "clock_set_back"  # key in `meta`
_SAME_WITHIN = timedelta(minutes=1)


def set_back(tx: Connection, step: timedelta, *, now: datetime) -> int:
    """Bring polls, messages and holds that wait for a time of the old clock forward by `step`; gives how many.

    `now` is that of the clock as it is set now. Of several processes on one machine, whose clock is one, the first does
    it for all. What another machine with a right clock has planned may come earlier than planned, which does no harm;
    nor does a message in flight, whose lease keeps its length.
    """
    lock_grouping(tx)
    if _done(tx, step, now):
        return 0
    polls = tx.execute(select(sources.c.id, sources.c.next_poll_at).where(sources.c.next_poll_at > now)).all()
    due = deliveries.c.state == DeliveryState.DUE.value
    owed = tx.execute(select(deliveries.c.id, deliveries.c.not_before).where(due, deliveries.c.not_before > now)).all()
    if polls:
        tx.execute(
            update(sources).where(sources.c.id == bindparam("row")).values(next_poll_at=bindparam("at")),
            [{"row": row.id, "at": row.next_poll_at - step} for row in polls],
        )
    if owed:
        tx.execute(
            update(deliveries)
            .where(due, deliveries.c.id == bindparam("row"), deliveries.c.not_before == bindparam("was"))
            .values(not_before=bindparam("at")),
            [{"row": row.id, "was": row.not_before, "at": row.not_before - step} for row in owed],
        )
    return len(polls) + len(owed) + _set_paces_back(tx, step, now)


def set_back_while_away(tx: Connection, *, now: datetime) -> int:
    """Do the same at a start, where the last poll lies in the future: the clock was set back while nothing ran."""
    last_at = tx.scalar(select(func.max(sources.c.last_polled_at)))
    if last_at is None or last_at - now < _SAME_WITHIN:
        return 0
    moved = set_back(tx, last_at - now, now=now)
    tx.execute(update(sources).where(sources.c.last_polled_at > now).values(last_polled_at=now))
    return moved


def _set_paces_back(tx: Connection, step: timedelta, now: datetime) -> int:
    """Do the same to slots that were taken and to holds: they outlive their process. In seconds since the epoch."""
    moment, seconds, moved = now.timestamp(), step.total_seconds(), 0
    for row in tx.execute(select(paces)).all():
        times = [time - seconds if time > moment else time for time in row.times]
        if times != list(row.times):
            tx.execute(update(paces).where(paces.c.key == row.key).values(times=times))
            moved += 1
    return moved


def _done(tx: Connection, step: timedelta, now: datetime) -> bool:
    """Tell whether another process has followed this step already; if not, note that it is being done."""
    noted = tx.scalar(select(meta.c.value).where(meta.c.key == _DONE))
    if noted is not None:
        age = now - datetime.fromisoformat(noted["at"])
        same = abs(step.total_seconds() - noted["seconds"]) < _SAME_WITHIN.total_seconds()
        if same and timedelta(0) <= age < _SAME_WITHIN:
            return True
    upsert(tx, meta, [{"key": _DONE, "value": {"at": now.isoformat(), "seconds": step.total_seconds()}}])
    return False
