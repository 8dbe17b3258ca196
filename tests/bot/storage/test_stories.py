from dataclasses import replace
from datetime import timedelta

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
