"""The smallest parts of a query: words, phrases, wildcards, regular expressions, field values. Pure."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rules.query.documents import LONGEST_FUZZY
from rules.query.errors import QueryError
from rules.query.fielded import Name, Present
from rules.query.limits import Limits
from rules.query.nodes import Node
from rules.query.slots import WILD, Fuzzy, Slot, Wildcard, Word
from rules.query.textual import Phrase, Regex, Term, compiled
from rules.query.values import Place, between, choice, ranked
from rules.query.words import plain, unspaced, words
from rules.vocabulary import FIELDS, Field, nearest

if TYPE_CHECKING:
    from rules.query.parsing import Query

_STAR: Final = "ʡ"  # stand-ins for * and ? while a pattern is cut into words: letters that no language writes
_ONE: Final = "ʢ"
_SIMPLE: Final = re.compile(r"[A-Za-z0-9 .*+?{},]+")  # no groups, classes or alternatives
_UNSURE: Final = re.compile(r".(?:[*+?]|\{[0-9,]*\})[?+]?")  # what a quantifier may leave out
_LITERAL: Final = re.compile(r"[A-Za-z0-9 ]+")
_GLUED: Final = re.compile(r"([a-z]+)([<>]=?|=)(.+)", re.IGNORECASE)


class Reader:
    """Reads the leaves of one query and counts them against its limits."""

    def __init__(self, *, text: str, limits: Limits, filters: "Mapping[str, Query]") -> None:
        self._text = text
        self._limits = limits
        self._filters = filters
        self._counts = {"clauses": 0, "wildcards": 0, "fuzzies": 0, "regexes": 0}
        self.fields: set[str] = set()

    def check_field(self, name: str, place: Place) -> None:
        """Raise QueryError for a field that does not exist."""
        if name in FIELDS or name == "filter":
            return
        meant = nearest(name, tuple(FIELDS))
        guess = f"Did you mean {meant}:? " if meant else ""
        remedy = f"{guess}Fields: {', '.join(FIELDS)}. Write \\: to search a colon, or put the words in quotes."
        raise QueryError(
            f"There is no field {name!r}", text=self._text, position=place.position, length=len(name), remedy=remedy
        )

    def leaf(self, tree: Any, scope: str, place: Place) -> Node:
        """Return the node for one of luqum's leaves; raises QueryError."""
        self._count("clauses", place)
        if scope == "filter":
            return self._filter(tree, place)
        field = FIELDS[scope or "text"]
        self.fields.add(field.name)
        match type(tree).__name__:
            case "Word":
                return self._word(_unquoted(tree.value), tree.value, field, place)
            case "Phrase":
                return self._phrase(tree.value, field, 0, place)
            case "Proximity":
                return self._proximity(tree, field, place)
            case "Fuzzy":
                return self._fuzzy(tree, field, place)
            case "Regex":
                return self._regex(tree.value, field, place)
            case "Range":
                ends = (bool(tree.include_low), bool(tree.include_high))
                return self._range(tree.low, tree.high, field, ends, place)
            case "From":
                return self._range(tree.a, None, field, (bool(tree.include), True), place)
            case "To":
                return self._range(None, tree.a, field, (True, bool(tree.include)), place)
            case other:
                raise place.fault(f"{other} is not supported here", "See the grammar in docs/rules.md.")

    def _count(self, what: str, place: Place) -> None:
        self._counts[what] += 1
        most = getattr(self._limits, what)
        if self._counts[what] > most:
            raise place.fault(f"A query may have {most} {what}, this has more", "Split it into several rules.")

    def _filter(self, tree: Any, place: Place) -> Node:
        name = str(getattr(tree, "value", "")).strip('"')
        if name in self._filters:
            found = self._filters[name]
            self.fields.update(found.fields)
            return found.root
        meant = nearest(name, tuple(self._filters))
        known = ", ".join(sorted(self._filters)) or "none is defined"
        raise place.fault(
            f"There is no filter {name!r}", (f"Did you mean filter:{meant}? " if meant else "") + f"Known: {known}."
        )

    def _word(self, value: str, raw: str, field: Field, place: Place) -> Node:
        """Read a single word; with several words inside (`dual-use`, 出口管制) it is a phrase."""
        if raw == "*":
            if field.name in ("text", "title"):
                raise place.fault("A lone * matches every article", "Write at least two letters before it.")
            return Present(field.name)
        if raw in ("&&", "||"):
            raise place.fault(f"{raw} is not an operator here", f"Write {'AND' if raw == '&&' else 'OR'}.")
        if raw.startswith("!"):
            raise place.fault("! is not an operator here", f"Write -{raw[1:]} or NOT {raw[1:]}.")
        glued = _GLUED.fullmatch(raw)
        if glued is not None and glued.group(1).lower() in FIELDS:
            name, sign, rest = glued.groups()
            raise place.fault("A colon is missing", f"Write {name.lower()}:{'' if sign == '=' else sign}{rest}")
        return self._by_kind(value, field, 0, place)

    def _phrase(self, quoted: str, field: Field, slop: int, place: Place) -> Node:
        return self._by_kind(_unquoted(quoted[1:-1]), field, slop, place)

    def _by_kind(self, value: str, field: Field, slop: int, place: Place) -> Node:
        literal = value.replace(_STAR, "*").replace(_ONE, "?")
        if field.kind in ("choice", "ordered"):
            return choice(field, literal, place)
        if field.kind == "number":
            if not field.whole:
                raise place.fault(f"{field.name} is never exactly {literal}", f"Give a range, e.g. {field.example}")
            return between(field, literal, literal, place, ends=(True, True))
        slots = self._slots(value, field, place)
        if field.kind == "names":
            return Name(field.name, slots)
        title = field.name == "title"
        return Term(slots[0], title) if len(slots) == 1 else Phrase(slots, slop, title)

    def _slots(self, value: str, field: Field, place: Place) -> tuple[Slot, ...]:
        """Cut a word or phrase into slots; wildcards inside are kept."""
        found = words(value)
        slots: list[Slot] = []
        for index, word in enumerate(found):
            pattern = word.replace(_STAR, "*").replace(_ONE, "?")
            if not any(char in pattern for char in WILD):
                slots.append(Word(word))
            elif pattern.strip("*") == "" and any(unspaced(other) for other in found[max(0, index - 1) : index + 2]):
                if 0 < index < len(found) - 1:
                    raise place.fault(
                        "* does not work inside such a word", 'Write a phrase with a distance: "出口 管制"~5'
                    )
                continue  # 半导* : a run of such characters is found inside longer runs anyway
            else:
                slots.append(self._wildcard(pattern, field, place, alone=len(found) == 1))
        if not slots:
            raise place.fault("There is no word in this", "Write letters or digits; punctuation is not searched.")
        if len(slots) > self._limits.phrase_words:
            raise place.fault(f"A phrase may have {self._limits.phrase_words} words", "Shorten it.")
        return tuple(slots)

    def _wildcard(self, pattern: str, field: Field, place: Place, *, alone: bool) -> Wildcard:
        self._count("wildcards", place)
        wildcard = Wildcard(re.sub(r"\*+", "*", pattern))
        if wildcard.pattern == "?" and not alone:
            return wildcard  # one character of a script without spaces: 出?管制
        least = 1 if field.kind == "names" else self._limits.wildcard_prefix  # an article has few names
        if len(wildcard.prefix) < least:
            raise place.fault(f"A wildcard needs {least} letters before it", f"Begin {pattern!r} with more letters.")
        return wildcard

    def _proximity(self, tree: Any, field: Field, place: Place) -> Node:
        if field.kind != "words":
            raise place.fault(f"~ does not work in {field.name}", "Use it with text and title only.")
        slop = tree.degree
        if slop != int(slop) or not 0 <= slop <= self._limits.slop:
            raise place.fault(
                f"{slop} is not a distance", f'Write a whole number up to {self._limits.slop}, e.g. "export ban"~5'
            )
        return self._phrase(tree.term.value, field, int(slop), place)

    def _fuzzy(self, tree: Any, field: Field, place: Place) -> Node:
        self._count("fuzzies", place)
        if field.kind not in ("words", "names"):
            raise place.fault(f"~ does not work in {field.name}", "Write the value itself.")
        edits = 2 if getattr(tree, "_implicit_degree", False) else tree.degree  # as in Lucene
        if edits not in (1, 2):
            raise place.fault(f"{edits} is not a number of edits", f"Write {tree.term}~1 or {tree.term}~2.")
        found = words(_unquoted(tree.term.value))
        if len(found) != 1 or any(char in found[0] for char in (_STAR, _ONE)):
            raise place.fault("~ works on one plain word", "Use it without wildcards and hyphens.")
        least = 3 if edits == 1 else 5
        if len(found[0]) < least:
            raise place.fault(f"{found[0]!r} is too short for ~{int(edits)}", f"It takes at least {least} letters.")
        if len(found[0]) >= LONGEST_FUZZY:
            raise place.fault(f"~ works on words of less than {LONGEST_FUZZY} letters", "Shorten it, or leave out ~.")
        slot = Fuzzy(found[0], int(edits))
        return Name(field.name, (slot,)) if field.kind == "names" else Term(slot, field.name == "title")

    def _regex(self, value: str, field: Field, place: Place) -> Node:
        import re2  # noqa: PLC0415 - needed by few rules only

        self._count("regexes", place)
        if field.kind != "words":
            raise place.fault(f"Regular expressions do not work in {field.name}", "Use them with text and title only.")
        pattern = plain(value[1:-1].replace("\\/", "/"))
        if len(pattern) > self._limits.regex_length:
            raise place.fault(f"A regular expression may have {self._limits.regex_length} characters", "Shorten it.")
        try:
            empty = compiled(pattern, self._limits.regex_memory).search("") is not None
        except re2.error as fault:
            reason = fault.args[0].decode() if isinstance(fault.args[0], bytes) else str(fault.args[0])
            remedy = "RE2 syntax: no look-around, no back references, counts up to 1000."
            raise place.fault(f"This regular expression cannot be used: {reason}", remedy) from fault
        if empty:
            raise place.fault(
                "This regular expression matches the empty text, so every article", "Make a part of it required."
            )
        return Regex(pattern, self._limits.regex_memory, field.name == "title", _required(pattern))

    def _range(self, low: Any, high: Any, field: Field, ends: tuple[bool, bool], place: Place) -> Node:
        bounds = [
            None if bound is None or str(bound).strip() == "*" else str(bound).strip().strip('"')
            for bound in (low, high)
        ]
        if field.kind == "ordered":
            return ranked(field, bounds[0], bounds[1], place, ends=ends)
        if field.kind == "number":
            return between(field, bounds[0], bounds[1], place, ends=ends)
        ordered = ", ".join(entry.name for entry in FIELDS.values() if entry.kind in ("ordered", "number"))
        raise place.fault(f"{field.name} has no order", f"Ranges work with {ordered}.")


def _required(pattern: str) -> tuple[str, ...]:
    """Return the runs of letters that a simple expression requires, longest first, lower case; none for any other."""
    if not _SIMPLE.fullmatch(pattern):
        return ()
    certain = _UNSURE.sub("\n", pattern)
    found = {run.lower() for run in _LITERAL.findall(certain) if len(run) > 1}
    return tuple(sorted(found, key=lambda run: (-len(run), run)))


def _unquoted(raw: str) -> str:
    """Return the text with escapes resolved and its wildcards replaced by letters that survive folding."""
    result = []
    escaped = False
    for char in raw:
        if escaped:
            result.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            result.append(_STAR if char == "*" else _ONE if char == "?" else char)
    return "".join(result)
