"""What polls and messages came to, as figures for the metrics and as lines for whoever looks at the terminal."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Engine

from bot.errors import StorageError
from bot.operations.metrics import Metrics
from bot.pipeline import Told
from bot.storage.database import reading
from bot.storage.lags import Lag, alert_lag


class Reporter:
    """Keeps the figures of one watch, and tells by `say` once that a source fails and once that it is back."""

    def __init__(self, engine: Engine, metrics: Metrics, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._metrics = metrics
        self._say = say
        self._failing: set[str] = set()

    def polled(self, told: Told) -> None:
        """Note a poll."""
        self._metrics.note(told)
        if told.failed and told.source_id not in self._failing:
            self._failing.add(told.source_id)
            self._say(f"[yellow]{told.source_id}[/]: {told.status}")
        elif not told.failed and told.source_id in self._failing:
            self._failing.discard(told.source_id)
            self._say(f"[green]{told.source_id}[/]: back, {told.status}")

    async def accepted(self, delivery_id: str) -> None:
        """Note that Telegram took an alert."""
        with suppress(StorageError):  # a figure less: the message itself is sent and written down
            lag = await asyncio.to_thread(self._lag, delivery_id)
            if lag is not None:
                self._metrics.note_accepted(lag)

    def _lag(self, delivery_id: str) -> Lag | None:
        with reading(self._engine) as tx:
            return alert_lag(tx, delivery_id)
