"""The whole running watch as its users meet it: real model, real HTTP to feeds and to the (fake) Bot API."""

import asyncio
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from bot import app
from bot.greeting import first_lines
from bot.settings import Settings
from bot.telegram.errors import TokenRefusedError
from bot.watch import Watch
from tests.fakes.bot_api import BotApi
from tests.fakes.bot_api_faults import unauthorized
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer

pytestmark = pytest.mark.long

OWNER = 4242
HEADLINE = "Beijing requires export licences for gallium shipments to Japan from Monday"


@pytest.fixture
def feeds():
    with FeedServer() as server:
        server.serve("/wire", rss([]))
        yield server


def _settings(tmp_path, feeds, api) -> Settings:
    catalog = tmp_path / "sources.yaml"
    catalog.write_text(
        f"- {{id: wire, name: Wire, url: '{feeds.url('/wire')}', kind: feed, tier: 2, publisher: wire, lang: en,"
        " poll_minutes: 1, known_by: user}\n",
        encoding="utf-8",
    )
    return Settings(
        telegram_token=api.token,
        telegram_api=api.url,
        owner_id=OWNER,
        database_url=f"sqlite:///{tmp_path / 'watch.sqlite3'}",
        sources_file=catalog,
        allow_private_networks=True,
    )


async def test_an_owner_subscribes_in_the_chat_and_gets_the_next_alert(tmp_path, feeds) -> None:
    async with BotApi() as api:
        house = app.open_house(_settings(tmp_path, feeds, api))
        shown = StringIO()
        watch = Watch(house, Console(file=shown, width=120))
        watch.prepare()
        assert "watches 1 sources" in " ".join(first_lines(house))
        running = asyncio.create_task(watch.run())
        try:
            api.push_message(OWNER, "/start")
            await api.until(lambda: bool(api.texts(OWNER)), within=20)
            api.push_message(OWNER, "/addrule gallium")
            await api.until(lambda: any("gallium" in text for text in api.texts(OWNER)), within=20)
            card = api.chat(OWNER).messages[-1]
            api.push_callback(card, card.data("Save"), user_id=OWNER)
            await api.until(lambda: any("saved" in text.lower() for text in api.texts(OWNER)), within=20)
            at = datetime.now(UTC) - timedelta(minutes=5)
            feeds.serve("/wire", rss([Entry(title=HEADLINE, link="https://wire.test/gallium", guid="g", at=at)]))
            _make_due(house)
            await api.until(lambda: any(HEADLINE in text for text in api.texts(OWNER)), within=30)
        finally:
            stopped_at = asyncio.get_running_loop().time()
            watch.stop()
            await running
        assert asyncio.get_running_loop().time() - stopped_at < 5
    house.engine.dispose()


def _make_due(house) -> None:
    from sqlalchemy import update

    from bot.storage.schema import sources

    with house.engine.begin() as tx:
        tx.execute(
            update(sources).values(next_poll_at=datetime.now(UTC), claimed_until=None, etag="", last_modified="")
        )


async def test_a_clock_that_was_set_back_before_the_start_holds_no_poll_up(tmp_path, feeds) -> None:
    from sqlalchemy import update

    from bot.storage.schema import sources

    tomorrow = datetime.now(UTC) + timedelta(days=1)
    async with BotApi() as api:
        house = app.open_house(_settings(tmp_path, feeds, api))
        watch = Watch(house, Console(file=StringIO()))
        watch.prepare()
        with house.engine.begin() as tx:
            tx.execute(update(sources).values(last_polled_at=tomorrow, next_poll_at=tomorrow))
        running = asyncio.create_task(watch.run())
        async with asyncio.timeout(20):
            while not feeds.asked("/wire"):
                await asyncio.wait({running}, timeout=0.05)
                assert not running.done()
        watch.stop()
        await running
    house.engine.dispose()


async def test_telegram_out_of_reach_does_not_stop_the_watch(tmp_path, feeds) -> None:
    async with BotApi() as api:
        settings = _settings(tmp_path, feeds, api).model_copy(update={"telegram_api": "http://127.0.0.1:9"})
        house = app.open_house(settings)
        watch = Watch(house, Console(file=StringIO()))
        watch.prepare()
        running = asyncio.create_task(watch.run())
        async with asyncio.timeout(20):
            while watch.rounds is None or not watch.rounds.totals["polls"]:
                await asyncio.wait({running}, timeout=0.1)
                assert not running.done()
        watch.stop()
        await running
    house.engine.dispose()


async def test_a_refused_token_stops_the_start_without_naming_it(tmp_path, feeds) -> None:
    async with BotApi() as api:
        api.fail(unauthorized(), times=None)
        house = app.open_house(_settings(tmp_path, feeds, api))
        watch = Watch(house, Console(file=StringIO()))
        watch.prepare()
        with pytest.raises(TokenRefusedError) as caught:
            await watch.run()
        assert api.token not in str(caught.value)
        assert "@BotFather" in str(caught.value)
    house.engine.dispose()
