from dataclasses import replace
from datetime import timedelta

import pytest

from bot.ingest.health import HealthState, health, span, trouble
from bot.ingest.memory import NO_ITEMS, SourceMemory
from tests.fakes.feed_faults import NOW

LIVELY = SourceMemory(
    first_polled_at=NOW - timedelta(days=90),
    last_polled_at=NOW,
    last_success_at=NOW,
    last_new_at=NOW - timedelta(hours=2),
    newest_item_at=NOW - timedelta(hours=2),
    last_status="10 items",
    items_seen=200,
    items_undated=50,
    mean_gap_seconds=6 * 3600,
)


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({}, HealthState.OK, "10 items"),
        ({"last_polled_at": None}, HealthState.NEVER, "not polled"),
        ({"error_streak": 1, "last_status": "answered 500"}, HealthState.OK, "answered 500"),
        ({"error_streak": 3, "last_status": "answered 500"}, HealthState.FAILING, "answered 500; 3 times in a row"),
        ({"paused_reason": "gone (410)"}, HealthState.PAUSED, "gone (410)"),
        ({"enabled": False}, HealthState.PAUSED, "switched off"),
        ({"last_status": NO_ITEMS}, HealthState.STALE, NO_ITEMS),
        ({"newest_item_at": NOW - timedelta(days=3000)}, HealthState.STALE, "newest item is 3000 days old"),
        ({"last_new_at": NOW - timedelta(hours=29)}, HealthState.OK, "10 items"),
        ({"last_new_at": NOW - timedelta(hours=31)}, HealthState.SILENT, "nothing new for 31 h; usually every 6 h"),
    ],
)
def test_states_are_told_apart_in_words(changes: dict[str, object], state: HealthState, words: str) -> None:
    found = health(replace(LIVELY, **changes), NOW)
    assert found.state is state
    assert words in found.text
    assert found.undated_share == 0.25


def test_a_weekly_source_is_not_silent_after_a_week() -> None:
    weekly = replace(LIVELY, mean_gap_seconds=7 * 86400, last_new_at=NOW - timedelta(days=8))
    assert health(weekly, NOW).state is HealthState.OK


def test_trouble_is_told_once() -> None:
    silent = replace(LIVELY, last_new_at=NOW - timedelta(days=9))
    assert trouble(silent, NOW) == "nothing new for 9 days; usually every 6 h"
    assert trouble(replace(silent, silence_reported_at=NOW), NOW) is None
    assert trouble(LIVELY, NOW) is None


def test_failing_is_told_after_a_day_and_gone_at_once() -> None:
    failing = replace(LIVELY, error_streak=9, last_status="answered 500", last_success_at=NOW - timedelta(hours=5))
    assert trouble(failing, NOW) is None
    assert trouble(failing, NOW + timedelta(hours=20))
    assert trouble(replace(failing, paused_reason="gone (410)"), NOW) == "gone (410)"
    assert trouble(replace(LIVELY, enabled=False), NOW) is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (600, "10 min"), (7200, "2 h"), (86400 * 3, "3 days"), (-5, "0 s")]
)
def test_spans_are_short(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words
