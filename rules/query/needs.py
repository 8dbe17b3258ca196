"""What a document must contain before a query is worth evaluating: the presearcher's half of the language. Pure.

`Needs` is a disjunction of conjunctions of index keys: every document that matches carries all keys of at least one
path. `exact` says that the reverse holds too, so that such a document need not be evaluated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rules.query.rarity import commonness

_MOST_PATHS: Final = 16  # products beyond this are cut to the rarer factor
DEPTH: Final = 3
"""Keys kept per path: the third already leaves few candidates, more cost memory."""


@dataclass(frozen=True, slots=True)
class Needs:
    """`paths` is None when nothing is promised; an empty path is carried by every document."""

    paths: tuple[frozenset[str], ...] | None
    exact: bool = False


ALWAYS: Final = Needs(None)
"""No promise: every document must be evaluated."""


def one_of(keys: Iterable[str], *, exact: bool = False) -> Needs:
    """Any one of `keys`; none of them means no promise."""
    paths = tuple(frozenset((key,)) for key in keys)
    return Needs(paths, exact=exact) if paths else ALWAYS


def together(parts: Sequence[Needs]) -> Needs:
    """All of `parts`, which say less than the whole (a phrase needs its words, but also their order)."""
    found = all_of(parts)
    return found if len(parts) == 1 else Needs(found.paths)


def all_of(parts: Sequence[Needs]) -> Needs:
    """Return the needs of a conjunction: the product of the paths while it stays small."""
    exact = all(part.exact for part in parts)
    known = sorted((part.paths for part in parts if part.paths is not None), key=_burden)
    if not known:
        return ALWAYS
    product = known[0]
    for paths in known[1:]:
        if len(product) * len(paths) > _MOST_PATHS:
            exact = False
            continue
        product = tuple({left | right: None for left in product for right in paths})
    return Needs(product, exact=exact)


def any_of(parts: Sequence[Needs]) -> Needs:
    """Return the needs of a disjunction: the paths of every part; one part without a promise spoils all."""
    paths: dict[frozenset[str], None] = {}
    for part in parts:
        if part.paths is None:
            return ALWAYS
        paths.update(dict.fromkeys(part.paths))
    return Needs(tuple(paths), exact=all(part.exact for part in parts))


def routes(needs: Needs) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """Return the paths as key sequences, rarest key first, at most `DEPTH` long, and whether they decide alone.

    No routes at all means that the query is costly: every document must be evaluated.
    """
    if needs.paths is None or frozenset() in needs.paths:
        return (), False
    ordered = {tuple(sorted(path, key=lambda key: (commonness(key), key))[:DEPTH]): None for path in needs.paths}
    return tuple(ordered), needs.exact and all(len(path) <= DEPTH for path in needs.paths)


def _burden(paths: tuple[frozenset[str], ...]) -> float:
    """Return the expected share of documents that would be evaluated."""
    return sum(min((commonness(key) for key in path), default=1000) for path in paths)
