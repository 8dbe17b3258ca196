"""Jobs go on when the clock is set: forward, and back by hours."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from bot import schedule
from bot.schedule import Schedule

HOUR = timedelta(hours=1)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(schedule, "LOOK_AT_CLOCK", 0.02)


@pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forward"])
async def test_jobs_go_on_after_the_clock_was_set(step, quick) -> None:
    ran: asyncio.Queue[datetime] = asyncio.Queue()
    followed: list[timedelta] = []

    async def job() -> None:
        ran.put_nowait(datetime.now(UTC))

    async def follow(by: timedelta) -> None:
        followed.append(by)

    jobs = Schedule()
    jobs.on_set_back = follow
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        jobs.every(timedelta(seconds=0.05), "job", job, first_at=datetime.now(UTC))
        jobs.start()
        try:
            async with asyncio.timeout(5):
                before = await ran.get()
                clock.shift(step)
                while abs(await ran.get() - before) < HOUR / 2:
                    pass
                await ran.get()
        finally:
            jobs.stop()
    assert [round(by.total_seconds()) for by in followed] == ([3600] if step < timedelta(0) else [])


async def test_what_fails_while_the_clock_is_followed_is_shown_like_any_job(quick) -> None:
    failed = asyncio.Event()

    async def fail(by: timedelta) -> None:
        failed.set()
        raise ValueError(by)

    jobs = Schedule()
    jobs.on_set_back = fail
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        jobs.start()
        await asyncio.sleep(0)
        clock.shift(-HOUR)
        async with asyncio.timeout(5):
            await failed.wait()
        await asyncio.sleep(0)
        jobs.stop()
    assert "clock" in jobs.failures
