"""The running watch shows its health and figures, tells its owner of trouble, and keeps its token to itself."""

import asyncio
import io
import json
import logging
import re
import sqlite3
import sys
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from pydantic import SecretStr
from rich.console import Console

from bot import app
from bot.app import House
from bot.domain import Source, SourceKind
from bot.settings import Settings
from bot.storage import access
from bot.storage.chats import save_chat
from bot.storage.database import open_engine
from bot.storage.subscriptions import save_subscription
from bot.storage.upgrading import upgrade
from bot.watch import Watch
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.one_round import WordAssessor, now
from tests.fakes.values import chat, subscription

CANARY = "777000111:AAcanaryCANARYcanaryCANARYcanary12345"
FEED_SECRET = "feedkey-5e7c1a9b"


class Judge(WordAssessor):
    """The word assessor with what a watch asks of the real one besides."""

    def __init__(self) -> None:
        self.correlated: dict[str, object] = {}
        self.versions = {"model": "m-1", "rules": "r-1"}
        self.model_card: dict[str, object] = {}


def _settings(tmp_path: Path, api: str, **changes) -> Settings:
    return Settings(
        _env_file=None,
        telegram_token=SecretStr(CANARY),
        telegram_api=api,
        owner_id=42,
        database_url=f"sqlite:///{tmp_path / 'watch.sqlite3'}",
        metrics_listen="127.0.0.1:0",
        allow_private_networks=True,
        **changes,
    )


@asynccontextmanager
async def running(settings: Settings, feeds: list[str]):
    """Run a watch on a database with one subscribed owner; gives (watch, client of its metrics address)."""
    from bot.web import serving

    engine = open_engine(settings.database_url)
    upgrade(engine)
    sources = tuple(
        Source(id=f"feed-{n}", name=f"Feed {n}", url=url, kind=SourceKind.FEED, tier=2, publisher=f"house-{n}")
        for n, url in enumerate(feeds)
    )
    with engine.begin() as tx:
        access.make_owner(tx, 42, now=now())
        save_chat(tx, chat(created_at=now()))
        save_subscription(tx, subscription(query="topic:export_control", created_at=now()))
    house = House(settings=settings, engine=engine, sources=sources, assessor=Judge())
    watch = Watch(house, Console(file=io.StringIO()))
    watch.prepare()
    opened: list[int] = []
    real = serving.open_socket

    def noted(place):
        listener = real(place)
        opened.append(listener.getsockname()[1])
        return listener

    serving.open_socket = noted
    task = asyncio.create_task(watch.run())
    try:
        await until(lambda: _first_of(opened, task))
        if task.done():
            task.result()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{opened[0]}", trust_env=False) as client:
            yield watch, client
    finally:
        serving.open_socket = real
        watch.stop()
        await asyncio.wait_for(task, 20)
        engine.dispose()


async def until(condition):
    """Ask again and again until a condition gives something."""
    async with asyncio.timeout(20):
        while not (found := await condition()):  # noqa: ASYNC110 - what is waited for is another server
            await asyncio.sleep(0.02)
    return found


async def _first_of(opened: list[int], task: asyncio.Task[None]) -> bool:
    return bool(opened) or task.done()


@pytest.fixture
def logs(monkeypatch):
    """Log as the product does, everything, to a standard error that is kept."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    before = list(root.handlers), root.level
    app.set_up_logging(Settings(_env_file=None, log_level="debug"))
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    structlog.reset_defaults()


async def test_a_watch_shows_its_figures_and_its_token_nowhere(tmp_path, logs) -> None:
    with FeedServer() as feeds:
        entry = Entry(title="Ministry bans exports of gallium", link="https://n.test/1", at=now() - timedelta(hours=1))
        feeds.serve("/a", rss([entry]))
        async with BotApi(token=CANARY) as api:
            settings = _settings(tmp_path, api.url)
            urls = [f"{feeds.url('/a')}?key={FEED_SECRET}", f"{feeds.url('/404')}?key={FEED_SECRET}"]
            async with running(settings, urls) as (_, client):
                await until(lambda: _sent(api))

                async def polled():
                    page = (await client.get("/metrics")).text
                    shown = (
                        'straitwatch_polls_total{result="failed"} 1.0',
                        'straitwatch_source_failures{source="feed-1"} 1.0',
                        'straitwatch_published_to_accepted_seconds_count{tier="2"} 1.0',
                    )
                    return page if all(line in page for line in shown) else ""

                metrics = await until(polled)
                ready = await client.get("/readyz")
                live = await client.get("/healthz")
    assert ready.status_code == 200, ready.text
    assert live.json()["status"] == "ok"
    for line in (
        'straitwatch_items_total{outcome="flagged",reason=""} 1.0',
        'straitwatch_alert_lag_seconds_count{tier="2"} 1.0',
        'straitwatch_published_to_accepted_seconds_bucket{le="3600.0",tier="2"} 0.0',  # an hour old when it was read
        'straitwatch_published_to_accepted_seconds_bucket{le="7200.0",tier="2"} 1.0',
        'straitwatch_fetched_to_accepted_seconds_bucket{le="60.0",tier="2"} 1.0',
        'straitwatch_build_info{model="m-1",rules="r-1",version="',
        'straitwatch_source_failures{source="feed-1"} 1.0',
        "straitwatch_leading 1.0",
        'straitwatch_stage_seconds_count{stage="store"}',
    ):
        assert line in metrics, line
    with closing(sqlite3.connect(tmp_path / "watch.sqlite3")) as database:
        dump = "\n".join(database.iterdump())
    secret = CANARY.partition(":")[2]
    places = {"log": logs.getvalue(), "database": dump, "metrics": metrics}
    assert "polled" in places["log"]
    for place, text in places.items():
        assert secret not in text, place
    for place in ("log", "metrics"):
        assert FEED_SECRET not in places[place], place
    assert FEED_SECRET not in ready.text + live.text


async def _sent(api: BotApi) -> list[str]:
    return api.texts(42)


async def test_a_database_that_goes_away_turns_readiness_red_and_green_again(tmp_path) -> None:
    with FeedServer() as feeds:
        feeds.serve("/a", rss([]))
        async with (
            BotApi(token=CANARY) as api,
            running(_settings(tmp_path, api.url), [feeds.url("/a")]) as (_, client),
        ):
            await until(lambda: _status(client, 200))
            with closing(sqlite3.connect(tmp_path / "watch.sqlite3", isolation_level=None)) as other:
                other.execute("ALTER TABLE leases RENAME TO leases_gone")
                body = json.loads(await until(lambda: _status(client, 503)))
                other.execute("ALTER TABLE leases_gone RENAME TO leases")
            assert not body["checks"]["database"]["ok"]
            assert body["checks"]["database"]["remedy"]
            assert await until(lambda: _status(client, 200))


async def test_the_health_check_of_the_image_is_content_with_a_running_watch(tmp_path) -> None:
    steps = re.sub(r"\\\n\s*", "", (Path(__file__).parents[3] / "Dockerfile").read_text(encoding="utf-8"))
    (words,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", steps, re.MULTILINE)
    with FeedServer() as feeds:
        feeds.serve("/a", rss([]))
        async with BotApi(token=CANARY) as api, running(_settings(tmp_path, api.url), [feeds.url("/a")]) as (_, client):
            await until(lambda: _status(client, 200))
            asked = [one.replace("127.0.0.1:9108", client.base_url.netloc.decode()) for one in json.loads(words)[1:]]
            found = await asyncio.create_subprocess_exec(sys.executable, *asked)
            assert await found.wait() == 0


async def _status(client: httpx.AsyncClient, wanted: int) -> str:
    answer = await client.get("/readyz")
    return answer.text if answer.status_code == wanted else ""


async def test_lasting_trouble_is_told_to_the_owner_once_and_pings_stop(tmp_path) -> None:
    with FeedServer() as feeds:
        feeds.serve("/a", rss([]))
        feeds.serve("/ping", b"ok")
        async with BotApi(token=CANARY) as api:
            settings = _settings(tmp_path, api.url, ping_url=feeds.url("/ping"))
            async with running(settings, [feeds.url("/a")]) as (watch, client):
                await until(lambda: _status(client, 200))
                await watch._ping()
                assert len(feeds.asked("/ping")) == 1
                watch._schedule.failures["digests"] = "ValueError: no such week"
                for _ in range(4):
                    await watch._overseer.oversee()
                await watch._ping()
                assert len(feeds.asked("/ping")) == 1
                (text,) = await until(lambda: _sent(api))
                assert "digests: ValueError: no such week" in text


async def test_an_address_that_is_taken_stops_the_start_with_a_remedy(tmp_path) -> None:
    import socket

    from bot.errors import ConfigurationError
    from bot.operations.answering import host

    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=r"STRAITWATCH_METRICS_LISTEN.*Choose another port"):
            await host(None, place, asyncio.Event(), setting="STRAITWATCH_METRICS_LISTEN")
