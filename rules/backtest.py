"""What a query would have done on stored articles. Pure.

The caller reads the archive and gives it here; the same function serves `straitwatch rules backtest` and the chat.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from rules.matching import RuleSet
from rules.query import Document, Query, evaluate

NIGHT_HOURS = (23, 0, 1, 2, 3, 4, 5, 6)
"""Local hours in which most people want no message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored article: its document, when it was published (aware), and the story that it belongs to."""

    document: Document
    published_at: datetime
    story_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What would have happened.

    `count` is the number of alerts, one per story, at the time of its first matching article; `articles` counts the
    matching articles. `per_day` has an entry for every local day of the period, `by_local_hour` 24 entries;
    `per_day_mean` is alerts a day. `story_ids` are in order of time, newest last. `added` are those of them that no
    other rule of the chat would have told. `night_count` counts alerts between 23 and 7 o'clock local time.
    """

    count: int
    articles: int
    searched: int
    days: int
    per_day: tuple[tuple[date, int], ...]
    by_local_hour: tuple[int, ...]
    per_day_mean: float
    story_ids: tuple[str, ...]
    added: tuple[str, ...]
    night_count: int


def backtest(
    query: Query,
    stored: Iterable[Stored],
    *,
    zone: tzinfo,
    other_rules: Sequence[Query] = (),
    now: datetime,
    days: int = 30,
    within: timedelta | None = None,
    at_least: int | None = None,
) -> Backtest:
    """Run `query` over the articles of the `days` before `now` (aware), in local time of `zone`.

    A story is told once, by its first matching article; with `within` and `at_least` once that many of its articles
    matched in that time. `other_rules` are the chat's rules so far. Raises ValueError unless `days` is positive.
    """
    if days < 1:
        raise ValueError("days must be at least 1")
    others = RuleSet.of({str(number): other for number, other in enumerate(other_rules)})
    start = now - timedelta(days=days)
    articles = sorted(
        (entry for entry in stored if start <= entry.published_at <= now), key=lambda entry: entry.published_at
    )
    hits = [entry for entry in articles if evaluate(query, entry.document) is not None]
    told = _first_alerts(hits, within=within, at_least=at_least)
    covered = {entry.story_id for entry in articles if entry.story_id in told and others.match(entry.document)}
    local = [moment.astimezone(zone) for moment in told.values()]
    hours = Counter(moment.hour for moment in local)
    return Backtest(
        count=len(told),
        articles=len(hits),
        searched=len(articles),
        days=days,
        per_day=_per_day(local, start.astimezone(zone).date(), now.astimezone(zone).date()),
        by_local_hour=tuple(hours[hour] for hour in range(24)),
        per_day_mean=len(told) / days,
        story_ids=tuple(told),
        added=tuple(story for story in told if story not in covered),
        night_count=sum(hours[hour] for hour in NIGHT_HOURS),
    )


def _first_alerts(hits: Iterable[Stored], *, within: timedelta | None, at_least: int | None) -> dict[str, datetime]:
    """Return when each story would have been told, in order of time."""
    seen: dict[str, list[datetime]] = {}
    told: dict[str, datetime] = {}
    for entry in hits:
        times = seen.setdefault(entry.story_id, [])
        times.append(entry.published_at)
        recent = [moment for moment in times if within is None or moment >= entry.published_at - within]
        if entry.story_id not in told and len(recent) >= (at_least or 1):
            told[entry.story_id] = entry.published_at
    return told


def _per_day(local: Iterable[datetime], first: date, last: date) -> tuple[tuple[date, int], ...]:
    """Return the number of alerts on every day from `first` to `last`."""
    counts = Counter(moment.date() for moment in local)
    span = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return tuple((day, counts[day]) for day in span)
