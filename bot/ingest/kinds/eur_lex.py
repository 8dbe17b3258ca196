"""EUR-Lex: the Official Journal's RSS, where every act carries its CELEX or OJ number. Pure.

Numbers: sector, year, type letter and number of a CELEX id as EUR-Lex documents it; `OJ:L_202501234` since 2023-10-01.
"""

import re
from dataclasses import replace
from urllib.parse import unquote

from bot.domain import Source
from bot.ingest.items import Item, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url
from bot.ingest.kinds import feed

_CELEX = re.compile(r"(?:CELEX[:/_]|celex:)(3\d{4}[A-Z]{1,2}\d{4})", re.IGNORECASE)
_OJ = re.compile(r"(?:OJ:|/oj/?|/eli/[a-z_]+/|uri=OJ:)(?:L_)?(20\d{2})/?(\d{3,5})\b", re.IGNORECASE)
_ACT = re.compile(r"\b(Regulation|Decision|Directive)\s+(?:\((?:EU|CFSP|Euratom|EU, Euratom)\)\s+)?(20\d{2}/\d{1,4})\b")


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read the feed; the number in the link or the title becomes the item's instrument."""
    parsed = feed.parse(source, answer, state)
    return replace(parsed, items=tuple(_numbered(item) for item in parsed.items))


def _numbered(item: Item) -> Item:
    place = unquote(item.url) + " " + item.guid
    celex = _CELEX.search(place) or _CELEX.search(item.title)
    act = _ACT.search(item.title)
    found: list[str] = []
    if celex:
        found.append(f"EU {celex[1][1:5]}/{int(celex[1][-4:])}")
    elif act:
        found.append(f"EU {act[2]}")
    journal = _OJ.search(place)
    identity = celex[1].upper() if celex else f"OJ {journal[1]}/{int(journal[2])}" if journal else ""
    return replace(item, instruments=tuple(found), identity=f"eur-lex:{identity}" if identity else "")


KIND = Kind(request=ask_url, parse=parse)
