"""The query as a tree that answers for itself: the protocol of its parts, and the boolean ones. Pure.

Every node answers `test(document)`; `mark(document, marks)`, which notes the words that made it true; and
`needs()`, the index keys that a matching document must carry (see `rules/query/needs.py`). The leaves on text are in
`textual.py`, those on fields in `fielded.py`.
"""

from dataclasses import dataclass, field
from typing import Protocol

from rules.query.documents import Document, Span
from rules.query.needs import ALWAYS, Needs, all_of, any_of


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


class Leaf:
    """A part without parts."""

    __slots__ = ()

    def parts(self) -> tuple[Node, ...]:
        """Return nothing."""
        return ()


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
