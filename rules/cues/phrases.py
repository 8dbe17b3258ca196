"""Words of a sentence as items (verbs, objects, function words), and noun phrases reduced to one object; pure.

"export ban" and "ban on exports" become one restriction, "suspension of curbs" one permission, "halt in exports" one
restriction, "threat of tariffs" one menace. Whether "bans" is a verb or a noun is decided from its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.cues.grammar import POLARITY, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.gazetteers import Trie

_PLAIN = Word()
_NOMINAL_LINK = frozenset({"of", "to", "on", "in", "for", "against", "from", "between", "with"})
_ABSORB_LINK = frozenset({"on", "of", "for", "against", "to", "from", "in", "at", "over", "into", "by", "with"})
_MARKET_MOVES = frozenset(
    {"fall", "drop", "decline", "plunge", "slump", "dip", "rise", "jump"}
)  # "stocks fall on tariffs"
_ATTRIBUTIVE = frozenset(
    {"the", "a", "an", "its", "their", "by", "of", "in", "from", "with", "for", "'s", "some", "new", "more"}
)
_BEFORE_VERBS = frozenset({"to", "will", "would", "could", "can", "may", "might", "must", "shall", "should", "not"})
_HEADS = frozenset({"permission", "carrier", "stopper", "starter", "deal"})  # "sanctions waiver", "ban proposal"
_AFTER_NOUNS = frozenset({"preposition", "boundary", "auxiliary", "modal", "background"})
_OPERATORS = frozenset({"stopper", "starter", "menace", "carrier"})
_IN_PART = [",", "in", "part", ","]


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
    return _reduce(_items(keys, grammar, actors, hyphened), keys)


# --- words to items ---------------------------------------------------------------------------------------------------


def _items(keys: Sequence[str], grammar: Trie[Word], actors: frozenset[int], hyphened: frozenset[int]) -> list[Item]:
    raw: list[tuple[int, int, Word]] = []
    index, count = 0, len(keys)
    root = grammar.root
    while index < count:
        key = keys[index]
        found = grammar.longest(keys, index) if key in root else None
        if found is None:
            raw.append((index, index + 1, _PLAIN))
            index += 1
        elif key == "," and keys[index : index + 4] == _IN_PART:  # "revocation, in part, of the order"
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
            elif item.label in _OPERATORS and (start in hyphened or end in hyphened):
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


# --- noun phrases -----------------------------------------------------------------------------------------------------


def _reduce(items: list[Item], keys: Sequence[str]) -> list[Item]:
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
    if link >= len(items) or items[link].start - item.end not in {0, len(_IN_PART)}:
        return item, index
    word = keys[items[link].start]
    operator = item.label in _OPERATORS
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
