"""What a query would have told in the past."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rules.backtest import Stored, backtest
from rules.query import Document, parse

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def stored(title, at, story):
    return Stored(document=Document.of(title=title, text="", fields={}), published_at=at, story_id=story)


ARCHIVE = [
    stored("Gallium quota", datetime(2026, 4, 9, 22, 30, tzinfo=UTC), "b"),  # 00:30 of the 10th in Berlin
    stored("Gallium ban", datetime(2026, 4, 8, 8, tzinfo=UTC), "a"),
    stored("Gallium ban, again", datetime(2026, 4, 8, 9, tzinfo=UTC), "a"),
    stored("Nickel quota", datetime(2026, 4, 9, 9, tzinfo=UTC), "c"),
    stored("Gallium of old", datetime(2026, 1, 1, tzinfo=UTC), "d"),
    stored("Gallium of tomorrow", datetime(2026, 4, 11, tzinfo=UTC), "e"),
]


def test_a_story_is_told_once_at_its_first_match_in_local_time():
    result = backtest(parse("gallium"), ARCHIVE, zone=BERLIN, now=NOW, days=3)
    assert result.story_ids == ("a", "b")
    assert (result.count, result.articles, result.searched) == (2, 3, 4)
    assert dict(result.per_day) == {date(2026, 4, 7): 0, date(2026, 4, 8): 1, date(2026, 4, 9): 0, date(2026, 4, 10): 1}
    assert [hour for hour, count in enumerate(result.by_local_hour) if count] == [0, 10]
    assert result.night_count == 1
    assert result.per_day_mean == pytest.approx(2 / 3)


def test_what_the_other_rules_tell_already_is_not_added():
    result = backtest(parse("gallium"), ARCHIVE, zone=BERLIN, now=NOW, days=3, other_rules=[parse("ban"), parse("tin")])
    assert result.added == ("b",)


def test_a_correlated_rule_tells_at_the_article_that_reaches_the_count():
    counted = {"zone": UTC, "now": NOW, "days": 3, "at_least": 2}
    result = backtest(parse("gallium"), ARCHIVE, within=timedelta(hours=2), **counted)
    assert result.story_ids == ("a",)
    assert result.by_local_hour[9] == 1
    assert backtest(parse("gallium"), ARCHIVE, within=timedelta(minutes=30), **counted).count == 0


def test_nothing_found_is_a_result_too():
    result = backtest(parse("uranium"), ARCHIVE, zone=UTC, now=NOW, days=1)
    assert (result.count, result.story_ids, sum(result.by_local_hour)) == (0, (), 0)
    with pytest.raises(ValueError, match="days"):
        backtest(parse("uranium"), ARCHIVE, zone=UTC, now=NOW, days=0)
