"""`kill -9` at every named point loses no alert, and repeats at most what was in flight."""

import multiprocessing
from datetime import timedelta

import pytest

from bot.storage.database import open_engine, reading
from bot.storage.outbox import summary
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.one_round import PRELOAD, child, now, play, prepare

pytestmark = pytest.mark.long

CHATS = [51, 52]
TITLES = ["Ministry bans exports of gallium", "Senate bans imports of uranium", "Port crane wins prize"]
PIPELINE = ["fetched", "parsed", "entries_committed", "matched", "outbox_committed"]
SENDER = ["lease_taken", "intent_committed", "request_written", "response_read", "sent_committed"]
ON_POSTGRES = ["entries_committed", "outbox_committed", "request_written"]  # where the engine could matter
KILLED = 137


@pytest.fixture(scope="module")
def processes():
    """Start processes from a server that has the product imported, so that each costs milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


async def _run(processes, *arguments) -> int:
    import asyncio

    process = processes.Process(target=child, args=arguments)
    process.start()
    await asyncio.to_thread(process.join, 60)
    return process.exitcode


@pytest.mark.parametrize(
    ("database", "point"),
    [pytest.param("sqlite", point, id=f"sqlite-{point}") for point in PIPELINE + SENDER]
    + [pytest.param("postgres", point, id=f"postgres-{point}", marks=pytest.mark.postgres) for point in ON_POSTGRES],
    indirect=["database"],
)
async def test_a_kill_loses_no_alert(point, database, processes) -> None:
    with FeedServer() as feeds:
        entries = [
            Entry(title=title, link=f"https://news.test/{n}", guid=str(n), at=now() - timedelta(hours=1), summary=title)
            for n, title in enumerate(TITLES)
        ]
        feeds.serve("/a", rss(entries))
        prepare(database, [feeds.url("/a")], CHATS)
        async with BotApi() as api:
            rest = (database, feeds.port, api.url, api.token)
            assert await _run(processes, *rest, point) == KILLED
            _let_leases_run_out(database)
            await play(*rest)
            for chat_id in CHATS:
                texts = api.texts(chat_id)
                for title in TITLES[:2]:
                    assert any(title in text for text in texts), f"{title} was lost at {point}"
            extra = sum(len(api.texts(chat_id)) for chat_id in CHATS) - 2 * len(CHATS)
            in_flight = {"request_written": 2, "response_read": 2, "sent_committed": 1}  # one message a chat at a time
            assert extra <= in_flight.get(point, 0)
    engine = open_engine(database)
    with reading(engine) as tx:
        assert summary(tx).counts.get("due", 0) == 0
    engine.dispose()


def _let_leases_run_out(database: str) -> None:
    """Stand in for the minutes that a dead process's leases and claims still hold."""
    from sqlalchemy import delete, update

    from bot.storage.schema import deliveries, leases, sources

    engine = open_engine(database)
    with engine.begin() as tx:
        tx.execute(delete(leases))
        tx.execute(update(sources).values(claimed_until=None))
        tx.execute(update(deliveries).values(not_before=now() - timedelta(seconds=1)))
    engine.dispose()
