"""Time as sending sees it, so that tests and benchmarks can give a virtual one."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Give the present time, aware."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        """Give the present time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)
