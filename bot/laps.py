"""How long the stages of one poll take: a stopwatch with named laps."""

import time
from collections.abc import Mapping


class Laps:
    """Started when made; `lap` books the time since the last lap on a stage. Seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._seconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Say that `stage` has ended."""
        now = time.monotonic()
        self._seconds[stage] = self._seconds.get(stage, 0.0) + now - self._last
        self._last = now

    @property
    def seconds(self) -> Mapping[str, float]:
        """Give the seconds by stage."""
        return dict(self._seconds)
