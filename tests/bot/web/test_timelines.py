"""A story's past in order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import AlertReason, Direction, Severity, Stage
from bot.storage.browsing import Step
from bot.web.timelines import by_tier, change_of, directions, severities, stages, timeline
from tests.fakes.pages import gallium
from tests.fakes.values import NOW, story


def _step(reason=AlertReason.NEW_STORY, was="", *, stage=Stage.RUMOUR, hours=0, **changes):
    plain = {"direction": Direction.TIGHTENING, "severity": Severity.LOW} | changes
    return Step(reason=reason, was=was, stage=stage, decided_at=NOW + timedelta(hours=hours), **plain)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        pytest.param(_step(), "Low · Tightening · Rumour", id="new"),
        pytest.param(_step(stage=Stage.NONE), "Low · Tightening", id="new without a stage"),
        pytest.param(_step(AlertReason.STAGE_CHANGED, "proposal"), "Proposal → Rumour", id="stage"),
        pytest.param(_step(AlertReason.STAGE_CHANGED, "none"), "Rumour", id="stage from none"),
        pytest.param(_step(AlertReason.DIRECTION_CHANGED, "easing"), "Easing → Tightening", id="direction"),
        pytest.param(_step(AlertReason.SEVERITY_RAISED, "informational"), "Informational → Low", id="severity"),
        pytest.param(_step(AlertReason.SEVERITY_RAISED, "once"), "once → Low", id="a word of another version"),
        pytest.param(_step(AlertReason.MORE_SOURCES, "3"), "3 publishers before", id="more"),
        pytest.param(_step(AlertReason.MORE_SOURCES, "x"), "", id="more without a number"),
    ],
)
def test_a_change_is_told_in_words(step, words):
    assert change_of(step) == words


def test_an_article_stands_before_what_it_caused():
    entries = timeline(story(), [_step()])
    assert [entry.article is not None for entry in entries] == [True, False]


def test_a_value_that_stays_is_one_passage_and_one_that_returns_is_two():
    steps = [
        _step(stage=stage, hours=hours) for hours, stage in enumerate([Stage.RUMOUR, Stage.RUMOUR, Stage.IN_FORCE])
    ]
    later = NOW + timedelta(hours=9)
    found = stages(story(stage=Stage.RUMOUR, last_at=later), steps)
    assert [(one.words, one.since) for one in found] == [
        ("Rumour", NOW),
        ("In force", NOW + timedelta(hours=2)),
        ("Rumour", later),
    ]
    assert [one.words for one in directions(story(), steps)] == ["Tightening"]
    assert [one.words for one in severities(story(severity=Severity.HIGH), steps)] == ["Low", "High"]


def test_a_story_without_a_stage_has_no_stages():
    assert stages(story(stage=Stage.NONE), [_step(stage=Stage.NONE)]) == []


def test_tiers_are_in_order_and_copies_last():
    one = gallium()
    again = replace(one.articles[0], article_id="a9", copy_of="a1", at=NOW - timedelta(hours=1))
    tiers = by_tier((*one.articles, again))
    assert [(tier, [article.article_id for article in found]) for tier, found in tiers] == [
        (1, ["a2"]),
        (2, ["a1", "a9"]),
        (4, ["a3"]),
    ]
