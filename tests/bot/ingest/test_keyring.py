"""Secrets go to the host that the sources file names and nowhere else, and nothing that comes back repeats them."""

import base64
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import Source, SourceKind
from bot.ingest.fetching import FailureKind, Fetcher, Request
from bot.ingest.keyring import Keyring
from bot.ingest.memory import SourceMemory
from bot.ingest.parsing import InlineParsers
from bot.ingest.polled import Polled
from bot.ingest.polling import poll
from bot.redaction import Redactor
from bot.settings import Settings
from tests.fakes.feed_faults import NOW, Entry, Reply, rss
from tests.fakes.feed_server import FeedServer

KEY = "k3y/with+odd&signs"
SECRETS = {"FEED_KEY": KEY, "FEED_PASS": "p4ss:word@home", "FEED_BEARER": "b34rer-0123456789"}


def read(name: str) -> str:
    if name not in SECRETS:
        raise LookupError(f"the secret {name} is not set")
    return SECRETS[name]


def source(url: str, **headers: str) -> Source:
    options: Mapping[str, object] = {"headers": headers} if headers else {}
    return Source(id="paper", name="Paper", url=url, kind=SourceKind.FEED, tier=3, publisher="p", options=options)


def fetcher_for(server: FeedServer, *sources: Source) -> Fetcher:
    keyring = Keyring(sources, read=read, redactor=Redactor())
    return Fetcher(guard=server.guard, resolve=server.resolve, host_gap=timedelta(0), keyring=keyring)


async def polled(server: FeedServer, one: Source, memory: SourceMemory | None = None) -> Polled:
    async with fetcher_for(server, one) as fetcher:
        return await poll(one, memory or SourceMemory(), fetcher, InlineParsers(), now=NOW)


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    with FeedServer() as running:
        yield running


def hidden(*values: object) -> bool:
    text = repr(values)
    forms = [
        *SECRETS.values(),
        "k3y%2Fwith",
        "k3y/with",
        "p4ss",
        "b34rer",
        base64.b64encode(b"me:p4ss:word@home").decode(),
    ]
    return not any(form in text for form in forms)


async def test_secrets_leave_in_address_login_and_header_and_the_references_are_kept(server: FeedServer) -> None:
    server.serve("/feed", rss([Entry()]))
    url = server.url("/feed", host="paper.test").replace("http://", "http://me:${FEED_PASS}@") + "?a=1&key=${FEED_KEY}"
    found = await polled(server, source(url, **{"X-Bearer": "Bearer ${FEED_BEARER}"}))
    (asked,) = server.requests
    assert asked.path == "/feed?a=1&key=k3y%2Fwith%2Bodd%26signs"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"me:p4ss:word@home").decode()
    assert asked.headers["x-bearer"] == "Bearer b34rer-0123456789"
    assert found.source.url == url
    assert len(found.items) == 1
    assert hidden(found)


async def test_a_feed_that_repeats_the_secret_everywhere_is_stored_without_it(server: FeedServer) -> None:
    link = f"https://paper.test/a?id=7&key={KEY.replace('/', '%2F').replace('+', '%2B').replace('&', '%26')}"
    written = KEY.replace("&", "&amp;")
    item = (
        f"<item><title>Ministry bans {written}</title><link>{link.replace('&', '&amp;')}</link>"
        f"<guid>{link.replace('&', '&amp;')}</guid><description>see {written}</description></item>"
    )
    body = f"<rss version='2.0'><channel><title>{written}</title><link>https://paper.test/</link>{item}</channel></rss>"
    server.serve("/feed", Reply(body=body.encode(), headers={"ETag": f'"{KEY}"', "Link": f"<{link}>; rel=self"}))
    found = await polled(server, source(server.url("/feed", host="paper.test") + "?key=${FEED_KEY}"))
    (item_found,) = found.items
    assert item_found.article.url == "https://paper.test/a?id=7"
    assert item_found.article.title == "Ministry bans ${FEED_KEY}"
    assert found.memory.etag == ""
    assert hidden(found)


async def test_a_redirect_that_repeats_the_secret_is_remembered_by_reference(server: FeedServer) -> None:
    place = server.url("/new", host="paper.test") + "?key=k3y%2fwith%2bodd%26signs"
    server.serve("/old", Reply(status=301, headers={"Location": place}))
    server.serve("/new", rss([Entry()]))
    one = source(server.url("/old", host="paper.test") + "?key=${FEED_KEY}")
    found = await polled(server, one)
    moving = found.memory.state["moving"]
    assert moving["to"] == server.url("/new", host="paper.test") + "?key=${FEED_KEY}"
    assert hidden(found)
    again = await polled(server, one, SourceMemory(moved_url=moving["to"]))
    assert again.failure is None
    assert server.requests[-1].path == "/new?key=k3y%2Fwith%2Bodd%26signs"


async def test_a_redirect_elsewhere_gets_no_header_and_is_not_taken_for_a_move(server: FeedServer) -> None:
    place = server.url("/new", host="other.test") + "?key=k3y%2Fwith%2Bodd%26signs"
    server.serve("/old", Reply(status=301, headers={"Location": place}))
    server.serve("/new", Reply(status=500))
    url = server.url("/old", host="paper.test") + "?key=${FEED_KEY}"
    found = await polled(server, source(url, **{"X-Bearer": "${FEED_BEARER}"}))
    assert "x-bearer" in server.requests[0].headers
    assert "x-bearer" not in server.requests[1].headers
    assert "moving" not in found.memory.state
    assert "other.test" in found.status
    assert hidden(found)


@pytest.mark.parametrize(
    "path",
    ["/reset-midway", "/header-200k", "/len-lies", "/404", "/feed-broken", "/redirect-loop"],
)
async def test_no_failure_repeats_the_secret(server: FeedServer, path: str) -> None:
    server.serve("/feed-broken", f"<html>{KEY}</html>")
    server.serve("/redirect-loop", Reply(status=302, headers={"Location": f"/redirect-loop?key={KEY}"}))
    found = await polled(server, source(server.url(path, host="paper.test") + "?key=${FEED_KEY}"))
    assert found.failure is not None
    assert hidden(found)


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        pytest.param("http://other.test/?key=${FEED_KEY}", "http://paper.test/?key=${FEED_KEY}", id="another host"),
        pytest.param("http://paper.test/?key=${FEED_PASS}", "http://paper.test/?key=${FEED_KEY}", id="another secret"),
        pytest.param("http://paper.test/?key=${HOME}", "http://paper.test/", id="any variable"),
    ],
)
async def test_what_the_sources_file_does_not_grant_is_never_sent(server: FeedServer, asked: str, granted: str) -> None:
    async with fetcher_for(server, source(granted)) as fetcher:
        response = await fetcher.fetch(Request(url=asked))
        header = await fetcher.fetch(Request(url="http://other.test/", headers={"X": "${FEED_KEY}"}))
    assert response.failure is not None
    assert response.failure.kind is FailureKind.REFUSED
    assert header.failure is not None
    assert server.requests == []


async def test_a_redirect_to_a_reference_resolves_nothing(server: FeedServer) -> None:
    server.serve("/old", Reply(status=301, headers={"Location": "/new?key=${FEED_PASS}"}))
    server.serve("/new", rss([Entry()]))
    await polled(server, source(server.url("/old", host="paper.test") + "?key=${FEED_KEY}"))
    assert hidden(server.requests[-1].path)


def test_missing_and_unfit_secrets_are_listed_once_each() -> None:
    secrets = {"SHORT": "abc", "BROKEN": "line\nbreak-inside"}

    def lookup(name: str) -> str:
        if name not in secrets:
            raise LookupError(f"the secret {name} is not set")
        return secrets[name]

    urls = ["https://x.test/?key=${GONE}", "https://x.test/b?key=${GONE}", "https://x.test/?a=${SHORT}&b=${BROKEN}"]
    faults = Keyring([source(url) for url in urls], read=lookup).faults("mine.yaml")
    assert [one.problem.split(" is ")[0].split(" holds ")[0] for one in faults] == [
        "the secret GONE",
        "the secret SHORT",
        "the secret BROKEN",
    ]
    assert faults[0].place == "mine.yaml, sources paper, paper"
    assert "GONE_FILE" in faults[0].remedy
    assert "abc" not in str(faults[1])


def test_settings_give_secrets_from_environment_files_and_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.settings import load_settings

    (tmp_path / "key").write_text("from-a-file\n", encoding="utf-8")
    (tmp_path / ".env").write_text("DOTTED=from-dot-env\nSTRAITWATCH_OWNER_ID=5\n", encoding="utf-8")
    monkeypatch.setenv("PLAIN", "from-environment")
    monkeypatch.setenv("FILED_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("LOST_FILE", str(tmp_path / "nowhere"))
    settings = load_settings(tmp_path / ".env")
    names = ("PLAIN", "FILED", "DOTTED")
    assert [settings.secret(name) for name in names] == ["from-environment", "from-a-file", "from-dot-env"]
    for name, why in {
        "NOT_THERE": "is not set",
        "LOST": "LOST_FILE names cannot be read",
        "STRAITWATCH_TELEGRAM_TOKEN": "sent to no source",
        "DATABASE_URL": "sent to no source",
    }.items():
        with pytest.raises(LookupError, match=why):
            settings.secret(name)


def test_settings_print_none_of_their_secrets() -> None:
    settings = Settings(
        _env_file=None,
        database_url="postgresql://me:p4ssw0rd%21@db/x",
        ping_url="https://ping.test/0a1b2c3d-uuid",
        web_token="w3b-token-0123456789",
    )
    assert {"p4ssw0rd!", "w3b-token-0123456789", "0a1b2c3d-uuid"} <= set(settings.secrets())
    assert not any(one in repr(settings) + str(settings) for one in ("p4ssw0rd", "w3b", "0a1b2c3d"))
