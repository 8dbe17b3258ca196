"""Find queries that can never match, or always match. Pure.

The query is read as a boolean formula. A field that holds one value (severity, tier, ...) takes each value that the
query tells apart; everything else is independently true or false. Both verdicts are proofs; a query too large to try
out is only checked for a part that stands beside its own negation.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, islice, pairwise, product
from math import inf
from typing import Final, Literal

from rules.query.errors import QueryError
from rules.query.fielded import Choice, Name, Number
from rules.query.nodes import And, Node, Not, Optional, Or
from rules.query.slots import Word
from rules.vocabulary import FIELDS

_MOST_CASES: Final = 1_024
_State = Mapping[object, object]


def verdict(root: Node) -> Literal["never", "always"] | None:
    """Return "never" or "always" when the query can be proved so, None otherwise."""
    domains = _domains(root)
    size = 1
    for values in domains.values():
        size *= len(values)
    if size > _MOST_CASES and any(_contradicts(node) for node in _all(root)):
        return "never" if isinstance(root, And) and _contradicts(root) else None
    cases = product(*domains.values()) if size <= _MOST_CASES else _samples(list(domains.values()))
    seen: set[bool] = set()
    for case in chain([_likely(root, domains)], cases):  # most queries match it, and not the next one: two tries
        seen.add(_holds(root, dict(zip(domains, case, strict=True))))
        if len(seen) == 2:
            return None
    if size > _MOST_CASES:
        return None
    return "always" if True in seen else "never"


def check_sense(root: Node, text: str) -> None:
    """Raise QueryError when the query is a contradiction or a tautology."""
    found = verdict(root)
    length = len(text)
    if found == "never":
        raise QueryError(
            "This query can never match",
            text=text,
            length=length,
            remedy="Two of its conditions exclude each other; join alternatives with OR.",
        )
    if found == "always":
        raise QueryError(
            "This query matches every article",
            text=text,
            length=length,
            remedy="Add a word or a condition that must be there.",
        )


def _all(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts():
        yield from _all(part)


def _contradicts(node: Node) -> bool:
    if not isinstance(node, And):
        return False
    return any(isinstance(child, Not) and child.child in node.children for child in node.children)


def _likely(root: Node, domains: Mapping[object, tuple[object, ...]]) -> tuple[object, ...]:
    """Return the case that meets what is asked for and avoids what is negated."""
    negated: set[object] = set()
    waiting: list[tuple[Node, bool]] = [(root, False)]
    while waiting:
        node, below_not = waiting.pop()
        if isinstance(node, Not):
            below_not = not below_not
        if below_not:
            negated.add(node)
        waiting.extend((part, below_not) for part in node.parts())
    return tuple(values[0] if key in negated else values[-1] for key, values in domains.items())


def _samples(domains: list[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    """Yield a few cases of a formula too large to try out: the extremes, then the first ones in order."""
    yield tuple(values[0] for values in domains)
    yield tuple(values[-1] for values in domains)
    yield from islice(product(*domains), _MOST_CASES // 8)


def _domains(root: Node) -> dict[object, tuple[object, ...]]:
    """Return the variables of the formula with the values to try."""
    numbers: dict[str, set[float]] = {}
    languages: dict[str, set[str]] = {}
    domains: dict[object, tuple[object, ...]] = {}
    for node in _all(root):
        if isinstance(node, Number):
            numbers.setdefault(node.name, set()).update({node.low, node.high})
        elif isinstance(node, Choice) and FIELDS[node.name].single:
            domains[node.name] = FIELDS[node.name].values
        elif _one_name(node) and isinstance(node, Name):
            languages.setdefault(node.name, {"?"}).update(str(slot) for slot in node.slots)
        elif not isinstance(node, And | Or | Not | Optional):
            domains[node] = (False, True)
    domains.update({name: tuple(sorted(values)) for name, values in languages.items()})
    domains.update({name: _points(name, bounds) for name, bounds in numbers.items()})
    return domains


def _one_name(node: Node) -> bool:
    """Say whether the node names the one value of a single field, e.g. `lang:en`."""
    return (
        isinstance(node, Name) and FIELDS[node.name].single and len(node.slots) == 1 and isinstance(node.slots[0], Word)
    )


def _points(name: str, bounds: set[float]) -> tuple[float, ...]:
    """Return numbers that tell apart every range with these bounds."""
    field = FIELDS[name]
    finite = sorted({bound for bound in bounds if abs(bound) != inf} | {field.low})
    points = set(finite)
    if field.whole:
        points.update(bound + step for bound in finite for step in (-1, 1))
    else:
        points.update((left + right) / 2 for left, right in pairwise(finite))
        points.add((finite[-1] + min(field.high, finite[-1] + 2)) / 2)
    return tuple(sorted(point for point in points if field.low <= point <= field.high))


def _holds(node: Node, state: _State) -> bool:
    match node:
        case And():
            return all(_holds(child, state) for child in node.children)
        case Or():
            return any(_holds(child, state) for child in node.children)
        case Not():
            return not _holds(node.child, state)
        case Optional():
            return True
        case Number():
            value = state[node.name]
            return isinstance(value, float | int) and node.holds(value)
        case Choice() if FIELDS[node.name].single:
            return state[node.name] in node.values
        case Name() if _one_name(node):
            return state[node.name] == str(node.slots[0])
        case _:
            return bool(state[node])
