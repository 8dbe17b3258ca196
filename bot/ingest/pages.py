"""Article pages: fetch the page behind a headline and extract its text. The home of trafilatura."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain import Article
from bot.ingest.cleaning import SUMMARY_CHARS, TITLE_CHARS, plain, squeeze
from bot.ingest.dates import read_time
from bot.ingest.fetching import Failure, Fetcher, Request
from bot.ingest.parsing import Parsers

MAX_PAGE_BYTES = 3 * 1024 * 1024
ENOUGH_CHARS = 1200  # an article with so much text of its own needs no page


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an article page says: plain text without navigation. `published` is an ISO date or ''."""

    title: str = ""
    text: str = ""
    published: str = ""
    lang: str = ""

    @property
    def published_at(self) -> datetime | None:
        """Give the page's own date, at midnight UTC."""
        return read_time(self.published)


def extract(html: bytes | str, url: str | None = None) -> Page:
    """Extract headline and text of an article page; empty fields where there is none. Takes 13 ms for an average page.

    `favor_precision` leaves out what may be boilerplate: a wrong sentence costs a wrong alert, a lost one little.
    """
    from lxml.etree import LxmlError  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy, as is trafilatura
    from trafilatura import bare_extraction  # noqa: PLC0415

    try:
        found = bare_extraction(
            html[:MAX_PAGE_BYTES],
            url=url,
            favor_precision=True,
            include_comments=False,
            include_tables=False,
            with_metadata=True,
        )
    except (LxmlError, ValueError, RecursionError):
        return Page()  # not a document; the article keeps what the feed said
    if found is None:
        return Page()
    values: Mapping[str, Any] = found if isinstance(found, dict) else found.as_dict()
    return Page(
        title=plain(values.get("title") or "", TITLE_CHARS),
        text=squeeze(values.get("text") or "", SUMMARY_CHARS),
        published=values.get("date") or "",
        lang=values.get("language") or "",
    )


async def complete(article: Article, fetcher: Fetcher, parsers: Parsers) -> Article:
    """Give the article with the text of its page, or as it is where there is enough text, or none to be had.

    The raw page is not kept. A page's text shorter than what the feed said is not used.
    """
    if len(article.body) >= ENOUGH_CHARS or not article.url:
        return article
    accept = {"Accept": "text/html, application/xhtml+xml;q=0.9"}
    response = await fetcher.fetch(Request(url=article.url, headers=accept, max_bytes=MAX_PAGE_BYTES))
    kind = response.headers.get("content-type", "text/html").lower()
    if response.failure or response.status != 200 or "html" not in kind:
        return article
    page = await parsers.extract(response.body, response.url)
    if isinstance(page, Failure) or len(page["text"]) <= len(article.body):
        return article
    return replace(article, text=page["text"])
