"""When a chat may be disturbed: pauses, quiet hours and batches as one question. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain import Chat, Mode


def zone_of(name: str) -> ZoneInfo:
    """Give the zone of that name, or UTC where the tz database does not know it (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def deliver_at(chat: Chat, mode: Mode, *, now: datetime) -> datetime:
    """Give the first moment from `now` on at which an alert may leave for this chat."""
    at = max(now, chat.paused_until) if chat.paused_until else now
    if mode is Mode.BATCHED:
        at = next_slot(at, chat.batch_minutes)
    return quiet_end(chat, at) or at


def next_slot(at: datetime, minutes: int) -> datetime:
    """Give the next multiple of `minutes` since the epoch strictly after `at`, so that all batches share slots."""
    step = timedelta(minutes=max(minutes, 1))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + ((at - epoch) // step + 1) * step


def quiet_end(chat: Chat, at: datetime) -> datetime | None:
    """Give the end of the quiet hours that `at` falls into, or None outside of them.

    Hours are local to the chat's zone, may span midnight, and end at the first valid instant where the clock skips
    their end. Equal ends mean no quiet hours.
    """
    if not chat.quiet_from or not chat.quiet_to or chat.quiet_from == chat.quiet_to:
        return None
    zone = zone_of(chat.zone)
    local = at.astimezone(zone)
    start, end = time.fromisoformat(chat.quiet_from), time.fromisoformat(chat.quiet_to)
    clock = local.time().replace(tzinfo=None)
    spans_midnight = start > end
    inside = (clock >= start or clock < end) if spans_midnight else (start <= clock < end)
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if spans_midnight and clock >= start else 0)
    finish = datetime.combine(day, end, tzinfo=zone).astimezone(UTC)
    return max(finish, at)
