from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerting.quiet import deliver_at, next_slot, quiet_end, zone_of
from bot.domain import Mode
from tests.fakes.values import chat


@pytest.mark.parametrize(
    ("clock", "start", "end", "expected"),
    [
        pytest.param("12:00", "", "", None, id="none-set"),
        pytest.param("12:00", "08:00", "08:00", None, id="equal-ends"),
        pytest.param("12:00", "22:00", "07:00", None, id="outside"),
        pytest.param("23:30", "22:00", "07:00", "2025-07-17T07:00", id="before-midnight"),
        pytest.param("03:00", "22:00", "07:00", "2025-07-16T07:00", id="after-midnight"),
        pytest.param("07:00", "22:00", "07:00", None, id="the-end-is-outside"),
        pytest.param("12:30", "12:00", "14:00", "2025-07-16T14:00", id="within-a-day"),
    ],
)
def test_quiet_hours_end_when_the_chat_says(clock, start, end, expected) -> None:
    at = datetime.fromisoformat(f"2025-07-16T{clock}").replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    found = quiet_end(chat(zone="Asia/Tokyo", quiet_from=start, quiet_to=end), at)
    local = found.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%dT%H:%M") if found else None
    assert local == expected


def test_an_unknown_zone_counts_as_utc() -> None:
    assert zone_of("Mars/Olympus").key == "UTC"


moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
clocks = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))


@given(moments, st.sampled_from(sorted(available_timezones())), clocks, clocks)
def test_in_any_zone_a_held_alert_leaves_within_a_day_and_never_earlier(at, zone, start, end) -> None:
    one = chat(zone=zone, quiet_from=start, quiet_to=end)
    leaves = deliver_at(one, Mode.AT_ONCE, now=at)
    assert at <= leaves <= at + timedelta(hours=26)


@given(moments, st.integers(1, 1440))
def test_a_batch_slot_is_after_now_and_at_most_one_step_away(at, minutes) -> None:
    slot = next_slot(at, minutes)
    assert at < slot <= at + timedelta(minutes=minutes)
