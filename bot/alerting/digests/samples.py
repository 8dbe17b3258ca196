"""Invented digests, to try templates on: a busy week, a quiet one, a broken pipe, a day. Pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.alerting.digests.material import Personal, Pipe
from bot.alerting.digests.sheet import Sheet
from bot.alerting.digests.values import Change, DateAhead, DateKind, Digest, Entry, NearMiss, RuleReport, Trend
from bot.alerting.digests.wording import Limits, Wording
from bot.alerting.periods import Period
from bot.domain import AlertReason, Direction, Severity, Stage, Story, StoryArticle, Topic
from bot.telegram.strings import LANGUAGES, strings

_END = datetime(2026, 11, 23, 8, tzinfo=UTC)
_PICTURE = "Picture: in 14 days 30 alerts of tightening and 9 of easing."


def sample_digests() -> tuple[Digest, ...]:
    """Give digests that use everything a template can be given."""
    pipe = Pipe(read=1203, flagged=42, dropped=17, sources=42, healthy=41, failing=("Example Gazette",))
    busy = Digest(
        chat_key="42",
        period=Period(key="2026-W48", start=_END - timedelta(days=7), end=_END),
        zone="UTC",
        level=Severity.LOW,
        late=True,
        entries=tuple(_entry(number) for number in range(6)),
        dates=(
            DateAhead(
                on=date(2026, 12, 1), kind=DateKind.EFFECTIVE, title="A rule takes effect", url="https://a.example/1"
            ),
            DateAhead(on=date(2026, 12, 9), kind=DateKind.EXPIRES, title="A suspension ends", verify=True),
        ),
        trends=(
            Trend(topic=Topic.EXPORT_CONTROL, count=9, usual=4.25),
            Trend(topic=Topic.SANCTIONS, count=2, usual=None),
        ),
        rules=(
            RuleReport(name='Chips & <tools> "all"', hits=5, suppressed=2, snoozed=1),
            RuleReport(name="Old", paused=True),
            RuleReport(name="Odd", broken="line 1: a quotation mark is missing"),
        ),
        near=(
            NearMiss(
                title="Analysts expect a rule", url="https://a.example/2", publisher="A", probability=0.41, reason=""
            ),
        ),
        highest=0.41,
        pipe=pipe,
        personal=Personal(sent=5, useful=3, useless=1, skipped=(("2026-W47", "skipped"), ("2026-W46", "paused"))),
        unknown_zone="Atlantis/Capital",
        made_at=_END + timedelta(hours=3),
    )
    quiet = replace(
        busy, entries=(), dates=(), trends=(), rules=(), near=(), late=False, ruleless=True, personal=Personal()
    )
    broken = replace(quiet, pipe=Pipe(read=0, flagged=0, dropped=0, sources=42, healthy=3), daily=True)
    return busy, quiet, broken, replace(busy, preview=True)


def sample_sheets() -> tuple[Sheet, ...]:
    """Give the sample digests in words, in each language, with and without the text for a picture."""
    digests = sample_digests()
    return tuple(
        Wording(strings(lang)).sheet(digest, Limits(full=3, brief=2), picture=picture)
        for lang in LANGUAGES
        for picture in ("", _PICTURE)
        for digest in digests
    )


def _entry(number: int) -> Entry:
    articles = tuple(
        StoryArticle(
            article_id=f"a{number}{copy}",
            source_id=f"source{copy}",
            publisher=f"publisher {copy}",
            tier=copy + 1,
            url=f"https://news{copy}.example/{number}?a=1&b=2" if number else "",
            title=f"Ministry changes rule {number}",
            at=_END - timedelta(days=1),
            stage=Stage.ANNOUNCED,
            direction=Direction.TIGHTENING,
            severity=Severity.MEDIUM,
            potential=Severity.HIGH,
            official=copy == 0,
        )
        for copy in range(3)
    )
    story = Story(
        id=f"s{number}",
        headline=f'Ministry changes rule {number} for "chips" & <tools> [draft] *now*',
        topics=(list(Topic)[number % 3],) if number != 4 else (),
        direction=list(Direction)[number % 4],
        stage=Stage.IN_FORCE if number % 2 else Stage.NONE,
        severity=list(Severity)[-1 - number % 5],
        probability=0.9,
        articles=articles[: 1 + number % 3],
        effective_on=date(2026, 12, 1) if number == 1 else None,
        first_at=_END - timedelta(days=2),
        last_at=_END - timedelta(days=1),
    )
    changes = (
        Change(reason=AlertReason.STAGE_CHANGED, was=Stage.ANNOUNCED.value),
        Change(reason=AlertReason.DIRECTION_CHANGED, was=Direction.EASING.value),
        Change(reason=AlertReason.SEVERITY_RAISED, was=Severity.LOW.word),
        Change(reason=AlertReason.CONFIRMED),
    )
    return Entry(story=story, new=number % 2 == 0, changes=changes[: number % 5], rules=("Chips",))
