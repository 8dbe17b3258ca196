"""Deliveries that were put off because Telegram answered nobody: once it is back they need not sit out their back-off.

Back-off grows to a quarter of an hour, for the sake of a server in trouble. A question that changes nothing costs it
less: it is asked every half minute, and when it is answered, everything that was put off may leave.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ASK_EVERY = timedelta(seconds=30)
_DOUBLINGS = 5  # half a minute grows to a quarter of an hour where the question is answered, and messages are not


@dataclass(slots=True, kw_only=True)
class Waiting:
    """What was put off, and when to ask. `until` has each delivery's time by its id, as it stands in the outbox."""

    until: dict[str, datetime] = field(default_factory=dict)
    _ask_at: datetime | None = None
    _in_vain: int = 0  # how often Telegram answered the question, and then no message

    def put_off(self, delivery_id: str, until: datetime, *, now: datetime) -> None:
        """Remember a delivery that waits until a time for Telegram's sake."""
        if not self.until:
            self._ask_at = now + ASK_EVERY * 2 ** min(self._in_vain, _DOUBLINGS)
        self.until[delivery_id] = until

    def take(self, delivery_id: str) -> None:
        """Forget a delivery that is tried again."""
        self.until.pop(delivery_id, None)

    def accepted(self, now: datetime) -> None:
        """Telegram took a message: it is back."""
        self._in_vain = 0
        self._ask_at = now

    def may_ask(self, now: datetime) -> bool:
        """Tell whether it is time to ask Telegram whether it is back."""
        return bool(self.until) and self._ask_at is not None and now >= self._ask_at

    def unanswered(self, now: datetime) -> None:
        """Telegram did not answer the question."""
        self._ask_at = now + ASK_EVERY

    def answered(self, waited: Mapping[str, datetime]) -> None:
        """Telegram answered: forget what may leave now."""
        self._in_vain += 1
        self.until = {key: until for key, until in self.until.items() if waited.get(key) != until}
