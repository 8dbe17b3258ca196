"""Telegram's limits as exact sliding windows: when may the next request to which chat leave? Pure but for its memory.

30 requests a second overall, 1 a second to a private chat, 20 a minute to a group or channel (Telegram's FAQ).
A slot is taken when a request leaves; the windows are a little longer than Telegram's, so that requests which travel at
different speeds still arrive within the limits. The memory is saved by the sender with each intent, which makes the
limits hold across a restart. Some of a group's or channel's slots are kept for what is urgent, so that an alert need
not wait a minute behind digests, edits and answers.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import Chat, ChatKind

OVERALL = "all"
_SET_BACK = 2.0  # seconds: the clock of one process never runs back by itself, and those of two may differ a little


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many requests in which window of seconds."""

    overall: int = 30
    overall_window: float = 1.03
    private: int = 1
    private_window: float = 1.03
    shared: int = 20
    shared_window: float = 60.5
    reserved: int = 4  # of `shared`: for urgent requests alone


DEFAULT_LIMITS = Limits()
TERMINAL_LIMITS = Limits(overall=1000, private=1000, shared=1000)


class Pacer:
    """Remembers when slots were taken and which chats are held. All times are seconds since the epoch.

    Limits belong to the Telegram chat: the topics of a forum share one window.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, saved: Mapping[str, tuple[float, ...]] | None = None) -> None:
        self._limits = limits
        self._taken: dict[str, deque[float]] = {}
        self._held: dict[str, float] = {}
        self._waiting: dict[str, float] = {}  # by chat the end of its full window
        self._crowded: dict[str, float] = {}  # by chat when what is not urgent may go on: only the reserve is left
        self._changed: set[str] = set()
        self._ended: set[str] = set()  # holds that are over, and still saved
        self._latest = 0.0  # the latest time at which a slot was taken
        self.restore(saved or {})

    def restore(self, saved: Mapping[str, tuple[float, ...]]) -> None:
        """Take over what was saved before a restart, or by the process that was the sender until now."""
        for key, times in saved.items():
            if key.startswith("hold:") and times:
                self._held[key.removeprefix("hold:")] = times[0]
            elif times:
                self._taken[key] = deque(sorted(times))
                self._latest = max(self._latest, *times)
                self._note_full(key)

    def free(self, now: float) -> int:
        """Count the requests that may leave at once, as far as the overall limit goes."""
        self._follow(now)
        if self._held.get(OVERALL, 0.0) > now:
            return 0
        taken = self._taken.get(OVERALL, ())
        recent = sum(time > now - self._limits.overall_window for time in taken)
        return max(0, self._limits.overall - recent)

    def ready_at(self, chat: Chat, now: float, *, urgent: bool = True) -> float:
        """Give the earliest time at which a request to this chat may leave; `now` where it may at once."""
        key = str(chat.telegram_id)
        overall = self._taken.get(OVERALL, deque())
        full = len(overall) >= self._limits.overall
        return max(
            now,
            overall[-self._limits.overall] + self._limits.overall_window if full else now,
            self._waiting.get(_key(chat), now),
            now if urgent else self._crowded.get(_key(chat), now),
            self._held.get(key, now),
            self._held.get(OVERALL, now),
        )

    def overall_at(self, now: float) -> float:
        """Give the earliest time at which any request may leave."""
        overall = self._taken.get(OVERALL, deque())
        full = len(overall) >= self._limits.overall
        at = overall[-self._limits.overall] + self._limits.overall_window if full else now
        return max(now, at, self._held.get(OVERALL, now))

    def take(self, chat: Chat, now: float, *, urgent: bool = True) -> bool:
        """Take a slot for a request that is about to leave; False where it has to wait."""
        self._follow(now)
        if self.ready_at(chat, now, urgent=urgent) > now:
            return False
        for key, size in ((OVERALL, self._limits.overall), (_key(chat), self._limit(_key(chat))[0])):
            times = self._taken.setdefault(key, deque())
            times.append(now)
            while len(times) > size:
                times.popleft()
            self._changed.add(key)
            self._note_full(key)
        self._latest = max(self._latest, now)
        return True

    def hold(self, telegram_id: int | None, until: float) -> None:
        """Keep back one chat, or all with None, as Telegram asked; a longer hold that is running stays."""
        key = OVERALL if telegram_id is None else str(telegram_id)
        if until > self._held.get(key, 0.0):
            self._held[key] = until
            self._ended.discard(key)
            self._changed.add(f"hold:{key}")

    def blocked(self, now: float) -> frozenset[int]:
        """Give the Telegram ids that have to wait."""
        self._waiting = {key: until for key, until in self._waiting.items() if until > now}
        self._end_holds(now)
        full = {int(key.partition(":")[2]) for key in self._waiting}
        return frozenset(full | {int(key) for key in self._held if key != OVERALL})

    def crowded(self, now: float) -> frozenset[int]:
        """Give the Telegram ids to which only what is urgent may leave."""
        self._crowded = {key: until for key, until in self._crowded.items() if until > now}
        return frozenset(int(key.partition(":")[2]) for key in self._crowded)

    def next_release(self, now: float) -> float | None:
        """Give the time at which the next chat that waits may be written to again; None where none waits."""
        times = [*self._waiting.values(), *self._crowded.values(), *self._held.values()]
        return min((time for time in times if time > now), default=None)

    def changes(self) -> dict[str, tuple[float, ...]]:
        """Give what must be saved since the last call, by key."""
        changed = {
            key: (self._held.get(key.removeprefix("hold:"), 0.0),)
            if key.startswith("hold:")
            else tuple(self._taken.get(key, ()))
            for key in sorted(self._changed)
        }
        self._changed.clear()
        return changed

    def stale(self, now: float) -> list[str]:
        """Forget the slots and holds that no longer matter, and give their keys so that they are deleted as well."""
        old = [key for key, times in self._taken.items() if key != OVERALL and times[-1] < now - 120.0]
        for key in old:
            del self._taken[key]
        self._end_holds(now)
        ended, self._ended = sorted(self._ended), set()
        return old + [f"hold:{key}" for key in ended]

    def _end_holds(self, now: float) -> None:
        """Forget the holds that are over, and remember that they are saved: the next process must not find them."""
        over = {key for key, until in self._held.items() if until <= now}
        self._ended |= over
        self._held = {key: until for key, until in self._held.items() if key not in over}

    def _follow(self, now: float) -> None:
        """Move all that is remembered along with a clock that was set back: else nothing left until it caught up."""
        step = self._latest - now
        if step < _SET_BACK:
            return
        self._latest = now
        self._taken = {key: deque(time - step for time in times) for key, times in self._taken.items()}
        self._held, self._waiting, self._crowded = (
            {key: until - step for key, until in times.items()} for times in (self._held, self._waiting, self._crowded)
        )
        self._changed |= {*self._taken, *(f"hold:{key}" for key in self._held)}

    def _limit(self, key: str) -> tuple[int, float]:
        if key == OVERALL:
            return self._limits.overall, self._limits.overall_window
        if key.startswith("shared:"):
            return self._limits.shared, self._limits.shared_window
        return self._limits.private, self._limits.private_window

    def _note_full(self, key: str) -> None:
        size, window = self._limit(key)
        times = self._taken[key]
        if key == OVERALL:
            return
        if len(times) >= size:
            self._waiting[key] = times[-size] + window
        open_to_all = size - self._limits.reserved if key.startswith("shared:") else size
        if 0 < open_to_all < size and len(times) >= open_to_all:
            self._crowded[key] = times[-open_to_all] + window


def _key(chat: Chat) -> str:
    private = chat.kind in {ChatKind.PRIVATE, ChatKind.TERMINAL}
    return f"{'private' if private else 'shared'}:{chat.telegram_id}"
