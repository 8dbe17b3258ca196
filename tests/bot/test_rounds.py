"""Ending in the middle of work is fast, nothing of it is stored or lost; and a full disk leaves nothing claimed."""

import asyncio
import threading
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.analysis.grouping import StoryIndex
from bot.errors import StorageError
from bot.ingest.addresses import AddressGuard
from bot.ingest.fetching import Fetcher
from bot.ingest.parsing import InlineParsers
from bot.pipeline import Pipeline
from bot.rounds import REST, Rounds
from bot.storage.database import open_engine, reading
from bot.storage.history import totals
from bot.storage.schema import sources
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.one_round import WordAssessor, now, prepare


class SlowAssessor(WordAssessor):
    """Assesses when it is let."""

    def __init__(self):
        self.begun, self.let = threading.Event(), threading.Event()

    def assess(self, articles):
        self.begun.set()
        self.let.wait(10)
        return super().assess(articles)


async def test_the_end_gives_up_what_is_being_assessed_and_the_next_start_does_it_again(tmp_path):
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    with FeedServer() as feeds:
        titles = [f"Ministry bans exports of metal {number}" for number in range(12)]
        items = [Entry(title=one, link=f"https://n.test/{one}", at=now() - timedelta(hours=1)) for one in titles]
        for number in range(8):  # more than there are threads for
            feeds.serve(f"/{number}", rss(items))
        prepare(database, [feeds.url(f"/{number}") for number in range(8)], [42])
        engine = open_engine(database)
        guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[feeds.port])
        stored = []
        for assessor in (SlowAssessor(), WordAssessor()):
            async with Fetcher(guard=guard, host_gap=timedelta(0)) as fetcher:
                parts = {"engine": engine, "fetcher": fetcher, "parsers": InlineParsers(), "index": StoryIndex()}
                pipeline = Pipeline(**parts, assessor=assessor, clock=now)
                rounds = Rounds(engine=engine, pipeline=pipeline, clock=now, worker="one")
                assert await rounds.begin() == 8
                if isinstance(assessor, SlowAssessor):
                    assert await asyncio.to_thread(assessor.begun.wait, 10)
                    await rounds.finish(within=0)
                    assessor.let.set()
                else:
                    await rounds.settle()
                await asyncio.to_thread(pipeline.close)
            with reading(engine) as tx:
                stored.append(totals(tx)["stories"])
        engine.dispose()
    assert stored[0] == 0
    assert stored[1] > 0


@asynccontextmanager
async def _rounds(tmp_path, clock=now):
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    with FeedServer() as feeds:
        feeds.serve("/0", rss([Entry(title="Ministry bans exports of gallium", at=now() - timedelta(hours=1))]))
        prepare(database, [feeds.url("/0")], [42])
        engine = open_engine(database)
        guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[feeds.port])
        async with Fetcher(guard=guard, host_gap=timedelta(0)) as fetcher:
            parts = {"engine": engine, "fetcher": fetcher, "parsers": InlineParsers(), "index": StoryIndex()}
            pipeline = Pipeline(**parts, assessor=WordAssessor(), clock=clock)
            yield Rounds(engine=engine, pipeline=pipeline, clock=clock, worker="one"), engine
            await asyncio.to_thread(pipeline.close)
        engine.dispose()


class _Full:
    """An engine whose disk is full."""

    def begin(self):
        raise StorageError("the disk is full")

    def execution_options(self, **_options):
        raise StorageError("the disk is full")


async def test_after_a_full_disk_a_source_is_polled_again_in_half_a_minute_and_the_trouble_is_told(tmp_path):
    moment = [now()]
    async with _rounds(tmp_path, lambda: moment[0]) as (rounds, _):
        assert await rounds.begin() == 1
        real, rounds._pipeline._engine = rounds._pipeline._engine, _Full()
        await rounds.settle()
        assert rounds.trouble == "the disk is full"
        rounds._engine, kept = _Full(), rounds._engine
        with pytest.raises(StorageError):
            await rounds.begin()  # the transaction that would note the rest fails as well
        rounds._engine, rounds._pipeline._engine = kept, real
        assert await rounds.begin() == 0
        moment[0] += REST
        assert await rounds.begin() == 1
        await rounds.settle()
        assert rounds.trouble == ""
        assert rounds.totals["polls"] == 1


async def test_a_poll_during_which_the_clock_is_set_back_plans_the_next_by_the_right_hour(tmp_path):
    right, hour = now(), timedelta(hours=1)
    moments = iter([right + hour] * 2)  # of the claim and of the poll's begin
    async with _rounds(tmp_path, lambda: next(moments, right)) as (rounds, engine):
        assert await rounds.begin() == 1
        await rounds.settle()
        with reading(engine) as tx:
            assert right < tx.scalar(select(sources.c.next_poll_at)) < right + hour / 2


async def test_a_claim_that_is_under_way_at_the_end_is_given_back(tmp_path):
    async with _rounds(tmp_path) as (rounds, engine):
        begun, let = threading.Event(), threading.Event()
        claim = rounds._claim

        def slow(limit):
            begun.set()
            let.wait(10)
            return claim(limit)

        rounds._claim = slow
        job = asyncio.create_task(rounds.begin())
        assert await asyncio.to_thread(begun.wait, 10)
        job.cancel()
        let.set()
        await rounds.finish(within=0)
        with reading(engine) as tx:
            assert tx.execute(select(sources.c.claimed_by, sources.c.claimed_until)).all() == [("", None)]
