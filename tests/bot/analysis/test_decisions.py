from dataclasses import replace

import pytest

from bot.analysis.decisions import decide
from bot.domain import Alert, AlertReason, Direction, Severity, Silence, Stage
from tests.fakes.values import NOW, member, story

OTHER = member(article_id="a2", publisher="other", source_id="other")
OFFICIAL = member(article_id="a3", publisher="government", source_id="register", tier=1, official=True)


def test_the_first_article_of_a_story_is_told() -> None:
    verdict = decide(None, story(), now=NOW)
    assert isinstance(verdict, Alert)
    assert verdict.reason is AlertReason.NEW_STORY


@pytest.mark.parametrize(
    ("before", "after", "reason", "was"),
    [
        pytest.param(
            {"stage": Stage.RUMOUR}, {"stage": Stage.ANNOUNCED}, "stage_changed", "rumour", id="rumour-announced"
        ),
        pytest.param({"stage": Stage.IN_FORCE}, {"stage": Stage.REVERSED}, "stage_changed", "in_force", id="reversed"),
        pytest.param({}, {"direction": Direction.EASING}, "direction_changed", "tightening", id="direction-flips"),
        pytest.param({}, {"severity": Severity.HIGH}, "severity_raised", "medium", id="severity-to-high"),
        pytest.param({}, {"articles": (member(), OFFICIAL)}, "confirmed", "", id="official-document-found"),
        pytest.param({}, {"articles": (member(), OTHER)}, "more_sources", "1", id="second-publisher"),
    ],
)
def test_a_change_that_people_act_on_is_told_with_what_it_was(before, after, reason, was) -> None:
    verdict = decide(story(**before), story(**after), now=NOW)
    assert isinstance(verdict, Alert)
    assert (verdict.reason.value, verdict.was) == (reason, was)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {}, id="nothing-changed"),
        pytest.param({"stage": Stage.ANNOUNCED}, {"stage": Stage.RUMOUR}, id="a-late-rumour-of-what-is-known"),
        pytest.param({"stage": Stage.NONE}, {"stage": Stage.ANNOUNCED}, id="no-stage-before-is-no-stage-change"),
        pytest.param({}, {"direction": Direction.UNCLEAR}, id="an-unclear-report-takes-nothing-back"),
        pytest.param({"severity": Severity.LOW}, {"severity": Severity.MEDIUM}, id="severity-still-below-high"),
        pytest.param({}, {"articles": (member(), replace(OTHER, copy_of="a1"))}, id="a-syndicated-copy"),
    ],
)
def test_everything_else_stays_silent(before, after) -> None:
    assert isinstance(decide(story(**before), story(**after), now=NOW), Silence)


def test_deciding_the_same_change_again_gives_the_same_alert_id() -> None:
    first = decide(story(stage=Stage.RUMOUR), story(), now=NOW)
    again = decide(story(stage=Stage.RUMOUR), story(), now=NOW.replace(hour=23))
    assert isinstance(first, Alert)
    assert isinstance(again, Alert)
    assert first.id == again.id
