"""Many queries, one document: an index over required keys picks the few queries worth evaluating. Pure.

The idea is Lucene Monitor's presearcher. Each query is filed under the rarest keys that a matching document must
carry, in a tree of up to three of them; a document walks only the branches whose keys it carries. Snapshots are
immutable: `add` and `remove` return a new `RuleSet` that shares all but a few small tables with the old one, so
that matching never waits for a change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat
from operator import itemgetter
from typing import Any, Final, NamedTuple, Self

from rules.query import Document, Hits, Query, marked
from rules.query.nodes import Node
from rules.query.plans import plan
from rules.shards import Shards


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """One distinct query, shared by all rules that ask it; see `Plan` for `barred` and `rest`."""

    query: Query
    barred: frozenset[str]
    rest: Node | None


_EMPTY: Final[Shards[Any, Any]] = Shards()


@dataclass(frozen=True, slots=True, eq=False)
class _Branch:
    """The shapes whose keys end here, and the branches for one more key."""

    shapes: tuple[_Shape, ...] = ()
    children: Mapping[str, "_Branch"] | None = None


class Match(NamedTuple):
    """A rule that matched: `key` as given to `RuleSet.add`, and the matched words, worked out when asked for.

    A tuple, because hundreds are made for one article and a frozen dataclass takes three times as long.
    """

    key: str
    query: Query
    document: Document

    @property
    def hits(self) -> Hits:
        """The matched words in the order of the text; empty when only fields matched."""
        return marked(self.query, self.document)


_MAKE: Final = partial(tuple.__new__, Match)  # what the constructor does, without its argument handling
_KEY: Final = itemgetter(0)


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """An immutable set of queries by key. `RuleSet()` is empty."""

    _roots: Shards[str, _Branch] = _EMPTY
    _known: Shards[Node, _Shape] = _EMPTY
    _members: Shards[_Shape, tuple[str, ...]] = _EMPTY
    _shapes: Shards[str, _Shape] = _EMPTY
    _costly: tuple[_Shape, ...] = ()
    _fuzzy: bool = False
    # The keys in use at the root and below it, of this set and of those it came from: they only ever grow, and only
    # narrow down what is looked up, so sharing them between snapshots is safe.
    _first: set[str] = field(default_factory=set)
    _later: set[str] = field(default_factory=set)
    size: int = 0

    def __len__(self) -> int:
        return self.size

    def __contains__(self, key: str) -> bool:
        return self._shapes.get(key) is not None

    @classmethod
    def of(cls, queries: Mapping[str, Query]) -> Self:
        """Build a set at once."""
        rules = cls()
        for key, query in queries.items():
            rules = rules.add(key, query)
        return rules

    def get(self, key: str) -> Query | None:
        """Return the query filed under `key`."""
        shape = self._shapes.get(key)
        return shape.query if shape is not None else None

    @property
    def costly(self) -> tuple[str, ...]:
        """The keys whose queries are evaluated on every document."""
        return tuple(sorted(key for shape in self._costly for key in self._members.get(shape) or ()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def add(self, key: str, query: Query) -> Self:
        """Return a set in which `key` stands for `query`, in place of what it stood for before."""
        if key in self:
            return self.remove(key).add(key, query)
        shape = self._known.get(query.root)
        if shape is not None:
            return replace(
                self,
                _members=self._members.put(shape, (*(self._members.get(shape) or ()), key)),
                _shapes=self._shapes.put(key, shape),
                size=self.size + 1,
            )
        planned = plan(query.root)
        paths, shape = planned.routes, _Shape(query, planned.barred, planned.rest)
        roots, fuzzy = self._roots, self._fuzzy
        for path in paths:
            self._first.add(path[0])
            self._later.update(path[1:])
            roots = roots.put(path[0], _planted(roots.get(path[0]) or _Branch(), path[1:], shape))
            fuzzy = fuzzy or any(part[0] == "~" for part in path)
        return replace(
            self,
            _roots=roots,
            _known=self._known.put(query.root, shape),
            _members=self._members.put(shape, (key,)),
            _shapes=self._shapes.put(key, shape),
            _costly=self._costly if paths else (*self._costly, shape),
            _fuzzy=fuzzy,
            size=self.size + 1,
        )

    def remove(self, key: str) -> Self:
        """Return a set without `key`; a key that is not there is no fault."""
        shape = self._shapes.get(key)
        if shape is None:
            return self
        left = tuple(member for member in self._members.get(shape) or () if member != key)
        members, shapes = self._members.put(shape, left or None), self._shapes.put(key, None)
        if left:
            return replace(self, _members=members, _shapes=shapes, size=self.size - 1)
        roots = self._roots
        for path in plan(shape.query.root).routes:
            branch = roots.get(path[0])
            if branch is not None:
                roots = roots.put(path[0], _pruned(branch, path[1:], shape))
        return replace(
            self,
            _roots=roots,
            _known=self._known.put(shape.query.root, None),
            _members=members,
            _shapes=shapes,
            _costly=tuple(other for other in self._costly if other is not shape),
            size=self.size - 1,
        )

    def match(self, document: Document) -> tuple[Match, ...]:
        """Return every rule that matches, in the order of their keys."""
        found: list[Match] = []
        for shape in self._matching(document):
            entries = zip(self._members.get(shape) or (), repeat(shape.query), repeat(document), strict=False)
            found.extend(map(_MAKE, entries))
        found.sort(key=_KEY)
        return tuple(found)

    def keys_of(self, document: Document) -> set[str]:
        """Return the keys of the rules that match: all that who counts thousands of hits wants to know."""
        found: set[str] = set()
        for shape in self._matching(document):
            found.update(self._members.get(shape) or ())
        return found

    def _matching(self, document: Document) -> list[_Shape]:
        keys = document.keys(fuzzy=self._fuzzy)
        return [
            shape
            for shape in self._candidates(keys)
            if keys.isdisjoint(shape.barred) and (shape.rest is None or shape.rest.test(document))
        ]

    def _candidates(self, keys: frozenset[str]) -> set[_Shape]:
        """Return the queries whose required keys a document carries, and the costly ones."""
        found = set(self._costly)
        branches = self._roots.present(self._first & keys)
        later = self._later & keys
        while branches:
            branch = branches.pop()
            if branch.shapes:
                found.update(branch.shapes)
            children = branch.children
            if children:  # the smaller side is walked
                shared = later.intersection(children) if len(children) < len(later) else children.keys() & later
                branches.extend([children[key] for key in shared])
        return found


def _planted(branch: _Branch, path: tuple[str, ...], shape: _Shape) -> _Branch:
    """Return `branch` with `shape` at the end of `path`."""
    if not path:
        return _Branch((*branch.shapes, shape), branch.children)
    children = dict(branch.children or {})
    children[path[0]] = _planted(children.get(path[0]) or _Branch(), path[1:], shape)
    return _Branch(branch.shapes, children)


def _pruned(branch: _Branch, path: tuple[str, ...], shape: _Shape) -> _Branch | None:
    """Return `branch` without `shape` at the end of `path`, or None when nothing is left."""
    if not path:
        shapes = tuple(other for other in branch.shapes if other is not shape)
        return _Branch(shapes, branch.children) if shapes or branch.children else None
    children = dict(branch.children or {})
    if path[0] in children:
        child = _pruned(children[path[0]], path[1:], shape)
        if child is None:
            del children[path[0]]
        else:
            children[path[0]] = child
    return _Branch(branch.shapes, children or None) if branch.shapes or children else None
