"""When to poll next. Pure.

The publisher's wishes, our interval, back-off with jitter: at least daily, and no source is given up.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.ingest.fetching import FailureKind

LONGEST = timedelta(hours=24)
SHORTEST = timedelta(minutes=1)
LATE = timedelta(minutes=1)  # a watch that runs polls within seconds of what was planned
NO_NETWORK_LONGEST = timedelta(hours=1)  # a name that is not found or a machine offline costs nobody anything
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def after_success(
    *,
    every: timedelta,
    now: datetime,
    headers: Mapping[str, str],
    ttl_minutes: int | None = None,
    skip_hours: Sequence[int] = (),
    skip_days: Sequence[str] = (),
    seed: str = "",
    crowded: bool = False,
) -> datetime:
    """Give the next poll after an answer: the longest of interval, `ttl`, `max-age` and `Expires`, at most 24 h.

    Up to 5 % are added so that sources with one interval spread; hours (UTC) and days that the feed wants skipped are
    passed over unless it names all of them. `crowded` says that all sources were due together, as at a start: once our
    own interval is drawn from a range as wide as itself, or they would come together for hours, and their news with
    them. The publisher's wishes stand.
    """
    ttl = timedelta(minutes=min(ttl_minutes or 0, 24 * 60))
    own = max(every / 2, SHORTEST) + every * spread(f"{seed}:phase") if crowded else every
    wait = min(max(own, ttl, fresh_for(headers, now), SHORTEST), LONGEST)
    at = now + min(wait * (1 + 0.05 * spread(seed)), LONGEST)
    return _past_skipped(at, frozenset(skip_hours), frozenset(skip_days))


def is_crowded(next_poll_at: datetime | None, *, error_streak: int, now: datetime) -> bool:
    """Tell whether a poll was likely one of many: the first, a late one, or one after failures, as of a network."""
    return next_poll_at is None or error_streak > 0 or now - next_poll_at > LATE


def after_failure(
    *, every: timedelta, now: datetime, streak: int, kind: FailureKind, headers: Mapping[str, str], seed: str = ""
) -> datetime:
    """Give the next poll after the `streak`-th failure in a row: exponential with jitter, at most 24 h, for ever.

    Retry-After is obeyed between 1 min and 24 h.
    """
    asked = retry_after(headers, now)
    if asked is not None:
        return now + min(asked * (1 + 0.05 * spread(seed)), LONGEST)
    longest = NO_NETWORK_LONGEST if kind in {FailureKind.NO_NAME, FailureKind.UNREACHABLE} else LONGEST
    wait = min(max(every, SHORTEST) * (1 << min(streak - 1, 12)), longest)
    return now + min(wait * (0.8 + 0.4 * spread(f"{seed}:{streak}")), longest)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read Retry-After, seconds or date, clamped to 1 min to 24 h; None where it is absent or unreadable."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isdecimal():
        return _clamp(timedelta(seconds=min(int(value[:12]), 10**6)))
    moment = _http_date(value)
    return _clamp(moment - now) if moment else None


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta:
    """Read how long the answer stays fresh: max-age less Age, else Expires; zero where nothing is said."""
    control = headers.get("cache-control", "").lower()
    found = re.search(r"max-age\s*=\s*\"?(\d{1,12})", control)
    if "no-cache" in control or "no-store" in control:
        return timedelta(0)
    if found:
        age = headers.get("age", "").strip()
        seconds = int(found[1]) - (int(age[:9]) if age.isdecimal() else 0)
        return timedelta(seconds=min(max(seconds, 0), 10**6))
    expires = _http_date(headers.get("expires", ""))
    return max(min(expires - now, LONGEST), timedelta(0)) if expires else timedelta(0)


def spread(seed: str) -> float:
    """Give a number from 0 to 1 that is always the same for one seed: jitter that replays."""
    return int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=4).digest(), "big") / 2**32


def _clamp(wait: timedelta) -> timedelta:
    return min(max(wait, SHORTEST), LONGEST)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value.strip()[:60])
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _past_skipped(at: datetime, hours: frozenset[int], days: frozenset[str]) -> datetime:
    if len(hours) >= 24 or days.issuperset(DAYS):
        return at
    start = at
    while (at.hour in hours or DAYS[at.weekday()] in days) and at - start < LONGEST:
        at = (at + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    return at
