"""What may stand in one place of a query: a word, a wildcard, a fuzzy word. Pure.

Each slot answers `found(document)`, the distinct words of the document that fill it, and `key`, the index key that
every document with a match must carry (None when there is none).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rules.query.documents import LONGEST_FUZZY, PREFIX_LEVELS, Document, lessened

WILD: Final = "*?"


@dataclass(frozen=True, slots=True)
class Word:
    """One folded word."""

    word: str

    def found(self, document: Document) -> tuple[str, ...]:
        """Return the word itself when the document has it."""
        return (self.word,) if self.word in document.vocabulary else ()

    def among(self, entry: Iterable[str]) -> tuple[str, ...]:
        """Return the words of `entry` that fill this slot."""
        return (self.word,) if self.word in entry else ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Any of these keys is present wherever this slot is filled."""
        return (self.word,)

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A folded word with `*` (any letters, also none) and `?` (exactly one letter)."""

    pattern: str

    def found(self, document: Document) -> tuple[str, ...]:
        """Return the distinct words that the pattern covers."""
        known = document.memo.get(self)
        if known is None:
            known = document.memo[self] = self.among(document.starting(self.prefix))
        return known

    def among(self, entry: Iterable[str]) -> tuple[str, ...]:
        """Return the words of `entry` that fill this slot."""
        pattern = self.pattern
        if pattern[-1] == "*" and len(self.prefix) == len(pattern) - 1:
            return tuple(word for word in entry if word.startswith(self.prefix))
        return tuple(word for word in entry if covers(pattern, word))

    @property
    def prefix(self) -> str:
        """The letters before the first wildcard."""
        for index, char in enumerate(self.pattern):
            if char in WILD:
                return self.pattern[:index]
        return self.pattern

    @property
    def keys(self) -> tuple[str, ...]:
        """Any of these keys is present wherever this slot is filled."""
        level = _level(len(self.prefix))
        return (self.prefix[:level] + "*",) if level else ()

    def __str__(self) -> str:
        return self.pattern


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """A folded word and those within `edits` insertions, deletions, substitutions or swaps of neighbours."""

    word: str
    edits: int

    def found(self, document: Document) -> tuple[str, ...]:
        """Return the distinct words close enough."""
        known = document.memo.get(self)
        if known is None:
            size, edits = len(self.word), self.edits
            near = [document.sized(other) for other in range(size - edits, min(size + edits, LONGEST_FUZZY) + 1)]
            known = document.memo[self] = tuple(sorted(word for entry in near for word in self.among(entry)))
        return known

    def among(self, entry: Iterable[str]) -> tuple[str, ...]:
        """Return the words of `entry` that fill this slot."""
        word, edits, first, last = self.word, self.edits, self.word[0], self.word[-1]
        if edits == 1:  # one edit, even a swap, leaves the first or the last letter
            near = [other for other in entry if other[0] == first or other[-1] == last]
            return tuple([other for other in near if within(word, other, 1)])
        return tuple([other for other in entry if within(word, other, edits)])

    @property
    def keys(self) -> tuple[str, ...]:
        """Any of these keys is present wherever this slot is filled; none for two edits."""
        return lessened(self.word) if self.edits == 1 else ()

    def __str__(self) -> str:
        return f"{self.word}~{self.edits}"


Slot = Word | Wildcard | Fuzzy


def _level(size: int) -> int:
    """Return the longest index level that a beginning of `size` letters fills, 0 for none."""
    return max((level for level in PREFIX_LEVELS if level <= size), default=0)


def covers(pattern: str, word: str) -> bool:
    """Say whether `pattern` with `*` and `?` covers the whole of `word`; at most len(pattern) x len(word) steps."""
    at = here = 0
    star = -1
    retry = 0
    while here < len(word):
        if at < len(pattern) and pattern[at] == "*":
            star, retry = at, here
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", word[here]):
            at += 1
            here += 1
        elif star >= 0:
            at = star + 1
            retry += 1
            here = retry
        else:
            return False
    return pattern[at:].strip("*") == ""


def within(left: str, right: str, edits: int) -> bool:
    """Say whether `right` is at most `edits` away from `left` (optimal string alignment, as Lucene's fuzzy query)."""
    if left == right:
        return True
    if abs(len(left) - len(right)) > edits:
        return False
    if edits == 1:
        return _one_edit(left, right)
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    # One letter of overlap is kept so that a swap at the border is still seen.
    start = max(0, start - 1)
    left, right = left[start:], right[start:]
    before: list[int] = []
    last: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, last, row = last, row, [i] + [0] * len(right)
        for j, b in enumerate(right, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row[j] = cost
        if min(row) > edits and min(last) > edits:
            return False
    return row[-1] <= edits


def _one_edit(left: str, right: str) -> bool:
    """Say whether one insertion, deletion, substitution or swap of neighbours turns `left` into `right`."""
    if len(left) > len(right):
        left, right = right, left
    at = 0
    while at < len(left) and left[at] == right[at]:
        at += 1
    if len(left) < len(right):
        return left[at:] == right[at + 1 :]
    if left[at + 1 :] == right[at + 1 :]:
        return True
    return left[at : at + 2] == right[at : at + 2][::-1] and left[at + 2 :] == right[at + 2 :]
