from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import Article
from bot.ingest.fetching import Fetcher
from bot.ingest.pages import complete, complete_all, extract
from bot.ingest.parsing import InlineParsers
from tests.fakes.feed_faults import NOW, Reply
from tests.fakes.feed_server import FeedServer

PARAGRAPHS = [
    "The ministry said on Tuesday that exporters of permanent magnets will need a licence for every shipment.",
    "The rule takes effect next month and covers alloys as well as finished parts, an official said at a briefing.",
    "Makers of motors in three countries said that they hold stocks for about six weeks and look for other suppliers.",
    "Analysts expect prices to rise, since few plants outside the country can replace what they now buy there.",
]
PAGE = (
    "<!doctype html><html><head><title>Magnets need a licence</title></head><body><nav><a href='/'>Home</a> "
    "<a href='/about'>About us</a></nav><article><h1>Magnets need a licence</h1>"
    + "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    + "</article><footer>Subscribe to our newsletter</footer><script>alert('x')</script></body></html>"
)
ARTICLE = Article(
    id="a", source_id="paper", publisher="The Paper", tier=3, lang="en", url="", title="Magnets", fetched_at=NOW
)


def test_a_page_gives_its_title_and_text_without_its_furniture() -> None:
    page = extract(PAGE, "https://paper.test/a")
    assert page.title == "Magnets need a licence"
    assert all(text in page.text for text in PARAGRAPHS)
    assert "newsletter" not in page.text
    assert "alert" not in page.text


@pytest.mark.parametrize("body", [b"", b"\x00\x01", b"<", b"{}", "plain words".encode("utf-16"), b"<html></html>"])
def test_what_is_no_article_gives_an_empty_page(body: bytes) -> None:
    assert extract(body, "https://paper.test/a").text in {"", "plain words"}


async def test_a_headline_is_completed_from_its_page(server: FeedServer, fetcher: Fetcher) -> None:
    server.serve("/story", Reply(body=PAGE.encode(), headers={"Content-Type": "text/html; charset=utf-8"}))
    done = await complete(replace(ARTICLE, url=server.url("/story")), fetcher, InlineParsers())
    assert PARAGRAPHS[0] in done.text
    assert "<" not in done.text


@pytest.mark.parametrize("path", ["/404", "/redirect-private", "/infinite", "/feed/a"])
async def test_an_article_stays_as_it_is_where_its_page_gives_nothing(
    server: FeedServer, fetcher: Fetcher, path: str
) -> None:
    article = replace(ARTICLE, url=server.url(path))
    assert await complete(article, fetcher, InlineParsers()) == article


async def test_an_article_with_a_text_of_its_own_is_not_fetched(
    server: FeedServer, fetcher: Fetcher, tmp_path: Path
) -> None:
    article = replace(ARTICLE, url=server.url("/story"), summary="word " * 400)
    assert await complete(article, fetcher, InlineParsers()) == article
    assert server.requests == []


async def test_the_newest_of_a_poll_are_completed_side_by_side(server: FeedServer, fetcher: Fetcher) -> None:
    articles = []
    for number in range(5):
        server.serve(f"/{number}", Reply(body=PAGE.encode(), headers={"Content-Type": "text/html"}))
        at = NOW + timedelta(minutes=number)
        articles.append(replace(ARTICLE, id=f"a{number}", url=server.url(f"/{number}"), published_at=at))
    done = await complete_all(articles, fetcher, InlineParsers(), most=3)
    assert [one.id for one in done] == [one.id for one in articles]
    assert [bool(one.text) for one in done] == [False, False, True, True, True]
    assert await complete_all([], fetcher, InlineParsers()) == ()


async def test_a_page_that_drips_holds_nothing_up(server: FeedServer, fetcher: Fetcher) -> None:
    server.serve("/quick", Reply(body=PAGE.encode(), headers={"Content-Type": "text/html"}))
    slow = replace(ARTICLE, id="slow", url=server.url("/drip-body"))
    quick = replace(ARTICLE, id="quick", url=server.url("/quick"))
    done = await complete_all([slow, quick], fetcher, InlineParsers(), within=timedelta(seconds=0.5))
    assert done[0] == slow
    assert done[1].text
