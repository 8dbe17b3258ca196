"""Leases by name: which process may act as the sender or the scheduler just now, on either engine."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from bot.storage.schema import leases
from bot.storage.upsert import insert_new

SKEW = timedelta(minutes=1)  # by which the clocks of several machines may differ


class Watched:
    """What one process has seen of another's lease: one that is not renewed for `patience` belongs to nobody any more.

    Whatever its end says: a holder whose clock was an hour ahead, and who died, would else be waited for an hour. While
    it lives it renews, and no clock that is behind takes the lease from it.
    """

    def __init__(self, patience: timedelta, steady: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience.total_seconds()
        self._steady = steady
        self._end: datetime | None = None
        self._since = 0.0

    def note(self, end: datetime | None) -> None:
        """Note until when the lease is said to last, at each attempt to get it."""
        if end != self._end:
            self._end, self._since = end, self._steady()

    @property
    def dead(self) -> datetime | None:
        """Give the end by which a lease that nobody renews is known; None where it is renewed."""
        return self._end if self._steady() - self._since >= self._patience else None


def hold_lease(
    tx: Connection, name: str, *, holder: str, now: datetime, until: datetime, watched: Watched | None = None
) -> bool:
    """Take or renew a lease; returns False while another holder's has not run out and, as `watched`, is renewed."""
    if insert_new(tx, leases, [{"name": name, "holder": holder, "until": until}]):
        return True
    free = or_(leases.c.holder == holder, leases.c.until <= now)
    if watched is not None:
        watched.note(tx.scalar(select(leases.c.until).where(leases.c.name == name)))
        free = or_(free, leases.c.until == watched.dead) if watched.dead is not None else free
    done = tx.execute(update(leases).where(leases.c.name == name, free).values(holder=holder, until=until))
    return done.rowcount == 1


def release_lease(tx: Connection, name: str, *, holder: str) -> None:
    """Give a lease back, so that the next process need not wait for its end."""
    tx.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def lease_holder(tx: Connection, name: str, *, now: datetime) -> str | None:
    """Give who holds a lease now, or None."""
    found: str | None = tx.scalar(select(leases.c.holder).where(leases.c.name == name, leases.c.until > now))
    return found
