"""The page on a real port: raw requests, slow and silent visitors, and an end within a second."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.storage.database import open_engine
from bot.web.hosting import host
from bot.web.listening import open_socket, read_place
from bot.web.serving import serve
from tests.fakes.pages import TOKEN, catalog, check_headers, make_app, read
from tests.fakes.values import NOW


@asynccontextmanager
async def _served(app):
    listener = open_socket(read_place("127.0.0.1:0"))
    port, stop = listener.getsockname()[1], asyncio.Event()
    running = asyncio.create_task(serve(app, read_place("127.0.0.1:0"), stop, listener=listener))
    try:
        yield port
    finally:
        stop.set()
        began = time.monotonic()
        await running
        assert time.monotonic() - began < 1.0


async def _raw(port, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:  # closed upon us while we were still sending: refused as well
        return b"HTTP/1.1 400 reset"
    finally:
        writer.close()


async def test_pages_are_served_with_their_headers_and_no_server_name(page):
    async with _served(page) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        assert "server" not in answer.headers
        assert "gallium" in read(answer).text
        style = await client.get("/style.css")
        assert style.headers["content-type"] == "text/css; charset=utf-8"
        check_headers(style)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        pytest.param(b"GET /../../../../etc/passwd HTTP/1.1", b"404", id="dots"),
        pytest.param(b"GET /style.css/../../settings.py HTTP/1.1", b"404", id="dots behind a file"),
        pytest.param(b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", b"404", id="escaped dots"),
        pytest.param(b"GET /stories/..%2f..%2fetc%2fpasswd HTTP/1.1", b"404", id="escaped slashes"),
        pytest.param(b"GET /stories/%00 HTTP/1.1", b"404", id="nul"),
        pytest.param(b"GET http://evil.example/ HTTP/1.1", b"404", id="absolute address"),
        pytest.param(b"GET /?q=" + b"a" * 30_000 + b" HTTP/1.1", b"414", id="long address"),
        pytest.param(b"GET /?q=" + b"a" * 300_000 + b" HTTP/1.1", b"400", id="very long address"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * 300_000, b"400", id="very long header"),
        pytest.param(b"NONSENSE", b"400", id="no request"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", b"400", id="tls"),
        pytest.param(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade", b"200", id="websocket"),
    ],
)
async def test_raw_requests_are_answered_or_refused(page, line, status):
    async with _served(page) as port:
        answer = await _raw(port, line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ")[1] == status, answer[:80]
    assert b"root:" not in answer


async def test_the_page_ends_within_a_second_while_visitors_are_silent_or_slow(page):
    async with _served(page) as port:
        open_ones = [await asyncio.open_connection("127.0.0.1", port) for _ in range(6)]
        for number, (_, writer) in enumerate(open_ones):
            writer.write(b"GET / HTTP/1.1\r\nHost: loc"[: number * 6])
            await writer.drain()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/about")).status_code == 200
    for _, writer in open_ones:
        writer.close()


async def test_many_visitors_at_once_are_all_answered(page):
    async with _served(page) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answers = await asyncio.gather(
            *(client.get(path) for path in ("/", "/stories/aa11", "/sources", "/?q=gallium") * 8)
        )
    assert {answer.status_code for answer in answers} == {200}


async def test_a_database_that_does_not_answer_is_a_503_and_heals(engine):
    app = make_app(engine)
    async with _served(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        with engine.begin() as tx:
            tx.exec_driver_sql("ALTER TABLE stories RENAME TO away")
        answer = await client.get("/")
        assert answer.status_code == 503
        assert "database" in read(answer).text
        with engine.begin() as tx:
            tx.exec_driver_sql("ALTER TABLE away RENAME TO stories")
        assert (await client.get("/")).status_code == 200


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_fault_of_ours_is_a_500_without_its_inside(furnished):
    def broken():
        raise RuntimeError("canary inside")

    app = make_app(furnished, catalog=broken)
    async with _served(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.get("/rules")
        assert answer.status_code == 500
        assert "canary" not in answer.text
        read(answer)
        assert (await client.get("/sources")).status_code == 200


class _Assessor:
    def __init__(self):
        self.catalog, self.model_card = catalog(), {"version": "m1"}


def _settings(**changes):
    return Settings(database_url="sqlite:///:memory:", **changes)


async def test_the_watch_shows_the_page_where_its_settings_say(furnished):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stop = asyncio.Event()
    settings = _settings(web_listen=f"127.0.0.1:{port}", web_token=TOKEN)
    running = asyncio.create_task(host(furnished, settings, assessor=_Assessor, clock=lambda: NOW, stop=stop))
    transport = httpx.AsyncHTTPTransport(retries=8)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/")).status_code == 401
        answer = await client.get("/stories/aa11", headers={"authorization": f"Bearer {TOKEN}"})
        assert "Bureau of Industry and Security" in read(answer).text
    stop.set()
    await running


async def test_the_watch_refuses_an_open_page_for_strangers(furnished):
    given = {"assessor": _Assessor, "clock": lambda: NOW, "stop": asyncio.Event()}
    with pytest.raises(ConfigurationError, match="STRAITWATCH_WEB_TOKEN"):
        await host(furnished, _settings(web_listen="0.0.0.0:0"), **given)


async def test_reading_never_waits_for_a_writer(engine, tmp_path):
    writer = open_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    async with _served(make_app(engine)) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        with writer.begin() as tx:
            tx.exec_driver_sql("DELETE FROM stories WHERE id = 'none'")
            assert (await client.get("/", timeout=5)).status_code == 200
    writer.dispose()
