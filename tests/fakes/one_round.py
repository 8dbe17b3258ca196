"""One round of the real thing, as a function that a test can run in a process of its own and kill at a named point."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier

from bot.analysis.grouping import StoryIndex
from bot.domain import Article, Assessment, Source, SourceKind
from bot.ingest.addresses import AddressGuard
from bot.ingest.fetching import Fetcher
from bot.ingest.parsing import InlineParsers
from bot.pipeline import Pipeline
from bot.rounds import Rounds
from bot.storage import sources as source_rows
from bot.storage.chats import add_chat
from bot.storage.database import open_engine
from bot.storage.subscriptions import save_subscription
from bot.storage.upgrading import upgrade
from bot.telegram.composing import StoryComposer
from bot.telegram.notifier import TelegramTarget, make_bot
from bot.telegram.pacing import Limits, Pacer
from bot.telegram.sender import Sender
from rules.definitions import Rule
from tests.fakes.values import assessment, chat, subscription

# What a fork server imports once, so that a process costs milliseconds: this, and what the product imports when needed.
PRELOAD = [
    "tests.fakes.one_round",
    "anyio._backends._asyncio",
    "anyio.to_thread",
    "bot.ingest.kinds",
    "bot.telegram.errors",
    "bot.telegram.goods",
    "feedparser",
    "telegram",
    "xml.sax.expatreader",
]
# One message at a time to a chat, as everywhere, but not a second apart.
BRISK = Limits(private_window=0.05)


class WordAssessor:
    """Flags what says "bans": the tests of the pipeline's promises need no model."""

    correlated: Mapping[str, Rule] = {}

    def assess(self, articles: Sequence[Article]) -> list[Assessment]:
        """Assess as the real one does."""
        return [
            assessment(article_id=one.id, flagged="bans" in one.title, reason="it says so", goods=_goods(one.title))
            for one in articles
        ]


def _goods(title: str) -> tuple[str, ...]:
    return tuple(good for good in ("gallium", "uranium") if good in title)


def now() -> datetime:
    """Give the present time."""
    return datetime.now(UTC)


def prepare(database: str, feeds: Sequence[str], chat_ids: Sequence[int]) -> None:
    """Make a database with one source a feed address and one subscribed chat an id."""
    engine = open_engine(database)
    upgrade(engine)
    with engine.begin() as tx:
        source_rows.upsert_catalog(
            tx,
            [
                Source(id=f"feed-{n}", name=f"Feed {n}", url=url, kind=SourceKind.FEED, tier=2, publisher=f"house-{n}")
                for n, url in enumerate(feeds)
            ],
        )
        for telegram_id in chat_ids:
            key = str(telegram_id)
            add_chat(tx, chat(key=key, telegram_id=telegram_id, created_at=now()))
            save_subscription(
                tx, subscription(id=f"sub{key}", chat_key=key, query="topic:export_control", created_at=now())
            )
    engine.dispose()


async def play(database: str, port: int, api: str, token: str, read: Barrier | None = None) -> None:
    """Poll everything that is due, then send everything that is owed; at `read`, wait for the others in between."""
    engine = open_engine(database)
    guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[port])
    bot = make_bot(token, api=api)
    async with Fetcher(guard=guard, host_gap=timedelta(0)) as fetcher, bot:
        pipeline = Pipeline(
            engine=engine,
            fetcher=fetcher,
            parsers=InlineParsers(),
            assessor=WordAssessor(),
            index=StoryIndex(),
            clock=now,
        )
        rounds = Rounds(engine=engine, pipeline=pipeline, clock=now, worker=str(os.getpid()))
        while await rounds.begin():
            await rounds.settle()
        if read is not None:
            await asyncio.to_thread(read.wait, 30)
        target, holder = TelegramTarget(bot), str(os.getpid())
        await Sender(
            engine, target, StoryComposer(now), Pacer(BRISK), holder=holder, tenure=timedelta(seconds=0.2)
        ).drain()
    engine.dispose()


def child(  # noqa: PLR0917 - as multiprocessing hands them over
    database: str, port: int, api: str, token: str, crash_at: str, read: Barrier | None = None
) -> None:
    """Play one round in this process, dying at `crash_at`."""
    os.environ["CRASH_AT"] = crash_at
    asyncio.run(play(database, port, api, token, read))
