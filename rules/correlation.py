"""Rules that fire on several articles in a time, stories that mute their rumours, and snoozing. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

_UNCONFIRMED: Final = frozenset({"rumour"})
Subject = Literal["rule", "topic", "story", "entity"]


def reached(
    matched_at: Sequence[datetime], *, now: datetime, within: timedelta | None, at_least: int | None
) -> tuple[datetime, ...]:
    """Return the times of the matches that make a rule fire at `now`, or nothing when there are too few.

    `matched_at` are aware times of all matching articles, in any order, the newest included. A rule without
    correlation (`within` and `at_least` None) fires on each match at or before `now`. The window is closed at both
    ends: with `within` 72 h an article exactly 72 hours old still counts.
    """
    past = sorted(moment for moment in matched_at if moment <= now)
    if within is None or at_least is None:
        return tuple(past[-1:])
    recent = tuple(moment for moment in past if moment >= now - within)
    return recent if len(recent) >= at_least else ()


def mutes(confirmed_stages: Iterable[str], stage: str) -> bool:
    """Say whether a story mutes an article of `stage`: once it was reported in any later stage, its rumour is old.

    `confirmed_stages` are the stages in which the story has been reported so far.
    """
    return stage in _UNCONFIRMED and any(other not in _UNCONFIRMED for other in confirmed_stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Silence for one rule, topic, story or entity until a time (aware)."""

    subject: Subject
    value: str
    until_at: datetime


def snoozed(snoozes: Iterable[Snooze], concerns: Mapping[Subject, Iterable[str]], *, now: datetime) -> Snooze | None:
    """Return the snooze that silences an alert at `now`, the longest one, or None.

    `concerns` are the rules, topics, story and entities of the alert. Names compare without regard to case. A snooze
    ends at its very time.
    """
    names = {subject: {value.casefold() for value in values} for subject, values in concerns.items()}
    active = [
        snooze
        for snooze in snoozes
        if snooze.until_at > now and snooze.value.casefold() in names.get(snooze.subject, set())
    ]
    return max(active, key=lambda snooze: snooze.until_at, default=None)
