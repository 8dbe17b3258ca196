"""Ending in the middle of work: fast, and nothing of a poll that was given up is stored or lost."""

import asyncio
import threading
from datetime import timedelta

from bot.analysis.grouping import StoryIndex
from bot.ingest.addresses import AddressGuard
from bot.ingest.fetching import Fetcher
from bot.ingest.parsing import InlineParsers
from bot.pipeline import Pipeline
from bot.rounds import Rounds
from bot.storage.database import open_engine, reading
from bot.storage.history import totals
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
