from dataclasses import replace

import pytest

from bot.ingest.discovery import candidates, discover, make_source
from bot.ingest.fetching import Fetcher
from bot.ingest.parsing import InlineParsers
from tests.fakes.feed_faults import NOW, Entry, Reply, rss, series
from tests.fakes.feed_server import FeedServer

PARSERS = InlineParsers()


def page(markup: str) -> Reply:
    return Reply(body=f"<!doctype html><html>{markup}</html>".encode(), headers={"Content-Type": "text/html"})


async def test_a_feed_is_its_own_discovery(server: FeedServer, fetcher: Fetcher) -> None:
    server.serve("/direct", rss(series(3)))
    found = await discover(server.url("/direct"), fetcher, PARSERS, now=NOW)
    assert [(one.url, one.items, one.title) for one in found.feeds] == [(server.url("/direct"), 3, "T")]


async def test_a_page_s_declared_feeds_are_tried_and_the_fullest_comes_first(
    server: FeedServer, fetcher: Fetcher
) -> None:
    server.serve(
        "/page",
        page(
            '<link rel="alternate" type="application/rss+xml" href="/few">'
            "<link href='/many' type='application/atom+xml' rel=alternate>"
            '<link rel="alternate" type="application/rss+xml" href="/feed-of-404">'
            '<link rel="stylesheet" href="/style.css">'
        ),
    )
    server.serve("/few", rss(series(1)))
    server.serve("/many", rss(series(5)))
    found = await discover(server.url("/page"), fetcher, PARSERS, now=NOW)
    assert [one.url for one in found.feeds] == [server.url("/many"), server.url("/few")]


async def test_a_page_without_feeds_says_so_after_few_requests(server: FeedServer, fetcher: Fetcher) -> None:
    server.serve("/bare", page("<p>nothing</p>" + '<a href="/rss/1">a</a>' * 500))
    found = await discover(server.url("/bare"), fetcher, PARSERS, now=NOW)
    assert found.feeds == ()
    assert "no feed found" in found.problem
    assert len(server.requests) <= 7


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/", "http://10.0.0.1/", "file:///etc/passwd", "http://["])
async def test_discovery_goes_through_the_guard(fetcher: Fetcher, target: str) -> None:
    found = await discover(target, fetcher, PARSERS, now=NOW)
    assert found.feeds == ()
    assert found.problem


def test_candidates_are_absolute_unique_and_harmless() -> None:
    markup = (
        '<a href="javascript:rss()">x</a><a href="/a.rss">x</a><a href="/a.rss">x</a><a href="/comments/feed">x</a>'
    )
    found = [url for url, _ in candidates(markup, "https://paper.test/news/")]
    assert found[0] == "https://paper.test/a.rss"
    assert len(found) == len(set(found))
    assert all(url.startswith("https://paper.test/") for url in found)


async def test_a_found_feed_becomes_a_source_with_a_free_id(server: FeedServer, fetcher: Fetcher) -> None:
    server.serve("/undated", rss([Entry(title="a", link="/a"), Entry(title="b", link="/b")]))
    (found,) = (await discover(server.url("/undated"), fetcher, PARSERS, now=NOW)).feeds
    found = replace(found, url="https://www.paper.test/feed", lang="de-DE")
    made = make_source(found, {"paper-test"})
    assert (made.id, made.publisher, made.lang, made.known_by) == ("paper-test-2", "paper.test", "de", "user")
    assert made.options == {"undated": "accept"}


@pytest.mark.parametrize(
    "query", ["?key=${HOME}", "?key=%24%7BHOME%7D", "?api_key=5e7c1a9b0d", "?a=1&token=5e7c1a9b0d#x"]
)
async def test_an_address_with_a_secret_is_refused_before_anything_is_asked(
    server: FeedServer, fetcher: Fetcher, query: str
) -> None:
    server.serve("/direct", rss(series(3)))
    found = await discover(server.url("/direct") + query, fetcher, PARSERS, now=NOW)
    assert found.feeds == ()
    assert "sources file" in found.problem
    assert "5e7c1a9b0d" not in found.problem
    assert server.requests == []


async def test_a_page_cannot_name_secrets_of_this_machine_nor_hand_out_its_own(
    server: FeedServer, fetcher: Fetcher
) -> None:
    places = ["/a.rss?k=${HOME}", "/b.rss?k=$%7BHOME%7D", "/c.rss?token=5e7c1a9b0d", "/d.rss"]
    server.serve("/page", page("".join(f'<link type="application/rss+xml" href="{place}">' for place in places)))
    for place in places:
        server.serve(place.partition("?")[0], rss(series(2)))
    found = await discover(server.url("/page"), fetcher, PARSERS, now=NOW)
    assert [one.url for one in found.feeds] == [server.url("/d.rss")]


async def test_a_feed_that_moves_to_an_address_with_a_secret_is_refused(server: FeedServer, fetcher: Fetcher) -> None:
    server.serve("/direct", Reply(status=302, headers={"Location": "/there?token=5e7c1a9b0d"}))
    server.serve("/there", rss(series(2)))
    found = await discover(server.url("/direct"), fetcher, PARSERS, now=NOW)
    assert found.feeds == ()
    assert "it leads elsewhere" in found.problem
    assert "5e7c1a9b0d" not in found.problem
