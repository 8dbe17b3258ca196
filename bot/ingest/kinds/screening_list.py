"""The US Consolidated Screening List, read as the difference to the day before. Pure.

One file of 17 MB holds the Entity List, Denied Persons, Unverified, Military End User, SDN and others; no key needed.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain import Source
from bot.ingest.cleaning import link, plain
from bot.ingest.items import NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State, words
from bot.ingest.kinds.json_feed import load_json
from bot.ingest.parties import Party, tell_changes

MAX_BYTES = 96 * 1024 * 1024
HOME = "https://www.trade.gov/consolidated-screening-list"
ISSUERS = re.compile(r"\s*\([A-Z-]{2,8}\)")


def request(source: Source, state: State, now: datetime) -> Mapping[str, Any]:
    """Ask for the whole file, with room and time for its size."""
    del state, now
    return {"url": source.url, "max_bytes": MAX_BYTES, "deadline": timedelta(minutes=3)}


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Compare with the remembered parties. The option `without` names lists to leave out, such as the SDN list."""
    found = load_json(answer.body)
    results = found.get("results") if isinstance(found, dict) else found
    if not isinstance(results, list):
        raise NotAFeedError("the answer is not the Consolidated Screening List")
    without = frozenset(words(source.options.get("without")))
    read = [party for one in results if isinstance(one, dict) and (party := _party(one, answer.url))]
    parties = [party for party in read if party.listing not in without]
    return tell_changes(parties, state.get("parties") or {}, issuer="US", home=HOME, at=answer.at)


def _party(values: "dict[str, Any]", page_url: str) -> Party | None:
    name = plain(str(values.get("name") or ""), 200)
    listing = plain(str(values.get("source") or ""), 120).partition(" - ")[0]
    number = str(values.get("id") or values.get("entity_number") or name)
    if not name or not listing:
        return None
    return Party(
        number=number,
        name=name,
        listing=ISSUERS.sub("", listing),
        url=link(str(values.get("source_information_url") or ""), page_url),
    )


KIND = Kind(request=request, parse=parse)
