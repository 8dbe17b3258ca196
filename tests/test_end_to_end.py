"""Feed bytes in, Telegram requests out, real storage and real HTTP on both sides."""

from datetime import timedelta

from bot.storage.database import open_engine, reading
from bot.storage.outbox import summary
from bot.storage.sources import load
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.one_round import now, play, prepare


def _entries(*titles, ago=timedelta(hours=1)):
    return [
        Entry(title=title, link=f"https://news.test/{title.replace(' ', '-')}", at=now() - ago, summary=f"{title}.")
        for title in titles
    ]


async def test_an_item_becomes_one_message_with_its_link_and_noise_does_not(database) -> None:
    with FeedServer() as feeds:
        feeds.serve("/a", rss(_entries("Ministry bans exports of gallium & germanium", "Crane driver wins prize")))
        prepare(database, [feeds.url("/a")], [42, 43])
        async with BotApi() as api:
            await play(database, feeds.port, api.url, api.token)
            for chat_id in (42, 43):
                (text,) = api.texts(chat_id)
                assert "gallium" in text
            (request, _) = api.sent()
            assert "https://news.test/Ministry" in request.parameters["text"]
            assert request.parameters["parse_mode"] == "HTML"


async def test_the_same_story_from_a_second_house_edits_the_message(database) -> None:
    title = "Ministry bans exports of gallium to three countries from Monday"
    retold = "Government bans gallium exports to three countries, effective Monday"
    with FeedServer() as feeds:
        feeds.serve("/a", rss(_entries(title)))
        feeds.serve("/b", rss([]), rss(_entries(retold)))
        prepare(database, [feeds.url("/a"), feeds.url("/b")], [42])
        async with BotApi() as api:
            await play(database, feeds.port, api.url, api.token)
            _make_due(database)
            await play(database, feeds.port, api.url, api.token)
            assert any(request.method == "editMessageText" for request in api.requests)
            assert "2 independent publishers" in api.texts(42)[0]


async def test_a_restart_repeats_nothing(database) -> None:
    with FeedServer() as feeds:
        feeds.serve("/a", rss(_entries("Ministry bans exports of gallium")))
        prepare(database, [feeds.url("/a")], [42])
        async with BotApi() as api:
            for _ in range(4):
                await play(database, feeds.port, api.url, api.token)
                _make_due(database)
            assert len(api.sent()) == 1


async def test_a_failing_source_is_a_status_and_the_others_go_on(database) -> None:
    with FeedServer() as feeds:
        feeds.serve("/good", rss(_entries("Ministry bans exports of gallium")))
        prepare(database, [feeds.url("/login-html"), feeds.url("/404"), feeds.url("/good")], [42])
        async with BotApi() as api:
            await play(database, feeds.port, api.url, api.token)
            assert len(api.texts(42)) == 1
    engine = open_engine(database)
    with reading(engine) as tx:
        statuses = [load(tx, f"feed-{n}")[1] for n in range(3)]
        assert summary(tx).counts.get("parked", 0) == 0
    assert [memory.error_streak > 0 for memory in statuses] == [True, True, False]
    assert all(memory.last_status for memory in statuses)
    engine.dispose()


def _make_due(database: str) -> None:
    from sqlalchemy import update

    from bot.storage.schema import sources

    engine = open_engine(database)
    with engine.begin() as tx:
        tx.execute(update(sources).values(next_poll_at=now(), etag="", last_modified=""))
    engine.dispose()
