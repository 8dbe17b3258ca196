"""Secrets everywhere, failures everywhere: nothing that is logged, shown, stored, exported or printed holds one.

The watch runs in a process of its own on PostgreSQL over real local servers. Every secret holds the word CANARY in a
form that survives percent-encoding; the logins are looked for in base64 as well.
"""

import asyncio
import base64
import os
import re
import signal
import socket
import socketserver
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, MetaData, event, make_url, select

from bot.cli import main
from bot.ingest.fetching import Fetcher
from bot.storage import access
from bot.storage.chats import save_chat
from bot.storage.database import open_engine
from bot.storage.schema import alerts
from bot.storage.subscriptions import save_subscription
from tests.fakes.bot_api import BotApi
from tests.fakes.bot_api_faults import server_error, unauthorized
from tests.fakes.feed_faults import Entry, Reply, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.values import chat, subscription

CANARY = "c4nary"
OWNER = 4242
TOKEN = f"123456789:AA{CANARY}TokenTokenTokenTokenToken"
WEB_TOKEN = f"web-{CANARY}-0123456789"
DATABASE_PASSWORD = f"pg/{CANARY}&1"
SECRETS = {
    "KEY": f"key/{CANARY}+&1",
    "PASS": f"pass:{CANARY}@1",
    "BEARER": f"bearer-{CANARY}",
    "SEGMENT": f"seg-{CANARY}",
}
LOGIN = base64.b64encode(f"me:{SECRETS['PASS']}".encode()).decode()
HEADLINE = "Beijing requires export licences for gallium shipments to Japan from Monday"
SOURCE = "- {{id: {id}, name: {id}, url: '{url}', kind: feed, tier: 2, publisher: {id}, poll_minutes: 1{more}}}\n"
FAILING = ("status", "moved", "loop", "tls", "page", "cut", "closed")

# The product's own command, in more of a hurry than is polite, with faults put in that no server can cause: an error of
# ours with all secrets in its text. The broken run ends before it loads what it would not use.
BROKEN = """
import os, sys
from datetime import timedelta
from bot import app, schedule
from bot.ingest import polling
from bot.ingest.fetching import Fetcher
from bot.telegram import settling
from bot.telegram.pacing import Limits, Pacer
import bot.pipeline, bot.watch
settling.back_off = lambda attempts, chance: 0.2
Pacer.__init__.__defaults__ = (Limits(private_window=0.05), None)
made = Fetcher.__init__
Fetcher.__init__ = lambda self, **given: made(self, **{**given, "host_gap": timedelta(0)})
spill = " ".join(os.environ[name] for name in os.environ if name.startswith(("FEED_", "STRAITWATCH_")))
asked = polling.poll
async def poll(source, memory, fetcher, parsers, *, now):
    if source.id == "crash":
        key = fetcher.keyring.fill_url(source.url)
        raise RuntimeError(f"cannot read {key}: {spill}")
    return await asked(source, memory, fetcher, parsers, now=now)
bot.pipeline.poll = poll
every = schedule.Schedule.every
def soon(self, step, name, job, *, first_at=None):
    every(self, step, name, job, first_at=app.now() if name in {"ping", "health", "source health"} else first_at)
schedule.Schedule.every = soon
if "--broken" in sys.argv:
    sys.argv.remove("--broken")
    def prepare(self):
        raise RuntimeError(spill) from ValueError(self._house.settings)
    bot.watch.Watch.prepare = prepare
    app._load_assessor = lambda settings, faults: object()
from bot.cli import main
main()
"""


class Quick(Fetcher):
    """A fetcher that need not keep its distance: all sources are on one host here."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "host_gap": timedelta(0)})


class Found(dict[str, str]):
    """What was collected, by its place."""

    def hits(self) -> list[str]:
        """Name every place that holds a secret, with the words around it."""
        wanted = re.compile(f"{CANARY}|{re.escape(LOGIN)}", re.IGNORECASE)
        return [
            f"{place}: {text[max(0, hit.start() - 60) : hit.end() + 30]!r}"
            for place, text in self.items()
            for hit in wanted.finditer(text)
        ]


def _catalog(feeds: FeedServer, *, closed: int, plain: int) -> str:
    here = feeds.url("").removeprefix("http://")
    urls = {
        "good": f"http://me:${{FEED_PASS}}@{here}/${{FEED_SEGMENT}}/good?key=${{FEED_KEY}}",
        "status": f"http://{here}/500?key=${{FEED_KEY}}",
        "moved": f"http://me:${{FEED_PASS}}@{here}/moved?key=${{FEED_KEY}}",
        "loop": f"http://{here}/loop?key=${{FEED_KEY}}",
        "tls": f"https://me:${{FEED_PASS}}@127.0.0.1:{plain}/?key=${{FEED_KEY}}",
        "page": f"http://{here}/page?key=${{FEED_KEY}}",
        "cut": f"http://{here}/reset-midway?key=${{FEED_KEY}}",
        "closed": f"http://127.0.0.1:{closed}/${{FEED_SEGMENT}}?key=${{FEED_KEY}}",
        "crash": f"http://{here}/crash?key=${{FEED_KEY}}",
    }
    header = ", headers: {Authorization: 'Bearer ${FEED_BEARER}'}"
    return "".join(
        SOURCE.format(id=name, url=url, more=header if name in {"status", "page"} else "") for name, url in urls.items()
    )


def _serve(feeds: FeedServer) -> None:
    """Answer with everything that was asked with, in every place that a feed has."""
    key = SECRETS["KEY"].replace("/", "%2F").replace("+", "%2B").replace("&", "%26")
    shown = " ".join(SECRETS.values())
    link = f"http://news.test/gallium?id=1&key={key}"
    at = datetime.now(UTC) - timedelta(minutes=5)
    entry = Entry(title=f"{HEADLINE} {shown}", link=link, guid=link, at=at, summary=f"See {shown} and {LOGIN}")
    good = rss([entry, Entry(title="Other news", link=f"http://news.test/{SECRETS['SEGMENT']}", at=at)])
    headers = {"ETag": f'"{SECRETS["BEARER"]}"', "Link": f"<{link}>; rel=self", "X-Echo": SECRETS["PASS"]}
    feeds.serve(f"/{SECRETS['SEGMENT']}/good", Reply(body=good, headers=headers))
    feeds.serve("/500", Reply(status=500, body=shown.encode()))
    away = feeds.url("/404").replace("127.0.0.1", "localhost")
    feeds.serve("/moved", Reply(status=301, headers={"Location": f"{away}?key={key}&login={LOGIN}&token=t-{CANARY}"}))
    feeds.serve("/loop", Reply(status=302, headers={"Location": f"/loop?key={key}&again={SECRETS['BEARER']}"}))
    feeds.serve("/page", f"<html><title>{shown}</title>{shown}</html>")
    feeds.serve(f"/ping/{CANARY}-uuid", Reply(status=500, body=b"no"))


def _prepare(address: str) -> None:
    engine = open_engine(address)
    at = datetime.now(UTC)
    with engine.begin() as tx:
        access.make_owner(tx, OWNER, now=at)
        save_chat(tx, chat(key=str(OWNER), telegram_id=OWNER, created_at=at))
        save_subscription(tx, subscription(chat_key=str(OWNER), query="gallium OR topic:export_control", created_at=at))
    engine.dispose()


@contextmanager
def _plain_server() -> Iterator[int]:
    """Answer everything with a line that is no TLS; gives the port."""

    class Line(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 400 speak plainly\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


async def _start(folder: Path, settings: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    with (folder / "output").open("wb") as out:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", BROKEN, *arguments),
            env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
            cwd=folder,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
        )


async def _ended(process: asyncio.subprocess.Process, folder: Path) -> str:
    await asyncio.wait_for(process.wait(), 60)
    return (folder / "output").read_text(encoding="utf-8")


async def _pages(listen: str, found: Found) -> None:
    """Read every page that the web page links, from its first one on."""
    seen, left = set[str](), ["/", "/sources", "/rules", "/scorecard", "/about", "/login", "/nowhere", "/?q=gallium"]
    login = {"authorization": f"Bearer {WEB_TOKEN}"}
    async with httpx.AsyncClient(base_url=f"http://{listen}", trust_env=False, headers=login) as client:
        while left and len(seen) < 60:
            path = left.pop(0)
            seen.add(path)
            answer = await client.get(path)
            found[f"page {path}"] = f"{answer.status_code} {answer.headers} {answer.text}"
            links = re.findall(r'href="(/[^"#]*)"', answer.text)
            left += [one for one in dict.fromkeys(links) if one not in seen and one not in left]
    assert any(place.startswith("page /stories/") for place in found)


async def _measured(listen: str, found: Found) -> None:
    """Wait until every failing source failed, and keep what the metrics address says."""
    async with httpx.AsyncClient(base_url=f"http://{listen}", trust_env=False) as client, asyncio.timeout(60):
        failed = 0
        while failed < len(FAILING):
            await asyncio.sleep(0.1)
            try:
                page = (await client.get("/metrics")).text
            except httpx.TransportError:
                continue
            failed = len(re.findall(r"straitwatch_source_failures\{source=.*\} [1-9]", page))
        for path in ("/metrics", "/healthz", "/readyz"):
            found[path] = (await client.get(path)).text


def _answered(api: BotApi, before: int) -> bool:
    return any(one.chat_id == OWNER for one in api.requests[before:])


async def _conversation(api: BotApi, found: Found) -> None:
    """Ask the bot for all that it tells of sources, stories and itself; addresses with secrets are refused."""
    tried = ["/sources", "/sources moved", "/status", "/why", "/export"]
    tried += [f"/sources add https://x.test/feed?key={SECRETS['KEY']}", "/sources add https://x.test/?k=${FEED_KEY}"]
    tried += ["/missed http://news.test/gallium?id=1"]
    for text in tried:
        before = len(api.requests)
        api.push_message(OWNER, text)
        await api.until(partial(_answered, api, before), within=20)
    assert sum("sources file" in text for text in api.texts(OWNER)) == 2
    found["telegram"] = repr([(one.method, one.parameters) for one in api.requests])


def _dump(address: str) -> str:
    engine = open_engine(address)
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = [f"{table} {row!r}" for table in tables.sorted_tables for row in connection.execute(select(table))]
    engine.dispose()
    assert sum("articles" in row for row in rows) > 1
    return "\n".join(rows)


def _commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Found:
    """Run every command that shows, writes or refuses something."""
    found, here = Found(), os.environ["STRAITWATCH_DATABASE_URL"]
    engines = set[Engine]()

    def note(connection: Connection) -> None:
        engines.add(connection.engine)

    def run(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["straitwatch", *arguments])
        event.listen(Engine, "engine_connect", note)
        with suppress(SystemExit):
            main()
        event.remove(Engine, "engine_connect", note)
        while engines:
            engines.pop().dispose()  # else done by the end of a command's process
        shown = capsys.readouterr()
        found[" ".join(arguments)[:80].replace(CANARY, "(secret)")] = shown.out + shown.err
        return shown.out + shown.err

    engine = open_engine(here)
    with engine.connect() as connection:
        story, alert = connection.execute(select(alerts.c.story_id, alerts.c.id)).first() or ("", "")
    engine.dispose()
    (folder / "list.opml").write_text(
        f'<opml><outline xmlUrl="https://me:{CANARY}@x.test/f"/><outline xmlUrl="https://x.test/f?token={CANARY}"/>'
        '<outline xmlUrl="https://x.test/f?k=${FEED_KEY}"/></opml>',
        encoding="utf-8",
    )
    for arguments in (
        *("sources", "sources export", "sources list --state failing", "settings", "doctor", "doctor --fetch"),
        *("stories list", f"stories show {story}", f"replay {alert}", "replay nothing", "db upgrade"),
        *(
            "db backup copy.sqlite3",
            "db copy sqlite:///other.sqlite3",
            "db restore copy.sqlite3",
            "db restore list.opml",
        ),
        *(
            "missed http://news.test/gallium?id=1",
            "digest",
            f"digest --chat {OWNER} --format json",
            "digest --format md",
        ),
        *("export --format atom", "export --format ics", "rules check", "sources import list.opml"),
        *(f"sources add https://me:{CANARY}@x.test/f", f"sources add x.test/f?api_key={CANARY}"),
        *(f"scan https://me:{CANARY}@127.0.0.1:1/f?key=1{CANARY}", f"db copy postgresql://me:{CANARY}@127.0.0.1:1/x"),
        *(f"rules backtest https://x.test/?key={CANARY}", f"sources pause {CANARY[:3]}"),
    ):
        run(*arguments.split())
    assert "0 of 3 feeds are new" in found["sources import list.opml"]
    assert "${FEED_KEY}" in found["sources export"]
    assert HEADLINE in found["export --format atom"]
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", f"postgresql://me:{CANARY}@127.0.0.1:1/x")
    run("db", "upgrade")
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", f"mysql://me:{CANARY}@x/y")
    run("doctor")
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", here)
    monkeypatch.setenv("FEED_KEY", "")
    run("run")  # refused
    for name in ("copy.sqlite3", "other.sqlite3"):
        with closing(sqlite3.connect(folder / name)) as database:
            found[name] = "\n".join(database.iterdump())
        found[f"{name} as bytes"] = (folder / name).read_bytes().decode("latin-1")
        assert HEADLINE in found[name]
    return found


@pytest.mark.postgres
async def test_no_secret_is_found_anywhere_whatever_fails(
    tmp_path: Path, postgres_server: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = make_url(postgres_server.fresh()).set(password=DATABASE_PASSWORD).render_as_string(hide_password=False)
    _prepare(address)
    metrics, web = f"127.0.0.1:{_free_port()}", f"127.0.0.1:{_free_port()}"
    found = Found()
    (tmp_path / "bearer").write_text(SECRETS["BEARER"] + "\n", encoding="utf-8")
    with FeedServer() as feeds, _plain_server() as plain:
        _serve(feeds)
        (tmp_path / "sources.yaml").write_text(_catalog(feeds, closed=_free_port(), plain=plain), encoding="utf-8")
        async with BotApi(token=TOKEN, strict=False) as api:
            settings = {f"FEED_{name}": value for name, value in SECRETS.items() if name != "BEARER"} | {
                "FEED_BEARER_FILE": str(tmp_path / "bearer"),
                "STRAITWATCH_TELEGRAM_TOKEN": TOKEN,
                "STRAITWATCH_TELEGRAM_API": api.url,
                "STRAITWATCH_OWNER_ID": str(OWNER),
                "STRAITWATCH_DATABASE_URL": address,
                "STRAITWATCH_SOURCES_FILE": str(tmp_path / "sources.yaml"),
                "STRAITWATCH_METRICS_LISTEN": metrics,
                "STRAITWATCH_WEB_LISTEN": web,
                "STRAITWATCH_WEB_TOKEN": WEB_TOKEN,
                "STRAITWATCH_PING_URL": feeds.url(f"/ping/{CANARY}-uuid"),
                "STRAITWATCH_ALLOW_PRIVATE_NETWORKS": "true",
                "STRAITWATCH_LOG_LEVEL": "debug",
                "STRAITWATCH_LOG_FORMAT": "json",
            }
            api.fail(server_error(), method="sendMessage")
            watch = await _start(tmp_path, settings, "run")
            try:
                await _measured(metrics, found)
                await api.until(lambda: any(HEADLINE in text for text in api.texts(OWNER)), within=60)
                await _pages(web, found)
                await _conversation(api, found)
                api.fail(unauthorized(), method="getUpdates", times=None)
                api.fail(unauthorized(), method="sendMessage", times=None)
                api.push_message(OWNER, "/status")
                await api.until(lambda: any(one.status == 401 for one in api.requests), within=20)
                watch.send_signal(signal.SIGINT)
                found["log as json"] = await _ended(watch, tmp_path)
            finally:
                if watch.returncode is None:
                    watch.kill()
                    await watch.wait()
            api.heal()
            found["database"] = _dump(address)
            for name, value in settings.items():
                monkeypatch.setenv(name, value)
            monkeypatch.chdir(tmp_path)
            monkeypatch.setattr("bot.ingest.fetching.Fetcher", Quick)
            found |= await asyncio.to_thread(_commands, capsys, monkeypatch, tmp_path)
            broken = await _start(tmp_path, settings | {"STRAITWATCH_LOG_FORMAT": "text"}, "run", "--broken")
            found["a broken run"] = await _ended(broken, tmp_path)
    asked = "\n".join(f"{one.path} {one.headers}" for one in feeds.requests)
    assert all(text in asked for text in (LOGIN, "key%2Fc4nary%2B%261", SECRETS["BEARER"], SECRETS["SEGMENT"]))
    assert feeds.asked(f"/ping/{CANARY}-uuid")
    log = found["log as json"]
    assert "cannot read http" in log
    assert "Traceback" in log
    assert "Traceback" in found["a broken run"]
    assert "the secret FEED_KEY is not set" in found["run"]
    assert "Traceback" not in found["run"]
    assert found.hits() == []
