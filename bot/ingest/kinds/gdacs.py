"""Alerts of the Global Disaster Alert and Coordination System, as triggers for stopped production. Pure.

The colour is an expected humanitarian impact, not the force of nature: green is routine, orange and red are read.
"""

from typing import Any

from bot.domain import Source
from bot.ingest.cleaning import TITLE_CHARS, link, plain
from bot.ingest.dates import read_time
from bot.ingest.defusing import MAX_ITEMS
from bot.ingest.items import Item, NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url
from bot.ingest.kinds import feed
from bot.ingest.places import Region, region_of

EVENTS = {
    "EQ": "Earthquake",
    "TC": "Tropical cyclone",
    "FL": "Flood",
    "VO": "Volcanic eruption",
    "WF": "Wildfire",
    "DR": "Drought",
}


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Keep orange and red alerts in countries that make or ship what matters."""
    del source, state
    found = feed.read(answer.body, answer.headers, answer.url)
    if not found["version"] and not found["entries"]:
        raise NotAFeedError("the answer is not the feed of GDACS")
    entries = found["entries"][:MAX_ITEMS]
    items = [item for entry in entries if (item := _item(entry, answer.url))]
    return Parsed(items=tuple(items), title="GDACS", lang="en", total=len(entries))


def _item(entry: Any, page_url: str) -> Item | None:
    level = str(entry.get("gdacs_alertlevel") or "").strip().lower()
    country = plain(str(entry.get("gdacs_country") or ""), 120)
    region = region_of(country)
    if level not in {"orange", "red"} or region is None:
        return None
    event = EVENTS.get(str(entry.get("gdacs_eventtype") or "").strip().upper(), "Disaster")
    number = str(entry.get("gdacs_eventid") or entry.get("id") or "")
    told = plain(str(entry.get("title") or ""), TITLE_CHARS)
    return Item(
        title=f"{event} in {country}, {level} alert: production may halt at {region.makes}",
        summary=_summary(told, entry, region),
        url=link(str(entry.get("link") or ""), page_url),
        guid=number,
        published_at=read_time(str(entry.get("published") or entry.get("gdacs_fromdate") or "")),
        lang="en",
        identity=f"gdacs:{number}:{level}",  # a raised alert is news of its own
    )


def _summary(told: str, entry: Any, region: Region) -> str:
    described = plain(str(entry.get("summary") or ""), 1000)
    closing = f"{region.makes[0].upper()}{region.makes[1:]} may be affected; no damage is confirmed by this report."
    return " ".join(part for part in (told + "." if told else "", described, closing) if part)


KIND = Kind(request=ask_url, parse=parse)
