from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.storage.articles import add_articles
from bot.storage.stories import load_stories, save_story
from tests.fakes.values import NOW, article, member, story


def test_the_articles_of_a_story_come_back_in_the_order_in_which_they_came(engine) -> None:
    ids = ["z", "m", "a"]  # against the order of their names
    grown = story(articles=())
    for number, article_id in enumerate(ids):
        with engine.begin() as tx:
            add_articles(tx, [replace(article(), id=article_id, url=f"https://x.example/{article_id}")])
            grown = replace(grown, articles=(*grown.articles, member(article_id=article_id)))
            save_story(tx, grown, now=NOW + timedelta(minutes=number))
    with engine.begin() as tx:
        assert [one.article_id for one in load_stories(tx, [grown.id])[grown.id].articles] == ids


@pytest.fixture
def written(engine):
    """Collect the ids of the story articles that are written."""
    ids = []

    def note(*told):
        _, _, statement, _, context, _ = told
        if statement.startswith("INSERT INTO story_articles"):
            ids.extend(row["article_id"] for row in context.compiled_parameters)

    event.listen(engine, "before_cursor_execute", note)
    yield ids
    event.remove(engine, "before_cursor_execute", note)


def test_of_a_story_that_grows_only_the_articles_that_changed_are_written(engine, written) -> None:
    first, second = member(article_id="a1"), member(article_id="a2")
    with engine.begin() as tx:
        add_articles(tx, [article(), replace(article(), id="a2", url="https://x.example/2")])
        for members, expected in [
            ((first,), ["a1"]),
            ((first, second), ["a2"]),
            ((first, replace(second, copy_of="a1")), ["a2"]),
            ((first, replace(second, copy_of="a1")), []),
        ]:
            written.clear()
            stored = load_stories(tx, ["s1"]).get("s1")
            save_story(tx, story(id="s1", articles=members), now=NOW, stored=stored)
            assert written == expected
            assert load_stories(tx, ["s1"])["s1"].articles == members
