from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest.dates import from_epoch, read_time

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T12:00:00Z", NOON),
        ("2026-11-24T12:00:00.123+00:00", NOON),
        ("2026-11-24T20:00:00+08:00", NOON),
        ("2026-11-24 07:00:00 -0500", NOON),
        ("Tue, 24 Nov 2026 12:00:00 GMT", NOON),
        ("Tue, 24 Nov 2026 13:00:00 +0100", NOON),
        ("20261124120000", NOON),
        ("2026/11/24 12:00", NOON),
        ("2026年11月24日", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", None),
        ("0000-00-00 00:00:00", None),
        ("2026-13-45", None),
        ("yesterday", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_times_are_read_or_refused(text: str, expected: datetime | None) -> None:
    assert read_time(text) == expected


def test_times_without_a_zone_take_the_source_s() -> None:
    assert read_time("2026-11-24 20:00", zone_hours=8) == NOON
    assert read_time("2026-11-24", day_at=time(12, 45)) == NOON + timedelta(minutes=45)


def test_epochs_in_seconds_and_milliseconds() -> None:
    assert from_epoch(NOON.timestamp()) == NOON
    assert from_epoch(int(NOON.timestamp() * 1000)) == NOON
    assert from_epoch(0) is None
    assert from_epoch("x") is None
    assert from_epoch(True) is None
    assert from_epoch(float("inf")) is None
    assert from_epoch(float("nan")) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_time(text)
    assert found is None or found.tzinfo is UTC
