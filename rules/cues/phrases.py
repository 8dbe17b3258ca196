"""Words of a sentence as items: verbs, objects, function words; pure.

Whether "bans" is a verb or a noun is decided from its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.cues.grammar import POLARITY, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.gazetteers import Trie

_PLAIN = Word()
_ATTRIBUTIVE = frozenset(
    {"the", "a", "an", "its", "their", "by", "of", "in", "from", "with", "for", "'s", "some", "new", "more"}
)
_BEFORE_VERBS = frozenset({"to", "will", "would", "could", "can", "may", "might", "must", "shall", "should", "not"})
_HEADS = frozenset({"permission", "carrier", "stopper", "starter", "deal"})  # "sanctions waiver", "ban proposal"
_AFTER_NOUNS = frozenset({"preposition", "boundary", "auxiliary", "modal", "background"})
OPERATORS = frozenset({"stopper", "starter", "menace", "carrier"})
IN_PART = [",", "in", "part", ","]


@dataclass(slots=True)
class Item:
    """A word or reduced noun phrase of a clause. ``kind`` is verb, object, or a function class, "" for others."""

    kind: str
    start: int
    end: int
    word: Word
    polarity: float = 0.0
    label: str = ""
    text: str = ""


def items_of(keys: Sequence[str], grammar: Trie[Word], actors: frozenset[int], hyphened: frozenset[int]) -> list[Item]:
    """Return the items of a sentence; ``actors`` and ``hyphened`` as in ``direction.votes``."""
    raw: list[tuple[int, int, Word]] = []
    index, count = 0, len(keys)
    root = grammar.root
    while index < count:
        key = keys[index]
        found = grammar.longest(keys, index) if key in root else None
        if found is None:
            raw.append((index, index + 1, _PLAIN))
            index += 1
        elif key == "," and keys[index : index + 4] == IN_PART:  # "revocation, in part, of the order"
            index += 4
        else:
            raw.append((index, found[0], found[1]))
            index = found[0]
    items: list[Item] = []
    for position, (start, end, word) in enumerate(raw):
        item = Item("", start, end, word, text=keys[start] if end == start + 1 else "")
        if word is not _PLAIN:
            following = raw[position + 1] if position + 1 < len(raw) else None
            _classify(item, items, following, keys, actors)
            if item.kind == "verb" and word.form != "s" and start in hyphened:
                item.kind = ""  # "sanctions-hit", "Iran-backed"
                if items and items[-1].end == start:
                    items[-1].kind = ""
            elif item.label in OPERATORS and (start in hyphened or end in hyphened):
                item.kind = ""  # "end-to-end"
            elif item.label in {"flow", "facility"} and start in hyphened and end - start == 1:
                item.kind = ""  # "cross-border data"
        items.append(item)
    return items


def _classify(
    item: Item, before: list[Item], following: tuple[int, int, Word] | None, keys: Sequence[str], actors: frozenset[int]
) -> None:
    word = item.word
    verb, noun = bool(word.form), bool(word.noun)
    if verb and noun:
        verb = _reads_as_verb(item, before, following, keys, actors)
        noun = not verb
    elif (
        verb and (word.form == "past" or (word.harm and word.form == "ing")) and _is_attribute(word, before, following)
    ):
        verb = False
    if verb:
        item.kind = "verb"
    elif noun:
        item.kind, item.label, item.polarity = "object", word.noun, float(POLARITY[word.noun])
    else:
        for role in (
            "negation",
            "condition",
            "background",
            "boundary",
            "auxiliary",
            "modal",
            "preposition",
            "determiner",
        ):
            if role in word.roles:
                item.kind = role
                return


def _is_attribute(word: Word, before: list[Item], following: tuple[int, int, Word] | None) -> bool:
    """Tell whether a past participle only describes a noun: "the sanctioned bank", "targeted sanctions"."""
    if not before or following is None:
        return False
    if before[-1].kind == "verb" and word.light:
        return True
    if following[2].noun and (before[-1].kind in {"verb", "determiner", "preposition"} or before[-1].text == "'s"):
        return True
    if following[2].noun and any(item.kind == "verb" for item in before[-3:]):
        return True
    return before[-1].text in _ATTRIBUTIVE and not following[2].roles


def _reads_as_verb(
    item: Item, before: list[Item], following: tuple[int, int, Word] | None, keys: Sequence[str], actors: frozenset[int]
) -> bool:
    """Decide between "bans exports" and "the bans on exports"."""
    form = item.word.form
    if form == "past" or keys[item.start] == "ends":
        return True
    next_word = following[2] if following else _PLAIN
    next_key = keys[following[0]] if following else ""
    if form == "ing":
        verb_next = bool(next_word.form) and not next_word.noun
        return following is not None and next_key not in {"of", "on"} and not verb_next
    if _noun_by_right(item.word, next_word, next_key):
        return False
    if not before:
        return form == "base" and next_key not in {"on", "in", "at"} and not next_word.form
    by_left = _verb_by_left(item, before[-1])
    if by_left is not None:
        return by_left
    return _verb_by_both(item, before, following, keys, actors)


def _noun_by_right(word: Word, next_word: Word, next_key: str) -> bool:
    """Tell whether what follows shows a noun: "bans on", "halt in", "sanctions waiver"."""
    if next_key in {"on", "against", "of", "over", "for"}:
        return True
    if next_key == "to":
        return word.form == "s" or word.noun == "stopper"
    if next_key == "in" and word.noun == "stopper":
        return True
    return word.alone > 0 and next_word.noun in _HEADS


def _verb_by_left(item: Item, previous: Item) -> bool | None:
    """Decide by the word before, where that is enough: "to ban", "the ban", "lifts ban"."""
    if previous.text in _BEFORE_VERBS:
        return True
    if previous.kind in {"determiner", "preposition"} or previous.text == "'s":
        return False
    if previous.kind == "verb" and previous.end == item.start:
        return False
    return None


def _verb_by_both(
    item: Item, before: list[Item], following: tuple[int, int, Word] | None, keys: Sequence[str], actors: frozenset[int]
) -> bool:
    if following is None:
        return False
    form, previous, next_word = item.word.form, before[-1], following[2]
    planned = next_word.light and next_word.form == "past"  # "halts planned relief"
    if next_word.form and not next_word.noun and next_word.form != "ing" and not planned:
        return False  # "sanctions hit", "curbs bite"
    if next_word.roles & {"auxiliary", "modal"} and keys[following[0]] != "to":
        return False
    if previous.kind == "object" and previous.end == item.start:
        if form == "base" and keys[previous.end - 1].endswith("s"):  # "pirates attack a ship"
            return not next_word.roles & {"preposition", "boundary", "auxiliary"}
        return form == "s" and not next_word.roles & _AFTER_NOUNS
    if previous.start in actors or previous.end - 1 in actors:
        if _is_qualifier(before, actors):  # "talks in Geneva end early", but "exemption to Syria sanctions"
            return form == "base" and not next_word.noun and not next_word.roles & {"auxiliary", "modal"}
        return True
    return form == "s" and "boundary" not in next_word.roles


def _is_qualifier(before: list[Item], actors: frozenset[int]) -> bool:
    """Tell whether the name before only qualifies: in "exemption to Syria sanctions" Syria sanctions nobody."""
    place = len(before) - 1
    while place >= 0 and before[place].start in actors:
        place -= 1
    return place >= 0 and before[place].kind in {"preposition", "verb"}
