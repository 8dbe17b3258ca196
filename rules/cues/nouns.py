"""Noun phrases reduced to one object with one sign; pure.

"export ban" and "ban on exports" become one restriction, "suspension of curbs" one permission, "halt in exports" one
restriction, "threat of tariffs" one menace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.cues.grammar import POLARITY
from rules.cues.phrases import IN_PART, OPERATORS, Item

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOMINAL_LINK = frozenset({"of", "to", "on", "in", "for", "against", "from", "between", "with"})
_ABSORB_LINK = frozenset({"on", "of", "for", "against", "to", "from", "in", "at", "over", "into", "by", "with"})
# "stocks fall on tariffs" is no fall of tariffs
_MARKET_MOVES = frozenset({"fall", "drop", "decline", "plunge", "slump", "dip", "rise", "jump"})


def reduce_phrases(items: list[Item], keys: Sequence[str]) -> list[Item]:
    """Merge compounds and nominalisations from left to right; the merged item keeps the sign of the whole."""
    found: list[Item] = []
    index = 0
    while index < len(items):
        item = items[index]
        if item.kind == "object":
            while index + 1 < len(items) and items[index + 1].kind == "object" and items[index + 1].start == item.end:
                index += 1
                item = _compound(item, items[index])
            item, index = _with_complement(item, items, index, keys)
        found.append(item)
        index += 1
    return found


def _compound(left: Item, right: Item) -> Item:
    """Join "export" + "ban", "tariff" + "pause", "sanctions" + "relief", "ban" + "threat"."""
    label, polarity = right.label, right.polarity
    if right.label in {"stopper", "starter"}:
        if left.label in {"stopper", "starter"}:
            label, polarity = right.label, 0.0
        else:
            polarity = -left.polarity if right.label == "stopper" else left.polarity
            label = _label(polarity, left.label)
    elif right.label == "carrier":
        label, polarity = (left.label, left.polarity) if left.polarity else ("carrier", 0.0)
    elif left.label in {"starter", "carrier"} or right.label in {"talks", "vessel", "facility"}:
        label, polarity = right.label, right.polarity
    return Item(
        kind="object", start=left.start, end=right.end, word=right.word, polarity=polarity, label=label, text=""
    )


def _label(polarity: float, label: str) -> str:
    """Name the class of a turned object: a stopped flow is a restriction, a stopped restriction a permission."""
    if polarity == POLARITY[label]:
        return label
    if label in {"talks", "deal"}:
        return "disruption"
    return "restriction" if polarity > 0 else "permission"


def _with_complement(item: Item, items: list[Item], index: int, keys: Sequence[str]) -> tuple[Item, int]:
    """Attach "of curbs" to "suspension", and let "ban on exports" swallow "on exports"."""
    link = index + 1
    if link >= len(items) or items[link].start - item.end not in {0, len(IN_PART)}:
        return item, index
    word = keys[items[link].start]
    operator = item.label in OPERATORS
    if word not in _ABSORB_LINK or (operator and not _links(item, word, keys)):
        return item, index
    place = _complement(items, link, operator=operator)
    if place is None:
        return item, index
    other = items[place]
    if not operator:
        head = _head(item, other, word, keys)
        return (item, index) if head is None else (_swallow(item, head, items, place), place)
    while place + 1 < len(items) and items[place + 1].kind == "object" and items[place + 1].start == other.end:
        place += 1
        other = _compound(other, items[place])
    inner, place = _with_complement(other, items, place, keys)
    return _apply(item, inner), place


def _links(item: Item, word: str, keys: Sequence[str]) -> bool:
    if item.label == "carrier":
        return word in {"of", "for", "on"}
    return word in _NOMINAL_LINK and not (word == "on" and keys[item.end - 1] in _MARKET_MOVES)


def _complement(items: list[Item], link: int, *, operator: bool) -> int | None:
    """Return the index of the object within five items after the link, or None where a clause ends first."""
    for place in range(link + 1, min(link + 6, len(items))):
        other = items[place]
        if other.kind == "object":
            return place
        participle = other.kind == "verb" and other.word.form in {"ing", "past"} and operator
        if other.kind in {"verb", "boundary", "condition", "negation", "background"} and not participle:
            return None
    return None


def _head(item: Item, other: Item, word: str, keys: Sequence[str]) -> Item | None:
    """Return which of the two the whole phrase is: "ban on exports" a ban, "approval of sanctions" sanctions."""
    if item.label == "permission":
        return other if keys[item.end - 1].startswith("approval") and other.polarity > 0 else item
    if item.label == "deal" and other.polarity > 0 and word in {"on", "for"}:
        return other
    absorbed = other.label in {"flow", "facility", "vessel", "price", "talks"} or other.polarity == item.polarity
    return item if absorbed else None


def _swallow(item: Item, head: Item, items: list[Item], place: int) -> Item:
    return Item(
        kind="object",
        start=head.start if head is not item else item.start,
        end=items[place].end,
        word=head.word,
        polarity=head.polarity,
        label=head.label,
    )


def _apply(operator: Item, inner: Item) -> Item:
    if operator.label == "menace":
        polarity = 1.0 if inner.polarity else 0.0
    else:
        polarity = -inner.polarity if operator.label == "stopper" else inner.polarity
    label = _label(polarity, inner.label) if inner.polarity else operator.label
    return Item(kind="object", start=operator.start, end=inner.end, word=operator.word, polarity=polarity, label=label)
