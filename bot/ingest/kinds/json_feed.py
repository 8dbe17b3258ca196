"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1), as forgiving as the feeds in the wild need it. Pure."""

import json
from typing import Any

from bot.domain import Source
from bot.ingest.cleaning import TITLE_CHARS, link, plain, squeeze
from bot.ingest.dates import read_time
from bot.ingest.items import Item, NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url

MAX_ITEMS = 500


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read a JSON Feed; raises NotAFeedError for other JSON."""
    del source, state
    feed = load_json(answer.body)
    entries = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(entries, list):
        raise NotAFeedError("the answer is JSON without a list of items")
    items = [_item(entry, answer.url) for entry in entries[:MAX_ITEMS] if isinstance(entry, dict)]
    return Parsed(
        items=tuple(items),
        title=plain(_text(feed, "title"), TITLE_CHARS),
        home=link(_text(feed, "home_page_url"), answer.url),
        lang=_text(feed, "language")[:16],
        total=len(entries),
    )


def load_json(body: bytes) -> Any:
    """Read JSON; raises NotAFeedError with the reason, also for nesting that is too deep."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except RecursionError:
        raise NotAFeedError("the answer is JSON that is nested too deeply") from None
    except ValueError as error:
        raise NotAFeedError(f"the answer is not JSON ({error})") from None


def _item(entry: "dict[str, Any]", page_url: str) -> Item:
    html, text = _text(entry, "content_html"), _text(entry, "content_text")
    body = plain(html or text)
    summary = plain(_text(entry, "summary")) or body
    title = plain(_text(entry, "title"), TITLE_CHARS) or squeeze(summary, 160)
    url = next((u for k in ("url", "external_url", "id") if (u := _absolute(_text(entry, k), page_url, k))), "")
    return Item(
        title=title,
        summary=summary,
        text=body if body != summary else "",
        url=url,
        guid=squeeze(str(entry.get("id") or ""), 1000),
        published_at=read_time(_text(entry, "date_published")) or read_time(_text(entry, "date_modified")),
        lang=_text(entry, "language")[:16],
    )


def _absolute(href: str, page_url: str, name: str) -> str:
    if not href or (name == "id" and not href.startswith(("http://", "https://"))):
        return ""
    return link(href, page_url)


def _text(values: "dict[str, Any]", name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


KIND = Kind(request=ask_url, parse=parse)
