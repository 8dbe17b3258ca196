"""The leaves of a query that look at fields. Pure."""

from dataclasses import dataclass
from typing import Final

from rules.query.documents import Document
from rules.query.needs import Needs, one_of, together
from rules.query.nodes import Leaf, Marks
from rules.query.slots import Slot, Word


@dataclass(frozen=True, slots=True)
class Choice(Leaf):
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
class Name(Leaf):
    """A field of names, one of which holds the slots in a row."""

    name: str
    slots: tuple[Slot, ...]

    def test(self, document: Document) -> bool:
        """Say whether one name holds them."""
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


_KEYED_NUMBERS: Final = 12  # a range of at most so many whole numbers is worth one key each


@dataclass(frozen=True, slots=True)
class Number(Leaf):
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
class Present(Leaf):
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
