from datetime import timedelta

import pytest

from bot.domain import DeliveryKind, DeliveryState, Severity, Topic
from bot.storage import history
from bot.storage.archive import fields_of, flagged_since
from bot.storage.articles import add_articles
from bot.storage.chats import add_chat
from bot.storage.outbox import enqueue, load_delivery
from bot.storage.stories import save_alerts, save_assessments, save_story
from bot.storage.subscriptions import snooze
from tests.fakes.values import NOW, alert, article, assessment, chat, member, story


def keep(tx, number, title, *, topics=(Topic.EXPORT_CONTROL,), flagged=True, publisher="wire"):
    at = NOW + timedelta(minutes=number)
    read = article(
        id=f"a{number}", title=title, summary="", url=f"https://wire.example/{number}", publisher=publisher,
        published_at=at, fetched_at=at,
    )  # fmt: skip
    told = story(
        id=f"s{number}", headline=title, topics=topics, last_at=at,
        articles=(member(article_id=read.id, title=title, at=at, publisher=publisher),),
    )  # fmt: skip
    add_articles(tx, [read])
    save_assessments(tx, [assessment(article_id=read.id, topics=topics, flagged=flagged)], now=at)
    save_story(tx, told, now=at)
    save_alerts(tx, [(alert(id=f"al{number}", story_id=told.id), told)])
    return told


def test_the_latest_come_first(engine):
    with engine.begin() as tx:
        for number in range(4):
            keep(tx, number, f"Ban {number}")
        assert [told.story.id for told in history.latest(tx, limit=3)] == ["s3", "s2", "s1"]
        assert [told.story.id for told in history.latest(tx, since=NOW + timedelta(minutes=3))] == ["s3"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["gallium"], ["s2", "s1"]),
        (["GALLIUM", "ban"], ["s1"]),
        (["100%"], ["s3"]),
        (["_"], []),
        (["10%0"], []),
        (["'; drop table stories; --"], []),
        (["экспорт"], ["s4"]),
        (["ЭКСПОРТ"], ["s4"]),
    ],
)
def test_words_are_found_in_any_case_and_taken_as_they_are(engine, words, found):
    with engine.begin() as tx:
        for number, title in enumerate(["Gallium ban", "Imports of gallium", "Tariff of 100%", "Экспорт запрещён"], 1):
            keep(tx, number, title)
        assert history.search(tx, words, limit=10) == (found, len(found))


def test_a_search_has_pages(engine):
    with engine.begin() as tx:
        for number in range(7):
            keep(tx, number, f"Ban {number}")
        assert history.search(tx, ["ban"], limit=3, offset=3) == (["s3", "s2", "s1"], 7)


def test_the_archive_holds_what_was_flagged_with_its_publishers(engine):
    with engine.begin() as tx:
        keep(tx, 1, "Ban")
        keep(tx, 2, "Recipe", flagged=False)
        (filed,) = flagged_since(tx, NOW)
        assert (filed.article.title, filed.story_id, filed.publishers) == ("Ban", "s1", 1)
        assert dict(fields_of(filed, now=NOW + timedelta(hours=1)))["topic"] == ["export_control"]
        assert flagged_since(tx, NOW + timedelta(days=1)) == []


def owed(tx, chat_key, number, *, batched=False, state=DeliveryState.HELD):
    from bot.domain import Delivery

    one = Delivery(
        id=f"d{number}", chat_key=chat_key, kind=DeliveryKind.ALERT, subject=f"s{number}", state=state, priority=30,
        payload={"story_id": f"s{number}", "alert_id": f"al{number}", "rules": [{"name": "Chips", "words": ["h20"]}],
                 "batched": batched}, not_before=NOW + timedelta(days=30), created_at=NOW,
    )  # fmt: skip
    enqueue(tx, [one])


def test_the_fate_of_a_story_in_a_chat_is_told(engine):
    with engine.begin() as tx:
        add_chat(tx, chat())
        keep(tx, 1, "Ban")
        owed(tx, "42", 1)
        found = history.fate(tx, "42", "s1")
        assert (found.state, found.rules) == (DeliveryState.HELD, (("Chips", ("h20",)),))
        assert history.fate(tx, "43", "s1").state is None
        assert not history.has_message(tx, "42", "s1")


def test_what_is_held_is_released_as_one_batch_and_only_in_its_chat(engine):
    with engine.begin() as tx:
        for key in ("42", "43"):
            add_chat(tx, chat(key=key, telegram_id=int(key)))
        for number, key in enumerate(["42", "42", "43"]):
            owed(tx, key, number)
        assert history.release_held(tx, chat(), now=NOW) == 2
        first, _, other = (load_delivery(tx, f"d{number}") for number in range(3))
        assert (first.not_before, first.payload["batched"]) == (NOW, True)
        assert other.not_before == NOW + timedelta(days=30)


def test_what_is_held_stays_held_in_quiet_hours(engine):
    with engine.begin() as tx:
        quiet = chat(quiet_from="11:00", quiet_to="13:00")
        add_chat(tx, quiet)
        owed(tx, "42", 1)
        assert history.release_held(tx, quiet, now=NOW) == 0
        assert load_delivery(tx, "d1").not_before == NOW + timedelta(hours=1)


def test_snoozes_are_listed_while_they_last(engine):
    with engine.begin() as tx:
        snooze(tx, "42", what="topic", value="sanctions", until=NOW + timedelta(days=1))
        snooze(tx, "42", what="topic", value="tariff", until=NOW)
        snooze(tx, "43", what="topic", value="sanctions", until=NOW + timedelta(days=1))
        assert history.snoozes_of(tx, "42", now=NOW) == [("topic", "sanctions", NOW + timedelta(days=1))]


def test_everything_is_counted(engine):
    with engine.begin() as tx:
        keep(tx, 1, "Ban")
        assert history.totals(tx) == {"chats": 0, "articles": 1, "stories": 1, "alerts": 1, "flagged": 1}
        assert history.told(tx, ["s1", "s9"])[0].story.severity is Severity.MEDIUM
