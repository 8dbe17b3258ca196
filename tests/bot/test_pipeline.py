"""What one poll commits, and what it waits for."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.analysis.grouping import StoryIndex
from bot.ingest.addresses import AddressGuard
from bot.ingest.fetching import Fetcher
from bot.ingest.parsing import InlineParsers
from bot.pipeline import Pipeline
from bot.storage.articles import counted
from bot.storage.database import open_engine, reading
from bot.storage.locking import lock_grouping
from bot.storage.schema import drops
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.one_round import WordAssessor, now, prepare


@asynccontextmanager
async def pipeline_on(database, feeds):
    engine = open_engine(database)
    guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[feeds.port])
    async with Fetcher(guard=guard, host_gap=timedelta(0)) as fetcher:
        parts = {"engine": engine, "fetcher": fetcher, "parsers": InlineParsers(), "index": StoryIndex()}
        pipeline = Pipeline(**parts, assessor=WordAssessor(), clock=now)
        yield pipeline
        pipeline.close()
    engine.dispose()


def entry(title, *, hours):
    return Entry(title=title, link=f"https://n.test/{title.replace(' ', '-')}", at=now() - timedelta(hours=hours))


async def test_an_item_that_each_poll_drops_is_counted_once(tmp_path):
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    with FeedServer() as feeds:
        prepare(database, [feeds.url("/0")], [42])
        async with pipeline_on(database, feeds) as pipeline:
            for fresh in ("Mill opens", "Mill closes"):
                feeds.serve("/0", rss([entry(fresh, hours=1), entry("Ministry bans exports", hours=24 * 30)]))
                await pipeline.run("feed-0")
    engine = open_engine(database)
    with reading(engine) as tx:
        assert len(tx.execute(select(drops.c.id)).all()) == 1
        found = counted(tx, now() - timedelta(days=1), now())
    engine.dispose()
    assert {what: n for what, n in found.items() if what.startswith("dropped:")} == {"dropped:before_first_poll": 1}
    assert found["read"] == 2


@pytest.mark.postgres
async def test_polls_that_report_no_change_do_not_wait_for_the_grouping_of_other_processes(postgres_server):
    database = postgres_server.fresh()
    with FeedServer() as feeds:
        prepare(database, [feeds.url("/0"), feeds.url("/1")], [42])
        feeds.serve("/0", rss([entry("Mill opens", hours=1)]))
        feeds.serve("/1", rss([entry("Ministry bans exports", hours=1)]))
        async with pipeline_on(database, feeds) as pipeline:
            other = open_engine(database)
            with other.begin() as tx:
                lock_grouping(tx)
                told = await asyncio.wait_for(pipeline.run("feed-0"), 20)
                assert told.counts["read"] == 1
                held_up = asyncio.ensure_future(pipeline.run("feed-1"))
                done, _ = await asyncio.wait([held_up], timeout=0.3)
                assert not done
            assert (await asyncio.wait_for(held_up, 20)).counts["flagged"] == 1
            other.dispose()
