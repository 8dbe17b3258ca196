"""OFAC's list of specially designated nationals (SDN.XML), read as the difference to the day before. Pure.

The file has 29 MB; it is cut into entries by plain search, which expands no entity and takes a fraction of a second.
"""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain import Source
from bot.ingest.cleaning import squeeze
from bot.ingest.items import NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State
from bot.ingest.parties import Party, tell_changes

MAX_BYTES = 128 * 1024 * 1024
HOME = "https://sanctionslist.ofac.treas.gov/Home/SdnList"
LISTING = "SDN List"
_FIELD = re.compile(r"<(?:\w+:)?(uid|firstName|lastName)>([^<]{0,300})<")


def request(source: Source, state: State, now: datetime) -> Mapping[str, Any]:
    """Ask for the whole file, with room and time for its size."""
    del state, now
    return {"url": source.url, "max_bytes": MAX_BYTES, "deadline": timedelta(minutes=4)}


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Compare with the remembered parties; raises NotAFeedError where the body is no SDN list."""
    del source
    text = answer.body.decode("utf-8", "replace")
    if "sdnList" not in text[:4096]:
        raise NotAFeedError("the answer is not OFAC's SDN list")
    return tell_changes(list(_parties(text)), state.get("parties") or {}, issuer="OFAC", home=HOME, at=answer.at)


def _parties(text: str) -> Iterator[Party]:
    at = 0
    while (start := text.find("<sdnEntry>", at)) >= 0:
        end = text.find("</sdnEntry>", start)
        if end < 0:
            return
        # the entry's own name comes before its aliases, whose elements have the same names
        own = text.find("<akaList>", start, end)
        fields: dict[str, str] = {}
        for name, value in _FIELD.findall(text, start, own if own >= 0 else end):
            fields.setdefault(name, squeeze(html.unescape(value), 150))
        at = end
        full = " ".join(part for part in (fields.get("firstName"), fields.get("lastName")) if part)
        if full and "uid" in fields:
            yield Party(number=fields["uid"], name=full, listing=LISTING)


KIND = Kind(request=request, parse=parse)
