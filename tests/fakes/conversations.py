"""A user's seat at the bot: updates go in as Telegram sends them, and what the chats show comes out.

`House` builds the real application on the fake Bot API. `say`, `press` and the like hand one update to
python-telegram-bot and return when its handlers have finished, so that a test reads like a conversation.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, event

from bot.alerting.routing import Wanted, route
from bot.domain import Article, Assessment, Chat, Delivery, Story, Subscription, Topic
from bot.settings import Settings
from bot.storage.articles import add_articles
from bot.storage.chats import load_chat
from bot.storage.database import open_engine, reading
from bot.storage.outbox import enqueue
from bot.storage.schema import metadata
from bot.storage.stories import save_alerts, save_assessments, save_story
from bot.storage.subscriptions import subscriptions_of
from bot.telegram.application import Services, build_application
from bot.telegram.composing import StoryComposer
from bot.telegram.notifier import TelegramTarget
from bot.telegram.pacing import Pacer
from bot.telegram.sender import Sender
from tests.fakes.bot_api import TOKEN, BotApi, Shown
from tests.fakes.values import NOW, alert, article, assessment, member, story, subscription

OWNER = 42


class FixedClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: datetime = NOW) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


class House:
    """The bot with its database on one side and Telegram on the other."""

    def __init__(self, api: BotApi, engine: Engine, application: Any, clock: FixedClock) -> None:
        self.api = api
        self.engine = engine
        self.application = application
        self.clock = clock
        self.last_update: dict[str, Any] = {}
        self.failures: list[BaseException] = []  # what handlers raised; users were told politely
        application.add_error_handler(self._note_failure)

    async def _note_failure(self, _update: object, context: Any) -> None:
        self.failures.append(context.error)

    async def deliver(self) -> None:
        """Hand all queued updates to the library, one after the other."""
        from telegram import Update

        updates, self.api._updates[:] = list(self.api._updates), []
        for update in updates:
            self.last_update = update
            await self.application.process_update(Update.de_json(update, self.application.bot))

    async def again(self) -> None:
        """Hand the last update in a second time, as Telegram does when an answer was lost."""
        self.api.push_again(self.last_update)
        await self.deliver()

    async def say(self, chat_id: int, text: str, **given: Any) -> Shown:
        """A user writes; gives the last message that the bot shows there afterwards."""
        self.clock.pass_by(seconds=2)  # nobody types faster, and the flood gate knows
        self.api.push_message(chat_id, text, **given)
        await self.deliver()
        return self.api.chat(chat_id).last

    async def press(self, shown: Shown, label: str, **given: Any) -> Shown:
        """A user presses a button; gives the last message of the bot in that chat."""
        self.clock.pass_by(seconds=2)
        self.api.press(shown, label, **given)
        await self.deliver()
        return self.api.chat(shown.chat_id).last

    async def press_data(self, shown: Shown, data: str, **given: Any) -> Shown:
        """Somebody sends made-up callback data."""
        self.clock.pass_by(seconds=2)
        self.api.push_callback(shown, data, **given)
        await self.deliver()
        return self.api.chat(shown.chat_id).last

    def count(self, chat_id: int) -> int:
        """Count the bot's messages in a chat."""
        return len(self.api.texts(chat_id))

    def alert(self, chat_key: str, told: Story, *rules: str) -> Delivery:
        """Owe a chat the alert of a story, as routing does."""
        chat = self.chat(chat_key)
        assert chat is not None
        asked = [
            Wanted(
                subscription=subscription(id=f"r{n}", chat_key=chat_key, name=name, query="topic:*"), words=("gallium",)
            )
            for n, name in enumerate(rules)
        ] or [Wanted(subscription=one, words=("gallium",)) for one in self.rules(chat_key)]
        number = int(told.id[1:], 16)
        decided = alert(id=f"e{number:015x}", story_id=told.id)
        routed = route(decided, told, asked, chats={chat_key: chat}, told=frozenset(), snoozes=[], now=self.clock.now())
        with self.engine.begin() as tx:
            enqueue(tx, routed.deliveries)
        return routed.deliveries[0]

    async def send_owed(self) -> None:
        """Let the sender empty the outbox."""
        target = TelegramTarget(self.application.bot)
        compose = StoryComposer(self.clock.now)
        await Sender(self.engine, target, compose, Pacer(), clock=self.clock).drain()

    async def alerted(self, chat_id: int, told: Story, *rules: str, key: str = "") -> Shown:
        """Send a chat the alert of a story; gives the message."""
        self.alert(key or str(chat_id), told, *rules)
        await self.send_owed()
        return self.api.chat(chat_id).last

    @property
    def toast(self) -> str:
        """The last answer to a press."""
        return str(self.api.answers[-1].get("text", ""))

    def chat(self, key: str) -> Chat | None:
        with reading(self.engine) as tx:
            return load_chat(tx, key)

    def rules(self, key: str) -> list[Subscription]:
        with reading(self.engine) as tx:
            return subscriptions_of(tx, key)

    def rows(self, table: str) -> list[Any]:
        """Give all rows of a table."""
        with reading(self.engine) as tx:
            return list(tx.execute(metadata.tables[table].select()).mappings())

    def store(
        self, number: int, *, title: str, topics: Sequence[Topic] = (Topic.EXPORT_CONTROL,), **changes: Any
    ) -> Story:
        """Put a story of one article into the archive; a higher number is newer. Gives the story."""
        at = changes.pop("at", NOW - timedelta(hours=30 - number))
        read: Article = article(
            id=f"a{number:015x}",
            title=title,
            summary=f"{title}.",
            url=f"https://wire.example/{number}",
            published_at=at,
        )
        read = replace(read, fetched_at=at)
        judged: Assessment = assessment(article_id=read.id, topics=tuple(topics), **changes)
        one = member(article_id=read.id, url=read.url, title=title, at=at)
        told = story(
            id=f"5{number:015x}", headline=title, topics=tuple(topics), articles=(one,), first_at=at, last_at=at,
            severity=judged.severity, probability=judged.probability, entities=judged.entities, goods=judged.goods,
        )  # fmt: skip
        with self.engine.begin() as tx:
            add_articles(tx, [read])
            save_assessments(tx, [judged], now=at)
            save_story(tx, told, now=at)
            save_alerts(tx, [(alert(id=f"e{number:015x}", story_id=told.id, decided_at=at), told)])
        return told


@cache
def _settings() -> Settings:
    return Settings(telegram_token=TOKEN, _env_file=None)


@cache
def _empty_database() -> bytes:
    """Make the tables once: a copy of the file is ready at once."""
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/empty.sqlite3")
        metadata.create_all(engine)
        engine.dispose()
        return (Path(folder) / "empty.sqlite3").read_bytes()


def _new_database(folder: Path) -> Engine:
    (folder / "bot.sqlite3").write_bytes(_empty_database())
    engine = open_engine(f"sqlite:///{folder}/bot.sqlite3")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))  # no power cuts
    return engine


@asynccontextmanager
async def house(
    tmp_path: Path, *, owner_id: int = OWNER, database: Engine | None = None, **given: Any
) -> AsyncIterator[House]:
    """Open a house with an empty database, `database` or a new SQLite file; `given` are fields of `Services`."""
    engine = database if database is not None else _new_database(tmp_path)
    clock = FixedClock()
    async with BotApi() as api:
        settings = _settings().model_copy(update={"telegram_api": api.url, "owner_id": owner_id})
        application = build_application(settings, engine, Services(clock=clock, **given))
        if owner_id:
            from bot.storage.access import make_owner

            with engine.begin() as tx:
                make_owner(tx, owner_id, now=clock.now())
        await application.initialize()
        try:
            yield House(api, engine, application, clock)
        finally:
            await application.shutdown()
            if database is None:
                engine.dispose()
