"""Look after the running watch: gather its vitals, tell the owner of trouble, and ping the dead-man switch."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine

from bot import __version__
from bot.errors import StorageError
from bot.operations.leading import Lead
from bot.operations.notices import tell_check, tell_sources
from bot.operations.vitals import Check, Vitals, judge
from bot.schedule import Schedule
from bot.storage.signs import read_signs
from bot.storage.transactions import looking, writing

if TYPE_CHECKING:
    from bot.analysis.assessment import Assessor
    from bot.rounds import Rounds
    from bot.telegram.sender import Sender

log = structlog.get_logger(__name__)
PERSISTENT = 2  # looks in a row, a minute apart, before the owner is told: a hiccup is none of his concern


class Overseer:
    """Knows the parts of one process. `assessor` gives the one in use; `sender` and `rounds` are set once they exist.

    `model_file` is the file that the next start will read; `folder` lies on the disk that must not fill up.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        worker: str,
        lead: Lead,
        schedule: Schedule,
        assessor: "Callable[[], Assessor]",
        clock: Callable[[], datetime],
        folder: Path,
        model_file: Path,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._worker = worker
        self._lead = lead
        self._schedule = schedule
        self._assessor = assessor
        self._clock = clock
        self._folder = folder
        self._model_file = model_file
        self._steady = steady  # spans are measured by it: the clock may be set
        self._started = steady()
        self._started_at = clock()
        self._ticked: float | None = None
        self._bad: dict[str, int] = {}  # by check, for how many looks in a row
        self.sender: Sender | None = None
        self.rounds: Rounds | None = None

    def ticked(self) -> None:
        """Note that the event loop runs its jobs."""
        self._ticked = self._steady()

    async def look(self) -> Vitals:
        """Take all vitals now. Never raises for a database that is away: that is one of them."""
        return await asyncio.to_thread(self._complete, self._parts())

    async def oversee(self) -> list[Check]:
        """Judge, log what is wrong, and tell the owner of what stays wrong where this process leads."""
        checks = judge(await self.look())
        bad = [check for check in checks if not check.good]
        self._bad = {check.name: self._bad.get(check.name, 0) + 1 for check in bad}
        lasting = [check for check in bad if self._bad[check.name] >= PERSISTENT]
        for check in bad:
            log.warning("not_well", check=check.name, text=check.text, remedy=check.remedy)
        if lasting and self._lead.held.is_set():
            await self._tell(lasting)
        return checks

    async def check_sources(self) -> None:
        """Tell the owner of sources in trouble, each once; only where this process leads."""
        if not self._lead.held.is_set():
            return
        told = await asyncio.to_thread(self._tell_sources)
        if told and self.sender is not None:
            self.sender.wake()

    async def ping(self, fetch: Callable[[], Awaitable[str]]) -> bool:
        """Call the dead-man switch by `fetch`, which gives a problem or nothing, while all is well here."""
        if not self._lead.held.is_set() or any(not check.good for check in judge(await self.look())):
            return False
        problem = await fetch()
        if problem:
            log.warning("ping_failed", problem=problem)
        return not problem

    def _parts(self) -> Vitals:
        now, sender, assessor = self._clock(), self.sender, self._assessor()
        moment = now.timestamp()
        return Vitals(
            at=now,
            started_at=min(self._started_at, now - timedelta(seconds=self._steady() - self._started)),
            version=__version__,
            leading=self._lead.held.is_set(),
            model=assessor.versions["model"],
            rules=assessor.versions["rules"],
            unstored=self.rounds.trouble if self.rounds is not None else "",
            sends=dict(sender.desk.counts) if sender is not None else {},
            pace_free=sender.desk.pacer.free(moment) if sender is not None else 0,
            pace_blocked=len(sender.desk.pacer.blocked(moment)) if sender is not None else 0,
            jobs=dict(self._schedule.failures),
            last_tick_at=None if self._ticked is None else now - timedelta(seconds=self._steady() - self._ticked),
        )

    def _complete(self, vitals: Vitals) -> Vitals:
        vitals = replace(
            vitals,
            disk_free=_free(self._folder),
            model_file="" if self._model_file.exists() else str(self._model_file),
        )
        try:
            with looking(self._engine) as tx:
                signs = read_signs(tx, now=vitals.at, lease=self._lead.name)
        except StorageError as error:
            return replace(vitals, database=str(error))
        return replace(vitals, **{name: getattr(signs, name) for name in type(signs).__dataclass_fields__})

    async def _tell(self, checks: list[Check]) -> None:
        try:
            new = await asyncio.to_thread(self._tell_checks, checks)
        except StorageError as error:
            log.warning("owner_not_told", error=str(error))
            return
        if new and self.sender is not None:
            self.sender.wake()

    def _tell_checks(self, checks: list[Check]) -> int:
        now = self._clock()
        with writing(self._engine) as tx:
            return sum(tell_check(tx, check, worker=self._worker, now=now) for check in checks)

    def _tell_sources(self) -> int:
        with writing(self._engine) as tx:
            return tell_sources(tx, now=self._clock())


def _free(folder: Path) -> int:
    """Give the free bytes of the disk that a folder is on, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
