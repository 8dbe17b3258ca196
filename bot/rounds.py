"""One round of polling: claim the sources that are due and poll them side by side, never waiting for the slow ones."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine

from bot.errors import StorageError
from bot.pipeline import Pipeline, Told
from bot.storage import sources as source_rows
from bot.storage.transactions import writing

log = structlog.get_logger(__name__)
CLAIM_FOR = timedelta(minutes=5)  # longer than any poll may take; a worker that died gives its sources back by then
TROUBLE_LASTS = 300.0  # seconds: with several workers it may take as long until this one has anything to store again
REST = timedelta(seconds=30)  # before a source is polled again whose poll could not be stored


class Rounds:
    """Keeps up to `at_once` polls under way and counts what they led to."""

    def __init__(
        self,
        *,
        engine: Engine,
        pipeline: Pipeline,
        clock: Callable[[], datetime],
        worker: str,
        at_once: int = 100,
        on_told: Callable[[Told], None] | None = None,
    ) -> None:
        self._engine = engine
        self._pipeline = pipeline
        self._clock = clock
        self._worker = worker
        self._at_once = at_once
        self._on_told = on_told
        self._under_way: set[asyncio.Task[None]] = set()
        self._unstored: set[str] = set()
        self._claiming: asyncio.Task[list[str]] | None = None
        self._trouble = ("", 0.0)  # why the last poll could not be stored, and when that was, by a clock nobody sets
        self.totals: Counter[str] = Counter()
        self.recent: deque[Told] = deque(maxlen=50)

    @property
    def under_way(self) -> int:
        """Give the number of polls that run now."""
        return len(self._under_way)

    @property
    def trouble(self) -> str:
        """Say why the last poll could not be stored, as on a full disk; empty where it was, or that is long ago."""
        text, at = self._trouble
        return text if text and time.monotonic() - at < TROUBLE_LASTS else ""

    async def begin(self) -> int:
        """Claim what is due, start polling it, and return how many polls were started."""
        free = self._at_once - len(self._under_way)
        if free < 1:
            return 0
        # Shielded: the job may be cancelled at the end of the watch, the thread that claims cannot.
        self._claiming = asyncio.create_task(asyncio.to_thread(self._claim, free))
        ids = await asyncio.shield(self._claiming)
        self._claiming = None
        for source_id in ids:
            task = asyncio.create_task(self._poll(source_id), name=f"poll {source_id}")
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        return len(ids)

    async def finish(self, within: float = 1.0) -> None:
        """Wait for the polls under way, then cancel the rest and give their sources back."""
        ids = await self._claimed_in_vain()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=within)
            if late:
                self._pipeline.abandon()  # a transaction under way would hold up what follows
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            ids += [task.get_name().removeprefix("poll ") for task in late]
        if ids:
            await asyncio.to_thread(self._give_back, ids)

    async def _claimed_in_vain(self) -> list[str]:
        """Give what a claim that was under way when its job was cancelled has brought: nobody polls that."""
        if self._claiming is None:
            return []
        try:
            return await self._claiming
        except StorageError:
            return []

    async def settle(self) -> None:
        """Wait until no poll is under way; for demonstrations and tests."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _claim(self, limit: int) -> list[str]:
        now, unstored = self._clock(), sorted(self._unstored)
        with writing(self._engine) as tx:
            if unstored:
                source_rows.hold_until(tx, unstored, now + REST)
            ids = source_rows.due(tx, now, limit, worker=self._worker, lease=CLAIM_FOR)
        self._unstored.difference_update(unstored)  # only now: on a full disk this transaction fails as well
        return ids

    def _give_back(self, ids: list[str]) -> None:
        try:
            with writing(self._engine) as tx:
                source_rows.release(tx, ids)
        except StorageError as error:  # their claims run out by themselves
            log.warning("claims_not_released", error=str(error))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.totals["bugs"] += 1
            log.error("poll_failed", source=task.get_name().removeprefix("poll "), exc_info=error)

    async def _poll(self, source_id: str) -> None:
        try:
            told = await self._pipeline.run(source_id)
        except StorageError as error:
            self.totals["not_stored"] += 1
            self._trouble = (str(error), time.monotonic())
            log.error("poll_not_stored", source=source_id, error=str(error))  # noqa: TRY400 - the text says it all
            self._unstored.add(source_id)  # nothing was committed: it is polled again in a while
            return
        self._trouble = ("", 0.0)
        self.totals["polls"] += 1
        self.totals["failed"] += told.failed
        self.totals["alerts"] += len(told.alerts)
        self.totals.update(told.counts)
        self.recent.append(told)
        log.info("polled", source=source_id, failed=told.failed, status=told.status, **dict(told.counts))
        if self._on_told is not None:
            self._on_told(told)
