from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import icalendar
import pytest

from bot.alerting.calendars import calendar
from bot.alerting.digests.material import AlertRow
from bot.alerting.digests.sunsets import shipped_sunsets
from bot.alerting.syndication import atom
from bot.domain import AlertReason, Direction, Severity, Stage, Topic
from bot.telegram.strings import strings
from tests.fakes.values import NOW, member, story

TODAY = date(2026, 11, 24)
ATOM = "{http://www.w3.org/2005/Atom}"


def events(*stories, sunsets=(), lang="en"):
    made = icalendar.Calendar.from_ical(calendar(stories, sunsets, strings(lang), today=TODAY))
    return list(made.walk("VEVENT"))


def alert(**changes):
    plain = {
        "id": "al1",
        "story_id": "s1",
        "reason": AlertReason.NEW_STORY,
        "was": "",
        "direction": Direction.TIGHTENING,
        "stage": Stage.ANNOUNCED,
        "severity": Severity.HIGH,
        "topics": (Topic.EXPORT_CONTROL,),
        "decided_at": NOW,
    }
    return AlertRow(**{**plain, **changes})


def test_each_date_of_a_story_is_an_all_day_event_that_makes_nobody_busy() -> None:
    one = story(effective_on=date(2026, 12, 1), expires_on=date(2027, 5, 1), comment_due_on=date(2026, 11, 23))
    found = events(one)
    assert [event["summary"] for event in found] == [
        "Takes effect: Country bans exports of gallium",
        "Expires: Country bans exports of gallium",
    ]
    assert [event.decoded("dtstart") for event in found] == [date(2026, 12, 1), date(2027, 5, 1)]
    assert {event["transp"] for event in found} == {"TRANSPARENT"}
    assert found[0]["url"] == "https://wire.example/1"


def test_an_event_keeps_its_identity_when_its_date_moves() -> None:
    (before,), (after,) = events(story(expires_on=date(2026, 12, 1))), events(story(expires_on=date(2026, 12, 9)))
    assert before["uid"] == after["uid"]


def test_the_shipped_calendar_says_that_it_is_to_be_verified() -> None:
    found = events(sunsets=shipped_sunsets())
    assert found
    assert all("To verify" in event["description"] for event in found)


def test_a_hostile_headline_cannot_add_lines_to_the_calendar() -> None:
    hostile = story(headline="A\r\nEND:VEVENT\nBEGIN:VALARM; , \\ x", effective_on=date(2026, 12, 1))
    (event,) = events(hostile)
    assert event["summary"] == "Takes effect: A END:VEVENT BEGIN:VALARM; , \\ x"


def test_equal_dates_give_equal_bytes() -> None:
    one = story(effective_on=date(2026, 12, 1))
    made = {calendar([one], shipped_sunsets(), strings("de"), today=TODAY) for _ in range(3)}
    assert len(made) == 1
    assert b"Tritt in Kraft" in made.pop()


def test_an_alert_is_an_atom_entry_with_its_sources_the_official_document_first() -> None:
    official = member(article_id="o", publisher="bureau", tier=1, official=True, url="https://bureau.example/2")
    feed = ET.fromstring(atom([(alert(), story(articles=(member(), official)))], strings("en")))
    entry = feed.find(f"{ATOM}entry")
    assert feed.find(f"{ATOM}updated").text == "2025-07-16T12:00:00Z"
    assert entry.find(f"{ATOM}title").text == "High · Tightening · Announced: Country bans exports of gallium"
    assert [(link.get("rel"), link.get("href")) for link in entry.findall(f"{ATOM}link")] == [
        ("alternate", "https://bureau.example/2"),
        ("related", "https://wire.example/1"),
    ]
    assert [one.get("term") for one in entry.findall(f"{ATOM}category")] == ["export_control"]
    assert "bureau · official document · https://bureau.example/2" in entry.find(f"{ATOM}content").text


def test_a_change_is_an_entry_of_its_own_and_says_what_changed() -> None:
    change = alert(id="al2", reason=AlertReason.STAGE_CHANGED, was="proposal")
    feed = ET.fromstring(atom([(change, story()), (alert(), story())], strings("en")))
    ids = [entry.find(f"{ATOM}id").text for entry in feed.findall(f"{ATOM}entry")]
    assert len(set(ids)) == 2
    assert "Stage: Proposal → Announced" in feed.find(f"{ATOM}entry/{ATOM}content").text


@pytest.mark.parametrize("headline", ["a & <b>", "x\x00y\x0b\ud800z", "", "🇨🇳 中国"])
def test_any_headline_gives_well_formed_xml(headline) -> None:
    written = atom([(alert(), story(headline=headline, articles=(member(url="javascript:x"),)))], strings("en"))
    entry = ET.fromstring(written).find(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").text
    assert entry.find(f"{ATOM}link") is None


def test_a_feed_without_alerts_is_valid_and_always_the_same() -> None:
    assert atom([], strings("en")) == atom([], strings("en"))
    assert ET.fromstring(atom([], strings("en"))).find(f"{ATOM}updated").text == datetime(
        1970, 1, 1, tzinfo=UTC
    ).strftime("%Y-%m-%dT%H:%M:%SZ")
