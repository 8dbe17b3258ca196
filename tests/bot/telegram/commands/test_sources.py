from datetime import timedelta

import pytest

from bot.domain import Source, SourceKind
from bot.storage import sources
from bot.storage.schema import sources as table
from tests.fakes.values import NOW


def add(house, source_id, *, name="", url="", tier=2, **health):
    source = Source(
        id=source_id, name=name or source_id.title(), url=url or f"https://{source_id}.example/feed",
        kind=SourceKind.FEED, tier=tier, publisher=source_id,
    )  # fmt: skip
    well = {"polls": 10, "last_polled_at": NOW, "last_success_at": NOW, "last_new_at": NOW, "mean_gap_seconds": 3600.0}
    with house.engine.begin() as tx:
        sources.add(tx, source, added_by="shipped")
        tx.execute(table.update().where(table.c.id == source_id).values(**{**well, **health}))


async def test_sources_in_trouble_come_first_with_their_reason(house):
    add(house, "well")
    add(house, "failing", error_streak=7, last_status="503 Service Unavailable")
    add(house, "silent", last_new_at=NOW - timedelta(days=9))
    add(house, "paused", enabled=False, paused_reason="gone for good (410)")
    shown = await house.say(42, "/sources")
    assert shown.text.startswith("Sources: 1 of 4 are well")
    lines = shown.text.split("\n")
    assert lines[-2].startswith("🟢 Well (well)")
    assert "🔴 Failing (failing)" in shown.text
    assert "7 failures in a row: 503 Service Unavailable" in shown.text
    assert "🟡 Silent (silent)" in shown.text
    assert "gone for good (410)" in shown.text


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        pytest.param({}, "🟢", id="well"),
        pytest.param({"error_streak": 2}, "🟢", id="two failures are weather"),
        pytest.param({"error_streak": 3}, "🔴", id="three are trouble"),
        pytest.param({"last_polled_at": None}, "🟡", id="not polled yet"),
        pytest.param({"newest_item_at": NOW - timedelta(days=60)}, "🟡", id="left behind"),
    ],
)
async def test_the_mark_is_the_state_that_the_command_line_shows(house, changes, mark):
    add(house, "wire", **changes)
    assert f"{mark} Wire (wire)" in (await house.say(42, "/sources")).text


async def test_sources_have_pages_and_are_found_by_name(house):
    for number in range(23):
        add(house, f"source{number:02}")
    shown = await house.say(42, "/sources")
    await house.press(shown, "More")
    await house.press(shown, "More")
    assert "Source22" in shown.text
    assert "Source05 (source05)" in (await house.say(42, "/sources SOURCE05")).text
    assert "no such source" in (await house.say(42, "/sources nowhere")).text


async def test_missed_knows_that_a_site_is_read_but_the_page_was_not(house):
    add(house, "wire", name="The Wire", url="https://news.wire.example/feed", last_success_at=NOW - timedelta(days=2))
    shown = await house.say(42, "/missed https://www.wire.example/other")
    assert "I read wire.example (The Wire)" in shown.text
    assert "2 days old" in shown.text


@pytest.mark.parametrize(("days", "text"), [(0, "less than a minute"), (1, "24 hours"), (3, "3 days")])
async def test_ages_are_told_in_their_largest_unit(house, days, text):
    add(house, "wire", last_new_at=NOW - timedelta(days=days))
    assert f"new {text} ago" in (await house.say(42, "/sources")).text
