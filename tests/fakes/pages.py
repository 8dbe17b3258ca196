"""A small world for the web page's tests, and a reader that checks every page that it is given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
from sqlalchemy import Connection, Engine
from starlette.applications import Starlette

from bot.domain import (
    AlertReason,
    Direction,
    Match,
    Severity,
    Source,
    SourceKind,
    Stage,
    Story,
    StoryArticle,
    Topic,
)
from bot.ingest.memory import SourceMemory
from bot.settings import Settings
from bot.storage import articles as article_rows
from bot.storage import sources as source_rows
from bot.storage import stories as story_rows
from bot.web.application import build_web
from rules.loading import Catalog, load, shipped
from tests.fakes.values import NOW, alert, article, assessment, member, story

TOKEN = "t0ken-of-the-test-page-0123456789"
_VOID = {"meta", "link", "img", "input", "br"}
_KNOWN_TAGS = """
    html head title body a header div nav ul li form button main footer p span small strong em code pre h1 h2 h3 h4
    label select option ol article section dl dt dd details summary time meter table caption thead tbody tr th td
    bdi q b meta link img input br
"""
_KNOWN_ATTRIBUTES = """
    lang charset name content rel href type class alt src width height aria-label aria-current aria-labelledby id
    tabindex method action role for value maxlength autocomplete spellcheck placeholder aria-describedby aria-invalid
    selected dir datetime min max open scope data-label required
"""


class Page(HTMLParser):
    """Reads a page strictly: `text` as a reader sees it, `links`, `ids`; an unknown tag or attribute is a failure."""

    known_tags = frozenset(_KNOWN_TAGS.split())
    known_attributes = frozenset(_KNOWN_ATTRIBUTES.split())

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []  # (address, rel)
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.controls: list[dict[str, str]] = []
        self.headings: list[int] = []
        self.tags: list[str] = []
        self.cards: list[str] = []
        self._open: list[str] = []
        self._pieces: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open, f"left open: {self._open}"
        self.text = " ".join(" ".join(self._pieces).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.known_tags, f"<{tag}> on a page"
        values = {name: value or "" for name, value in attrs}
        assert values.keys() <= self.known_attributes, f"<{tag}> with {set(values)}"
        self.tags.append(tag)
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "a":
            self.links.append((values["href"], values.get("rel", "")))
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "label":
            self.labels.add(values["for"])
        if tag in {"input", "select"}:
            self.controls.append(values)
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1:] == [tag], f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._pieces.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment on a page: {data!r}")

    def outside(self) -> list[str]:
        """Give the links that leave the page, each of which must be http(s) and tell nothing of where it was."""
        found = [(address, rel) for address, rel in self.links if not address.startswith(("/", "#"))]
        for address, rel in found:
            assert address.startswith(("http://", "https://")), address
            assert rel == "noopener noreferrer nofollow", address
        return [address for address, _ in found]


def read(answer: httpx.Response) -> Page:
    """Check an answer's headers and its page, and give what it holds."""
    check_headers(answer)
    page = Page(answer.content.decode("utf-8"))
    page.outside()
    assert len(page.ids) == len(set(page.ids)), page.ids
    for control in page.controls:
        assert control.get("type") == "hidden" or control["id"] in page.labels, control
    assert page.headings.count(1) == 1, page.headings
    assert all(step <= 1 for step in (b - a for a, b in zip([0, *page.headings], page.headings, strict=False)))
    for landmark in ("header", "main", "footer"):
        assert page.tags.count(landmark) == 1
    assert answer.text.lstrip().startswith('<!doctype html>\n<html lang="en">')
    return page


def check_headers(answer: httpx.Response) -> None:
    """Check what every answer says about itself."""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for directive in ("style-src 'self'", "img-src 'self'", "form-action 'self'", "base-uri 'none'"):
        assert directive in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


def make_app(engine: Engine, **changes: Any) -> Starlette:
    """Make the page over a database; `token` asks for it, the rest as `build_web` takes it."""
    token, model = changes.pop("token", ""), changes.pop("model", {})
    settings = Settings(web_token=token, zone="UTC", database_url="sqlite:///:memory:")
    given: dict[str, Any] = {
        "catalog": catalog,
        "clock": lambda: NOW,
        "scorecard": None,
        "model": lambda: model,
    } | changes
    return build_web(engine, settings, **given)


@asynccontextmanager
async def visiting(app: Starlette, *, address: str = "127.0.0.1", **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client on the page; faults of the page are raised in the test."""
    transport = httpx.ASGITransport(app, client=(address, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", **options) as client:
        yield client


_loaded: list[Catalog] = []


def catalog() -> Catalog:
    """Give the shipped rules, loaded once a test run."""
    if not _loaded:
        _loaded.append(load([shipped()]))
    return _loaded[0]


def put(tx: Connection, one: Story, *, judged: Any = None, title: str = "", summary: str = "") -> None:
    """Store a story with its articles and their assessments."""
    for each in one.articles:
        text = {"title": title or each.title, "summary": summary or f"{each.title}."}
        fetched = replace(
            article(),
            id=each.article_id,
            source_id=each.source_id,
            url=f"https://stored.example/{each.article_id}",
            tier=each.tier,
            **text,
        )
        article_rows.add_articles(tx, [replace(fetched, publisher=each.publisher, published_at=each.at)])
        story_rows.save_assessments(tx, [judged or replace(assessment(), article_id=each.article_id)], now=NOW)
    story_rows.save_story(tx, one, now=NOW)


def furnish(tx: Connection) -> None:
    """Store three stories of different kinds, their alerts, and sources in every state."""
    put(tx, gallium(), judged=None)
    put(tx, strike())
    put(tx, licence())
    for step, (reason, was, stage, severity, hours) in enumerate(
        [
            (AlertReason.NEW_STORY, "", Stage.RUMOUR, Severity.LOW, 0),
            (AlertReason.STAGE_CHANGED, "rumour", Stage.IN_FORCE, Severity.HIGH, 24),
            (AlertReason.SEVERITY_RAISED, "high", Stage.IN_FORCE, Severity.CRITICAL, 24),
            (AlertReason.MORE_SOURCES, "2", Stage.IN_FORCE, Severity.CRITICAL, 25),
        ]
    ):
        told = alert(id=f"al{step}", story_id="aa11", reason=reason, was=was, decided_at=_hours(hours))
        story_rows.save_alerts(tx, [(told, replace(gallium(), stage=stage, severity=severity))])
    judged = assessment(
        article_id="a2",
        reason="official instrument from a tier-1 source",
        matches=(Match(rule_id="us_ear_rule", title="Rule under the EAR", words=("Export", "export", "rule")),),
        terms=(("gallium", 2.25), ("talks", -0.5)),
        model_version="model-1",
        rules_version="rules-1",
    )
    story_rows.save_assessments(tx, [judged], now=NOW)
    for one, memory in sources():
        source_rows.add(tx, one, added_by="test")
        source_rows.save_memory(tx, one.id, memory)


def gallium() -> Story:
    """Make a story of three articles: a rumour on a wire, the official document, a copy."""
    return story(
        id="aa11",
        headline="Country bans exports of gallium",
        topics=(Topic.EXPORT_CONTROL, Topic.CRITICAL_MINERALS),
        stage=Stage.IN_FORCE,
        severity=Severity.CRITICAL,
        issuers=("US",),
        targets=("CN", "XX"),
        entities=("bis", "unknown_body"),
        goods=("rare_earths",),
        instruments=("FR 2025-1",),
        effective_on=date(2025, 7, 20),
        comment_due_on=date(2025, 9, 1),
        articles=(
            _article("a1", "wire", 2, "Country may ban gallium, sources say", 0),
            replace(_article("a2", "register", 1, "Ban of gallium exports: final rule", 23), official=True),
            replace(_article("a3", "copier", 4, "Country may ban gallium, sources say", 1), copy_of="a1"),
        ),
        first_at=NOW,
        last_at=_hours(25),
    )


def strike() -> Story:
    """Make an easing story without a stage."""
    return story(
        id="bb22",
        headline="Dockers end strike",
        topics=(Topic.LOGISTICS_DISRUPTION,),
        direction=Direction.EASING,
        stage=Stage.NONE,
        severity=Severity.LOW,
        articles=(_article("b1", "docks", 3, "Dockers end strike", 2),),
        last_at=_hours(2),
    )


def licence() -> Story:
    """Make the next step of the gallium story."""
    return story(
        id="cc33",
        headline="Ministry grants first gallium licences",
        direction=Direction.EASING,
        stage=Stage.ANNOUNCED,
        severity=Severity.MEDIUM,
        articles=(_article("c1", "wire", 2, "Ministry grants first gallium licences", 30),),
        follows="aa11",
        last_at=_hours(30),
    )


def sources() -> list[tuple[Source, SourceMemory]]:
    """Make a well, a failing and a paused source, one of which has a secret in its address."""
    plain = Source(
        id="wire", name="The Wire", url="https://wire.example/feed", kind=SourceKind.FEED, tier=2, publisher="wire"
    )
    secret = "https://user:canary-pass@feeds.example/private/canary-path?key=canary-key"
    polled = SourceMemory(last_polled_at=NOW, last_success_at=NOW, last_new_at=NOW, polls=3, last_status="3 items")
    return [
        (plain, polled),
        (
            replace(plain, id="keyed", name="Keyed feed", url=secret, tier=1),
            replace(polled, last_success_at=None, last_status=f"HTTP 500 from {secret}", error_streak=4),
        ),
        (replace(plain, id="off", name="Paused feed", url="https://off.example/"), SourceMemory(paused_reason="moved")),
    ]


def _article(article_id: str, publisher: str, tier: int, title: str, hours: float) -> StoryArticle:
    return member(
        article_id=article_id,
        source_id=publisher,
        publisher=publisher,
        tier=tier,
        url=f"https://{publisher}.example/{article_id}",
        title=title,
        at=_hours(hours),
    )


def _hours(hours: float) -> Any:
    return NOW + timedelta(hours=hours)
