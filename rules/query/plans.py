"""How a query is filed in an index, and what is left to test once its keys were found. Pure."""

from dataclasses import dataclass

from rules.query.needs import all_of, routes
from rules.query.nodes import And, Node, Not


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`routes` are key sequences, rarest first; a matching document carries all keys of one. None at all: costly.

    A document that carries a route matches when it carries none of `barred` and passes `rest`, if there is one.
    """

    routes: tuple[tuple[str, ...], ...]
    barred: frozenset[str] = frozenset()
    rest: Node | None = None


def plan(root: Node) -> Plan:
    """Return the plan of a query."""
    found, exact = routes(root.needs())
    if exact:
        return Plan(routes=found)
    if not isinstance(root, And):
        return Plan(routes=found, rest=root)
    left = list(root.children)
    if found:
        decided = [child for child in left if child.needs().exact]
        covered = all_of([child.needs() for child in decided])
        if covered.exact and covered.paths and all(_implies(route, covered.paths) for route in found):
            left = [child for child in left if not child.needs().exact]
    barred = [keys for child in left if (keys := _barred(child)) is not None]
    left = [child for child in left if _barred(child) is None]
    rest = None if not left else left[0] if len(left) == 1 else And(tuple(left))
    return Plan(routes=found, barred=frozenset().union(*barred), rest=rest)


def _barred(child: Node) -> frozenset[str] | None:
    """Return the keys of which a document may carry none, when that is all that an exclusion says."""
    if not isinstance(child, Not):
        return None
    needs = child.child.needs()
    if not needs.exact or needs.paths is None or any(len(path) != 1 for path in needs.paths):
        return None
    return frozenset().union(*needs.paths)


def _implies(route: tuple[str, ...], paths: tuple[frozenset[str], ...]) -> bool:
    """Say whether a document with all keys of `route` carries all of one path."""
    carried = frozenset(route)
    return any(path <= carried for path in paths)
