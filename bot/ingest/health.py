"""How a source does, in words for users: a 200 is not life, so new items count and not answers. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.ingest.memory import NO_ITEMS, SourceMemory

FAILING_AFTER = 3  # failures in a row; fewer are weather
SILENT_FACTOR = 5  # times the habit
SILENT_LEAST = timedelta(days=1)
STALE_AFTER = timedelta(days=45)  # the newest item is older: the feed was left behind, though it still answers
REPORT_FAILING_AFTER = timedelta(days=1)
HOPELESS = 7  # failures in a row, a day with back-off, of a source that never answered


class HealthState(StrEnum):
    """The one word for a source's state, the worst first."""

    PAUSED = "paused"
    FAILING = "failing"
    STALE = "stale"
    SILENT = "silent"
    NEVER = "never"
    OK = "ok"


# A source in one of these brings no news because it cannot be read; one that is silent or stale answers.
OUT_OF_REACH = frozenset({HealthState.FAILING, HealthState.NEVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A source's state with its reason; `undated_share` is 0 to 1."""

    state: HealthState
    text: str
    last_success_at: datetime | None
    last_new_at: datetime | None
    next_poll_at: datetime | None
    error_streak: int
    undated_share: float


def health(memory: SourceMemory, now: datetime) -> Health:
    """Judge a source from what is remembered of it."""
    state, text = _judge(memory, now)
    return Health(
        state=state,
        text=text,
        last_success_at=memory.last_success_at,
        last_new_at=memory.last_new_at,
        next_poll_at=memory.next_poll_at,
        error_streak=memory.error_streak,
        undated_share=memory.undated_share,
    )


def trouble(memory: SourceMemory, now: datetime) -> str | None:
    """Give the text to tell the owner once, or None: silent, stale, gone, or failing for a day.

    Mark it told by storing `silence_reported_at`; it is forgotten when the source recovers.
    """
    if memory.silence_reported_at is not None:
        return None
    state, text = _judge(memory, now)
    if state in {HealthState.SILENT, HealthState.STALE} or (state is HealthState.PAUSED and memory.error_streak):
        return text
    if state is not HealthState.FAILING:
        return None
    since = memory.last_success_at
    if memory.error_streak >= HOPELESS if since is None else now - since >= REPORT_FAILING_AFTER:
        return text
    return None


def _judge(memory: SourceMemory, now: datetime) -> tuple[HealthState, str]:
    if memory.paused_reason or not memory.enabled:
        return HealthState.PAUSED, memory.paused_reason or "switched off"
    if memory.last_polled_at is None:
        return HealthState.NEVER, "not polled yet"
    if memory.error_streak >= FAILING_AFTER:
        last = f"last answer {span(now - memory.last_success_at)} ago" if memory.last_success_at else "never answered"
        return HealthState.FAILING, f"{memory.last_status}; {memory.error_streak} times in a row, {last}"
    if memory.last_status == NO_ITEMS:
        return HealthState.STALE, NO_ITEMS
    newest = memory.newest_item_at
    if newest is not None and now - newest >= STALE_AFTER:
        return HealthState.STALE, f"answers, but its newest item is {span(now - newest)} old"
    if memory.last_new_at and memory.habit:
        quiet = now - memory.last_new_at
        if quiet > max(memory.habit * SILENT_FACTOR, SILENT_LEAST):
            return HealthState.SILENT, f"nothing new for {span(quiet)}; usually every {span(memory.habit)}"
    return HealthState.OK, memory.last_status


def span(time: timedelta) -> str:
    """Write a span in its largest sensible unit: `45 s`, `12 min`, `5 h`, `3 days`."""
    seconds = max(time.total_seconds(), 0)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"
