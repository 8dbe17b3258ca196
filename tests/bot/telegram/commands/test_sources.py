from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import Source, SourceKind
from bot.ingest.discovery import Discovery, FoundFeed
from bot.storage import sources
from bot.storage.access import USER, allow
from bot.storage.schema import sources as table
from tests.fakes.conversations import house as open_house
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


FEED = FoundFeed(
    url="https://new.example/feed.xml", title="New <b>Wire</b>", home="", lang="en", items=12, undated=False
)
OTHER = replace(FEED, url="https://new.example/comments.xml", items=3)


@pytest.fixture
async def finding(tmp_path):
    """A house where one address has two feeds and every other none."""
    found = {"https://new.example/": Discovery(feeds=(FEED, OTHER))}
    nothing = Discovery(problem="this host is private")
    async with open_house(tmp_path, find_feeds=lambda url: found.get(url, nothing)) as house:
        yield house


def source_rows(house):
    return {row["id"]: row for row in house.rows("sources")}


async def test_the_owner_adds_a_source_by_the_address_of_its_page(finding):
    shown = await finding.say(42, "/sources add https://new.example/")
    assert "New <b>Wire</b>" in shown.text
    assert "12 items" in shown.text
    assert "comments.xml" in shown.text
    assert source_rows(finding) == {}
    await finding.press(shown, "trade press")
    added = source_rows(finding)["new-example"]
    assert (added["url"], added["tier"], added["added_by"]) == (FEED.url, 3, "chat")
    await finding.press(await finding.say(42, "/sources add https://new.example/"), "wire")
    assert finding.api.chat(42).last.text == "I watch this address already."
    assert len(source_rows(finding)) == 1


async def test_an_address_without_a_feed_is_answered_with_the_reason(finding):
    assert "this host is private" in (await finding.say(42, "/sources add http://127.0.0.1/")).text
    assert "Give the address" in (await finding.say(42, "/sources add")).text
    assert "Give the address" in (await finding.say(42, "/sources add two words")).text


async def test_what_is_pressed_last_cancels(finding):
    shown = await finding.say(42, "/sources add https://new.example/")
    await finding.press(shown, "Cancel")
    assert source_rows(finding) == {}
    assert finding.toast == "Nothing was changed."


async def test_others_than_the_owner_can_neither_add_nor_change_a_source(finding):
    add(finding, "wire")
    with finding.engine.begin() as tx:
        allow(tx, USER, 77, note="", now=NOW)
    assert "Only the person who runs the bot" in (await finding.say(77, "/sources add https://new.example/")).text
    shown = await finding.say(77, "/sources wire")
    assert shown.buttons == []
    owners = await finding.say(42, "/sources wire")
    await finding.press_data(shown, owners.data("Remove"), user_id=77)
    assert "wire" in source_rows(finding)


async def test_the_owner_pauses_resumes_and_removes_a_source(finding):
    add(finding, "wire")
    await finding.press(await finding.say(42, "/sources wire"), "Pause")
    assert not source_rows(finding)["wire"]["enabled"]
    await finding.press(await finding.say(42, "/sources wire"), "Switch on")
    assert source_rows(finding)["wire"]["enabled"]
    await finding.press(await finding.say(42, "/sources wire"), "Remove")
    assert not source_rows(finding)["wire"]["enabled"], "a shipped one would come back at the next start"


async def test_without_sources_the_list_says_so(house):
    assert (await house.say(42, "/sources")).text == "There are no sources yet."
