"""What a reader asks for: filters, words and a page number out of an address, with every fault as text. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlencode

from bot.domain import Direction, Severity, Stage, Topic
from bot.storage.browsing import Filter
from rules.query import Query, QueryError, parse

WORDS_LIMIT = 2_000  # characters of a query that are read and shown again; the rule language's own limit for people
LAST_PAGE = 100_000
_SHOWN = 40  # characters of a wrong value in its fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A reading of the list's address. `fault` is the query's, drawn with its place; `notes` are the small ones."""

    words: str
    query: Query | None
    wanted: Filter
    page: int  # from 1
    fault: str
    notes: tuple[str, ...]
    chosen: Mapping[str, str]  # the filters that are set, as they stand in the address

    @property
    def narrowed(self) -> bool:
        """Tell whether anything is filtered."""
        return bool(self.words or self.chosen)

    def address(self, page: int) -> str:
        """Give the address of another page of the same list."""
        words = {"q": self.words} if self.words else {}
        number = {"page": str(page)} if page > 1 else {}
        asked = urlencode({**words, **self.chosen, **number})
        return f"/?{asked}" if asked else "/"


def read_asked(values: Mapping[str, str], *, filters: Mapping[str, Query]) -> Asked:
    """Read the list's address; values that mean nothing are named and left out, so that nothing fails."""
    notes: list[str] = []
    chosen: dict[str, str] = {}

    def choice(name: str, allowed: Iterable[str]) -> str:
        value = values.get(name, "").strip().lower()
        if value in allowed:
            chosen[name] = value
            return value
        if value:
            notes.append(f"There is no {name} “{_short(value)}”; it was left out.")
        return ""

    topic = choice("topic", _words(Topic))
    direction = choice("direction", _words(Direction))
    stage = choice("stage", _words(Stage))
    severity = choice("severity", [level.word for level in Severity])
    words, query, fault = _query(values.get("q", ""), filters)
    return Asked(
        words=words,
        query=query,
        wanted=Filter(
            topic=Topic(topic) if topic else None,
            direction=Direction(direction) if direction else None,
            stage=Stage(stage) if stage else None,
            severity=Severity.of(severity) if severity else None,
        ),
        page=page_number(values.get("page", ""), notes),
        fault=fault,
        notes=tuple(notes),
        chosen=chosen,
    )


def page_number(text: str, notes: list[str]) -> int:
    """Read a page number of 1 or more; anything else is the first page, and is noted."""
    text = text.strip()
    if not text:
        return 1
    if text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= LAST_PAGE:
        return int(text)
    notes.append(f"“{_short(text)}” is no page number; this is the first page.")
    return 1


def _query(text: str, filters: Mapping[str, Query]) -> tuple[str, Query | None, str]:
    words = text.strip()
    if not words:
        return "", None, ""
    if len(words) > WORDS_LIMIT:
        return words[:WORDS_LIMIT], None, f"The query has {len(words):,} characters; {WORDS_LIMIT:,} are allowed."
    try:
        return words, parse(words, filters=filters), ""
    except QueryError as error:
        return words, None, error.pretty()


def _words(kind: type[Enum]) -> frozenset[str]:
    return frozenset(str(one.value) for one in kind)


def _short(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:_SHOWN])
    return shown + ("…" if len(text) > _SHOWN else "")
