"""One process of several leads: it sends, talks, plans digests and prunes, until it ends or is no longer heard of."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine

from bot.errors import StorageError
from bot.storage.leases import Watched, hold_lease, release_lease
from bot.storage.transactions import writing

log = structlog.get_logger(__name__)
TENURE = timedelta(seconds=6)  # a dead leader is followed after this and one RENEW_EVERY at most
RENEW_EVERY = timedelta(seconds=2)


async def first_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


class Lead:
    """A lease by name that is renewed as long as `renew` is called; `held` is an event to wait for and to look at.

    A process that was frozen longer than `tenure` loses the lead without noticing at once: whatever it does then must
    be safe to do twice. Sending is (each delivery is claimed), planning is (each period is booked), pruning is.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        holder: str,
        clock: Callable[[], datetime],
        name: str = "lead",
        tenure: timedelta = TENURE,
    ) -> None:
        self._engine = engine
        self._holder = holder
        self._clock = clock
        self.name = name
        self._tenure = tenure
        self._watched = Watched(tenure * 1.5)
        self._acting = threading.Lock()  # a renewal that is under way must not undo the release
        self._over = False
        self.held = asyncio.Event()
        self.lost = asyncio.Event()
        self.lost.set()

    async def renew(self) -> bool:
        """Take the lead where nobody has it, or keep it; without a database nobody leads."""
        try:
            got = await asyncio.to_thread(self._take)
        except StorageError as error:
            log.warning("lead_not_renewed", error=str(error))
            got = False
        if got and not self.held.is_set():
            log.info("leading", holder=self._holder)
            self.lost.clear()
            self.held.set()
        elif not got and self.held.is_set():
            log.warning("lead_lost", holder=self._holder)
            self.held.clear()
            self.lost.set()
        return got

    async def release(self) -> None:
        """Step down for good, so that the next process need not wait."""
        self.held.clear()
        self.lost.set()
        try:
            await asyncio.to_thread(self._give)
        except StorageError as error:
            log.warning("lead_not_released", error=str(error))

    def _take(self) -> bool:
        with self._acting:
            return not self._over and self._hold()

    def _hold(self) -> bool:
        now = self._clock()
        with writing(self._engine) as tx:
            until = now + self._tenure
            return hold_lease(tx, self.name, holder=self._holder, now=now, until=until, watched=self._watched)

    def _give(self) -> None:
        with self._acting, writing(self._engine) as tx:
            self._over = True
            release_lease(tx, self.name, holder=self._holder)
