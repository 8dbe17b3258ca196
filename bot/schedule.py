"""What runs when: the only home of APScheduler, and the job boundary where a failing job is logged and goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.redaction import process_redactor

log = structlog.get_logger(__name__)
Job = Callable[[], Awaitable[object]]
LOOK_AT_CLOCK = 1.0  # seconds
SET_BACK = 2.0  # seconds in one look: no clock that is merely being corrected runs so slowly


class Schedule:
    """Run jobs at intervals on the event loop. What is due is asked of the database, never kept in the scheduler.

    Jobs never overlap themselves; a loop that was blocked or a machine that slept runs each missed job once. Where the
    machine's clock is set back, jobs do not wait until it shows the old time again, and `on_set_back` is called with
    the seconds. `wall` and `steady` tell the clock's time and one that nobody sets.
    """

    def __init__(self, *, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415 - 0.1 s that --help does without

        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self.failures: dict[str, str] = {}
        self.on_set_back: Callable[[timedelta], Awaitable[object]] | None = None
        self._wall = wall
        self._steady = steady
        self._minding: asyncio.Task[None] | None = None

    def every(self, step: timedelta, name: str, job: Job, *, first_at: datetime | None = None) -> None:
        """Run `job` every `step`, the first time at `first_at` or after one step."""
        options = {} if first_at is None else {"next_run_time": first_at}
        self._scheduler.add_job(
            self._guarded(name, job), "interval", seconds=step.total_seconds(), id=name, name=name, **options
        )

    def start(self) -> None:
        """Start the clockwork on the running event loop."""
        self._scheduler.start()
        self._minding = asyncio.create_task(self._mind_clock(), name="mind clock")

    def stop(self) -> None:
        """Start no more jobs; those under way are their owners' business."""
        if self._minding is not None:
            self._minding.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _mind_clock(self) -> None:
        ahead = self._wall() - self._steady()
        while True:
            await asyncio.sleep(LOOK_AT_CLOCK)
            was, ahead = ahead, self._wall() - self._steady()
            if was - ahead >= SET_BACK:
                await self._follow(timedelta(seconds=was - ahead))

    async def _follow(self, step: timedelta) -> None:
        """Move everything that was planned by a clock that has been set back since."""
        log.warning("clock_set_back", seconds=round(step.total_seconds()))
        for job in self._scheduler.get_jobs():
            if job.next_run_time is not None:
                job.modify(next_run_time=job.next_run_time - step)
        if (follow := self.on_set_back) is not None:
            await self._guarded("clock", lambda: follow(step))()

    def _guarded(self, name: str, job: Job) -> Job:
        async def run() -> None:
            try:
                await job()
            except asyncio.CancelledError:
                if self._scheduler.running:
                    raise
                return  # cut off by the end of the watch, which is no failure: APScheduler would print a traceback
            except Exception as error:  # the job boundary: one failing job must not stop the watch
                self.failures[name] = process_redactor()(f"{type(error).__name__}: {error}")
                log.exception("job_failed", job=name)
            else:
                self.failures.pop(name, None)

        return run
