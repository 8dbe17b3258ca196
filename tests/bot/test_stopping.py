"""A job that is cut off by the end of the watch ends in silence; one that fails shows no secret."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from bot.schedule import Schedule


async def test_a_job_under_way_at_the_end_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    schedule, begun, ended = Schedule(), asyncio.Event(), asyncio.Event()

    async def wait_for_ever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    schedule.every(timedelta(hours=1), "long", wait_for_ever, first_at=datetime.now(UTC))
    with caplog.at_level(logging.DEBUG):
        schedule.start()
        async with asyncio.timeout(10):
            await begun.wait()
            schedule.stop()
            await ended.wait()
        for _ in range(3):
            await asyncio.sleep(0)
    assert not [one for one in caplog.records if one.exc_info or one.levelno >= logging.WARNING]
    assert schedule.failures == {}


async def test_what_a_failed_job_said_is_kept_without_its_secrets() -> None:
    schedule = Schedule()

    async def fail() -> None:
        raise ValueError("https://ping.test/?token=hunter2hunter2")

    await schedule._guarded("ping", fail)()
    assert schedule.failures == {"ping": "ValueError: https://ping.test/?token=***"}
