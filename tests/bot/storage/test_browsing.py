"""Leafing through stories, on both databases."""

import pytest
from sqlalchemy import update

from bot.domain import AlertReason, Direction, Severity, Stage, Topic
from bot.storage import browsing
from bot.storage.browsing import Filter
from bot.storage.database import open_engine, reading
from bot.storage.schema import stories
from bot.storage.upgrading import upgrade
from tests.fakes.pages import furnish


@pytest.fixture
def shown(database):
    engine = open_engine(database)
    upgrade(engine)
    with engine.begin() as tx:
        furnish(tx)
    yield engine
    engine.dispose()


def test_stories_are_leafed_through_filtered_and_followed(shown):
    cases = [
        (Filter(), ["cc33", "aa11", "bb22"]),
        (Filter(topic=Topic.CRITICAL_MINERALS), ["aa11"]),
        (Filter(topic=Topic.SANCTIONS), []),
        (Filter(direction=Direction.EASING), ["cc33", "bb22"]),
        (Filter(stage=Stage.NONE), ["bb22"]),
        (Filter(severity=Severity.MEDIUM), ["cc33", "aa11"]),
        (Filter(severity=Severity.LOW, direction=Direction.EASING, topic=Topic.LOGISTICS_DISRUPTION), ["bb22"]),
    ]
    with reading(shown) as tx:
        for wanted, ids in cases:
            assert [one.id for one in browsing.page_of(tx, wanted, limit=10, offset=0)] == ids, wanted
            assert browsing.number_of(tx, wanted) == len(ids)
            assert [one.story.id for one in browsing.candidates(tx, wanted, limit=10)] == ids
        assert [one.id for one in browsing.page_of(tx, Filter(), limit=1, offset=1)] == ["aa11"]
        assert browsing.page_of(tx, Filter(), limit=5, offset=5_000_000) == []
        assert [one.id for one in browsing.next_steps(tx, "aa11")] == ["cc33"]
        assert browsing.source_names(tx)["wire"] == "The Wire"
    with shown.begin() as tx:
        tx.execute(update(stories).where(stories.c.id == "cc33").values(merged_into="aa11"))
        assert browsing.number_of(tx, Filter()) == 2
        assert browsing.next_steps(tx, "aa11") == []


def test_steps_are_in_order_and_of_two_at_once_the_graver_is_later(shown):
    with reading(shown) as tx:
        steps = browsing.steps_of(tx, "aa11")
        assert browsing.steps_of(tx, "none") == []
    assert [(step.reason, step.severity) for step in steps] == [
        (AlertReason.NEW_STORY, Severity.LOW),
        (AlertReason.STAGE_CHANGED, Severity.HIGH),
        (AlertReason.SEVERITY_RAISED, Severity.CRITICAL),
        (AlertReason.MORE_SOURCES, Severity.CRITICAL),
    ]
