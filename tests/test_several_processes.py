"""Two processes on one database share the sources, make one story of one event, and tell each chat once."""

import asyncio
import multiprocessing
from datetime import timedelta

import pytest

from bot.storage.database import open_engine, reading
from bot.storage.history import totals
from bot.storage.outbox import summary
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.one_round import PRELOAD, child, now, play, prepare

HOUSES = 8
CHATS = [61, 62, 63]


def _feed(number: int) -> bytes:
    event = f"Ministry bans exports of gallium to three countries from Monday, paper {number} says"
    titles = [event, f"Council prize number {number} awarded"]
    return rss(
        [
            Entry(title=title, link=f"https://house{number}.test/{at}", at=now() - timedelta(hours=1), summary=title)
            for at, title in enumerate(titles)
        ]
    )


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres), "sqlite"], indirect=True)
async def test_processes_side_by_side_make_one_story_and_one_message_a_chat(database) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    with FeedServer() as feeds:
        for number in range(HOUSES):
            feeds.serve(f"/{number}", _feed(number))
        prepare(database, [feeds.url(f"/{number}") for number in range(HOUSES)], CHATS)
        async with BotApi() as api:
            arguments = (database, feeds.port, api.url, api.token, "")
            workers = [context.Process(target=child, args=arguments) for _ in range(3)]
            for worker in workers:
                worker.start()
            for worker in workers:
                await asyncio.to_thread(worker.join, 60)
            assert [worker.exitcode for worker in workers] == [0, 0, 0]
            # a drain ends where another process leads, which may be about to end too: what is left is the next one's
            await play(database, feeds.port, api.url, api.token)
            assert [len(feeds.asked(f"/{number}")) for number in range(HOUSES)] == [1] * HOUSES
            for chat_id in CHATS:
                told, *answers = api.chat(chat_id).messages
                assert told.reply_to is None
                # the second house confirms the story: told once, as an answer, where the alert had left by then
                assert [answer.reply_to for answer in answers] in ([], [told.message_id])
                assert f"{HOUSES} independent publishers" in api.texts(chat_id)[0]
    engine = open_engine(database)
    with reading(engine) as tx:
        assert totals(tx)["stories"] == 1
        assert summary(tx).counts.get("due", 0) == 0
    engine.dispose()
