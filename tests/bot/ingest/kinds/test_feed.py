import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Source, SourceKind
from bot.ingest.items import NotAFeedError, Parsed, from_json, to_json
from bot.ingest.kind import Answer
from bot.ingest.kinds import feed
from tests.fakes.feed_faults import HOSTILE, NOW, TITLES, Entry, atom, rss, series

SOURCE = Source(
    id="paper", name="The Paper", url="https://paper.test/feed", kind=SourceKind.FEED, tier=3, publisher="The Paper"
)


def parse(body: bytes, **headers: str) -> Parsed:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return feed.parse(SOURCE, Answer(url="https://paper.test/news/feed", headers=named, body=body, at=NOW), {})


def test_rss_becomes_items() -> None:
    parsed = parse(rss([Entry(title="A & B", link="/a", guid="7", at=NOW, summary="<p>One.</p> Two")]))
    (item,) = parsed.items
    assert (item.title, item.url, item.guid) == ("A & B", "https://paper.test/a", "7")
    assert (item.summary, item.published_at) == ("One. Two", NOW)
    assert (parsed.title, parsed.home) == ("T", "https://news.test/")


def test_atom_becomes_items() -> None:
    (item,) = parse(atom([Entry(title="A", link="https://x.test/a", guid="tag:x,2026:1", at=NOW, summary="S")])).items
    assert (item.title, item.url, item.guid, item.published_at) == ("A", "https://x.test/a", "tag:x,2026:1", NOW)


def test_a_json_feed_behind_a_feed_address_is_read() -> None:
    body = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 5, "title": "A", "url": "/a"}]}
    (item,) = parse(json.dumps(body).encode()).items
    assert (item.title, item.url, item.guid) == ("A", "https://paper.test/a", "5")


def test_full_text_and_summary_are_kept_apart() -> None:
    space = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    extra = f"<content:encoded {space}>&lt;p&gt;Whole text&lt;/p&gt;</content:encoded>"
    (item,) = parse(rss([Entry(at=NOW, summary="Lead", extra=extra)])).items
    assert (item.summary, item.text) == ("Lead", "Whole text")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-24 12:00:00", NOW),
        ("Tue, 24 Nov 2026 12:00:00 GMT", NOW),
        ("Tue, 24 Nov 2026 07:00:00 EST", NOW),
        ("2026-11-24T21:00:00+09:00", NOW),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("0000-00-00", None),
        ("not a date", None),
    ],
)
def test_dates_are_read_or_none(written: str, expected: datetime | None) -> None:
    (item,) = parse(rss([Entry(extra=f"<pubDate>{written}</pubDate>")])).items
    assert item.published_at == expected


def test_relative_links_follow_xml_base() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.test/x/"><title>T</title>
    <entry><title>A</title><id>1</id><link href="y"/></entry></feed>"""
    assert parse(body).items[0].url == "https://base.test/x/y"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"<!doctype html><html><body>Sign in</body></html>", "web page"),
        (b"plain text", "no feed"),
        (b'{"error": "busy"}', "JSON without a list"),
        (b'{"items": [', "not JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "no feed"),
    ],
)
def test_what_is_no_feed_is_said_to_be_none(body: bytes, words: str) -> None:
    with pytest.raises(NotAFeedError, match=words):
        parse(body)


@pytest.mark.parametrize("path", ["/lol", "/quadratic", "/xxe", "/ext-dtd"])
def test_entities_never_expand(path: str) -> None:
    begun = time.process_time()
    (item,) = parse(HOSTILE[path]().body).items
    assert item.title.startswith("Rule")
    assert "haha" not in item.title
    assert "root:" not in item.title + item.summary
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("path", ["/style-80k", "/comment-320k", "/author-32k", "/author-cdata", "/nest-100k"])
def test_quadratic_texts_cost_little_and_hide_nothing(path: str) -> None:
    begun = time.process_time()
    assert parse(HOSTILE[path]().body).items[-1].title == "The second item stands"
    assert time.process_time() - begun < 1.5


def test_items_beyond_the_cap_are_not_read() -> None:
    assert len(parse(HOSTILE["/items-20k"]().body).items) == 500


def test_charsets_are_found_out() -> None:
    lying = HOSTILE["/charset-lies"]()
    assert parse(lying.body, content_type=lying.headers["Content-Type"]).items[0].title == "Zölle für Graphit"
    assert parse(HOSTILE["/utf32-bom"]().body).items[0].title == "出口管制 notice"
    korean = rss([Entry(title="수출통제 고시", at=NOW)]).decode().replace("utf-8", "euc-kr").encode("euc-kr")
    assert parse(korean).items[0].title == "수출통제 고시"


@pytest.mark.parametrize("name", ["u\x00tf-8", "hex", "zlib", "idna", "none-such", "undefined", "utf-8" * 50, ""])
def test_odd_names_of_encodings_lose_nothing(name: str) -> None:
    body = rss([Entry(title="Zölle für Graphit", at=NOW)]).replace(b'"utf-8"', f'"{name}"'.encode())
    assert parse(body).items[0].title == "Zölle für Graphit"
    assert (
        parse(rss([Entry(title="Quota", at=NOW)]), content_type=f"text/xml; charset={name}").items[0].title == "Quota"
    )


@pytest.mark.parametrize("number", range(len(TITLES)))
def test_naughty_titles_come_out_plain(number: int) -> None:
    (item,) = parse(HOSTILE[f"/title-blns/{number}"]().body).items
    assert "<script" not in item.title
    assert len(item.title) <= 500
    assert not set(item.title) & set("\x00\x07\u202e\u2066\u200b\ufeff\U000e0041")


def test_ill_formed_feeds_are_read_as_far_as_possible() -> None:
    whole = rss(series(4))
    assert len(parse(whole[: whole.rindex(b"</item>") - 20]).items) == 4
    assert len(parse(whole.replace(b"</title>", b"", 2)).items) >= 3
    assert parse(rss([Entry(title="R&D", at=NOW)]).replace(b"R&amp;D", b"R&D")).items[0].title == "R&D"


def test_wishes_of_the_feed_are_read() -> None:
    head = "<ttl>90</ttl><skipHours><hour>3</hour><hour>24</hour></skipHours><skipDays><day>sunday</day></skipDays>"
    parsed = parse(rss(series(1), head=head))
    assert (parsed.ttl_minutes, parsed.skip_hours, parsed.skip_days) == (90, (0, 3), ("Sunday",))


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_no_bytes_break_the_reader(noise: bytes, at: int) -> None:
    body = rss(series(2))
    try:
        parsed = parse(body[:at] + noise + body[at:])
    except NotAFeedError:
        return
    assert from_json(json.loads(json.dumps(to_json(parsed)))) == parsed


def test_a_time_without_a_zone_takes_the_source_s() -> None:
    source = Source(
        id="kr", name="K", url="https://k.test/", kind=SourceKind.FEED, tier=1, publisher="K", options={"zone_hours": 9}
    )
    body = rss([Entry(extra="<pubDate>2026.11.24 21:00</pubDate>")])
    (item,) = feed.parse(source, Answer(url="https://k.test/", headers={}, body=body, at=NOW), {}).items
    assert item.published_at == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert item.published_at - NOW == timedelta(0)
