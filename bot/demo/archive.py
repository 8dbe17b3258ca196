"""Read the demonstration news; write it as RSS, Atom, JSON Feed and Federal Register answers. Pure but for the file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape

import yaml

from bot.domain import Source, SourceKind, derive_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of demonstration news; `document` holds the Federal Register's own fields where it is one."""

    source_id: str
    at: datetime
    title: str
    body: str
    document: Mapping[str, Any] | None = None

    def url(self, root: str) -> str:
        """Give the item's address on the demonstration server."""
        return f"{root}/{self.source_id}/{derive_id(self.source_id, self.title)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """All demonstration news in order of publication, with the sources that carry it."""

    sources: tuple[Mapping[str, Any], ...]
    items: tuple[Item, ...]

    def source_values(self, root: str) -> tuple[Source, ...]:
        """Give the sources as the pipeline knows them, with their addresses under `root`."""
        return tuple(
            Source(
                id=entry["id"],
                name=entry["name"],
                url=f"{root}/{entry['id']}",
                kind=SourceKind(entry["kind"]),
                tier=entry["tier"],
                publisher=entry["publisher"],
            )
            for entry in self.sources
        )

    def answer(self, source_id: str, *, root: str, now: datetime) -> tuple[str, bytes] | None:
        """Give content type and body of a source's feed as it would stand at `now`; None for an unknown source."""
        entry = next((one for one in self.sources if one["id"] == source_id), None)
        if entry is None:
            return None
        shown = [item for item in self.items if item.source_id == source_id and item.at <= now][-30:][::-1]
        write = {"rss": _rss, "atom": _atom, "json": _json_feed}.get(entry.get("format", ""), _register)
        return write(entry, shown, root)


def load_archive() -> Archive:
    """Read the news that ships with the package."""
    raw = yaml.safe_load((files("bot.demo") / "news.yaml").read_text(encoding="utf-8"))
    items = [
        Item(
            source_id=entry["source"],
            at=entry["at"].astimezone(UTC),
            title=entry["title"],
            body=entry["body"].strip(),
            document=entry.get("document"),
        )
        for entry in raw["items"]
    ]
    return Archive(sources=tuple(raw["sources"]), items=tuple(sorted(items, key=lambda item: (item.at, item.title))))


def _rss(entry: Mapping[str, Any], items: Sequence[Item], root: str) -> tuple[str, bytes]:
    rows = "".join(
        f"<item><title>{escape(item.title)}</title><link>{item.url(root)}</link>"
        f'<guid isPermaLink="false">{derive_id(item.source_id, item.title)}</guid>'
        f"<pubDate>{format_datetime(item.at)}</pubDate><description>{escape(item.body)}</description></item>"
        for item in items
    )
    head = f"<title>{escape(entry['name'])}</title><link>{root}/{entry['id']}</link><description>demo</description>"
    text = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{rows}</channel></rss>'
    return "application/rss+xml; charset=utf-8", text.encode()


def _atom(entry: Mapping[str, Any], items: Sequence[Item], root: str) -> tuple[str, bytes]:
    rows = "".join(
        f"<entry><title>{escape(item.title)}</title><id>urn:demo:{derive_id(item.source_id, item.title)}</id>"
        f'<link href="{item.url(root)}"/><updated>{item.at.isoformat()}</updated>'
        f"<published>{item.at.isoformat()}</published><summary>{escape(item.body)}</summary></entry>"
        for item in items
    )
    updated = items[0].at.isoformat() if items else "2025-07-14T00:00:00+00:00"
    head = f"<title>{escape(entry['name'])}</title><id>urn:demo:{entry['id']}</id><updated>{updated}</updated>"
    text = f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{rows}</feed>'
    return "application/atom+xml; charset=utf-8", text.encode()


def _json_feed(entry: Mapping[str, Any], items: Sequence[Item], root: str) -> tuple[str, bytes]:
    rows = [
        {
            "id": derive_id(item.source_id, item.title),
            "url": item.url(root),
            "title": item.title,
            "content_text": item.body,
            "date_published": item.at.isoformat(),
        }
        for item in items
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": entry["name"], "items": rows}
    return "application/feed+json", json.dumps(feed, ensure_ascii=False).encode()


def _register(entry: Mapping[str, Any], items: Sequence[Item], root: str) -> tuple[str, bytes]:
    del entry
    results = []
    for item in items:
        document = item.document or {}
        results.append(
            {
                "document_number": document.get("number", derive_id(item.title)),
                "title": item.title,
                "type": document.get("type", "Notice"),
                "abstract": item.body,
                "publication_date": item.at.date().isoformat(),
                "html_url": item.url(root),
                "pdf_url": item.url(root) + ".pdf",
                "agencies": [{"name": document.get("agency", "Commerce Department")}],
                "effective_on": _day(document.get("effective_on")),
                "comments_close_on": _day(document.get("comments_close_on")),
            }
        )
    answer = {"count": len(results), "total_pages": 1, "results": results}
    return "application/json", json.dumps(answer, ensure_ascii=False).encode()


def _day(value: object) -> str | None:
    return None if value is None else str(value)
