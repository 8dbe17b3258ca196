"""The query as a tree that answers for itself. Pure.

Every node answers `test(document)`; `mark(document, marks)`, which notes the words that made it true; and
`needs()`, the index keys that a matching document must carry (see `rules/query/needs.py`).
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

from rules.query.documents import Document, Span
from rules.query.needs import ALWAYS, Needs, all_of, any_of, one_of, together
from rules.query.phrases import occurrences
from rules.query.slots import Slot, Word
from rules.query.words import unspaced

_MOST_REGEX_MARKS = 50


@dataclass(slots=True)
class Marks:
    """What was found so far: indexes into the document's words, and places found by regular expressions."""

    indexes: set[int] = field(default_factory=set)
    spans: set[Span] = field(default_factory=set)


class Node(Protocol):
    """A part of a query."""

    def test(self, document: Document) -> bool:
        """Say whether the document matches."""

    def mark(self, document: Document, marks: Marks) -> None:
        """Note the words that made this part true; call it on matching parts only."""

    def needs(self) -> Needs:
        """Return the keys that a matching document carries."""

    def parts(self) -> tuple["Node", ...]:
        """Return the parts directly below."""


class _Leaf:
    """A part without parts."""

    __slots__ = ()

    def parts(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Term(_Leaf):
    """One slot in the title or anywhere."""

    slot: Slot
    title: bool = False

    def test(self, document: Document) -> bool:
        """Say whether a word fills the slot."""
        if self.title:
            return any(word in document.title_words for word in self.slot.found(document))
        return bool(self.slot.found(document))

    def mark(self, document: Document, marks: Marks) -> None:
        """Note every such word."""
        end = document.title_size if self.title else len(document.words)
        for word in self.slot.found(document):
            marks.indexes.update(index for index in document.places[word] if index < end)

    def needs(self) -> Needs:
        """Return the word, which is its own key."""
        if self.title and isinstance(self.slot, Word):
            return one_of([f"title:{self.slot.word}"], exact=True)
        return one_of(self.slot.keys, exact=isinstance(self.slot, Word) and not self.title)

    def __str__(self) -> str:
        return f"title:{self.slot}" if self.title else str(self.slot)


@dataclass(frozen=True, slots=True)
class Phrase(_Leaf):
    """Slots in order, `slop` apart, in the title or in one of title and body."""

    slots: tuple[Slot, ...]
    slop: int = 0
    title: bool = False

    def _found(self, document: Document) -> Iterator[tuple[int, ...]]:
        filled = []
        for slot in self.slots:
            found = slot.found(document)
            if not found:
                return
            filled.append(found)
        places = document.places
        whole = [
            places[found[0]] if len(found) == 1 else sorted(index for word in found for index in places[word])
            for found in filled
        ]
        distinct = {word for found in filled for word in found}
        shared = len(distinct) < sum(len(found) for found in filled)
        # A phrase never runs from the title into the body.
        cuts = [bisect_left(slot, document.title_size) for slot in whole]
        if all(cuts):
            yield from occurrences([s[:cut] for s, cut in zip(whole, cuts, strict=True)], self.slop, shared=shared)
        if not self.title:
            yield from occurrences([s[cut:] for s, cut in zip(whole, cuts, strict=True)], self.slop, shared=shared)

    def test(self, document: Document) -> bool:
        """Say whether the words stand together."""
        return next(self._found(document), None) is not None

    def mark(self, document: Document, marks: Marks) -> None:
        """Note the words of every place where they stand together."""
        for indexes in self._found(document):
            marks.indexes.update(indexes)

    def needs(self) -> Needs:
        """Return every word of the phrase; for scripts without spaces, every pair of neighbours."""
        found = [one_of(slot.keys) for slot in self.slots]
        if self.slop == 0:
            letters = [slot.word if isinstance(slot, Word) and unspaced(slot.word) else "" for slot in self.slots]
            pairs = [f"={a}{b}" for a, b in pairwise(letters) if a and b]
            found.extend(one_of([pair]) for pair in pairs)
        return together(found)

    def __str__(self) -> str:
        quoted = '"' + " ".join(str(slot) for slot in self.slots) + '"'
        return ("title:" if self.title else "") + quoted + (f"~{self.slop}" if self.slop else "")


@dataclass(frozen=True, slots=True)
class Regex(_Leaf):
    """A regular expression searched in title and body, case- and accent-insensitively, by RE2."""

    pattern: str
    memory: int
    title: bool = False
    literal: str = ""  # a part that is always there, which most articles lack

    def _search(self, text: str) -> Any:
        return compiled(self.pattern, self.memory).search(text)

    def test(self, document: Document) -> bool:
        """Say whether it is found."""
        if self.literal not in document.lowered:
            return False
        heading, body = document.bare
        return self._search(heading) is not None or (not self.title and self._search(body) is not None)

    def mark(self, document: Document, marks: Marks) -> None:
        """Note the places, at most 50 per zone."""
        heading, body = document.bare
        zones = [("title", heading, document.title)] + ([] if self.title else [("text", body, document.text)])
        for name, bare, original in zones:
            for count, match in enumerate(compiled(self.pattern, self.memory).finditer(bare)):
                if count == _MOST_REGEX_MARKS:
                    break
                start, end = match.span()
                if end > start:
                    marks.spans.add(Span(name, start, end, original[start:end]))

    def needs(self) -> Needs:
        """Return no promise: a regular expression may match any words."""
        return ALWAYS

    def __str__(self) -> str:
        return ("title:" if self.title else "") + f"/{self.pattern}/"


@lru_cache(maxsize=2_048)
def compiled(pattern: str, memory: int) -> Any:
    """Compile with RE2: time linear in the text, `memory` bytes at most. Raises re2.error.

    The cache is bounded because each compiled expression may grow to `memory`.
    """
    import re2  # noqa: PLC0415 - needed by few rules only

    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    options.case_sensitive = False
    return re2.compile(pattern, options)


@dataclass(frozen=True, slots=True)
class Choice(_Leaf):
    """A field with a fixed set of values, of which one of `values` is present."""

    name: str
    values: tuple[str, ...]

    def test(self, document: Document) -> bool:
        """Say whether the field has one of the values."""
        return any(value in self.values for value in document.values.get(self.name, ()))

    def mark(self, document: Document, marks: Marks) -> None:
        """Fields mark no words."""

    def needs(self) -> Needs:
        """Any of the values."""
        return one_of([f"{self.name}:{value}" for value in self.values], exact=True)

    def __str__(self) -> str:
        return f"{self.name}:{self.values[0]}" if len(self.values) == 1 else f"{self.name}:({' OR '.join(self.values)})"


@dataclass(frozen=True, slots=True)
class Name(_Leaf):
    """A field of names, one of which holds the slots in a row."""

    name: str
    slots: tuple[Slot, ...]

    @property
    def plain(self) -> str:
        """The word when there is but one plain word, the usual case."""
        slot = self.slots[0]
        return slot.word if len(self.slots) == 1 and isinstance(slot, Word) else ""

    def test(self, document: Document) -> bool:
        """Say whether one name holds them."""
        if self.plain:
            return any(self.plain in entry for entry in document.names.get(self.name, ()))
        return any(self._holds(entry) for entry in document.names.get(self.name, ()))

    def _holds(self, entry: tuple[str, ...]) -> bool:
        if len(self.slots) == 1:
            return bool(self.slots[0].among(entry))
        filled = [set(slot.among(entry)) for slot in self.slots]
        return any(
            all(entry[start + offset] in filled[offset] for offset in range(len(filled)))
            for start in range(len(entry) - len(filled) + 1)
        )

    def mark(self, document: Document, marks: Marks) -> None:
        """Fields mark no words."""

    def needs(self) -> Needs:
        """Return the plain words of the name."""
        exact = len(self.slots) == 1
        found = [one_of([f"{self.name}:{slot.word}"], exact=exact) for slot in self.slots if isinstance(slot, Word)]
        return together(found) if found else one_of([f"{self.name}:*"])

    def __str__(self) -> str:
        text = " ".join(str(slot) for slot in self.slots)
        return f"{self.name}:{text}" if len(self.slots) == 1 else f'{self.name}:"{text}"'


_KEYED_NUMBERS = 12  # a range of at most so many whole numbers is worth one key each


@dataclass(frozen=True, slots=True)
class Number(_Leaf):
    """A number field between two bounds."""

    name: str
    low: float
    high: float
    with_low: bool = True
    with_high: bool = True
    whole: bool = False

    def test(self, document: Document) -> bool:
        """Say whether the number is known and lies between the bounds."""
        number = document.numbers.get(self.name)
        return number is not None and self.holds(number)

    def holds(self, number: float) -> bool:
        """Say whether `number` lies between the bounds."""
        above = number >= self.low if self.with_low else number > self.low
        below = number <= self.high if self.with_high else number < self.high
        return above and below

    def mark(self, document: Document, marks: Marks) -> None:
        """Fields mark no words."""

    def needs(self) -> Needs:
        """Return the field; for a few whole numbers, one of them."""
        if self.whole and self.high - self.low < _KEYED_NUMBERS:
            numbers = [n for n in range(int(self.low), int(self.high) + 1) if self.holds(n)]
            return one_of([f"{self.name}:{n}" for n in numbers], exact=True)
        return one_of([f"{self.name}:*"])

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.name}:{self.low:g}"
        low = "*" if self.low == float("-inf") else f"{self.low:g}"
        high = "*" if self.high == float("inf") else f"{self.high:g}"
        return f"{self.name}:{'[' if self.with_low else '{'}{low} TO {high}{']' if self.with_high else '}'}"


@dataclass(frozen=True, slots=True)
class Present(_Leaf):
    """A field that has any value."""

    name: str

    def test(self, document: Document) -> bool:
        """Say whether the field is known."""
        return bool(document.values.get(self.name) or document.names.get(self.name) or self.name in document.numbers)

    def mark(self, document: Document, marks: Marks) -> None:
        """Fields mark no words."""

    def needs(self) -> Needs:
        """Return the field."""
        return one_of([f"{self.name}:*"], exact=True)

    def __str__(self) -> str:
        return f"{self.name}:*"


@dataclass(frozen=True, slots=True)
class And:
    """All of `children`."""

    children: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        """Return the children."""
        return self.children

    def test(self, document: Document) -> bool:
        """Say whether every child matches."""
        for child in self.children:  # noqa: SIM110 - a generator costs twice as much, on the hottest path
            if not child.test(document):
                return False
        return True

    def mark(self, document: Document, marks: Marks) -> None:
        """Note the words of every child."""
        for child in self.children:
            child.mark(document, marks)

    def needs(self) -> Needs:
        """All of what the children need."""
        return all_of([child.needs() for child in self.children])

    def __str__(self) -> str:
        return "(" + " AND ".join(str(child) for child in self.children) + ")"


@dataclass(frozen=True, slots=True)
class Or:
    """Any of `children`."""

    children: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        """Return the children."""
        return self.children

    def test(self, document: Document) -> bool:
        """Say whether one child matches."""
        for child in self.children:  # noqa: SIM110 - see And
            if child.test(document):
                return True
        return False

    def mark(self, document: Document, marks: Marks) -> None:
        """Note the words of the children that match."""
        for child in self.children:
            if child.test(document):
                child.mark(document, marks)

    def needs(self) -> Needs:
        """Any of what the children need."""
        return any_of([child.needs() for child in self.children])

    def __str__(self) -> str:
        return "(" + " OR ".join(str(child) for child in self.children) + ")"


@dataclass(frozen=True, slots=True)
class Not:
    """Not `child`."""

    child: Node

    def parts(self) -> tuple[Node, ...]:
        """Return the child."""
        return (self.child,)

    def test(self, document: Document) -> bool:
        """Say whether the child does not match."""
        return not self.child.test(document)

    def mark(self, document: Document, marks: Marks) -> None:
        """Absence marks no words."""

    def needs(self) -> Needs:
        """Absence promises no word."""
        return ALWAYS

    def __str__(self) -> str:
        return f"NOT {self.child}"


@dataclass(frozen=True, slots=True)
class Optional:
    """A wish beside required words (`+a b`): never decides, but is marked where present."""

    child: Node

    def parts(self) -> tuple[Node, ...]:
        """Return the child."""
        return (self.child,)

    def test(self, document: Document) -> bool:  # noqa: ARG002 - the protocol's signature
        """Always true."""
        return True

    def mark(self, document: Document, marks: Marks) -> None:
        """Note the child's words when it matches."""
        if self.child.test(document):
            self.child.mark(document, marks)

    def needs(self) -> Needs:
        """Return the path that every document carries."""
        return Needs(paths=(frozenset(),), exact=True)

    def __str__(self) -> str:
        return f"OPTIONAL {self.child}"
