"""One article as queries see it: its words, their places, and its fields. Pure.

A document is built once per article and then met by many queries, so everything that only some queries need
(places of words, sorted vocabulary) is worked out at first use and kept. The cached parts depend on nothing but
the text, so that several threads may share a document.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from math import isfinite
from typing import Final, NamedTuple, Self

from rules.query.words import plain, spans, unspaced, words
from rules.vocabulary import FIELDS

MAX_TEXT: Final = 200_000
"""Characters of a body that are searched; the rest is ignored, which bounds the cost of a hostile page."""
PREFIX_LEVELS: Final = (2, 4, 6)
"""Lengths at which word beginnings serve as index keys."""
LONGEST_FUZZY: Final = 40
"""Letters of the longest word that fuzzy search considers; longer ones are not words but noise."""


class Span(NamedTuple):
    """A matched word: `field` is "title" or "text", `start` and `end` are offsets into that original string."""

    field: str
    start: int
    end: int
    word: str


Hits = tuple[Span, ...]
"""The matched words in the order of the text. Empty when only fields matched: test with `is not None`."""


class Places(dict[str, list[int]]):
    """The indexes of each word of a text, ascending, worked out when first asked for.

    Few words are asked for, and looking for one costs a fiftieth of noting the places of all; where many are asked
    for, all are noted at once. A word that is not in the text has no places.
    """

    _SINGLY: Final = 24

    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self._words = found
        self._left = self._SINGLY

    def __missing__(self, word: str) -> list[int]:
        if self._left > 0:
            self._left -= 1
            places: list[int] = []
            with suppress(ValueError):
                index = -1
                while True:
                    index = self._words.index(word, index + 1)
                    places.append(index)
            self[word] = places
            return places
        if self._left == 0:
            self._left = -1
            every: dict[str, list[int]] = {}
            for index, other in enumerate(self._words):
                every.setdefault(other, []).append(index)
            self.update(every)
        return self.get(word, [])


class Document:
    """An article, immutable; build it with `Document.of`."""

    __slots__ = (
        "_keys",
        "_lowered",
        "_places",
        "_plain",
        "_sizes",
        "_sorted",
        "_spans",
        "memo",
        "names",
        "numbers",
        "text",
        "title",
        "title_size",
        "title_words",
        "values",
        "vocabulary",
        "words",
    )

    def __init__(self, title: str, text: str, fields: Mapping[str, object]) -> None:
        self.title = title[:MAX_TEXT]
        self.text = text[:MAX_TEXT]
        heading = words(self.title)
        self.title_size = len(heading)
        self.title_words = frozenset(heading)
        self.words = heading + words(self.text)
        self.vocabulary = frozenset(self.words)
        self.values: dict[str, tuple[str, ...]] = {}
        self.names: dict[str, tuple[tuple[str, ...], ...]] = {}
        self.numbers: dict[str, float] = {}
        for name, value in fields.items():
            self._set(name, value)
        self.memo: dict[object, tuple[str, ...]] = {}
        self._places: Places | None = None
        self._spans: list[tuple[int, int]] | None = None
        self._sorted: list[str] | None = None
        self._sizes: dict[int, list[str]] | None = None
        self._plain: tuple[str, str] | None = None
        self._lowered: str | None = None
        self._keys: tuple[bool, frozenset[str]] | None = None

    @classmethod
    def of(cls, *, title: str, text: str, fields: Mapping[str, object]) -> Self:
        """Build the document of one article.

        `fields` maps names of `vocabulary.FIELDS` to a string, a number, a list of strings, or None for unknown.
        Raises ValueError for an unknown field and TypeError for a value of the wrong type.
        """
        return cls(title, text, fields)

    def _set(self, name: str, value: object) -> None:
        field = FIELDS.get(name)
        if field is None or field.kind == "words":
            raise ValueError(f"no query field {name!r}; known: {', '.join(FIELDS)}")
        if value is None:
            return
        if field.kind == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"field {name!r} wants a number, got {value!r}")
            if not isfinite(value) or (field.whole and value != int(value)):
                raise TypeError(f"field {name!r} wants a {'whole' if field.whole else 'finite'} number, got {value!r}")
            self.numbers[name] = float(value)
            return
        entries = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else None
        if entries is None or not all(isinstance(entry, str) for entry in entries):
            raise TypeError(f"field {name!r} wants text or a list of texts, got {value!r}")
        if not entries:
            return
        if field.kind == "names":
            self.names[name] = tuple(tuple(words(entry)) for entry in entries)
        else:
            self.values[name] = tuple(entry.lower() for entry in entries)

    @property
    def places(self) -> "Places":
        """For each word its indexes in `words`, ascending; the title's come first."""
        if self._places is None:
            self._places = Places(self.words)
        return self._places

    @property
    def alphabetical(self) -> list[str]:
        """The distinct words, sorted, so that a beginning is found by bisection."""
        if self._sorted is None:
            self._sorted = sorted(self.vocabulary)
        return self._sorted

    def starting(self, prefix: str) -> Iterator[str]:
        """Yield the distinct words that start with `prefix`."""
        ordered = self.alphabetical
        for index in range(bisect_left(ordered, prefix), len(ordered)):
            if not ordered[index].startswith(prefix):
                return
            yield ordered[index]

    def sized(self, size: int) -> list[str]:
        """Return the distinct words of `size` letters."""
        if self._sizes is None:
            sizes: dict[int, list[str]] = {}
            for word in self.vocabulary:
                sizes.setdefault(len(word), []).append(word)
            self._sizes = sizes
        return self._sizes.get(size, [])

    @property
    def lowered(self) -> str:
        """Title and body without accents and case, to look for a part that a regular expression requires."""
        if self._lowered is None:
            self._lowered = "\n".join(self.bare).lower()
        return self._lowered

    @property
    def bare(self) -> tuple[str, str]:
        """Title and text without accents, of unchanged length, for regular expressions."""
        if self._plain is None:
            self._plain = (plain(self.title), plain(self.text))
        return self._plain

    def span(self, index: int) -> Span:
        """Return the place of `words[index]` in the original."""
        if self._spans is None:
            self._spans = spans(self.title) + spans(self.text)
        start, end = self._spans[index]
        if index < self.title_size:
            return Span("title", start, end, self.title[start:end])
        return Span("text", start, end, self.text[start:end])

    def keys(self, *, fuzzy: bool = True) -> frozenset[str]:
        """Return every index key that this document can answer to; those of fuzzy words only when asked.

        Words stand for themselves; `title:word`, `field:value`, `ab*` (a beginning), `~abd` (a word less a letter)
        and `=半导` (neighbours in a script without spaces) are told apart by their punctuation, which no folded word
        carries.
        """
        if self._keys is not None and self._keys[0] == fuzzy:
            return self._keys[1]
        keys = set(self.vocabulary)
        keys.update(*map(_beginnings_and_forms if fuzzy else _beginnings, self.vocabulary))
        keys.update([f"title:{word}" for word in self.title_words])
        if not (self.text.isascii() and self.title.isascii()):
            keys.update(_neighbours(self.words))
        for name, values in self.values.items():
            keys.add(f"{name}:*")
            keys.update([f"{name}:{value}" for value in values])
        for name, entries in self.names.items():
            keys.add(f"{name}:*")
            keys.update([f"{name}:{word}" for entry in entries for word in entry])
        for name, number in self.numbers.items():
            keys.add(f"{name}:*")
            if number == int(number):
                keys.add(f"{name}:{int(number)}")
        frozen = frozenset(keys)
        self._keys = (fuzzy, frozen)
        return frozen


@lru_cache(maxsize=32_768)
def _beginnings(word: str) -> tuple[str, ...]:
    """Return the keys for the beginnings of a word. The cache holds the words that articles share, some 10 MB."""
    return tuple([f"{word[:level]}*" for level in PREFIX_LEVELS if len(word) >= level])


@lru_cache(maxsize=32_768)
def _beginnings_and_forms(word: str) -> tuple[str, ...]:
    """Return the keys for the beginnings of a word and for fuzzy search; some 25 MB of cache."""
    return _beginnings(word) + lessened(word) if len(word) <= LONGEST_FUZZY else _beginnings(word)


def lessened(word: str) -> tuple[str, ...]:
    """Return the word and the word less one letter, as index keys: two words one edit apart share one of them."""
    forms = {word[:index] + word[index + 1 :] for index in range(len(word))}
    return tuple([f"~{form}" for form in (word, *sorted(forms))])


def _neighbours(found: list[str]) -> Iterator[str]:
    """Yield `=ab` for each two neighbouring words of a script without spaces."""
    previous = ""
    for word in found:
        current = word if len(word) == 1 and not word.isascii() and unspaced(word) else ""
        if previous and current:
            yield f"={previous}{current}"
        previous = current
