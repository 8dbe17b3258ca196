"""What a poll brings, and what is made of it. Pure values."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain import Article, Source
from bot.ingest.fetching import Failure
from bot.ingest.memory import SourceMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A cleaned article with the keys under which it may be known, the strongest first."""

    article: Article
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A key under which an article was seen in its source."""

    source_id: str
    key: str
    article_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """An item that went no further: `reason` is one word for counting, `detail` a sentence for /missed."""

    source_id: str
    url: str
    title: str
    reason: str
    detail: str
    dropped_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What one poll brought and what to store of its source.

    `known` counts items seen before; `flood` tells that old items were held back in bulk.
    """

    memory: SourceMemory
    new: tuple[Article, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    drops: tuple[Drop, ...] = ()
    known: int = 0
    flood: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What one poll brought. `memory` is what to store, together with what is made of `items`, in one transaction."""

    source: Source
    before: SourceMemory
    memory: SourceMemory
    items: tuple[Candidate, ...] = ()
    status: str = ""
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    polled_at: datetime

    @property
    def first(self) -> bool:
        """Tell whether no earlier poll of the source succeeded."""
        return self.before.first_polled_at is None

    @property
    def keys(self) -> tuple[str, ...]:
        """Give all keys of all items, to look up which are known."""
        return tuple(dict.fromkeys(key for item in self.items for key in item.keys))
