"""Read the times that sources write. Pure. What cannot be believed is None, never a guess of now."""

import re
from datetime import UTC, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # 1970 and 0000 are what broken publishers write for "unknown"

_ISO = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})T?(?:(\d{2})(\d{2})(\d{2}))?Z?$")


def read_time(text: str, *, zone_hours: float = 0, day_at: time = time(0)) -> datetime | None:
    """Read an ISO, compact, RFC 822 or Chinese date; a time without a zone is taken as `zone_hours` east of UTC.

    A bare date becomes `day_at` UTC of that day. Gives None for anything unreadable or before 1995.
    """
    text = text.strip()[:80]
    found = _ISO.match(text) or _COMPACT.match(text)
    try:
        if found:
            groups = [*found.groups(), None][:7]
            return believable(_assemble(groups, zone_hours, day_at))
        moment = parsedate_to_datetime(text)
        return believable(moment if moment.tzinfo else moment.replace(tzinfo=_east(zone_hours)))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def from_epoch(seconds: object) -> datetime | None:
    """Read seconds since 1970, or milliseconds where the number is too large for them."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) < 1e14:
        return None
    try:
        return believable(datetime.fromtimestamp(seconds / 1000 if abs(seconds) > 1e11 else seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return None


def believable(moment: datetime | None) -> datetime | None:
    """Give the moment in UTC, or None where it is before 1995."""
    if moment is None:
        return None
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if moment >= EARLIEST else None


def _assemble(groups: "list[str | None]", zone_hours: float, day_at: time) -> datetime:
    year, month, day, hour, minute, second, zone = groups
    assert year
    assert month
    assert day
    if hour is None:
        return datetime(int(year), int(month), int(day), day_at.hour, day_at.minute, tzinfo=UTC)
    moment = datetime(
        int(year), int(month), int(day), int(hour), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC
    )
    if zone is None:
        return moment.replace(tzinfo=_east(zone_hours))
    if zone[0] in "+-":
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        return moment.replace(tzinfo=timezone(timedelta(minutes=minutes if zone[0] == "+" else -minutes)))
    return moment


def _east(hours: float) -> timezone:
    return timezone(timedelta(hours=hours))
