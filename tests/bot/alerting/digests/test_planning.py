import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.alerting.charting import NoCharts
from bot.alerting.digests.planning import plan_due
from bot.domain import DeliveryKind, DeliveryState
from bot.storage.chats import load_chat, save_chat
from bot.storage.outbox import delivery_of
from bot.storage.schema import access, chats, deliveries, digests
from tests.fakes.values import chat, subscription
from tests.fakes.weeks import add_chats, open_world

END = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOW = END + timedelta(seconds=30)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def _plan(engine, tmp_path, now, charts=None, **options):
    return asyncio.run(
        plan_due(engine, now=now, charts=charts or NoCharts(), pictures=tmp_path / "pictures", **options)
    )


def _owed(engine):
    with engine.begin() as tx:
        rows = tx.execute(select(deliveries).order_by(deliveries.c.created_at, deliveries.c.subject)).mappings()
        return [delivery_of(row) for row in rows]


def _ledger(engine):
    with engine.begin() as tx:
        return {
            (key, period): note
            for key, period, note in tx.execute(select(digests.c.chat_key, digests.c.period, digests.c.note))
        }


def _text(delivery):
    return "\n".join(part["plain"] for part in delivery.payload["parts"])


def _join(engine, *some, rules=None):
    """Add chats with these rules; where none are given, each asks for everything."""
    if rules is None:
        rules = [subscription(id=f"all-{one.key}", chat_key=one.key, query="topic:*") for one in some]
    with engine.begin() as tx:
        add_chats(tx, list(some), list(rules))


def test_a_chat_whose_week_has_ended_is_owed_its_digest_once(world, tmp_path, charts) -> None:
    _join(world, chat(created_at=END - timedelta(days=3)), rules=[subscription(query="gallium OR chips")])
    first = _plan(world, tmp_path, NOW, charts)
    again = _plan(world, tmp_path, NOW + timedelta(minutes=1), charts)
    (owed,) = _owed(world)
    assert (first.planned, again.planned) == (1, 0)
    assert (owed.kind, owed.subject, owed.state, owed.not_before) == (
        DeliveryKind.DIGEST,
        "2026-W48",
        DeliveryState.DUE,
        NOW,
    )
    assert owed.priority > 30  # alerts leave first
    assert "gallium" in _text(owed)


def test_the_picture_comes_first_with_the_headline_paragraph_as_its_caption(world, tmp_path, charts) -> None:
    _join(world, chat(created_at=LONG_AGO))
    _plan(world, tmp_path, NOW, charts)
    first, *rest = _owed(world)[0].payload["parts"]
    assert Path(first["photo_path"]).read_bytes().startswith(b"\x89PNG")
    assert len(first["plain"]) <= 1024
    assert "The week to 23 Nov 2026" in first["plain"]
    assert "Picture: in 14 days" in first["plain"]
    assert rest
    assert all("photo_path" not in part for part in rest)


def test_without_a_picture_the_text_goes_out_all_the_same(world, tmp_path) -> None:
    _join(world, chat(created_at=LONG_AGO))
    report = _plan(world, tmp_path, NOW)
    (owed,) = _owed(world)
    assert report.charts_failed == 1
    assert all("photo_path" not in part for part in owed.payload["parts"])
    assert "The week to 23 Nov 2026" in _text(owed)


def test_chats_that_ask_for_the_same_share_picture_and_text(world, tmp_path, charts) -> None:
    _join(world, *(chat(key=str(key), telegram_id=key, created_at=LONG_AGO) for key in range(100, 105)))
    _plan(world, tmp_path, NOW, charts)
    owed = _owed(world)
    assert len(owed) == 5
    assert len(charts.drawn) == 1
    assert len({_text(one) for one in owed}) == 1


@pytest.mark.parametrize(
    ("down_for", "planned", "skipped"),
    [
        pytest.param(timedelta(minutes=1), 1, 0, id="a-minute"),
        pytest.param(timedelta(hours=1), 1, 0, id="an-hour"),
        pytest.param(timedelta(hours=23, minutes=59), 1, 0, id="almost-a-day"),
        pytest.param(timedelta(hours=24), 0, 1, id="a-day"),
        pytest.param(timedelta(weeks=3), 1, 1, id="three-weeks"),
    ],
)
def test_after_downtime_the_digest_is_caught_up_within_a_day_else_skipped(world, tmp_path, down_for, planned, skipped):
    _join(world, chat(created_at=END - timedelta(days=3)))
    report = _plan(world, tmp_path, END + down_for)
    assert (report.planned, report.skipped) == (planned, skipped)


def test_a_late_digest_says_for_when_it_was_due(world, tmp_path) -> None:
    _join(world, chat(created_at=END - timedelta(days=3)))
    _plan(world, tmp_path, END + timedelta(hours=5))
    assert "Late: this digest was due on 23 Nov 2026 08:00" in _text(_owed(world)[0])


def test_the_digest_after_a_skipped_one_says_so_once(world, tmp_path) -> None:
    _join(world, chat(created_at=END - timedelta(days=3)))
    _plan(world, tmp_path, END + timedelta(hours=30))
    _plan(world, tmp_path, NOW + timedelta(days=7))
    _plan(world, tmp_path, NOW + timedelta(days=14))
    assert _ledger(world)["42", "2026-W48"] == "skipped"
    first, second = _owed(world)
    assert "No digest was sent in 2026-W48: Straitwatch was not running." in _text(first)
    assert "No digest was sent" not in _text(second)


def test_a_period_that_became_due_by_new_settings_long_after_its_end_is_not_called_missed(world, tmp_path) -> None:
    _join(world, chat(created_at=LONG_AGO, digest_on=False))
    _plan(world, tmp_path, NOW)  # running all the time
    with world.begin() as tx:
        save_chat(tx, replace(load_chat(tx, "42"), digest_on=True))
    _plan(world, tmp_path, NOW + timedelta(days=3))
    _plan(world, tmp_path, NOW + timedelta(days=7))
    (owed,) = _owed(world)
    assert owed.subject == "2026-W49"
    assert "No digest was sent" not in _text(owed)


def test_a_new_zone_or_weekday_never_makes_a_second_digest_of_a_week(world, tmp_path) -> None:
    _join(world, chat(created_at=LONG_AGO))
    _plan(world, tmp_path, NOW)
    for change in (
        {"zone": "Pacific/Kiritimati"},
        {"zone": "Pacific/Pago_Pago"},
        {"digest_weekday": 2},
        {"digest_time": "23:59"},
    ):
        with world.begin() as tx:
            save_chat(tx, replace(load_chat(tx, "42"), **change))
        for hours in (1, 20, 44):
            _plan(world, tmp_path, NOW + timedelta(hours=hours))
    assert [one.subject for one in _owed(world)] == ["2026-W48"]


def test_a_clock_that_jumps_back_and_forward_repeats_nothing(world, tmp_path) -> None:
    _join(world, chat(created_at=LONG_AGO))
    for moment in (NOW, NOW - timedelta(minutes=30), NOW + timedelta(days=1), NOW - timedelta(days=1), NOW):
        _plan(world, tmp_path, moment)
    assert [one.subject for one in _owed(world)].count("2026-W48") == 1


@pytest.mark.parametrize(
    ("settings", "around", "local"),
    [
        pytest.param(("America/New_York", "01:30", False), "2026-11-01", "01:30", id="new-york-hour-twice"),
        pytest.param(("Europe/Berlin", "02:30", False), "2026-10-25", "02:30", id="berlin-hour-twice"),
        pytest.param(("America/New_York", "02:30", False), "2026-03-08", "03:00", id="new-york-hour-missing"),
        pytest.param(("America/Santiago", "00:00", False), "2026-09-06", "01:00", id="santiago-no-midnight"),
        pytest.param(("America/Havana", "00:00", False), "2026-03-08", "01:00", id="havana-no-midnight"),
        pytest.param(("Asia/Beirut", "00:00", False), "2026-03-29", "01:00", id="beirut-no-midnight"),
        pytest.param(("Africa/Cairo", "00:00", True), "2026-04-24", "01:00", id="cairo-daily-no-midnight"),
    ],
)
def test_on_a_day_of_clock_change_exactly_one_digest_is_owed(empty, tmp_path, settings, around, local) -> None:
    zone, clock, daily = settings
    midnight = datetime.fromisoformat(around).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    newcomer = chat(
        zone=zone, digest_time=clock, digest_weekday=6, digest_daily=daily, created_at=midnight - timedelta(hours=3)
    )
    _join(empty, newcomer)
    for half_hours in range(-4, 12):
        _plan(empty, tmp_path, midnight + timedelta(minutes=30 * half_hours))
    homes = [one.created_at.astimezone(ZoneInfo(zone)) for one in _owed(empty)]
    assert [home.strftime("%Y-%m-%d %H:%M") for home in homes] == [f"{around} {local}"]


def test_a_zone_that_is_unknown_counts_as_utc_and_the_chat_is_told(world, tmp_path) -> None:
    _join(world, chat(created_at=LONG_AGO, zone="Atlantis/Capital"))
    _plan(world, tmp_path, NOW)
    assert "The time zone Atlantis/Capital is not known" in _text(_owed(world)[0])


def test_within_quiet_hours_the_digest_comes_at_its_hour_without_a_sound(world, tmp_path) -> None:
    _join(world, chat(created_at=LONG_AGO, quiet_from="22:00", quiet_to="09:00"))
    _plan(world, tmp_path, NOW)
    (owed,) = _owed(world)
    assert owed.not_before == NOW
    assert owed.payload["silent"] is True


@pytest.mark.parametrize(
    ("pause", "state"),
    [
        pytest.param(timedelta(hours=5), DeliveryState.HELD, id="until-the-afternoon"),
        pytest.param(timedelta(days=5), None, id="for-days"),
    ],
)
def test_a_paused_chat_gets_its_digest_after_a_short_pause_and_none_after_a_long_one(world, tmp_path, pause, state):
    _join(world, chat(created_at=END - timedelta(days=3), paused_until=END + pause))
    _plan(world, tmp_path, NOW)
    assert [one.state for one in _owed(world)] == ([state] if state else [])
    assert _ledger(world) == {("42", "2026-W48"): "" if state else "paused"}


def test_chats_that_are_off_or_disabled_or_new_are_owed_nothing(world, tmp_path) -> None:
    _join(
        world,
        chat(key="1", telegram_id=1, created_at=LONG_AGO, digest_on=False),
        chat(key="2", telegram_id=2, created_at=LONG_AGO, disabled_reason="blocked"),
        chat(key="3", telegram_id=3, created_at=END + timedelta(seconds=1)),
    )
    assert _plan(world, tmp_path, NOW).planned == 0
    assert _owed(world) == []


def test_a_chat_that_asks_for_nothing_gets_no_digest_and_one_hint_for_good(world, tmp_path) -> None:
    _join(world, chat(created_at=END - timedelta(days=3), lang="de"), rules=[])
    reports = [_plan(world, tmp_path, NOW + timedelta(weeks=week)) for week in range(3)]
    assert [(report.planned, report.skipped) for report in reports] == [(0, 1)] * 3
    (hint,) = _owed(world)
    assert hint.kind is DeliveryKind.NOTICE
    assert "/topics" in hint.payload["text"]
    assert set(_ledger(world).values()) == {"unsubscribed"}


def test_what_exceeds_the_limit_of_one_call_is_taken_up_by_the_next(world, tmp_path) -> None:
    _join(world, *(chat(key=str(key), telegram_id=key, created_at=END - timedelta(days=1)) for key in range(100, 107)))
    first = _plan(world, tmp_path, NOW, limit=5)
    second = _plan(world, tmp_path, NOW, limit=5)
    assert (first.planned, first.left, second.planned, second.left) == (5, 2, 2, 0)


def test_a_chat_that_was_forgotten_meanwhile_gets_nothing(world, tmp_path, charts) -> None:
    _join(
        world,
        chat(created_at=END - timedelta(days=1)),
        chat(key="43", telegram_id=43, created_at=END - timedelta(days=1)),
    )

    class Forgets:
        async def draw(self, specs):
            with world.begin() as tx:
                tx.execute(chats.delete().where(chats.c.key == "43"))
            return await charts.draw(specs)

    _plan(world, tmp_path, NOW, Forgets())
    assert [one.chat_key for one in _owed(world)] == ["42"]


def test_a_broken_template_is_replaced_by_the_shipped_one_and_the_owner_is_told_once_a_day(world, tmp_path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "telegram.j2").write_text("{% macro card(card) %}{{ card.nothing }}{% endmacro %}\n")
    _join(world, *(chat(key=key, telegram_id=int(key), created_at=END - timedelta(days=1)) for key in ("7", "42")))
    with world.begin() as tx:
        tx.execute(access.insert().values(kind="owner", value="7", created_at=NOW))
    report = _plan(world, tmp_path, NOW, templates=folder, limit=1)
    _plan(world, tmp_path, NOW, templates=folder)
    notices = [one for one in _owed(world) if one.kind is DeliveryKind.NOTICE]
    assert report.planned == 1
    assert [fault.place for fault in report.faults] == [f"{folder}/telegram.j2"]
    assert [(one.chat_key, str(folder) in str(one.payload["text"])) for one in notices] == [("7", True)]
    digests_owed = [one for one in _owed(world) if one.kind is DeliveryKind.DIGEST]
    assert all("independent publisher" in _text(one) for one in digests_owed)


CRASH = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from bot.alerting.charting import NoCharts
from bot.alerting.digests.planning import plan_due
from bot.storage.database import open_engine
now, folder = datetime.fromisoformat(sys.argv[2]), Path(sys.argv[3])
asyncio.run(plan_due(open_engine(sys.argv[1]), now=now, charts=NoCharts(), pictures=folder, at_once=10))
"""


def test_killed_in_the_middle_none_is_owed_twice_and_none_is_lost(tmp_path) -> None:
    address = f"sqlite:///{tmp_path}/crash.sqlite3"
    engine = open_world(address)
    _join(engine, *(chat(key=str(key), telegram_id=key, created_at=END - timedelta(days=1)) for key in range(100, 145)))
    command = [sys.executable, "-c", CRASH, address, NOW.isoformat(), str(tmp_path)]
    died = subprocess.run(command, env={**os.environ, "CRASH_AT": "digest_claimed#3"}, check=False)
    between = len(_owed(engine))
    report = _plan(engine, tmp_path, NOW + timedelta(minutes=1))
    assert died.returncode == 137
    assert (between, report.planned) == (20, 25)
    assert sorted(one.chat_key for one in _owed(engine)) == [str(key) for key in range(100, 145)]
    engine.dispose()
