"""Direction of one sentence: who starts or stops what (verb x object), clause by clause; pure.

The reading is a single pass from left to right with a small memory: the governing verb (or chain of verbs: "agrees to
lift", "delays lifting of"), the object that stands before a verb (passive and intransitive: "curbs were lifted", "talks
collapse"), and negations. Before it, noun phrases are reduced: "export ban" and "ban on exports" are one restriction,
"suspension of curbs" one relief, "halt in exports" one restriction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.cues.clauses import clause_follows, is_infinitive, object_follows, passive_follows
from rules.cues.grammar import BARE
from rules.cues.nouns import reduce_phrases
from rules.cues.phrases import Item, items_of
from rules.cues.valuing import acting_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.cues.grammar import Word
    from rules.gazetteers import Trie

REACH = 9  # tokens between a verb and its object; beyond, they belong to different phrases more often than not
_CHAIN = 4  # tokens between two verbs of one chain ("agrees with Japan to lift")
_FLOWS = frozenset({"flow", "facility", "vessel", "price"})
_SCALE = {"flow": 1.0, "facility": 1.0, "vessel": 1.0, "talks": 0.8, "deal": 0.9, "price": 0.5, "menace": 0.6}


@dataclass(frozen=True, slots=True)
class Vote:
    """One finding: signed value (positive tightens, about 0.2 to 1), token range, rule name."""

    value: float
    start: int
    end: int
    why: str
    conditional: bool = False
    background: bool = False
    verb_at: int = -1
    label: str = ""
    negated: bool = False


def votes(
    keys: Sequence[str], grammar: Trie[Word], actors: frozenset[int], hyphened: frozenset[int] = frozenset()
) -> list[Vote]:
    """Return the votes of one sentence.

    ``actors`` are the token indices of names (countries, bodies, companies), ``hyphened`` those after a hyphen.
    """
    items = reduce_phrases(items_of(keys, grammar, actors, hyphened), keys)
    found: list[Vote] = []
    walk = _Walk(found)
    for position, item in enumerate(items):
        walk.step(item, items, position)
    walk.close()
    return found


# --- the walk ---------------------------------------------------------------------------------------------------------


class _Walk:
    """The memory of the pass over one sentence."""

    __slots__ = (
        "background",
        "carried",
        "chained",
        "condition",
        "crossed",
        "denied",
        "found",
        "letting",
        "negated",
        "object",
        "purpose",
        "sign",
        "spent",
        "subject",
        "verb",
        "with_seen",
    )

    def __init__(self, found: list[Vote]) -> None:
        self.found = found
        self.condition = False
        self.background = False
        self.subject: Item | None = None
        self.object: Item | None = None
        self.letting = False
        self.negated = -99
        self._release()

    def _release(self) -> None:
        self.verb: Item | None = None
        self.sign = 0.0
        self.spent = False
        self.chained = False
        self.with_seen = False
        self.crossed = False
        self.purpose = False
        self.carried = False
        self.denied = False

    def step(self, item: Item, items: list[Item], position: int) -> None:
        if item.kind == "verb":
            self._verb(item, items, position)
        elif item.kind == "object":
            self._object(item)
        elif item.kind == "negation":
            self._flush_verb()
            self.negated = item.end
        elif item.kind in {"boundary", "background", "condition"}:
            self._boundary(item, items, position)
        elif item.text == "off" and self.verb is not None and self.verb.word.light:
            self._off(item)
        elif item.kind == "preposition" and self.verb is not None:
            if item.text == "with":
                self.with_seen = True
            elif item.start > self.verb.end and (
                item.text == "in" or (item.text == "from" and self.verb.word.sign > 0)
            ):
                self.crossed = True
            elif item.text in {"at", "through", "via", "by"} and not self.spent and not self.carried:
                self._flush_verb()

    def _off(self, item: Item) -> None:
        """Turn "takes limits off" and "takes 28 firms off the list" into relief."""
        if self.spent and self.found:
            last = self.found.pop()
            self._emit(-abs(last.value), last.start, item.end, last.why, verb_at=last.verb_at, label=last.label)
        elif not self.spent:
            self.sign = -abs(self.sign or 1.0)

    def _boundary(self, item: Item, items: list[Item], position: int) -> None:
        if item.text in {",", "and"} and self.verb is not None and not clause_follows(items, position):
            return
        if item.text in {",", "and"} and self.subject is not None and passive_follows(items, position):
            return
        if self.carried and item.text in {"that", "which"}:
            return
        last = position + 1 == len(items) or items[position + 1].kind in {"boundary", "background"}
        if item.text == "over" and last and self.subject is not None and self.subject.label == "disruption":
            self._emit(-1.0, self.subject.start, item.end, "subject", verb_at=item.start, label=self.subject.label)
            self.subject = None  # "walkout over"
        self.close()
        self.background = item.kind == "background"
        if item.kind == "condition":
            self.condition = True
        elif item.text in {";", "but", "—", "|"}:
            self.condition = False

    def _verb(self, item: Item, items: list[Item], position: int) -> None:
        word = item.word
        factor = -1.0 if item.start - self.negated <= 2 else 1.0  # "will not lift", "no longer allows"
        denied = factor < 0
        if denied:
            self.negated = -99
        if self.object is not None and self._acts_on_object(item, items, position):
            moved, self.object = self.object, None  # "expects the shortage to ease": the object is its subject
            if self.found and self.found[-1].end == moved.end and not object_follows(items, position):
                self.found.pop()
                self.subject = moved
        if self.subject is not None and self._takes_subject(item, items, position):
            self._vote_subject(item, factor)
            return
        chain = (
            self.verb is not None
            and not self.spent
            and item.start - self.verb.end <= (_CHAIN + 2 if self.carried else _CHAIN)
        )
        if chain and self.verb is not None:
            if word.sign:
                self.sign = (self.sign or 1.0) * word.sign * factor
                self.chained = self.chained or not (word.light and self.verb.word.light)
            else:
                self.sign = (self.sign or 1.0) * factor
            item = Item(kind="verb", start=self.verb.start, end=item.end, word=word, text=item.text)
            self.verb = item
            self.with_seen = False
            self.denied = self.denied or denied
            return
        if item.word.form == "past" and self.spent and position and items[position - 1].kind == "object":
            return  # "tariffs imposed on": it describes the object that has voted
        self._flush_verb()
        to_verb = position > 0 and items[position - 1].text == "to"
        if to_verb and self.found and self.found[-1].label == "deal" and item.start - self.found[-1].end <= REACH:
            last = self.found.pop()  # "agreement to restrict": what is agreed counts
            self._emit(last.value * 0.25, last.start, last.end, last.why, verb_at=last.verb_at, label=last.label)
            to_verb = False
        if self.subject is not None and self.subject.label in {
            "restriction",
            "permission",
            "disruption",
            "deal",
            "offence",
        }:
            self._bare(self.subject)
            self.subject = None
        self.verb, self.sign, self.spent = item, (word.sign or 1.0) * factor, False
        self.denied = denied
        self.purpose = to_verb and bool(self.found) and self.found[-1].why != "bare"

    def _acts_on_object(self, item: Item, items: list[Item], position: int) -> bool:
        """Tell whether the last object is what this verb is said of: "expects it to ease", "puts it on hold"."""
        if self.object is None or item.start - self.object.end > REACH:
            return False
        adjacent = item.start == self.object.end and item.word.form == "base"
        complement = adjacent and item.end - item.start > 1
        return is_infinitive(items, position) or complement or (self.letting and item.word.form == "base")

    def _takes_subject(self, item: Item, items: list[Item], position: int) -> bool:
        subject = self.subject
        if subject is None or item.start - subject.end > REACH:
            return False
        if item.word.form == "ing" and not (position and items[position - 1].kind == "auxiliary"):
            return item.start == subject.end and not object_follows(items, position)
        if position and items[position - 1].kind == "auxiliary" and item.word.form == "past":
            return True
        return not object_follows(items, position)

    def _vote_subject(self, item: Item, factor: float) -> None:
        subject = self.subject
        if subject is None:
            return
        word = item.word
        value = word.sign * subject.polarity if word.sign else float(word.alone)
        if word.harm:
            value = 1.0
        elif word.light and subject.label not in {"restriction", "disruption", "permission"}:
            value = 0.0
        if subject.label in {"offence", "menace"}:
            value = 1.0
        if subject.label == "vessel" and word.sign > 0 and not word.alone:
            value = 0.0
        self._emit(
            value * factor * _SCALE.get(subject.label, 1.0),
            subject.start,
            item.end,
            "subject",
            verb_at=item.start,
            label=subject.label,
        )
        self.subject = None
        self._release()

    def _object(self, item: Item) -> None:
        negated = -1.0 if item.start - self.negated <= 2 else 1.0
        verb = self.verb
        if verb is None or (self.spent and item.start - verb.end > REACH):
            if self.subject is not None and self.subject.label not in {"flow", "facility", "vessel"}:
                self._bare(self.subject)
            self.subject = item
            if negated < 0 and item.polarity:
                self._emit(-item.polarity * 0.5, item.start, item.end, "no", verb_at=item.start)
                self.subject = None
            return
        if self.spent:
            return
        if item.start - verb.end > REACH:
            self._flush_verb()
            self.subject = item
            return
        if self.crossed and item.label in {"restriction", "disruption", "permission"}:
            self._flush_verb()  # "bars chips in escalation of dispute"
            self.subject = item
            return
        self._vote_object(verb, item, negated)

    def _vote_object(self, verb: Item, item: Item, negated: float) -> None:
        word = verb.word
        polarity = item.polarity
        if polarity == 0:  # "vetoes a resolution to extend sanctions": the sign passes on to the next verb
            if item.label == "carrier" and item.start - verb.end <= REACH:
                self.verb = Item(kind="verb", start=verb.start, end=item.end, word=verb.word, text=verb.text)
                self.carried = True
            return
        value = acting_on(verb, item, self.sign, with_seen=self.with_seen)
        if word.light and not self.chained and item.label in _FLOWS:
            value = 0.0
        elif word.sign > 0 and item.label == "vessel":
            value *= 0.3
        value *= negated * _SCALE.get(item.label, 1.0)
        self._emit(value, verb.start, item.end, "verb-object", verb_at=verb.start, label=item.label)
        self.spent = True
        self.letting = verb.text.startswith("let")
        self.object = item if (word.light and not self.chained) or (word.sign > 0 > word.alone) else None

    def _flush_verb(self) -> None:
        verb = self.verb
        if verb is not None and not self.spent and verb.word.alone:
            sign = self.sign if verb.word.sign == 0 else 1.0
            if verb.word.sign and self.sign and self.sign != verb.word.sign:
                sign = -1.0
            self._emit(verb.word.alone * sign * 0.6, verb.start, verb.end, "verb", verb_at=verb.start)
        self._release()

    def close(self) -> None:
        self._flush_verb()
        if self.subject is not None:
            self._bare(self.subject)
        self.subject = self.object = None
        self.negated = -99
        self.background = False

    def _bare(self, item: Item) -> None:
        self._emit(item.polarity * BARE[item.label], item.start, item.end, "bare", verb_at=item.start, label=item.label)

    def _emit(self, value: float, start: int, end: int, why: str, *, verb_at: int, label: str = "") -> None:
        if value:
            self.found.append(
                Vote(
                    value,
                    start,
                    end,
                    why,
                    conditional=self.condition,
                    background=self.background or (self.purpose and why == "verb-object"),
                    verb_at=verb_at,
                    label=label,
                    negated=why == "no" or self.denied,
                )
            )
