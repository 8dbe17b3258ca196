from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.alerting.digests.building import build, rank, trends
from bot.alerting.digests.matching import Matches, match
from bot.alerting.digests.material import AlertRow, Material, Personal, Pipe, Reported
from bot.alerting.digests.sunsets import Sunset, shipped_sunsets
from bot.alerting.digests.told import Asked
from bot.alerting.digests.values import DateKind
from bot.alerting.periods import Period
from bot.domain import AlertReason, Direction, Severity, Stage, Topic
from tests.fakes.values import article, assessment, chat, member, story, subscription

END = datetime(2026, 11, 23, 8, tzinfo=UTC)
WEEK = timedelta(days=7)
PERIOD = Period(key="2026-W48", start=END - WEEK, end=END)
PIPE = Pipe(read=100, flagged=10, dropped=3, sources=10, healthy=9)


def alert(
    story_id="s1",
    *,
    reason=AlertReason.NEW_STORY,
    was="",
    at=END - timedelta(days=1),
    topics=(Topic.SANCTIONS,),
    **more,
):
    return AlertRow(
        id=f"{story_id}-{reason.value}-{at:%d%H}",
        story_id=story_id,
        reason=reason,
        was=was,
        direction=Direction.TIGHTENING,
        stage=Stage.ANNOUNCED,
        severity=more.get("severity", Severity.MEDIUM),
        topics=topics,
        decided_at=at,
    )


def material(stories=(), *, alerts=None, near=(), dated=(), known_since=END - 8 * WEEK):
    found = {one.id: one for one in stories}
    return Material(
        period=PERIOD,
        alerts=tuple(alerts if alerts is not None else [alert(one.id, topics=one.topics) for one in stories]),
        stories=found,
        dated={one.id: one for one in dated},
        near=tuple(near),
        pipe=PIPE,
        known_since=known_since,
    )


def make(stories=(), *, rules=(), matches=None, personal=None, **more):
    settings = {name: more.pop(name) for name in ("zone", "level") if name in more}
    asked = Asked(chat=chat(**settings), subscriptions=tuple(rules), personal=personal or Personal())
    return build(asked, material(stories, **more), matches or Matches(), (), now=END + timedelta(seconds=30))


def test_stories_are_ranked_by_severity_then_stage_then_publishers() -> None:
    two = (member(), member(article_id="a2", publisher="other"))
    stories = [
        story(id="low", severity=Severity.LOW),
        story(id="announced"),
        story(id="two-publishers", articles=two),
        story(id="in-force", stage=Stage.IN_FORCE),
        story(id="critical", severity=Severity.CRITICAL),
    ]
    assert [one.id for one in sorted(stories, key=rank)] == [
        "critical",
        "in-force",
        "two-publishers",
        "announced",
        "low",
    ]


def test_a_chat_without_rules_is_shown_everything_at_its_level() -> None:
    made = make(
        [story(id="low", severity=Severity.LOW), story(id="high", severity=Severity.HIGH)], level=Severity.MEDIUM
    )
    assert [entry.story.id for entry in made.entries] == ["high"]
    assert made.ruleless


def test_a_rule_shows_what_it_matches_at_its_own_level_and_reports_what_it_held_back() -> None:
    stories = [story(id="a", severity=Severity.LOW), story(id="b", severity=Severity.HIGH), story(id="c")]
    rule = subscription(query="q", level=Severity.MEDIUM)
    made = make(stories, rules=[rule], matches=Matches(stories={"q": frozenset({"a", "b"})}), level=Severity.LOW)
    assert [(entry.story.id, entry.rules) for entry in made.entries] == [("b", ("Everything",))]
    assert (made.rules[0].hits, made.rules[0].suppressed) == (1, 1)


@pytest.mark.parametrize(
    ("what", "value"),
    [
        pytest.param("story", "b", id="story"),
        pytest.param("topic", "export_control", id="topic"),
        pytest.param("entity", "acme", id="entity"),
        pytest.param("rule", "sub1", id="rule"),
    ],
)
def test_what_is_snoozed_is_not_shown_but_counted(what, value) -> None:
    made = make(
        [story(id="b", entities=("acme",))],
        rules=[subscription(query="q")],
        matches=Matches(stories={"q": frozenset({"b"})}),
        personal=Personal(snoozed=frozenset({(what, value)})),
    )
    assert made.entries == ()
    assert (made.rules[0].hits, made.rules[0].snoozed) == (0, 1)


def test_a_paused_or_unreadable_rule_shows_nothing_and_is_named() -> None:
    rules = [subscription(query="q", paused=True), subscription(id="x", name="Odd", query="(")]
    matches = Matches(stories={"q": frozenset({"s1"})}, broken={"(": "a bracket is open"})
    made = make([story()], rules=rules, matches=matches)
    assert made.entries == ()
    assert made.rules[0].paused
    assert made.rules[1].broken == "a bracket is open"


def test_an_entry_says_what_changed_in_the_period_and_not_before() -> None:
    alerts = [
        alert("s1", at=END - 2 * WEEK),
        alert("s1", reason=AlertReason.STAGE_CHANGED, was="proposal"),
        alert("s1", reason=AlertReason.MORE_SOURCES),
    ]
    (entry,) = make([story()], alerts=alerts).entries
    assert not entry.new
    assert [(change.reason, change.was) for change in entry.changes] == [(AlertReason.STAGE_CHANGED, "proposal")]


def test_dates_ahead_are_those_of_shown_stories_within_thirty_days_also_of_older_stories() -> None:
    older = story(id="old", expires_on=date(2026, 12, 23), comment_due_on=date(2026, 12, 24))
    past = story(id="past", effective_on=date(2026, 11, 22))
    mild = story(id="mild", severity=Severity.INFORMATIONAL, effective_on=date(2026, 12, 1))
    made = make([past], dated=[older, mild])
    assert [(ahead.id, ahead.kind, ahead.on) for ahead in made.dates] == [("old", DateKind.EXPIRES, date(2026, 12, 23))]


def test_today_is_the_day_in_the_chats_zone() -> None:
    today = story(effective_on=date(2026, 11, 23))
    assert len(make([today], zone="UTC").dates) == 1
    assert len(make([today], zone="Pacific/Kiritimati").dates) == 1  # 22:00 of the same day
    assert make([today], zone="Pacific/Kiritimati").zone == "Pacific/Kiritimati"


def test_the_shipped_calendar_is_marked_to_be_verified() -> None:
    calendar = (Sunset(id="x", on=date(2026, 11, 27), kind=DateKind.EXPIRES, title="A suspension ends"),)
    made = build(Asked(chat=chat(), subscriptions=()), material(), Matches(), calendar, now=END)
    assert [(ahead.title, ahead.verify) for ahead in made.dates] == [("A suspension ends", True)]
    assert len({sunset.id for sunset in shipped_sunsets()}) == len(shipped_sunsets()) >= 7


def test_a_topic_is_compared_with_its_mean_over_the_four_weeks_before() -> None:
    alerts = [alert(f"n{n}") for n in range(6)]
    alerts += [alert(f"o{n}", at=END - WEEK - timedelta(days=1 + 7 * (n % 4))) for n in range(8)]
    alerts += [alert("n0", reason=AlertReason.MORE_SOURCES)]  # the same story again
    (trend,) = trends(material(alerts=alerts), Severity.LOW)
    assert (trend.topic, trend.count, trend.usual) == (Topic.SANCTIONS, 6, 2.0)


@pytest.mark.parametrize(
    ("known_since", "usual"),
    [
        pytest.param(END - timedelta(days=8), None, id="too-young-to-compare"),
        pytest.param(END - timedelta(days=15), 4.0, id="one-week-to-compare-with"),
        pytest.param(None, None, id="empty-archive"),
    ],
)
def test_weeks_before_the_archive_began_do_not_count_as_quiet(known_since, usual) -> None:
    alerts = [alert("n")] + [alert(f"o{n}", at=END - WEEK - timedelta(days=1)) for n in range(4)]
    made = trends(material(alerts=alerts, known_since=known_since), Severity.LOW)
    assert [trend.usual for trend in made] == [usual]


def test_near_misses_are_the_most_probable_ones_that_a_rule_matches() -> None:
    near = [
        Reported(
            article=article(id=f"n{n}", title=f"Title {n}"),
            assessment=assessment(probability=0.4 - n / 10, flagged=False),
        )
        for n in range(4)
    ]
    matches = Matches(near={"q": frozenset({"n1", "n3"})})
    made = make(rules=[subscription(query="q")], matches=matches, near=near)
    assert [miss.title for miss in made.near] == ["Title 1", "Title 3"]
    assert made.highest == pytest.approx(0.4)


def test_rules_match_words_of_any_article_and_fields_of_the_story() -> None:
    one = story(severity=Severity.HIGH, topics=(Topic.CRITICAL_MINERALS,))
    reported = [
        Reported(article=article(id="a1", title="Exports of gallium"), assessment=assessment(), story=one),
        Reported(article=article(id="a2", title="Wafers"), assessment=assessment(), story=one),
        Reported(article=article(id="n1", title="Wafers again", summary=""), assessment=assessment(flagged=False)),
    ]
    queries = ["gallium", "wafers", "topic:critical_minerals", "severity:critical", "age:<1", '"open']
    found = match(queries, reported)
    assert {query for query, ids in found.stories.items() if one.id in ids} == {
        "gallium",
        "wafers",
        "topic:critical_minerals",
        "age:<1",
    }
    assert dict(found.near) == {"wafers": frozenset({"n1"}), "age:<1": frozenset({"n1"})}
    assert list(found.broken) == ['"open']


@pytest.mark.parametrize(
    ("pipe", "broken"),
    [
        pytest.param(PIPE, False, id="nine-of-ten"),
        pytest.param(replace(PIPE, healthy=5), False, id="half"),
        pytest.param(replace(PIPE, healthy=4), True, id="fewer-than-half"),
        pytest.param(replace(PIPE, read=0), True, id="nothing-read"),
        pytest.param(replace(PIPE, sources=0, healthy=0), True, id="no-sources"),
    ],
)
def test_a_broken_pipe_is_told_apart_from_a_quiet_week(pipe, broken) -> None:
    assert pipe.broken is broken
