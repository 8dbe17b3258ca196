"""What a kind of source is: how it is asked and how its answer is read. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain import Source
from bot.ingest.items import Parsed

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The part of a response that a parser sees: nothing of it needs httpx, so that parsing can run elsewhere."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    step: str = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of source is asked and read.

    `request(source, state, now)` gives the keyword arguments of a `Request`; `parse(source, answer, state)` reads the
    answer and raises NotAFeedError where it is something else. Both are pure.
    """

    request: Callable[[Source, State, datetime], Mapping[str, Any]]
    parse: Callable[[Source, Answer, State], Parsed]


def ask_url(source: Source, state: State, now: datetime) -> Mapping[str, Any]:
    """Ask for the source's address as it is: what most kinds do.

    The option `cache_buster` adds the hour to the address, for hosts whose cache froze.
    """
    del state
    if not source.options.get("cache_buster"):
        return {"url": source.url}
    return {"url": f"{source.url}{'&' if '?' in source.url else '?'}hour={now:%Y%m%d%H}"}


def words(value: object) -> tuple[str, ...]:
    """Read an option that is one text or a list of texts."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()
