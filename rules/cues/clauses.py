"""Questions about what stands next to a verb in its clause; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.cues.phrases import Item

_ARTICLES = frozenset({"the", "a", "an", "its", "their", "his", "her", "our", "some", "new", "more", "all"})
_ADVERBS = frozenset(
    {"again", "today", "tomorrow", "yesterday", "soon", "further", "now", "next", "late", "early", "back", "home"}
    | {"overnight", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
)


def clause_follows(items: list[Item], position: int) -> bool:
    """Tell whether a verb stands soon after the boundary at ``position``, before any object."""
    for other in items[position + 1 : position + 6]:
        if other.kind == "verb":
            return True
        if other.kind in {"object", "boundary"}:
            return False
    return False


def passive_follows(items: list[Item], position: int) -> bool:
    """Tell whether the boundary at ``position`` only interrupts: "the ban, imposed in May, was lifted"."""
    following = items[position + 1 : position + 3]
    return any(other.kind == "auxiliary" or (other.kind == "verb" and other.word.form == "past") for other in following)


def is_infinitive(items: list[Item], position: int) -> bool:
    """Tell whether the verb at ``position`` follows "to" or "to be"."""
    before = [item.text for item in items[max(0, position - 2) : position]]
    return bool(before) and (before[-1] == "to" or before == ["to", "be"])


def object_follows(items: list[Item], position: int) -> bool:
    """Tell whether the verb has an object of its own right after it."""
    for other in items[position + 1 : position + 5]:
        if other.kind == "object":
            return True
        if other.kind in {"boundary", "background", "condition", "preposition", "modal"}:
            return False
        if other.kind == "verb":
            return True
        if other.kind == "determiner" and other.text in _ARTICLES:
            return True
        if other.kind == "" and other.start == items[position].end and other.text.isalpha():
            return other.text not in _ADVERBS and not other.text.endswith("ly")
    return False
