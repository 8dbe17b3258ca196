"""Leases by name: which process may act as the sender or the scheduler just now, on either engine."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from bot.storage.schema import leases
from bot.storage.upsert import insert_new

SKEW = timedelta(minutes=1)  # by which the clocks of several machines may differ


def hold_lease(tx: Connection, name: str, *, holder: str, now: datetime, until: datetime) -> bool:
    """Take or renew a lease; returns False while another holder's has not run out.

    A lease that ends later than any could is one of a clock that was ahead: it is taken over, not waited for.
    """
    if insert_new(tx, leases, [{"name": name, "holder": holder, "until": until}]):
        return True
    absurd = until + max(until - now, SKEW)
    done = tx.execute(
        update(leases)
        .where(leases.c.name == name, or_(leases.c.holder == holder, leases.c.until <= now, leases.c.until > absurd))
        .values(holder=holder, until=until)
    )
    return done.rowcount == 1


def release_lease(tx: Connection, name: str, *, holder: str) -> None:
    """Give a lease back, so that the next process need not wait for its end."""
    tx.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def lease_holder(tx: Connection, name: str, *, now: datetime) -> str | None:
    """Give who holds a lease now, or None."""
    found: str | None = tx.scalar(select(leases.c.holder).where(leases.c.name == name, leases.c.until > now))
    return found
