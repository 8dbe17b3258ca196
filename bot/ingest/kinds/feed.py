"""RSS and Atom, and JSON Feed where a feed turns out to be one. The home of feedparser. Pure.

feedparser is the most forgiving reader there is, and quadratic on hostile text: its sanitiser and its resolving of
relative addresses inside HTML stay off, over-long fields are cut before, entities are never declared to it.
"""

import calendar
import io
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from bot.domain import Source
from bot.ingest.cleaning import SUMMARY_CHARS, TITLE_CHARS, link, plain, squeeze
from bot.ingest.dates import believable, read_time
from bot.ingest.defusing import MAX_ITEMS, defuse
from bot.ingest.items import Item, NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url
from bot.ingest.kinds import json_feed

# What feedparser is known to raise on ill-formed extensions (media, geo, licences); without those it reads on.
BREAKS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_EXTENSION = re.compile(rb"</?(?!content:|dc:|atom:|rdf:|a10:)[\w-]{1,40}:[^<>]*>")
_END = re.compile(rb"</(?:[\w.-]{1,40}:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_END_WITHIN = 4096  # bytes from the end: comments of caches and counters may follow
_DECLARATION = re.compile(rb"<\?xml[^>]{0,300}\?>")


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read a feed; raises NotAFeedError for HTML pages, empty bodies and other things without a feed in them."""
    head = answer.body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"{", b"[")):
        return json_feed.parse(source, answer, state)
    found = read(answer.body, answer.headers, answer.url)
    channel = found["feed"]
    if not found["version"] and not found["entries"]:
        raise NotAFeedError(_looks_like(head))
    entries = found["entries"][:MAX_ITEMS]
    zone = source.options.get("zone_hours", 0)
    hours = float(zone) if isinstance(zone, int | float) else 0.0
    items = [_item(entry, answer.url, hours) for entry in entries]
    notes = ("the feed is ill-formed",) if found["bozo"] and not items else ()
    whole = _END.search(answer.body[-_END_WITHIN:].replace(b"\0", b"")) is not None  # NUL: as UTF-16 writes it
    return Parsed(
        items=tuple(items),
        notes=notes,
        title=plain(str(channel.get("title", "")), TITLE_CHARS),
        home=link(str(channel.get("link", "")), answer.url),
        lang=squeeze(str(channel.get("language", "")), 16),
        ttl_minutes=_number(channel.get("ttl")),
        skip_hours=_skip_hours(answer.body),
        skip_days=_skip_days(answer.body),
        total=len(found["entries"]),
        whole=whole,
    )


def read(body: bytes, headers: Mapping[str, str], url: str) -> Any:
    """Run feedparser on a defused body and give its result; raises NotAFeedError where it cannot be brought to one."""
    import feedparser  # noqa: PLC0415 - heavy; only the parser's process needs it
    from feedparser.encodings import convert_to_utf8  # noqa: PLC0415

    wanted = {name: headers[name] for name in ("content-type", "content-language") if name in headers}
    try:
        data = convert_to_utf8(wanted, body, {}) if body.strip() else b""
    except (ValueError, LookupError):  # a name of an encoding that Python's codecs choke on
        data = _DECLARATION.sub(b"", body.decode("utf-8", "replace").encode(), count=1)
    wanted["content-type"] = "application/xml; charset=utf-8"
    wanted["content-location"] = url
    data = defuse(data)
    for attempt in (data, _EXTENSION.sub(b"", data)):
        with suppress(*BREAKS):
            # never bytes or text themselves: feedparser takes those for the name of a file first
            found = feedparser.parse(
                io.BytesIO(attempt), response_headers=wanted, sanitize_html=False, resolve_relative_uris=False
            )
            found.setdefault("version", "")  # feedparser leaves it out for an empty body
            return found
    raise NotAFeedError("the feed is broken in a way that no reader takes")


def _item(entry: Any, page_url: str, zone_hours: float) -> Item:
    title = plain(_text(entry, "title"), TITLE_CHARS)
    body = max((_text(part, "value") for part in entry.get("content", ())), key=len, default="")
    summary = plain(_text(entry, "summary"))
    text = plain(body) if body else ""
    summary, text = (summary, text if text != summary else "") if summary else (text, "")
    url = _link(entry, page_url)
    return Item(
        title=title or squeeze(summary, 160),
        summary=summary[:SUMMARY_CHARS],
        text=text,
        url=url,
        guid=_guid(entry, page_url),
        published_at=_published(entry, zone_hours),
    )


def _guid(entry: Any, page_url: str) -> str:
    """Give the id as written: feedparser takes a bare one for a relative address and resolves it."""
    prefix = urljoin(page_url, ".")
    return squeeze(_text(entry, "id"), 1000).removeprefix(prefix) if prefix else squeeze(_text(entry, "id"), 1000)


def _text(entry: Any, name: str) -> str:
    value = entry.get(name, "")
    return value if isinstance(value, str) else ""


def _link(entry: Any, page_url: str) -> str:
    candidates: Iterable[Any] = entry.get("links", ())
    ranked = [_text(entry, "link"), *(_text(one, "href") for one in candidates if one.get("rel") == "alternate")]
    ranked += [_text(entry, "id")] if _text(entry, "id").startswith(("http://", "https://")) else []
    ranked += [_text(one, "href") for one in candidates if one.get("rel") not in {"enclosure", "self"}]
    base = _text(entry.get("title_detail", {}), "base") or page_url  # xml:base where the entry has one
    return next((url for href in ranked if href and (url := link(href, base))), "")


def _published(entry: Any, zone_hours: float) -> datetime | None:
    for name in ("published", "updated", "created"):
        # plain dict access: feedparser's own gives `published` for a missing `updated`, with a warning
        raw, parsed = dict.get(entry, name), dict.get(entry, f"{name}_parsed")
        moment = None
        if parsed:
            with suppress(OverflowError, ValueError, OSError):
                moment = believable(datetime.fromtimestamp(calendar.timegm(parsed), UTC))
        if raw and (not parsed or zone_hours):
            moment = read_time(str(raw), zone_hours=zone_hours) or moment
        if moment:
            return moment
    return None


def _number(value: Any) -> int | None:
    text = str(value or "").strip()
    return int(text) if text.isdecimal() and len(text) < 8 else None


def _skip_hours(body: bytes) -> tuple[int, ...]:
    block = re.search(rb"<skipHours>(.{0,2000}?)</skipHours>", body[: 64 * 1024], re.DOTALL | re.IGNORECASE)
    found = re.findall(rb"<hour>\s*(\d{1,2})\s*</hour>", block[1]) if block else []
    return tuple(sorted({int(hour) % 24 for hour in found}))


def _skip_days(body: bytes) -> tuple[str, ...]:
    block = re.search(rb"<skipDays>(.{0,1000}?)</skipDays>", body[: 64 * 1024], re.DOTALL | re.IGNORECASE)
    found = re.findall(rb"<day>\s*([A-Za-z]{6,9})\s*</day>", block[1]) if block else []
    return tuple(day.decode().capitalize() for day in found)


def _looks_like(head: bytes) -> str:
    if not head.strip():
        return "the answer is empty"
    if b"<html" in head.lower() or b"<!doctype html" in head.lower():
        return "the answer is a web page, not a feed"
    return "the answer is no feed"


KIND = Kind(request=ask_url, parse=parse)
