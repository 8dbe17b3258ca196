"""The leaves of a query that look at text: words, phrases, regular expressions. Pure."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from rules.query.documents import Document, Span
from rules.query.needs import ALWAYS, Needs, one_of, together
from rules.query.nodes import Leaf, Marks
from rules.query.phrases import occurrences
from rules.query.slots import Slot, Word
from rules.query.words import unspaced

_MOST_REGEX_MARKS: Final = 50


@dataclass(frozen=True, slots=True)
class Term(Leaf):
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
class Phrase(Leaf):
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
class Regex(Leaf):
    """A regular expression searched in title and body, case- and accent-insensitively, by RE2."""

    pattern: str
    memory: int
    title: bool = False
    literals: tuple[str, ...] = ()  # parts that are always there; most articles lack one of them

    def _search(self, text: str) -> Any:
        return compiled(self.pattern, self.memory).search(text)

    def test(self, document: Document) -> bool:
        """Say whether it is found."""
        lowered = document.lowered
        for literal in self.literals:
            if literal not in lowered:
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
