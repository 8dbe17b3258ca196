"""A persistent hash table: a change copies one small table and shares the rest. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, Self, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_COUNT: Final = 1_024  # a power of two; at 100,000 entries a change copies a table of about 100
_MASK: Final = _COUNT - 1
_NOTHING: Final[dict[object, object]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Shards(Generic[K, V]):
    """An immutable mapping of hashable `K` to `V` with cheap changed copies."""

    tables: tuple[dict[K, V], ...] = (_NOTHING,) * _COUNT  # type: ignore[assignment]

    def get(self, key: K) -> V | None:
        """Return the value, or None."""
        return self.tables[hash(key) & _MASK].get(key)

    def put(self, key: K, value: V | None) -> Self:
        """Return a copy in which `key` has `value`; None removes it."""
        place = hash(key) & _MASK
        table = dict(self.tables[place])
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
        tables = list(self.tables)
        tables[place] = table
        return type(self)(tuple(tables))

    def present(self, keys: Iterable[K]) -> list[V]:
        """Return the values of those `keys` that have one."""
        tables = self.tables
        return [value for key in keys if (value := tables[hash(key) & _MASK].get(key)) is not None]

    def __iter__(self) -> Iterator[K]:
        for table in self.tables:
            yield from table
