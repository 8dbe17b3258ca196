"""Whether a sentence tells of the past or of what might be; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAST = tuple(
    tuple(phrase.split())
    for phrase in (
        "last year", "years ago", "last month", "in recent years", "back in", "at the time", "years after",
        "months ago",
        "in the past",
        "used to", "a year ago", "on this day", "anniversary", "timeline", "looking back", "recall that",
        "previously", "formerly", "decades ago", "last summer", "earlier this year", "had been",
    )
)  # fmt: skip
_MAYBE = tuple(
    tuple(phrase.split())
    for phrase in (
        "what if", "scenario", "war game", "what happens if", "would happen", "hypothetical", "in the event of",
        "simulation", "could one day",
    )
)  # fmt: skip
_FIRST = frozenset(phrase[0] for phrase in (*_PAST, *_MAYBE))


def is_historical(keys: Sequence[str], year: int | None) -> bool:
    """Tell whether the sentence narrates an earlier state: a phrase such as "last year", or a year before ``year``."""
    if year is not None:
        for key in keys:
            if len(key) == 4 and key.startswith(("19", "20")) and key.isdigit() and int(key) < year:
                return True
    return _has(keys, _PAST)


def is_hypothetical(keys: Sequence[str]) -> bool:
    """Tell whether the sentence only imagines: "what if", a scenario, a war game; or begins with "if"."""
    return bool(keys) and (keys[0] in {"if", "should"} or _has(keys, _MAYBE))


def _has(keys: Sequence[str], phrases: Sequence[tuple[str, ...]]) -> bool:
    for index, key in enumerate(keys):
        if key in _FIRST:
            for phrase in phrases:
                if tuple(keys[index : index + len(phrase)]) == phrase:
                    return True
    return False
