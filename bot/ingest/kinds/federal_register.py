"""Documents of the US Federal Register: the keyless API, version 1. Pure.

Works of the US government are in the public domain. The daily issue appears at about 08:45 in Washington.
"""

import re
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from urllib.parse import urlencode

from bot.domain import Source
from bot.ingest.cleaning import TITLE_CHARS, link, plain, squeeze
from bot.ingest.dates import read_time
from bot.ingest.items import Item, NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State, words
from bot.ingest.kinds.json_feed import load_json

ISSUE_AT = time(12, 45)  # UTC, in summer; an hour later in winter, which no decision depends on

_ORDER = re.compile(r"\b1[345]\d{3}\b")


FIELDS = (
    *("document_number", "title", "type", "abstract", "action", "dates", "publication_date", "effective_on"),
    *("comments_close_on", "agencies", "executive_order_number", "html_url"),
)
PER_PAGE = 40


def request(source: Source, state: State, now: datetime) -> Mapping[str, Any]:
    """Ask for the newest documents. Options: `agencies` (slugs), `types` (RULE, PRORULE, NOTICE, PRESDOCU), `term`.

    The brackets of the parameters' names are percent-encoded, as the server wants them.
    """
    del state, now
    pairs: list[tuple[str, str]] = [("per_page", str(PER_PAGE)), ("order", "newest")]
    pairs += [("conditions[agencies][]", slug) for slug in words(source.options.get("agencies"))]
    pairs += [("conditions[type][]", kind) for kind in words(source.options.get("types"))]
    pairs += [("conditions[term]", term) for term in words(source.options.get("term"))]
    pairs += [("fields[]", name) for name in FIELDS]
    return {"url": f"{source.url}{'&' if '?' in source.url else '?'}{urlencode(pairs)}"}


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read the answer of `documents.json`; raises NotAFeedError where it is something else."""
    del source, state
    found = load_json(answer.body)
    results = found.get("results") if isinstance(found, dict) else None
    if results is None and isinstance(found, dict) and found.get("count") == 0:
        results = []
    if not isinstance(results, list):
        raise NotAFeedError("the answer is not the Federal Register's list of documents")
    items = [item for one in results if isinstance(one, dict) and (item := document(one, answer.url))]
    return Parsed(items=tuple(items), title="Federal Register", lang="en", total=len(results))


def document(values: "dict[str, Any]", page_url: str, *, on_file: bool = False) -> Item | None:
    """Turn one document into an item; None without number or title. `on_file`: not yet published, public inspection."""
    number = squeeze(str(values.get("document_number") or ""), 40)
    title = plain(str(values.get("title") or ""), TITLE_CHARS)
    if not number or not title:
        return None
    sentences = [
        _sentence("", values.get("abstract")),
        _sentence("Action: ", values.get("action")),
        _sentence("Dates: ", values.get("dates")),
        _sentence("Effective on ", values.get("effective_on")),
        _sentence("Comments close on ", values.get("comments_close_on")),
        _sentence("Issued by ", _agencies(values)),
        _sentence("Excerpt: ", values.get("excerpts")),
    ]
    filed = read_time(str(values.get("filed_at") or "")) if on_file else None
    return Item(
        title=title,
        summary=" ".join(sentence for sentence in sentences if sentence),
        url=link(str(values.get("html_url") or values.get("pdf_url") or ""), page_url),
        guid=number,
        published_at=filed or read_time(str(values.get("publication_date") or ""), day_at=ISSUE_AT),
        lang="en",
        instruments=_instruments(values, number),
        identity=f"fr:{number}",
    )


def _instruments(values: "dict[str, Any]", number: str) -> tuple[str, ...]:
    order = str(values.get("executive_order_number") or "").strip()
    return (f"FR {number}", *((f"EO {order}",) if _ORDER.fullmatch(order) else ()))


def _agencies(values: "dict[str, Any]") -> str:
    agencies = values.get("agencies")
    if not isinstance(agencies, list):
        return ""
    names = [str(one.get("name") or one.get("raw_name") or "") for one in agencies if isinstance(one, dict)]
    return ", ".join(name for name in names if name)


def _sentence(start: str, value: object) -> str:
    text = plain(value) if isinstance(value, str) else ""
    if not text:
        return ""
    return start + text + ("" if text[-1] in ".!?…" else ".")


KIND = Kind(request=request, parse=parse)
