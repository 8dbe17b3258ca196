"""Whatever feeds write into a story, the page shows as text: no tag, attribute, script or link comes from outside."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import Match, Source, SourceKind
from bot.ingest.memory import SourceMemory
from bot.storage import sources as source_rows
from bot.storage import stories as story_rows
from tests.fakes.pages import make_app, put, read, visiting
from tests.fakes.values import NOW, assessment, member, story

NAUGHTY = Path(__file__).parents[4] / "shared" / "data" / "blns.json"
OWN = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</textarea></style></script><svg onload=alert(1)>",
    "<!-- --><base href=//evil.example>",
    "{{ 7*7 }} {% raw %} ${7*7} #{7*7}",
    "javascript:alert(1)",
    "\x00\x01\x08\x0b\x1b[31mred\x7f",
    "\u202egnp.exe\u202c \u2066isolated",
    "\ud800 half a pair \udfff",
    "&lt;b&gt; &amp;amp; &#60;script&#62;",
    "a" * 20_000,
    "\u0627\u0644\u0635\u064a\u0646 تقيد",
    "%00%0d%0aSet-Cookie: a=b\r\nSet-Cookie: c=d",
    "",
    " ",
]
LINKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox",
    "file:///etc/passwd",
    "//evil.example/x",
    "/stories/aa11",
    "http://user:pass@host.example/",
    "https://[::1",
    "https://",
    "ftp://host.example/",
    'https://host.example/"onmouseover="alert(1)',
    "https://host.example/<script>",
    "h\x00ttps://host.example/",
    "https://host.example/" + "a" * 5_000,
]
PAGES = ("/", "/stories/ee55", "/sources", "/?q=topic:export_control")


def _naughty():
    return [text for text in json.loads(NAUGHTY.read_text(encoding="utf-8")) if text] if NAUGHTY.exists() else []


def _store(engine, text, link):
    text = text.encode("utf-8", "replace").decode() if engine.dialect.name == "sqlite" else text
    with engine.begin() as tx:
        own = member(article_id="e1", source_id="ee", publisher=text, title=text, url=link, official=True)
        words = {"entities": (text,), "goods": (text,), "instruments": (text,), "issuers": (text,), "targets": (text,)}
        judged = assessment(
            article_id="e1",
            reason=text,
            matches=(Match(rule_id=text, title=text, words=(text, text)),),
            terms=((text, 1.0),),
            model_version=text,
            rules_version=text,
        )
        put(tx, story(id="ee55", headline=text, articles=(own,), **words), judged=judged, title=text or "x")
        plain = Source(id="ee", name=text, url=link, kind=SourceKind.FEED, tier=9, publisher=text, lang=text[:16])
        source_rows.add(tx, plain, added_by=text[:64])
        source_rows.save_memory(tx, "ee", SourceMemory(last_polled_at=NOW, last_status=text, error_streak=4))


async def _look(engine):
    async with visiting(make_app(engine, model={"version": "v"})) as client:
        for address in PAGES:
            answer = await client.get(address)
            assert answer.status_code == 200
            page = read(answer)
            assert "set-cookie" not in answer.headers
            for link in page.outside():
                assert "@" not in link
                assert "script" not in link.partition("?")[0].partition("/")[0]


@pytest.mark.parametrize("text", OWN, ids=[ascii(text[:24]) for text in OWN])
async def test_hostile_words_stay_words(engine, text):
    _store(engine, text, "https://host.example/x")
    await _look(engine)


@pytest.mark.parametrize("link", LINKS, ids=[ascii(link[:24]) for link in LINKS])
async def test_only_http_links_are_links(engine, link):
    _store(engine, "A headline", link)
    await _look(engine)


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the Big List of Naughty Strings is not here")
async def test_every_naughty_string_stays_text(engine):
    texts = _naughty()
    with engine.begin() as tx:
        for number, text in enumerate(texts):
            own = member(article_id=f"n{number}", title=text, url=f"https://wire.example/{number}")
            put(tx, replace(story(id=f"n{number}", headline=text, articles=(own,)), entities=(text,)))
        story_rows.save_assessments(tx, [assessment(article_id="n0", reason=texts[0])], now=NOW)
    async with visiting(make_app(engine)) as client:
        seen = 0
        for number in range(1, (len(texts) + 3) // 20 + 2):
            page = read(await client.get(f"/?page={number}"))
            seen += sum(1 for address, _ in page.links if address.startswith("/stories/n"))
        assert seen == len(texts)
        for number in range(0, len(texts), 25):
            read(await client.get(f"/stories/n{number}"))


@pytest.mark.parametrize("text", OWN, ids=[ascii(text[:24]) for text in OWN])
async def test_hostile_words_of_a_visitor_are_echoed_as_text(page, text):
    async with visiting(page) as client:
        asked = {"q": text, "topic": text[:2_000], "page": text[:2_000]}
        answer = await client.get(
            "/", params={name: value.encode("utf-8", "replace")[:3_000] for name, value in asked.items()}
        )
        assert answer.status_code in {200, 400}
        read(answer)


async def test_a_hostile_scorecard_stays_text(engine, tmp_path):
    card = tmp_path / "card.md"
    lines = [
        f"# {OWN[0]}",
        OWN[1],
        f"| {OWN[2]} | b |",
        "|---|---|",
        f"| `{OWN[4]}` | [x](javascript:alert(1)) |",
        "```",
    ]
    card.write_bytes("\n".join([*lines, *OWN[:8]]).encode("utf-8", "replace") + b"\xff\xfe")
    async with visiting(make_app(engine, scorecard=card, model={"version": OWN[0]})) as client:
        page = read(await client.get("/scorecard"))
    assert page.outside() == []
