"""From words to sparse rows: TF-IDF blocks over title and body, with vocabularies that can be stored as plain text.

Own code instead of scikit-learn's vectorizers for three measured reasons: character n-grams are looked up once per
distinct word (twice as fast), prediction needs no scikit-learn (a fraction of the load time and memory), and a
vocabulary with its weights is a file of plain numbers, which can run no code.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers.wording import clean_body, clean_title, tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
Terms = Callable[["Reading", dict[str, tuple[str, ...]]], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One text to be judged; `signals` are tokens from outside, such as `topic:export_control` or `veto:sport`.

    `other_language` marks a text that the words of the model cannot read, but a multilingual encoder can.
    """

    title: str
    body: str = ""
    signals: tuple[str, ...] = ()
    other_language: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The tokens of one item: of its title, of title and body together, and its signals."""

    title: tuple[str, ...]
    whole: tuple[str, ...]
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One TF-IDF block: how its terms are drawn, how much it weighs, and which rare terms it drops."""

    name: str
    weight: float
    min_documents: int
    max_terms: int


_SILENT: Final = frozenset({"dir:unclear", "stage:none"})  # the absence of a cue is no cue
BLOCKS: Final = (
    Block(name="word", weight=1.0, min_documents=2, max_terms=60_000),
    Block(name="title_word", weight=0.5, min_documents=2, max_terms=25_000),
    Block(name="char", weight=1.0, min_documents=3, max_terms=70_000),
    Block(name="title_char", weight=0.5, min_documents=3, max_terms=40_000),
    Block(name="signal", weight=0.5, min_documents=3, max_terms=2_000),
)
"""The blocks of the default profile; weights compared on the development news (`docs/model-card.md`)."""


def read(item: Item) -> Reading:
    """Clean and split one item; never raises on any text."""
    title = tuple(tokens(clean_title(item.title)))
    body = tokens(clean_body(item.body)) if item.body else []
    return Reading(title=title, whole=(*title, ".", *body) if body else title, signals=item.signals)


def words(sequence: Sequence[str]) -> list[str]:
    """Return the words and the pairs of neighbours."""
    return [*sequence, *map(" ".join, itertools.pairwise(sequence))]


def pairs_of(signals: Sequence[str]) -> list[str]:
    """Return signals and their pairs (`dir:easing&topic:sanctions`): a direction means little without its object."""
    told = sorted({signal for signal in signals if signal not in _SILENT})
    return [*told, *map("&".join, itertools.combinations(told, 2))]


def grams(word: str) -> tuple[str, ...]:
    """Return the 3- to 5-character pieces of one word with its edges marked by spaces."""
    padded = f" {word[:40]} "  # of a longer run without spaces (Chinese, base64) the beginning will do
    length = len(padded)
    pieces = [padded[i : i + n] for n in (3, 4, 5) for i in range(length - n + 1)]
    return tuple(pieces)


def terms_of(block: str, reading: Reading, memory: dict[str, tuple[str, ...]]) -> list[str]:
    """Draw one block's terms from a reading; `memory` keeps the pieces of words already seen."""
    if block == "signal":
        return pairs_of(reading.signals)
    source = reading.title if block.startswith("title_") else reading.whole
    if block.endswith("word"):
        return words(source)
    found: list[str] = []
    for word in source:
        pieces = memory.get(word)
        if pieces is None:
            pieces = memory[word] = grams(word)
        found.extend(pieces)
    return found


class BlockVectorizer:
    """One block's vocabulary and inverse document frequencies; turns readings into rows of unit length times weight."""

    def __init__(self, *, name: str, weight: float, terms: Sequence[str], idf: Floats) -> None:
        self.name = name
        self.weight = weight
        self.terms = tuple(terms)
        self.idf = idf
        self._index: Mapping[str, int] = {term: number for number, term in enumerate(self.terms)}
        self._pieces: dict[str, tuple[int, ...]] = {}

    def rows(self, readings: Sequence[Reading]) -> "csr_matrix":
        """Return a sparse float32 matrix (readings, terms): sublinear TF x IDF, each row of length `weight`."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415 -- loaded only where rows are made

        if len(self._pieces) > 100_000:  # bounds the memory of a process that runs for months
            self._pieces.clear()
        columns: list[int] = []
        ends = np.zeros(len(readings) + 1, dtype=np.int32)
        draw = self._columns_of_pieces if self.name.endswith("char") else self._columns_of_terms
        for number, reading in enumerate(readings, start=1):
            draw(reading, columns)
            ends[number] = len(columns)
        matrix = csr_matrix(
            (np.ones(len(columns), dtype=np.float32), np.asarray(columns, dtype=np.int32), ends),
            shape=(len(readings), len(self.terms)),
        )
        matrix.sum_duplicates()
        return self._weigh(matrix)

    def contributions(self, reading: Reading, weights: Floats) -> list[tuple[str, float]]:
        """Return (words, share of the sum) of one reading; character pieces are credited to their word."""
        row = self.rows([reading])
        value = dict(zip(row.indices.tolist(), (row.data * weights[row.indices]).tolist(), strict=True))
        if not self.name.endswith("char"):
            return [(self.terms[number], share) for number, share in value.items()]
        columns: list[int] = []
        self._columns_of_pieces(reading, columns)
        repeats = Counter(columns)
        source = reading.title if self.name.startswith("title_") else reading.whole
        return [(word, sum(value[n] / repeats[n] for n in self._pieces[word])) for word in source]

    def _columns_of_terms(self, reading: Reading, columns: list[int]) -> None:
        index = self._index
        columns.extend(index[term] for term in terms_of(self.name, reading, {}) if term in index)

    def _columns_of_pieces(self, reading: Reading, columns: list[int]) -> None:
        for word in reading.title if self.name.startswith("title_") else reading.whole:
            numbers = self._pieces.get(word)
            if numbers is None:
                index = self._index
                numbers = self._pieces[word] = tuple(index[piece] for piece in grams(word) if piece in index)
            columns.extend(numbers)

    def _weigh(self, matrix: Any) -> "csr_matrix":
        values = (np.log(matrix.data) + 1.0) * self.idf[matrix.indices]
        lengths = (
            np.sqrt(np.add.reduceat(np.append(values**2, 0.0), matrix.indptr[:-1]))
            if len(values)
            else np.ones(matrix.shape[0])
        )
        lengths[np.diff(matrix.indptr) == 0] = 1.0
        matrix.data = (values * np.repeat(self.weight / lengths, np.diff(matrix.indptr))).astype(np.float32)
        return matrix


def fit_block(block: Block, readings: Sequence[Reading]) -> BlockVectorizer:
    """Learn a vocabulary: terms in at least `min_documents` readings, the most frequent `max_terms` of them."""
    memory: dict[str, tuple[str, ...]] = {}
    draw = partial(terms_of, block.name)
    counts: Counter[str] = Counter()
    for reading in readings:
        counts.update(set(draw(reading, memory)))
    kept = [(term, n) for term, n in counts.items() if n >= block.min_documents]
    kept.sort(key=lambda pair: (-pair[1], pair[0]))
    kept = sorted(kept[: block.max_terms])
    total = len(readings)
    idf = np.array([math.log((1 + total) / (1 + n)) + 1 for _, n in kept], dtype=np.float32)
    return BlockVectorizer(name=block.name, weight=block.weight, terms=[term for term, _ in kept], idf=idf)
