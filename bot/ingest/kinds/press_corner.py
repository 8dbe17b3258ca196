"""The European Commission's press corner: RSS of the latest ten items, each with a reference. Pure."""

import re
from dataclasses import replace

from bot.domain import Source
from bot.ingest.items import Item, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url
from bot.ingest.kinds import feed

_REFERENCE = re.compile(r"\b([A-Z]{2,8})[_/](\d{2})[_/](\d{1,5})\b", re.IGNORECASE)


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read the feed; the reference is the identity, whatever language or host the link has."""
    parsed = feed.parse(source, answer, state)
    return replace(parsed, items=tuple(_referenced(item) for item in parsed.items))


def _referenced(item: Item) -> Item:
    found = _REFERENCE.search(item.url) or _REFERENCE.search(item.guid)
    return replace(item, identity=f"{found[1].upper()}/{found[2]}/{found[3]}") if found else item


KIND = Kind(request=ask_url, parse=parse)
