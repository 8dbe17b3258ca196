"""What runs when: the only home of APScheduler, and the job boundary where a failing job is logged and goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.redaction import process_redactor

log = structlog.get_logger(__name__)
Job = Callable[[], Awaitable[object]]


class Schedule:
    """Run jobs at intervals on the event loop. What is due is asked of the database, never kept in the scheduler.

    Jobs never overlap themselves; a loop that was blocked or a machine that slept runs each missed job once.
    """

    def __init__(self) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415 - 0.1 s that --help does without

        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self.failures: dict[str, str] = {}

    def every(self, step: timedelta, name: str, job: Job, *, first_at: datetime | None = None) -> None:
        """Run `job` every `step`, the first time at `first_at` or after one step."""
        options = {} if first_at is None else {"next_run_time": first_at}
        self._scheduler.add_job(
            self._guarded(name, job), "interval", seconds=step.total_seconds(), id=name, name=name, **options
        )

    def start(self) -> None:
        """Start the clockwork on the running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more jobs; those under way are their owners' business."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

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
