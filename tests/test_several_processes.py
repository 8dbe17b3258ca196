"""Two processes on one database share the sources, make one story of one event, and tell each chat once."""

import asyncio
import multiprocessing
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.domain import AlertReason, DeliveryKind
from bot.storage.database import open_engine, reading
from bot.storage.history import totals
from bot.storage.outbox import summary
from bot.storage.schema import deliveries, stories
from bot.storage.stories import alerts_of
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.one_round import PRELOAD, child, now, play, prepare

pytestmark = pytest.mark.long

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


@pytest.mark.parametrize(
    ("database", "send_at"),
    [
        pytest.param("postgres", "any time", marks=pytest.mark.postgres),
        ("sqlite", "any time"),
        ("sqlite", "once all is read"),
    ],
    indirect=["database"],
)
async def test_processes_side_by_side_make_one_story_and_tell_each_chat_once(database, send_at) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    with FeedServer() as feeds:
        for number in range(HOUSES):
            feeds.serve(f"/{number}", _feed(number))
        prepare(database, [feeds.url(f"/{number}") for number in range(HOUSES)], CHATS)
        async with BotApi() as api:
            read = context.Barrier(3) if send_at == "once all is read" else None
            arguments = (database, feeds.port, api.url, api.token, "", read)
            workers = [context.Process(target=child, args=arguments) for _ in range(3)]
            for worker in workers:
                worker.start()
            for worker in workers:
                await asyncio.to_thread(worker.join, 60)
            assert [worker.exitcode for worker in workers] == [0, 0, 0]
            # a drain ends where another process leads, which may be about to end too: what is left is the next one's
            await play(database, feeds.port, api.url, api.token)
            assert [len(feeds.asked(f"/{number}")) for number in range(HOUSES)] == [1] * HOUSES
            engine = open_engine(database)
            with reading(engine) as tx:
                assert totals(tx)["stories"] == 1
                assert not {"due", "held", "parked"} & set(summary(tx).counts)
                changes = {chat_id: _sent_changes(tx, chat_id) for chat_id in CHATS}
                (story_id,) = tx.scalars(select(stories.c.id))
                reasons = {alert.reason for alert in alerts_of(tx, story_id) if alert.material}
            engine.dispose()
            assert reasons == {AlertReason.NEW_STORY, AlertReason.SEVERITY_RAISED}
            for chat_id in CHATS:
                told, *answers = api.chat(chat_id).messages
                assert told.reply_to is None
                assert f"{HOUSES} independent publishers" in api.texts(chat_id)[0]
                # The second house raises the level. Where that was decided after the alert was composed, it is told
                # once, as an answer; where it was decided before, the alert said it, and nothing else is sent.
                assert [answer.reply_to for answer in answers] == [told.message_id] * changes[chat_id]
                assert read is None or answers == []


def _sent_changes(tx, chat_id) -> int:
    mine = (deliveries.c.chat_key == str(chat_id), deliveries.c.kind == DeliveryKind.CHANGE)
    states = [(row.state, row.last_error) for row in tx.execute(select(deliveries).where(*mine))]
    assert all(state == "sent" or "says it already" in why or "yet to leave" in why for state, why in states)
    return sum(state == "sent" for state, _ in states)
