"""How a query is filed in an index, and what is left to test once its keys were found. Pure."""

from dataclasses import dataclass

from rules.query.needs import all_of, routes
from rules.query.nodes import And, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`routes` are key sequences, rarest first; a matching document carries all keys of one. None at all: costly.

    `rest` must be tested on a document that carries one; None when the keys decide alone.
    """

    routes: tuple[tuple[str, ...], ...]
    rest: Node | None


def plan(root: Node) -> Plan:
    """Return the plan of a query."""
    found, exact = routes(root.needs())
    if exact:
        return Plan(routes=found, rest=None)
    rest: Node = root
    if found and isinstance(root, And):
        decided = [child for child in root.children if child.needs().exact]
        covered = all_of([child.needs() for child in decided])
        if covered.exact and covered.paths and all(_implies(route, covered.paths) for route in found):
            left = tuple(child for child in root.children if not child.needs().exact)
            rest = left[0] if len(left) == 1 else And(left)
    return Plan(routes=found, rest=rest)


def _implies(route: tuple[str, ...], paths: tuple[frozenset[str], ...]) -> bool:
    """Say whether a document with all keys of `route` carries all of one path."""
    carried = frozenset(route)
    return any(path <= carried for path in paths)
