import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.alerting.periods import due, next_due
from tests.fakes.values import chat

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SUNDAY = 6


def _chat(zone, clock="08:00", weekday=0, **changes):
    return chat(zone=zone, digest_time=clock, digest_weekday=weekday, created_at=LONG_AGO, **changes)


def _run(one, start, end, step=timedelta(minutes=30)):
    """Ask at every step, as the scheduler does, and keep what was planned."""
    planned, sent, at = set(), [], start
    planned |= {period.key for period in due(one, planned, now=start)}  # what ended before we look
    while at < end:
        for period in due(one, planned, now=at):
            planned.add(period.key)
            sent.append((period, at))
        at += step
    return sent


@pytest.mark.parametrize(
    ("zone", "clock", "day", "expected_local"),
    [
        pytest.param(
            "America/New_York", "01:30", "2026-11-01", "2026-11-01T01:30-04:00", id="hour-comes-twice-new-york"
        ),
        pytest.param("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25T02:30+02:00", id="hour-comes-twice-berlin"),
        pytest.param("America/New_York", "02:30", "2026-03-08", "2026-03-08T03:00-04:00", id="hour-is-skipped"),
        pytest.param("America/Santiago", "00:00", "2026-09-06", "2026-09-06T01:00-03:00", id="no-midnight-santiago"),
        pytest.param("America/Havana", "00:00", "2026-03-08", "2026-03-08T01:00-04:00", id="no-midnight-havana"),
        pytest.param("Asia/Beirut", "00:00", "2026-03-29", "2026-03-29T01:00+03:00", id="no-midnight-beirut"),
    ],
)
def test_a_sunday_on_which_the_clock_changes_has_exactly_one_digest(zone, clock, day, expected_local) -> None:
    around = datetime.fromisoformat(day).replace(tzinfo=UTC)
    sent = _run(_chat(zone, clock, SUNDAY), around - timedelta(days=3), around + timedelta(days=3))
    assert [period.end.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") for period, _ in sent] == [
        expected_local
    ]


def test_a_daily_digest_survives_a_day_without_midnight() -> None:
    around = datetime(2026, 4, 24, tzinfo=UTC)
    sent = _run(
        _chat("Africa/Cairo", "00:00", digest_daily=True), around - timedelta(days=2), around + timedelta(days=2)
    )
    keys = [period.key for period, _ in sent]
    assert len(keys) == len(set(keys))
    assert "2026-04-24" in keys


def test_the_local_hour_does_not_drift_over_a_year() -> None:
    sent = _run(_chat("America/New_York", "09:00"), datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert {period.end.astimezone(ZoneInfo("America/New_York")).strftime("%a %H:%M") for period, _ in sent} == {
        "Mon 09:00"
    }
    assert len(sent) == 52


@pytest.mark.parametrize(
    ("down_for", "missed"),
    [
        pytest.param(timedelta(minutes=1), [False], id="a-minute"),
        pytest.param(timedelta(hours=20), [False], id="most-of-a-day"),
        pytest.param(timedelta(hours=25), [True], id="too-long"),
    ],
)
def test_after_downtime_a_digest_is_caught_up_within_a_day_else_marked_missed(down_for, missed) -> None:
    slot = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    found = due(_chat("UTC"), {"2026-W47"}, now=slot + down_for)
    assert [period.key for period in found] == ["2026-W48"]
    assert [period.missed(slot + down_for) for period in found] == missed


def test_a_clock_that_jumps_back_repeats_nothing() -> None:
    slot = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert due(_chat("UTC"), {"2026-W48", "2026-W47"}, now=slot - timedelta(minutes=30)) == []
    assert due(_chat("UTC"), {"2026-W48", "2026-W47"}, now=slot + timedelta(minutes=1)) == []


def test_moving_the_weekday_within_a_week_does_not_make_a_second_digest() -> None:
    planned = {"2026-W47", "2026-W48"}
    wednesday = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    assert due(_chat("UTC", weekday=2), planned, now=wednesday) == []


def test_a_chat_gets_no_digest_of_the_time_before_it_came() -> None:
    slot = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    newcomer = chat(digest_weekday=0, digest_time="08:00", created_at=slot + timedelta(minutes=5))
    assert due(newcomer, set(), now=slot + timedelta(hours=1)) == []


def test_an_unknown_zone_counts_as_utc() -> None:
    slot = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert [period.end for period in due(_chat("Atlantis/Capital"), {"2026-W47"}, now=slot)] == [slot]


ZONES = sorted(available_timezones())
FIRST = datetime(2024, 1, 1, 12, tzinfo=UTC)
moments = st.integers(0, 5 * 365 * 24).map(lambda hours: FIRST + timedelta(hours=hours))  # five years


@given(
    st.sampled_from(ZONES),
    st.integers(0, 6),
    st.one_of(st.integers(0, 239), st.integers(0, 1439)),  # half of all slots between 00:00 and 03:59
    moments,
)
@example("America/Santiago", SUNDAY, 0, datetime(2026, 8, 20, tzinfo=UTC))
@example("Australia/Lord_Howe", SUNDAY, 130, datetime(2026, 9, 20, tzinfo=UTC))
@example("Africa/Casablanca", SUNDAY, 150, datetime(2026, 2, 10, tzinfo=UTC))
def test_in_every_zone_each_iso_week_has_exactly_one_digest(zone, weekday, minute, start) -> None:
    one = _chat(zone, f"{minute // 60:02}:{minute % 60:02}", weekday)
    sent = _run(one, start, start + timedelta(weeks=4), step=timedelta(hours=4))
    keys = [period.key for period, _ in sent]
    assert len(keys) == len(set(keys))
    assert len(keys) >= 3  # at least; the gaps below show that none is missing between the first and the last
    ends = [period.end for period, _ in sent]
    assert all(timedelta(days=6, hours=22) <= b - a <= timedelta(days=7, hours=2) for a, b in itertools.pairwise(ends))
    assert all(period.start == before.end for (before, _), (period, _) in itertools.pairwise(sent))


@given(
    st.sampled_from(ZONES),
    st.integers(0, 6),
    moments,
)
def test_the_next_digest_lies_ahead_by_at_most_eight_days(zone, weekday, now) -> None:
    ahead = next_due(_chat(zone, weekday=weekday), now=now)
    assert now < ahead <= now + timedelta(days=8)
