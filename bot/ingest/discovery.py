"""Find the feeds behind an address that a user gives: the feed itself, what its page links, or the usual places."""

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from bot.domain import Source, SourceKind
from bot.ingest.cleaning import link
from bot.ingest.fetching import Failure, Fetcher, Request
from bot.ingest.items import Parsed
from bot.ingest.parsing import Parsers
from bot.ingest.polling import judge
from bot.ingest.references import REFUSED_HERE, has_reference, literal_secret

MAX_TRIED = 6
MAX_PAGE_BYTES = 2 * 1024 * 1024
USUAL_PLACES = ("/feed/", "/rss.xml", "/atom.xml", "/feed.xml", "/rss", "/index.xml")

_LINK_TAG = re.compile(r"<link\b([^<>]{1,2000})>", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\b([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,20})\s*=\s*(?:\"([^\"]{0,1500})\"|'([^']{0,1500})'|([^\s\"'>]{1,1500}))")
_FEED_TYPE = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json", re.IGNORECASE)
_FEED_PATH = re.compile(r"(?:^|[/._?=-])(?:rss|atom|feeds?)(?:[/._?=&-]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed that answered and holds items, or none yet. `undated`: none of its items has a date."""

    url: str
    title: str
    home: str
    lang: str
    items: int
    undated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """The feeds found, the best first; `problem` says why there is none."""

    feeds: tuple[FoundFeed, ...] = ()
    problem: str = ""


async def discover(url: str, fetcher: Fetcher, parsers: Parsers, *, now: datetime) -> Discovery:
    """Look at an address and, where it is a page, at no more than six candidates that it links or that are usual.

    An address with a secret in it is not asked for: what is added in a chat or at the command line is stored as it is.
    """
    if "://" not in url:
        url = f"https://{url}"
    unsafe = refuse_secret(url)
    if unsafe:
        return Discovery(problem=unsafe)
    response = await fetcher.fetch(Request(url=url, max_bytes=MAX_PAGE_BYTES))
    failure = judge(response)
    if failure:
        return Discovery(problem=failure.text)
    source = _probe(response.url)
    parsed = await parsers.parse(source, response, {}, at=now)
    if isinstance(parsed, Parsed):
        unsafe = refuse_secret(response.url)
        return Discovery(problem=f"it leads elsewhere, and there {unsafe}") if unsafe else _alone(response.url, parsed)
    page = response.body.decode("utf-8", "replace")
    found: dict[str, FoundFeed] = {}
    for number, (candidate, guessed) in enumerate(candidates(page, response.url)):
        if number == MAX_TRIED or (guessed and found):
            break
        feed = await _try(candidate, fetcher, parsers, now=now)
        if feed and not refuse_secret(feed.url):
            found.setdefault(feed.url, feed)
    if not found:
        return Discovery(problem=f"no feed found there ({parsed.text})")
    return Discovery(feeds=tuple(sorted(found.values(), key=lambda one: -one.items)))


def refuse_secret(url: str) -> str:
    """Say why an address that anybody gave may not be stored, or ''."""
    if has_reference(url):
        return REFUSED_HERE
    problem = literal_secret(url)
    if not problem:
        return ""
    return f"{problem}: whoever runs the bot may name it in the sources file as ${{NAME}} (docs/sources.md)"


def _alone(url: str, parsed: Parsed) -> Discovery:
    return Discovery(feeds=(_found(url, parsed),))


def candidates(page: str, page_url: str) -> Iterator[tuple[str, bool]]:
    """Give a page's declared feeds, then links that look like one, then its host's usual places (True: guessed)."""
    declared = [_attributes(tag) for tag in _LINK_TAG.findall(page)]
    places = [a["href"] for a in declared if "href" in a and _FEED_TYPE.search(a.get("type", ""))]
    places += [a["href"] for a in map(_attributes, _ANCHOR.findall(page)) if _FEED_PATH.search(a.get("href", ""))]
    usual = [urljoin(page_url, place) for place in USUAL_PLACES]
    seen: set[str] = set()
    for place in (*places, *usual):
        url = link(place, page_url)
        if url and url not in seen and "comments" not in url and not refuse_secret(url):
            seen.add(url)
            yield url, place in usual


def make_source(found: FoundFeed, taken: Collection[str], *, tier: int = 4) -> Source:
    """Make a source of a found feed, with an id that is not in `taken`."""
    parts = urlsplit(found.url)
    host = (parts.hostname or "feed").removeprefix("www.").removeprefix("feeds.")
    stem = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:48] or "feed"
    number, name = 1, stem
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return Source(
        id=name,
        name=(found.title or host)[:120],
        url=found.url,
        kind=SourceKind.FEED,
        tier=tier,
        publisher=host,
        lang=found.lang[:2].lower() or "en",
        known_by="user",
        options={"undated": "accept"} if found.undated else {},
    )


async def _try(url: str, fetcher: Fetcher, parsers: Parsers, *, now: datetime) -> FoundFeed | None:
    response = await fetcher.fetch(Request(url=url))
    if judge(response):
        return None
    parsed = await parsers.parse(_probe(response.url), response, {}, at=now)
    return None if isinstance(parsed, Failure) else _found(response.url, parsed)


def _found(url: str, parsed: Parsed) -> FoundFeed:
    dated = [item for item in parsed.items if item.published_at]
    return FoundFeed(
        url=url,
        title=parsed.title,
        home=parsed.home,
        lang=parsed.lang,
        items=len(parsed.items),
        undated=bool(parsed.items) and not dated,
    )


def _probe(url: str) -> Source:
    return Source(id="probe", name="probe", url=url, kind=SourceKind.FEED, tier=4, publisher="probe")


def _attributes(tag: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(tag)
    return {name.lower(): html.unescape(double or single or bare).strip() for name, double, single, bare in found}
