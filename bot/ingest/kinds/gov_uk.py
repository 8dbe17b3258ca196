"""gov.uk Atom: a page that is published again with changes is a new item, since notices to exporters are. Pure."""

from dataclasses import replace

from bot.domain import Source
from bot.ingest.cleaning import canonical
from bot.ingest.items import Item, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url
from bot.ingest.kinds import feed


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read the feed; a page and the day of its change are the identity."""
    parsed = feed.parse(source, answer, state)
    return replace(parsed, items=tuple(_dated(item) for item in parsed.items))


def _dated(item: Item) -> Item:
    if not item.url or item.published_at is None:
        return item
    return replace(item, identity=f"{canonical(item.url)}|{item.published_at.date()}")


KIND = Kind(request=ask_url, parse=parse)
