"""One round of polling: claim the sources that are due and poll them side by side, never waiting for the slow ones."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine

from bot.pipeline import Pipeline, Told
from bot.storage import sources as source_rows

log = structlog.get_logger(__name__)
CLAIM_FOR = timedelta(minutes=5)  # longer than any poll may take; a worker that died gives its sources back by then


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
        self.totals: Counter[str] = Counter()
        self.recent: deque[Told] = deque(maxlen=50)

    @property
    def under_way(self) -> int:
        """Give the number of polls that run now."""
        return len(self._under_way)

    async def begin(self) -> int:
        """Claim what is due, start polling it, and return how many polls were started."""
        free = self._at_once - len(self._under_way)
        if free < 1:
            return 0
        ids = await asyncio.to_thread(self._claim, free)
        for source_id in ids:
            task = asyncio.create_task(self._poll(source_id), name=f"poll {source_id}")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(ids)

    async def finish(self, within: float = 1.0) -> None:
        """Wait for the polls under way, then cancel the rest and give their sources back."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        ids = [task.get_name().removeprefix("poll ") for task in late]
        await asyncio.to_thread(self._give_back, ids)

    async def settle(self) -> None:
        """Wait until no poll is under way; for demonstrations and tests."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    def _claim(self, limit: int) -> list[str]:
        with self._engine.begin() as tx:
            return source_rows.due(tx, self._clock(), limit, worker=self._worker, lease=CLAIM_FOR)

    def _give_back(self, ids: list[str]) -> None:
        with self._engine.begin() as tx:
            source_rows.release(tx, ids)

    async def _poll(self, source_id: str) -> None:
        told = await self._pipeline.run(source_id)
        self.totals["polls"] += 1
        self.totals["failed"] += told.failed
        self.totals["alerts"] += len(told.alerts)
        self.totals.update(told.counts)
        self.recent.append(told)
        log.info("polled", source=source_id, failed=told.failed, status=told.status, **dict(told.counts))
        if self._on_told is not None:
            self._on_told(told)
