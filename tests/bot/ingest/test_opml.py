from dataclasses import replace

import pytest

from bot.errors import InputError
from bot.ingest.catalog import load_catalog
from bot.ingest.opml import read_opml, write_opml

LIST = b"""<?xml version="1.0"?><opml version="2.0"><body><outline text="Trade">
<outline type="rss" text="A &amp; B" xmlUrl="https://a.test/feed?x=1&amp;y=2" htmlUrl="https://a.test/"/>
<outline title="Again" xmlUrl="https://a.test/feed?x=1&amp;y=2"/>
<outline title="Local" xmlUrl="file:///etc/passwd"/>
<outline xmlurl="http://b.test/rss"/></outline></body></opml>"""


def test_feeds_are_read_from_folders_once_and_http_only() -> None:
    found = read_opml(LIST)
    assert [(one.title, one.url) for one in found] == [
        ("A & B", "https://a.test/feed?x=1&y=2"),
        ("http://b.test/rss", "http://b.test/rss"),
    ]


def test_a_login_stays_with_its_address_so_that_it_is_refused_rather_than_lost() -> None:
    (found,) = read_opml(b'<opml><outline xmlUrl="https://me:hunter2@a.test/feed"/></opml>')
    assert found.url == "https://me:hunter2@a.test/feed"
    assert "hunter2" not in found.title


def test_references_are_written_and_older_secrets_are_not() -> None:
    named = replace(load_catalog()[0], url="https://me:${PASS}@a.test/feed?key=${KEY}")
    clear = replace(named, url="https://me:hunter2@a.test/feed?key=hunter2")
    assert 'xmlUrl="https://me:${PASS}@a.test/feed?key=${KEY}"' in write_opml([named])
    assert "hunter2" not in write_opml([clear])


def test_what_is_written_can_be_read() -> None:
    catalog = load_catalog()
    found = read_opml(write_opml(catalog).encode())
    assert {one.title for one in found} <= {one.name for one in catalog}
    assert len(found) == len({one.url for one in catalog})


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not OPML"),
        (b"<opml><body>", "line 1: not OPML"),
        (b"<rss/>", "not OPML"),
        (b'<!DOCTYPE o [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><opml>&b;</opml>', "declares the entity"),
        (b'<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml>&a;</opml>', "declares the entity"),
        (b"<opml>" + b"<outline>" * 100, "nested deeper"),
        (b"<opml>" + b" " * 3_000_000, "larger than"),
        (b"<opml>" + b"".join(b'<outline xmlUrl="http://a.test/%d"/>' % n for n in range(2500)), "more than 2000"),
    ],
)
def test_bad_lists_are_refused_in_words(body: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_opml(body)
