from dataclasses import replace
from datetime import timedelta

import pytest

from bot.analysis.grouping import StoryIndex
from bot.analysis.grouping.mending import merge, split
from bot.analysis.growth import begin, grow
from bot.storage import articles as article_rows
from bot.storage import stories
from bot.storage.database import open_engine
from bot.storage.schema import metadata
from tests.fakes.values import NOW, article, assessment

TITLE = "Freedonia bans gallium exports to Sylvania chipmakers"


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'index.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def _store(tx, one, read, *, story=None, now=NOW):
    article_rows.add_articles(tx, [one])
    stories.save_assessments(tx, [read], now=now)
    grown = (
        begin(one, read, official=False, now=now)
        if story is None
        else grow(story, one, read, official=False, copy_of=None, now=now)
    )
    stories.save_story(tx, grown, now=now)
    return grown


def test_after_a_restart_the_story_is_found_again(engine) -> None:
    first = article(title=TITLE)
    with engine.begin() as tx:
        known = _store(tx, first, assessment())
        index = StoryIndex()
        index.refresh(tx, now=NOW + timedelta(hours=1))
        later = article(id="a2", publisher="other", title="Gallium exports to Sylvania chipmakers banned by Freedonia")
        assert index.place(later, assessment(article_id="a2")).story_id == known.id


def test_what_another_process_added_is_seen_at_the_next_refresh(engine) -> None:
    index = StoryIndex()
    with engine.begin() as tx:
        index.refresh(tx, now=NOW)
        known = _store(tx, article(title=TITLE), assessment(), now=NOW - timedelta(minutes=2))
        index.refresh(tx, now=NOW + timedelta(minutes=1))
        assert index.place(article(id="a2", title=TITLE), assessment(article_id="a2")).story_id == known.id


def test_a_rolled_back_poll_leaves_nothing_behind(engine) -> None:
    index = StoryIndex()
    with engine.begin() as tx:
        index.refresh(tx, now=NOW)
        index.add("lost", article(title=TITLE), assessment())
        index.forget_all()
        index.refresh(tx, now=NOW)
        assert index.place(article(id="a2", title=TITLE), assessment(article_id="a2")).story_id is None


def test_articles_older_than_the_window_are_forgotten(engine) -> None:
    index = StoryIndex(window=timedelta(days=2))
    with engine.begin() as tx:
        index.refresh(tx, now=NOW)
        index.add("old", article(title=TITLE), assessment())
        index.refresh(tx, now=NOW + timedelta(days=3))
        again = replace(article(id="a2", title=TITLE), published_at=NOW + timedelta(days=3))
        assert index.place(again, assessment(article_id="a2")).story_id is None


def _two_stories_of_one_event(tx):
    """Give a story of two articles and one of one, as two processes make them that do not see each other."""
    first = _store(tx, article(title=TITLE), assessment())
    first = _store(tx, article(id="a2", title=TITLE), assessment(article_id="a2"), story=first)
    later = article(id="a3", title=TITLE, published_at=NOW + timedelta(minutes=1))
    second = _store(tx, later, assessment(article_id="a3"), now=NOW + timedelta(minutes=1))
    return first, second


def _is_one_with(index, tx, story):
    """Tell which story stays when this one has just grown."""
    return index.unite(tx, None, story, now=NOW + timedelta(minutes=3))[1].id


@pytest.mark.parametrize(
    "ahead",
    [timedelta(minutes=1), timedelta(hours=-5)],
    ids=["seen at the next refresh", "by a clock far behind, seen once the story grows"],
)
def test_what_another_process_united_is_one_story(engine, ahead) -> None:
    index = StoryIndex()
    with engine.begin() as tx:
        first, second = _two_stories_of_one_event(tx)
        index.refresh(tx, now=NOW)
        _, kept = merge(tx, first.id, second.id, now=NOW + ahead)
        index.refresh(tx, now=NOW + timedelta(minutes=2))
        assert _is_one_with(index, tx, kept) == kept.id
        assert index.place(article(id="a4", title=TITLE), assessment(article_id="a4")).story_id == kept.id


def test_what_was_split_by_hand_is_not_united_again_by_a_process_that_runs(engine) -> None:
    index = StoryIndex()
    with engine.begin() as tx:
        story = _store(tx, article(title=TITLE), assessment())
        for name in ("a2", "a3"):
            story = _store(tx, article(id=name, title=TITLE), assessment(article_id=name), story=story)
        index.refresh(tx, now=NOW)
        kept, new = split(tx, story.id, "a2", now=NOW + timedelta(minutes=1))
        index.refresh(tx, now=NOW + timedelta(minutes=2))
        assert _is_one_with(index, tx, kept) == kept.id
        assert set(stories.articles_of(tx, new.id)) == {"a2"}
