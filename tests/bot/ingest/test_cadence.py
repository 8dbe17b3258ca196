from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest import cadence
from bot.ingest.fetching import FailureKind

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
EVERY = timedelta(minutes=15)


def wait_after(headers: dict[str, str], **wishes: object) -> timedelta:
    return cadence.after_success(every=EVERY, now=NOW, headers=headers, **wishes) - NOW


@pytest.mark.parametrize(
    ("headers", "wishes", "least"),
    [
        pytest.param({}, {}, EVERY, id="nothing said"),
        pytest.param({"cache-control": "max-age=60"}, {}, EVERY, id="max-age below our interval"),
        pytest.param({"cache-control": "public, max-age=3600"}, {}, timedelta(hours=1), id="max-age above it"),
        pytest.param(
            {"cache-control": "max-age=3600", "age": "1800"}, {}, timedelta(minutes=30), id="max-age less Age"
        ),
        pytest.param({"cache-control": "no-cache, max-age=3600"}, {}, EVERY, id="no-cache wins"),
        pytest.param({"cache-control": "max-age=31536000"}, {}, timedelta(hours=24), id="a year becomes a day"),
        pytest.param({"expires": "Tue, 24 Nov 2026 14:00:00 GMT"}, {}, timedelta(hours=2), id="Expires"),
        pytest.param({"expires": "0"}, {}, EVERY, id="Expires: 0"),
        pytest.param({"expires": "Fri, 01 Jan 2100 00:00:00 GMT"}, {}, timedelta(hours=24), id="Expires far away"),
        pytest.param({}, {"ttl_minutes": 1}, EVERY, id="ttl below our interval"),
        pytest.param({}, {"ttl_minutes": 120}, timedelta(hours=2), id="ttl above it"),
        pytest.param({}, {"ttl_minutes": 10**9}, timedelta(hours=24), id="absurd ttl"),
        pytest.param({}, {"skip_hours": range(24)}, EVERY, id="all hours skipped is ignored"),
        pytest.param({}, {"skip_days": cadence.DAYS}, EVERY, id="all days skipped is ignored"),
    ],
)
def test_the_longest_wish_counts_between_our_interval_and_a_day(
    headers: dict[str, str], wishes: dict[str, object], least: timedelta
) -> None:
    assert least <= wait_after(headers, **wishes) <= min(least * 1.05, timedelta(hours=24))


def test_skipped_hours_and_days_are_passed_over() -> None:
    at = cadence.after_success(every=EVERY, now=NOW, headers={}, skip_hours=(12, 13, 14))
    assert at == NOW.replace(hour=15)
    at = cadence.after_success(every=EVERY, now=NOW, headers={}, skip_days=("Tuesday",))
    assert at == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("5", timedelta(minutes=1)),
        ("1000000000", timedelta(hours=24)),
        ("9" * 400, timedelta(hours=24)),
        ("Tue, 24 Nov 2026 13:00:00 GMT", timedelta(hours=1)),
        ("Mon, 01 Jan 2001 00:00:00 GMT", timedelta(minutes=1)),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_retry_after_is_obeyed_within_bounds(value: str, wait: timedelta | None) -> None:
    assert cadence.retry_after({"retry-after": value}, NOW) == wait


def failed(streak: int, kind: FailureKind = FailureKind.STATUS, headers: dict[str, str] | None = None) -> timedelta:
    at = cadence.after_failure(every=EVERY, now=NOW, streak=streak, kind=kind, headers=headers or {}, seed="paper")
    return at - NOW


def test_back_off_doubles_and_ends_at_a_day_however_long_it_lasts() -> None:
    waits = [failed(streak) for streak in range(1, 200)]
    assert timedelta(minutes=12) <= waits[0] <= timedelta(minutes=18)
    assert waits[3] > waits[0] * 4
    assert all(wait <= timedelta(hours=24) for wait in waits)
    assert waits[-1] >= timedelta(hours=19)


def test_without_a_network_a_source_is_tried_again_within_the_hour() -> None:
    assert failed(50, FailureKind.NO_NAME) <= timedelta(hours=1)
    assert failed(50, FailureKind.UNREACHABLE) <= timedelta(hours=1)


def test_retry_after_goes_before_back_off() -> None:
    assert timedelta(hours=1) <= failed(9, FailureKind.BUSY, {"retry-after": "3600"}) <= timedelta(hours=1.05)


def test_sources_with_one_interval_do_not_march_in_step() -> None:
    waits = {cadence.after_success(every=EVERY, now=NOW, headers={}, seed=f"s{n}:0") for n in range(50)}
    assert len(waits) == 50


@pytest.mark.parametrize("every", [timedelta(minutes=1), EVERY, timedelta(hours=6)])
def test_sources_that_were_due_together_spread_over_a_whole_interval(every: timedelta) -> None:
    waits = sorted(
        cadence.after_success(every=every, now=NOW, headers={}, seed=f"s{n}:0", crowded=True) - NOW for n in range(200)
    )
    assert waits[0] >= timedelta(minutes=1)
    assert waits[-1] <= max(every * 1.5, every + timedelta(minutes=1)) * 1.05
    tenths = [
        sum(waits[0] + every * n / 10 <= wait < waits[0] + every * (n + 1) / 10 for wait in waits) for n in range(10)
    ]
    assert min(tenths) > 5


def test_a_crowd_gives_nobody_leave_to_come_before_the_publisher_wishes() -> None:
    headers = {"cache-control": "max-age=3600"}
    assert wait_after(headers, crowded=True, seed="any") >= timedelta(hours=1)


@pytest.mark.parametrize(
    ("planned", "streak", "crowded"),
    [
        pytest.param(None, 0, True, id="first"),
        pytest.param(NOW - timedelta(seconds=20), 0, False, id="in-time"),
        pytest.param(NOW - timedelta(minutes=30), 0, True, id="the-watch-stood-still"),
        pytest.param(NOW - timedelta(seconds=20), 2, True, id="the-network-is-back"),
    ],
)
def test_a_crowd_is_known_by_its_cause(planned: datetime | None, streak: int, crowded: bool) -> None:
    assert cadence.is_crowded(planned, error_streak=streak, now=NOW) is crowded


@given(st.dictionaries(st.sampled_from(["cache-control", "expires", "age", "retry-after"]), st.text(max_size=60)))
def test_no_header_can_break_or_stop_polling(headers: dict[str, str]) -> None:
    assert EVERY <= wait_after(headers) <= timedelta(hours=24)
    assert timedelta(0) < failed(3, FailureKind.BUSY, headers) <= timedelta(hours=24)
