"""What a kind's parser gives back, and its way over a pipe as JSON. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


class NotAFeedError(ValueError):
    """The body is not what this kind of source sends; the text says what it looks like instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a source, cleaned. `identity` replaces the generic keys where a kind knows better.

    `publisher` and `lang` are set where items of one source come from many houses, as in GDELT.
    """

    title: str
    url: str
    summary: str = ""
    text: str = ""
    guid: str = ""
    published_at: datetime | None = None
    publisher: str = ""
    lang: str = ""
    instruments: tuple[str, ...] = ()
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The items of one answer, in the source's order, and what to remember.

    `state` is the kind's memory for the next poll (None: unchanged). `follow` asks for one more request: keyword
    arguments of `Request`. `ttl_minutes`, `skip_hours` (UTC) and `skip_days` (English names) are the feed's wishes.
    """

    items: tuple[Item, ...] = ()
    state: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    title: str = ""
    home: str = ""  # the page that the feed belongs to
    lang: str = ""
    follow: Mapping[str, Any] | None = None
    ttl_minutes: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[str, ...] = ()
    total: int = field(default=0)  # entries before unusable ones were left out
    whole: bool = True  # False where the answer ends in the middle: there may be more than was read


def to_json(parsed: Parsed) -> dict[str, Any]:
    """Turn into JSON-ready values; times become ISO text."""
    values = asdict(parsed)
    for item in values["items"]:
        item["published_at"] = item["published_at"].isoformat() if item["published_at"] else None
    return values


def from_json(values: Mapping[str, Any]) -> Parsed:
    """Undo `to_json`."""
    items = tuple(
        Item(
            **{
                **item,
                "published_at": datetime.fromisoformat(item["published_at"]) if item["published_at"] else None,
                "instruments": tuple(item["instruments"]),
            }
        )
        for item in values["items"]
    )
    lists = {name: tuple(values[name]) for name in ("notes", "skip_hours", "skip_days")}
    return Parsed(**{**values, "items": items, **lists})
