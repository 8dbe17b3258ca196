from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, func, select

from bot.domain import Article, Source, SourceKind
from bot.ingest.identity import link_key
from bot.ingest.polled import Drop, Sighting
from bot.storage import articles as rows
from bot.storage.schema import sightings
from bot.storage.sources import add
from tests.fakes.feed_faults import NOW

ARTICLE = Article(
    id="a1",
    source_id="paper",
    publisher="The Paper",
    tier=3,
    lang="en",
    url="https://www.paper.test/a?utm_source=rss",
    title="Rule 1 takes effect",
    summary="All of it",
    guid="g",
    published_at=NOW - timedelta(hours=1),
    fetched_at=NOW,
    instruments=("FR 2026-00001",),
)
PAPER = Source(id="paper", name="P", url="https://paper.test/", kind=SourceKind.FEED, tier=3, publisher="P")
DROP = Drop(
    source_id="paper",
    url="https://paper.test/b",
    title="Undated",
    reason="undated",
    detail="the item has no date",
    dropped_at=NOW,
)


def sighting(key: str, article_id: str = "a1", source_id: str = "paper") -> Sighting:
    return Sighting(source_id=source_id, key=key, article_id=article_id)


def test_an_article_is_stored_once_and_comes_back_whole(engine: Engine) -> None:
    with engine.begin() as tx:
        assert rows.add_articles(tx, [ARTICLE]) == 1
        assert rows.add_articles(tx, [replace(ARTICLE, title="changed")]) == 0
        assert rows.load_articles(tx, ["a1", "none"]) == {"a1": ARTICLE}
        rows.set_text(tx, "a1", "The page's text")
        assert rows.load_articles(tx, ["a1"])["a1"].body == "The page's text"


def test_a_link_is_found_however_it_is_written(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.add_articles(tx, [ARTICLE])
        rows.add_drops(tx, [DROP])
        assert rows.find_by_url(tx, "http://paper.test/a/#top").articles == (ARTICLE,)
        (dropped,) = rows.find_by_url(tx, "https://www.paper.test/b?fbclid=1").drops
        assert (dropped.reason, dropped.detail, dropped.dropped_at) == ("undated", "the item has no date", NOW)
        nothing = rows.find_by_url(tx, "https://paper.test/c")
    assert (nothing.articles, nothing.drops) == ((), ())


def test_a_link_is_found_through_the_article_that_it_was_taken_for(engine: Engine) -> None:
    with engine.begin() as tx:
        add(tx, PAPER, added_by="cli")
        rows.add_articles(tx, [ARTICLE])
        rows.touch_sightings(tx, [sighting(link_key("https://paper.test/moved"))], now=NOW)
        found = rows.find_by_url(tx, "http://www.paper.test/moved?utm_source=x")
    assert (found.articles, found.known_as) == ((), (ARTICLE,))


def test_keys_are_known_in_their_own_source_only(engine: Engine) -> None:
    many = [sighting(f"guid:{n}", f"a{n}") for n in range(2000)]
    with engine.begin() as tx:
        rows.touch_sightings(tx, many, now=NOW)
        known = rows.known_keys(tx, "paper", [one.key for one in many] + ["guid:none"])
        assert known == {one.key: one.article_id for one in many}
        assert rows.known_keys(tx, "wire", ["guid:1"]) == {}
        assert rows.known_keys(tx, "paper", []) == {}


def test_a_key_keeps_its_first_article(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.touch_sightings(tx, [sighting("guid:1", "a1")], now=NOW)
        rows.touch_sightings(tx, [sighting("guid:1", "a2")], now=NOW)
        assert rows.known_keys(tx, "paper", ["guid:1"]) == {"guid:1": "a1"}


def test_what_a_feed_still_shows_is_never_forgotten(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.touch_sightings(tx, [sighting("guid:shown"), sighting("guid:gone")], now=NOW)
        for day in range(1, 200):
            rows.touch_sightings(tx, [sighting("guid:shown")], now=NOW + timedelta(days=day))
        removed = rows.prune(tx, NOW + timedelta(days=110))
        assert removed["sightings"] == 1
        assert set(rows.known_keys(tx, "paper", ["guid:shown", "guid:gone"])) == {"guid:shown"}


def test_a_fresh_key_is_not_written_again(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.touch_sightings(tx, [sighting("guid:1")], now=NOW)
        rows.touch_sightings(tx, [sighting("guid:1")], now=NOW + timedelta(hours=1))
        assert tx.execute(select(func.max(sightings.c.last_seen_at))).scalar_one() == NOW


def test_drops_are_counted_by_reason_once_an_item(engine: Engine) -> None:
    others = [replace(DROP, reason="old"), replace(DROP, title="Other", url="")]
    with engine.begin() as tx:
        assert rows.add_drops(tx, [DROP, *others]) == {"undated": 2, "old": 1}
        assert rows.add_drops(tx, [DROP]) == {}


def test_counts_add_up_by_day(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.count(tx, NOW, {"read": 5, "flagged": 1})
        rows.count(tx, NOW, {"read": 1})
        rows.count(tx, NOW - timedelta(days=3), {"read": 100})
        rows.count(tx, NOW, {"nothing": 0})
        assert rows.counted(tx, NOW - timedelta(days=1), NOW) == {"read": 6, "flagged": 1}


def test_pruning_takes_what_is_old_and_leaves_the_rest(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.add_articles(tx, [ARTICLE, replace(ARTICLE, id="a2", fetched_at=NOW + timedelta(days=9))])
        rows.add_drops(tx, [DROP])
        removed = rows.prune(tx, NOW + timedelta(days=1), sightings_before=NOW - timedelta(days=60))
        assert removed == {"articles": 1, "drops": 1, "sightings": 0}
        assert set(rows.load_articles(tx, ["a1", "a2"])) == {"a2"}


def test_characters_that_a_database_refuses_are_left_out(engine):
    odd = {
        "title": "a\x00b\ud800c",
        "summary": "\x00",
        "guid": "g\x00",
        "url": "https://x.test/\udfff",
        "text": "\ud83d",
    }
    with engine.begin() as tx:
        rows.add_articles(tx, [replace(ARTICLE, **odd)])
        stored = rows.load_articles(tx, [ARTICLE.id])[ARTICLE.id]
    assert (stored.title, stored.summary, stored.guid) == ("ab?c", "", "g")
