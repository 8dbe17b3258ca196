"""Counts over time, muting of rumours, snoozing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.correlation import Snooze, mutes, reached, snoozed

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def before(*hours):
    return [NOW - timedelta(hours=hour) for hour in hours]


CASES = {
    "each match without correlation": (before(5, 0), None, None, 1),
    "too few": (before(1, 0), 72, 3, 0),
    "enough": (before(70, 1, 0), 72, 3, 3),
    "one too old": (before(73, 1, 0), 72, 3, 0),
    "exactly at the edge": (before(72, 1, 0), 72, 3, 3),
    "the future does not count": (before(-1, 1, 0), 72, 3, 0),
    "nothing": ([], None, None, 0),
}


@pytest.mark.parametrize(("times", "within", "at_least", "count"), CASES.values(), ids=CASES)
def test_a_rule_fires_when_its_count_is_reached(times, within, at_least, count):
    window = None if within is None else timedelta(hours=within)
    assert len(reached(times, now=NOW, within=window, at_least=at_least)) == count


@given(st.lists(st.integers(-10, 200), max_size=12), st.integers(1, 100), st.integers(2, 5))
def test_the_order_of_matches_does_not_matter_and_all_counted_lie_in_the_window(hours, within, at_least):
    window = timedelta(hours=within)
    counted = reached(before(*hours), now=NOW, within=window, at_least=at_least)
    assert counted == reached(before(*sorted(hours)), now=NOW, within=window, at_least=at_least)
    assert all(NOW - window <= moment <= NOW for moment in counted)
    assert not counted or len(counted) >= at_least


MUTING = {
    "rumour after announcement": (["announced"], "rumour", True),
    "rumour after rumour": (["rumour"], "rumour", False),
    "first rumour": ([], "rumour", False),
    "announcement after rumour": (["rumour"], "announced", False),
    "proposal after announcement": (["announced"], "proposal", False),
}


@pytest.mark.parametrize(("stages", "stage", "muted"), MUTING.values(), ids=MUTING)
def test_a_confirmed_story_mutes_its_own_rumour_only(stages, stage, muted):
    assert mutes(stages, stage) is muted


def test_a_snooze_silences_until_its_time_and_the_longest_is_named():
    short = Snooze(subject="topic", value="sanctions", until_at=NOW + timedelta(hours=1))
    long = Snooze(subject="entity", value="Huawei", until_at=NOW + timedelta(hours=5))
    concerns = {"topic": ["sanctions"], "entity": ["HUAWEI", "smic"]}
    assert snoozed([short, long], concerns, now=NOW) is long
    assert snoozed([short], concerns, now=NOW + timedelta(hours=1)) is None
    assert snoozed([short], {"topic": ["trade_deal"], "story": ["sanctions"]}, now=NOW) is None
