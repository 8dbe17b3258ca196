"""GovDelivery topics: RSS whose titles and links carry the service's own dressing. Pure."""

import re
from dataclasses import replace

from bot.domain import Source
from bot.ingest.items import Item, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url
from bot.ingest.kinds import feed

_UPDATE = re.compile(r"\s*\bhas been updated\.?$|^You are subscribed to .*?\.\s+", re.IGNORECASE)
_FOOTER = re.compile(
    r"\s*(?:Update your subscriptions|Manage (?:your )?(?:Subscriptions|Preferences)|"
    r"Subscriber (?:Preferences|Services)|This (?:email|service) (?:was sent|is provided) ).*$",
    re.IGNORECASE | re.DOTALL,
)


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read the topic's feed; bulletins keep their own text without the mailing's footer."""
    parsed = feed.parse(source, answer, state)
    return replace(parsed, items=tuple(_plainer(item) for item in parsed.items))


def _plainer(item: Item) -> Item:
    return replace(
        item,
        title=_UPDATE.sub("", item.title) or item.title,
        summary=_FOOTER.sub("", item.summary),
        text=_FOOTER.sub("", item.text),
    )


KIND = Kind(request=ask_url, parse=parse)
