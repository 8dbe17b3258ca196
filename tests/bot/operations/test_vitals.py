"""What counts as well, as a table."""

from datetime import timedelta

import pytest

from bot.operations.vitals import LOW_DISK, Vitals, alive, judge
from tests.fakes.values import NOW

WELL = {
    "at": NOW,
    "started_at": NOW - timedelta(days=1),
    "leader": "box:1",
    "active_sources": 70,
    "last_success_at": NOW - timedelta(minutes=2),
    "disk_free": LOW_DISK * 10,
    "last_tick_at": NOW - timedelta(seconds=2),
    "last_sent_at": NOW - timedelta(hours=9),
}
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "bad"),
    [
        pytest.param({}, set(), id="all well"),
        pytest.param({"database": "gone"}, {"database"}, id="database away, and nothing else is claimed"),
        pytest.param({"unstored": "no space left"}, {"database"}, id="the database answers, but stores nothing"),
        pytest.param({"disk_free": LOW_DISK - 1}, {"disk"}, id="disk low"),
        pytest.param({"model_file": "/m.npz"}, {"model"}, id="model missing"),
        pytest.param({"jobs": {"digests": "ValueError"}}, {"jobs"}, id="a job fails"),
        pytest.param({"leader": None}, {"leader"}, id="nobody leads"),
        pytest.param({"active_sources": 0}, {"fetching"}, id="no source on"),
        pytest.param({"last_success_at": NOW - HOUR}, {"fetching"}, id="nothing fetched for an hour"),
        pytest.param({"last_success_at": None}, {"fetching"}, id="never fetched"),
        pytest.param({"last_success_at": NOW + HOUR}, {"fetching"}, id="fetched by a clock that was ahead"),
        pytest.param(
            {"last_success_at": None, "started_at": NOW - timedelta(minutes=5)},
            set(),
            id="just started",
        ),
        pytest.param({"last_tick_at": NOW - timedelta(minutes=2)}, {"loop"}, id="loop stuck"),
        pytest.param({"oldest_due_at": NOW - HOUR}, {"outbox"}, id="outbox stuck"),
        pytest.param(
            {"oldest_due_at": NOW - HOUR, "last_sent_at": NOW - timedelta(minutes=1)},
            set(),
            id="outbox moves",
        ),
        pytest.param(
            {"oldest_due_at": NOW - HOUR, "last_sent_at": NOW + HOUR},
            {"outbox"},
            id="outbox stuck, and something left by a clock that was ahead",
        ),
        pytest.param({"oldest_due_at": NOW - timedelta(minutes=3)}, set(), id="outbox just filled"),
    ],
)
def test_what_is_not_well(changes, bad) -> None:
    checks = judge(Vitals(**{**WELL, **changes}))
    assert {check.name for check in checks if not check.good} == bad
    assert all(check.remedy for check in checks if not check.good)
    assert alive(Vitals(**{**WELL, **changes})).good == ("loop" not in bad)
