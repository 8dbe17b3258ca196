"""Article pages: fetch the page behind a headline and extract its text. The home of trafilatura."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import Article
from bot.ingest.cleaning import SUMMARY_CHARS, TITLE_CHARS, plain, squeeze
from bot.ingest.dates import read_time
from bot.ingest.fetching import Failure, Fetcher, Request
from bot.ingest.parsing import Parsers

MAX_PAGE_BYTES = 3 * 1024 * 1024
ENOUGH_CHARS = 1200  # an article with so much text of its own needs no page
MOST_PAGES = 20  # of one poll, the newest; a source that brings more is told of by its headlines
WITHIN = timedelta(seconds=60)  # for all pages of one poll: news must not wait for them


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


async def complete_all(
    articles: Sequence[Article],
    fetcher: Fetcher,
    parsers: Parsers,
    *,
    most: int = MOST_PAGES,
    within: timedelta = WITHIN,
) -> tuple[Article, ...]:
    """Complete the newest `most` articles of one poll side by side; what is not there in time stays as it is.

    The fetcher keeps to its pace for each host.
    """
    newest = sorted(articles, key=lambda article: article.at, reverse=True)[:most]
    tasks = {one.id: asyncio.create_task(complete(one, fetcher, parsers)) for one in newest}
    if not tasks:
        return tuple(articles)
    try:
        done, _ = await asyncio.wait(tasks.values(), timeout=within.total_seconds())
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    return tuple(tasks[one.id].result() if one.id in tasks and tasks[one.id] in done else one for one in articles)


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
