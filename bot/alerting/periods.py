"""When a digest is due: a pure function of a chat's settings, the periods already planned, and now.

A cron trigger gets this wrong (measured: twice at the autumn change, never in a week whose Sunday has no midnight), so
the scheduler only asks every minute; the key of the period in the database says whether it was done.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.alerting.quiet import zone_of
from bot.domain import Chat

CATCH_UP = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time that one digest covers: [start, end), `end` being the moment when it is due.

    `key` is the ISO week of the due day in the chat's zone ("2026-W47"), or the day ("2026-11-24") of a daily digest.
    """

    key: str
    start: datetime
    end: datetime

    def late(self, now: datetime) -> bool:
        """Tell whether the digest leaves so late that it should say so."""
        return now - self.end > timedelta(hours=1)

    def missed(self, now: datetime) -> bool:
        """Tell whether it is too late to catch up: the digest is skipped with a note."""
        return now - self.end >= CATCH_UP


def due(chat: Chat, planned: Collection[str], *, now: datetime) -> list[Period]:
    """Give the periods that have ended and are not planned yet, the oldest first; those too old are `missed`.

    Nothing is due for a time before the chat was there. Every ISO week (or day) has exactly one due moment, whatever
    the clock of its zone does: a time that is skipped falls on the first valid instant after it, a time that comes
    twice on its first coming.
    """
    if not chat.digest_on:
        return []
    ended = [period for period in _recent(chat, now) if chat.created_at < period.end <= now]
    return [period for period in ended if period.key not in planned]


def next_due(chat: Chat, *, now: datetime) -> datetime:
    """Give the moment of the next digest strictly after `now`."""
    days = range(9)
    today = now.astimezone(zone_of(chat.zone)).date()
    ends = (period.end for day in days if (period := period_ending(chat, today + timedelta(days=day))))
    return next(end for end in ends if end > now)


def period_ending(chat: Chat, day: date) -> Period | None:
    """Give the period whose digest is due on this local day, or None where none is."""
    zone = zone_of(chat.zone)
    if chat.digest_daily:
        return Period(
            key=day.isoformat(), start=_instant(chat, day - timedelta(days=1), zone), end=_instant(chat, day, zone)
        )
    if day.weekday() != chat.digest_weekday:
        return None
    year, week, _ = day.isocalendar()
    start = _instant(chat, day - timedelta(days=7), zone)
    return Period(key=f"{year}-W{week:02}", start=start, end=_instant(chat, day, zone))


def _recent(chat: Chat, now: datetime) -> Iterator[Period]:
    today = now.astimezone(zone_of(chat.zone)).date()
    for back in range(8, -2, -1):  # a day ahead: the first valid instant of a skipped time may lie there
        period = period_ending(chat, today - timedelta(days=back))
        if period is not None:
            yield period


def _instant(chat: Chat, day: date, zone: ZoneInfo) -> datetime:
    """Give the instant of the chat's digest time on a local day, as the module's first lines say."""
    wanted = datetime.combine(day, time.fromisoformat(chat.digest_time), tzinfo=zone)
    instant = wanted.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wanted.replace(tzinfo=None):
        return instant
    # The time does not exist on that day. Read with the offset before the gap it lies after the gap, by as much as it
    # lies after the gap's begin: go back to the gap's end, which is the first valid instant.
    before = wanted.replace(fold=0).utcoffset()
    after = wanted.replace(fold=1).utcoffset()
    if before is None or after is None:  # cannot happen with a zone, but the types allow it
        return instant
    low, high = instant - abs(after - before), instant
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if (middle.astimezone(zone).utcoffset() or before) == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
