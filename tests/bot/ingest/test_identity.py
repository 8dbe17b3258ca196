from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain import Source, SourceKind
from bot.ingest.identity import keys_of, select
from bot.ingest.items import Item, Parsed
from bot.ingest.memory import SourceMemory
from bot.ingest.polled import Polled, Selection
from bot.ingest.polling import candidates_of
from tests.fakes.feed_faults import NOW

SOURCE = Source(
    id="paper", name="The Paper", url="https://paper.test/feed", kind=SourceKind.FEED, tier=3, publisher="The Paper"
)
WATCHED = SourceMemory(first_polled_at=NOW - timedelta(days=30), last_success_at=NOW - timedelta(minutes=15))
LONG = "The ministry says that the rule applies to exporters from the day of publication on, and lists the goods."


def item(number: int, **changes: object) -> Item:
    values = {
        "title": f"Rule {number} on dual-use goods takes effect",
        "url": f"https://paper.test/{number}",
        "guid": f"id-{number}",
        "published_at": NOW - timedelta(minutes=5),
        "summary": f"{LONG} {number}",
        **changes,
    }
    return Item(**values)


class Book:
    """Plays the dedup memory of the database over several polls."""

    def __init__(self, memory: SourceMemory = WATCHED, source: Source = SOURCE) -> None:
        self.known: dict[str, str] = {}
        self.memory = memory
        self.source = source

    def poll(self, *items: Item, now: datetime = NOW, **limits: timedelta) -> Selection:
        polled = Polled(
            source=self.source,
            before=self.memory,
            memory=replace(self.memory, first_polled_at=self.memory.first_polled_at or now, last_success_at=now),
            items=candidates_of(self.source, Parsed(items=items), now),
            polled_at=now,
        )
        selection = select(polled, self.known, now=now, **limits)
        for sighting in selection.sightings:
            self.known.setdefault(sighting.key, sighting.article_id)
        self.memory = selection.memory
        return selection


def reasons(selection: Selection) -> list[str]:
    return [drop.reason for drop in selection.drops]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param({"guid": "other"}, id="guid changed"),
        pytest.param({"guid": ""}, id="guid lost"),
        pytest.param({"url": "https://paper.test/moved/1"}, id="link changed"),
        pytest.param({"url": "http://www.paper.test/1/?utm_source=x#top"}, id="link spelt differently"),
        pytest.param({"title": "Rule 1 takes effect on dual-use goods"}, id="title edited"),
        pytest.param({"guid": "new", "url": "https://new.test/1"}, id="guid and link changed, same title and day"),
        pytest.param({"published_at": NOW}, id="date bumped"),
    ],
)
def test_an_item_is_known_again(again: dict[str, object]) -> None:
    book = Book()
    assert len(book.poll(item(1)).new) == 1
    second = book.poll(item(1, **again), now=NOW + timedelta(minutes=15))
    assert second.new == ()
    assert second.known == 1
    assert second.drops == ()


def test_a_column_with_one_title_every_day_is_new_every_day() -> None:
    book = Book()
    for day in range(3):
        now = NOW + timedelta(days=day)
        daily = item(day, title="Notices of the day to all exporters", published_at=now, summary=LONG)
        assert len(book.poll(daily, now=now).new) == 1


def test_two_notices_of_one_day_with_one_short_title_are_two() -> None:
    book = Book()
    assert len(book.poll(item(1, title="Designations", summary="")).new) == 1
    later = book.poll(item(1, title="Designations", summary=""), item(2, title="Designations", summary=""))
    assert len(later.new) == 1


def test_items_that_share_a_guid_or_a_link_are_told_apart() -> None:
    assert len(Book().poll(*(item(n, guid="same") for n in range(5))).new) == 5
    assert len(Book().poll(*(item(n, url="https://paper.test/") for n in range(5))).new) == 5


def test_an_item_twice_in_one_poll_is_one_article() -> None:
    assert len(Book().poll(item(1), item(1, guid="id-1b")).new) == 1


def test_the_front_page_is_no_identity() -> None:
    keys = keys_of([item(1, guid="", url="https://paper.test/")], "https://paper.test/")
    assert not any(key.startswith("url:") for key in keys[0])


def test_ids_come_from_content_and_are_the_same_everywhere() -> None:
    one, other = Book().poll(item(1)), Book().poll(item(1), now=NOW + timedelta(hours=1))
    assert one.new[0].id == other.new[0].id


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"published_at": None}, "undated"),
        ({"published_at": NOW + timedelta(days=3650)}, "future"),
        ({"published_at": NOW - timedelta(days=4)}, "old"),
        ({"url": ""}, "no_link"),
        ({"title": ""}, "no_text"),
    ],
)
def test_what_is_not_assessed_is_dropped_with_its_reason_once(changes: dict[str, object], reason: str) -> None:
    book = Book()
    first = book.poll(item(1, **changes), item(2))
    assert reasons(first) == [reason]
    assert first.drops[0].detail
    assert [article.title for article in first.new] == [item(2).title]
    assert book.poll(item(1, **changes), item(2)).drops == ()


def test_an_undated_item_that_turns_up_between_polls_is_new_where_the_source_is_known_to_state_no_dates() -> None:
    book = Book(source=replace(SOURCE, options={"undated": "accept"}), memory=SourceMemory())
    assert reasons(book.poll(item(1, published_at=None))) == ["undated"]
    later = book.poll(item(2, published_at=None), item(1, published_at=None), now=NOW + timedelta(hours=1))
    assert [article.title for article in later.new] == [item(2).title]


def test_the_first_poll_tells_nothing_old() -> None:
    book = Book(memory=SourceMemory())
    hours = [item(n, published_at=NOW - timedelta(hours=10 * n + 1)) for n in range(6)]
    first = book.poll(*hours)
    assert len(first.new) == 3
    assert reasons(first) == ["before_first_poll"] * 3
    assert book.poll(*hours, now=NOW + timedelta(minutes=15)).new == ()


def test_the_demo_admits_old_items_by_asking_for_it() -> None:
    book = Book(memory=SourceMemory())
    ancient = item(1, published_at=NOW - timedelta(days=300))
    wide = timedelta(days=1000)
    assert len(book.poll(ancient, freshness=wide, first_window=wide).new) == 1


def test_a_flood_of_old_items_is_held_and_fresh_ones_pass() -> None:
    book = Book()
    stock = [item(n, published_at=NOW - timedelta(hours=20, minutes=n)) for n in range(30)]
    book.memory = replace(book.memory, last_success_at=NOW - timedelta(hours=21))
    book.poll(*stock)
    now = NOW + timedelta(minutes=15)
    renamed = [
        replace(one, guid=f"x{n}", url=f"https://new.test/{n}", title=f"Renamed {n}", summary=f"Changed {n}")
        for n, one in enumerate(stock)
    ]
    flood = book.poll(*renamed, item(99, published_at=now - timedelta(minutes=1)), now=now)
    assert flood.flood
    assert [article.title for article in flood.new] == [item(99).title]
    assert reasons(flood) == ["flood"] * 30
    assert book.poll(*renamed, now=now + timedelta(minutes=15)).drops == ()


@pytest.mark.parametrize(
    "dates",
    [
        pytest.param([NOW.replace(hour=0)] * 12, id="dated by the day"),
        pytest.param([NOW - timedelta(hours=9)] * 12, id="dated for one hour"),
        pytest.param([NOW - timedelta(minutes=25 * n) for n in range(12)], id="written anew every five hours"),
    ],
)
def test_an_issue_that_comes_at_once_and_late_is_no_flood(dates) -> None:
    book = Book()
    book.poll(*(item(n, published_at=NOW - timedelta(days=1, minutes=n)) for n in range(12)))
    now = NOW + timedelta(minutes=15)
    issue = book.poll(*(item(100 + n, published_at=at) for n, at in enumerate(dates)), now=now)
    assert len(issue.new) == 12
    assert not issue.flood


def test_a_busy_hour_is_no_flood() -> None:
    book = Book()
    book.poll(*(item(n) for n in range(10)))
    now = NOW + timedelta(minutes=15)
    busy = book.poll(*(item(100 + n, published_at=now - timedelta(minutes=3)) for n in range(10)), now=now)
    assert len(busy.new) == 10
    assert not busy.flood


def test_news_of_an_outage_come_through_when_it_is_over() -> None:
    book = Book(memory=replace(WATCHED, last_success_at=NOW - timedelta(hours=30)))
    missed = [item(n, published_at=NOW - timedelta(hours=n)) for n in range(1, 28)]
    assert len(book.poll(*missed).new) == 27


def test_the_habit_of_a_source_is_learnt_from_what_is_new() -> None:
    book = Book()
    for n in range(5):
        book.poll(item(n, published_at=NOW + timedelta(hours=n)), now=NOW + timedelta(hours=n))
    assert book.memory.mean_gap_seconds == pytest.approx(3600)
    assert book.memory.last_new_at == NOW + timedelta(hours=4)
    assert book.memory.items_new == 5
