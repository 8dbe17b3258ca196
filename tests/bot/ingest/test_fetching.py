import asyncio
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bot.ingest.addresses import AddressGuard
from bot.ingest.fetching import FailureKind, Fetcher, Request
from tests.fakes.feed_faults import Reply
from tests.fakes.feed_server import FeedServer

pytestmark = pytest.mark.long


def self_signed(folder: Path) -> tuple[str, str]:
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tls.test"]
    command += ["-addext", "subjectAltName=DNS:tls.test"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Canary:
    """A listener on loopback that nobody may reach."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                talk, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            talk.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


async def test_we_say_who_we_are_and_ask_only_for_codings_we_can_bound(server: FeedServer, fetcher: Fetcher) -> None:
    await fetcher.fetch(
        Request(url=server.url("/feed/a"), etag='W/"old"', last_modified="Tue, 24 Nov 2026 10:00:00 GMT")
    )
    headers = server.requests[0].headers
    assert headers["user-agent"] == "Straitwatch/1 (news watcher; +ops@straitwatch.test)"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert headers["if-none-match"] == 'W/"old"'
    assert headers["if-modified-since"] == "Tue, 24 Nov 2026 10:00:00 GMT"
    assert headers["host"] == f"127.0.0.1:{server.port}"


async def test_cookies_are_not_kept(server: FeedServer, fetcher: Fetcher) -> None:
    server.serve("/cookie", Reply(headers={"Set-Cookie": "track=1"}, body=b"<rss/>"))
    await fetcher.fetch(Request(url=server.url("/cookie")))
    await fetcher.fetch(Request(url=server.url("/cookie")))
    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/gz-1g", FailureKind.TOO_LARGE),
        ("/infinite", FailureKind.TOO_LARGE),
        ("/gzgz", FailureKind.BROKEN),
        ("/br-1g", FailureKind.BROKEN),
        ("/zstd-1g", FailureKind.BROKEN),
        ("/header-200k", FailureKind.BROKEN),
        ("/len-lies", FailureKind.BROKEN),
        ("/reset-midway", FailureKind.BROKEN),
        ("/308-loop", FailureKind.REDIRECTS),
        ("/redirect-private", FailureKind.REFUSED),
        ("/redirect-metadata", FailureKind.REFUSED),
        ("/redirect-port", FailureKind.REFUSED),
        ("/redirect-file", FailureKind.REFUSED),
    ],
)
async def test_faults_are_values(server: FeedServer, fetcher: Fetcher, path: str, kind: FailureKind) -> None:
    response = await fetcher.fetch(Request(url=server.url(path)))
    assert response.failure is not None
    assert response.failure.kind is kind
    assert response.body == b""
    assert "\n" not in str(response.failure)


@pytest.mark.parametrize("path", ["/drip-body", "/drip-header", "/hang"])
async def test_dripping_servers_end_at_the_deadline(server: FeedServer, fetcher: Fetcher, path: str) -> None:
    response = await fetcher.fetch(Request(url=server.url(path), deadline=timedelta(seconds=0.2)))
    assert response.failure is not None
    assert response.failure.kind is FailureKind.TIMEOUT


async def test_two_hundred_dripping_servers_starve_nobody(server: FeedServer, fetcher: Fetcher) -> None:
    slow = [
        Request(url=server.url("/drip-body", host=f"drip{n}.test"), deadline=timedelta(minutes=5)) for n in range(200)
    ]
    drips = [asyncio.create_task(fetcher.fetch(request)) for request in slow]
    await asyncio.sleep(0)
    good = [
        Request(url=server.url(f"/feed/{n}", host=f"good{n}.test"), deadline=timedelta(minutes=1)) for n in range(10)
    ]
    answers = await asyncio.gather(*(fetcher.fetch(request) for request in good))
    assert [answer.status for answer in answers] == [200] * 10
    assert not any(drip.done() for drip in drips)
    for drip in drips:
        drip.cancel()
    await asyncio.gather(*drips, return_exceptions=True)


async def test_requests_to_one_host_keep_their_distance_and_other_hosts_do_not_wait(server: FeedServer) -> None:
    async with Fetcher(guard=server.guard, resolve=server.resolve, host_gap=timedelta(seconds=0.2)) as fetcher:
        begun = time.monotonic()
        same = [fetcher.fetch(Request(url=server.url("/feed/a", host="one.test"))) for _ in range(4)]
        waiting = asyncio.gather(*same)
        await fetcher.fetch(Request(url=server.url("/feed/a", host="other.test")))
        assert not waiting.done()
        await waiting
        assert time.monotonic() - begun >= 0.6


async def test_permanent_moves_are_told_apart_from_temporary_ones(server: FeedServer, fetcher: Fetcher) -> None:
    moved = await fetcher.fetch(Request(url=server.url("/301-chain")))
    assert moved.status == 200
    assert moved.moved_to == server.url("/feed/moved")
    for path in ("/302-temp", "/301-then-302"):
        assert (await fetcher.fetch(Request(url=server.url(path)))).moved_to == ""


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://", "\xe4 b", "//", "http://a..b/", "?", "#x", "http://\xff/"]
)
async def test_odd_redirects_are_values(server: FeedServer, fetcher: Fetcher, location: str) -> None:
    server.serve("/odd", Reply(status=302, headers={"Location": location}))
    response = await fetcher.fetch(Request(url=server.url("/odd")))
    assert response.failure is not None or response.status == 404


@pytest.mark.parametrize(
    "url", ["http://a..b.test/", "http://" + "a" * 300 + ".test/", "http://xn--\u00fc.test/", "nonsense"]
)
async def test_odd_addresses_are_values(fetcher: Fetcher, url: str) -> None:
    assert (await fetcher.fetch(Request(url=url))).failure is not None


SPELLINGS = ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "localhost", "[::ffff:127.0.0.1]")


@pytest.mark.parametrize("host", SPELLINGS)
async def test_production_never_reaches_loopback(canary: Canary, host: str) -> None:
    async with Fetcher(guard=AddressGuard(allowed_ports=[canary.port]), deadline=timedelta(seconds=3)) as fetcher:
        response = await fetcher.fetch(Request(url=f"http://{host}:{canary.port}/"))
    assert response.failure is not None
    assert response.failure.kind in {FailureKind.REFUSED, FailureKind.NO_NAME}
    assert canary.connections == 0


async def test_a_name_that_first_looks_public_is_checked_when_it_is_connected_to(canary: Canary) -> None:
    answers = [["1.1.1.1"], ["127.0.0.1"], ["1.1.1.1", "127.0.0.1"]]
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) % 2 + 1]

    async with Fetcher(
        guard=AddressGuard(allowed_ports=[canary.port]), resolve=rebinding, deadline=timedelta(seconds=2)
    ) as fetcher:
        for n in range(4):
            response = await fetcher.fetch(Request(url=f"http://rebind{n}.test:{canary.port}/"))
            assert response.failure is not None
            assert response.failure.kind is FailureKind.REFUSED
    assert canary.connections == 0


async def test_a_redirect_to_a_private_host_is_not_followed(server: FeedServer, canary: Canary, tmp_path: Path) -> None:
    guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[server.port, canary.port])

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "outside.test" else ["127.0.0.2" if host == "inside.test" else host]

    targets = [f"http://inside.test:{canary.port}/", f"//10.0.0.9:{canary.port}/", f"http://127.0.0.3:{canary.port}/"]
    async with Fetcher(guard=guard, resolve=resolve, host_gap=timedelta(0)) as fetcher:
        for n, target in enumerate(targets):
            server.serve(f"/go/{n}", Reply(status=302, headers={"Location": target}))
            response = await fetcher.fetch(Request(url=server.url(f"/go/{n}", host="outside.test")))
            assert response.failure is not None
            assert response.failure.kind is FailureKind.REFUSED
    assert canary.connections == 0


async def test_proxies_of_the_environment_are_not_used(
    server: FeedServer, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    async with Fetcher(guard=server.guard, resolve=server.resolve) as fetcher:
        response = await fetcher.fetch(Request(url=server.url("/feed/a")))
    assert response.status == 200
    assert canary.connections == 0


async def test_names_that_do_not_exist_and_closed_ports_are_told_apart() -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        if host == "gone.test":
            raise socket.gaierror(-2, "Name or service not known")
        return ["127.0.0.1"]

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[port])
    async with Fetcher(guard=guard, resolve=nowhere) as fetcher:
        gone = await fetcher.fetch(Request(url="https://gone.test/"))
        closed = await fetcher.fetch(Request(url=f"http://closed.test:{port}/"))
    assert gone.failure is not None
    assert gone.failure.kind is FailureKind.NO_NAME
    assert closed.failure is not None
    assert closed.failure.kind is FailureKind.UNREACHABLE


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
async def test_a_self_signed_certificate_is_refused_in_plain_words(tmp_path: Path) -> None:
    with FeedServer(tls=self_signed(tmp_path)) as tls:
        async with Fetcher(guard=tls.guard, resolve=tls.resolve) as fetcher:
            response = await fetcher.fetch(Request(url=tls.url("/feed/a", host="tls.test")))
    assert response.failure is not None
    assert response.failure.kind is FailureKind.TLS
    assert "self-signed" in response.failure.text


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
async def test_an_authority_named_by_ssl_cert_file_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    with FeedServer(tls=(certificate, key)) as tls:
        async with Fetcher(guard=tls.guard, resolve=tls.resolve) as fetcher:
            response = await fetcher.fetch(Request(url=tls.url("/feed/a", host="tls.test")))
    assert response.failure is None
    assert response.status == 200


async def test_a_password_goes_to_its_own_host_only(server: FeedServer, fetcher: Fetcher) -> None:
    server.serve("/protected", Reply(status=302, headers={"Location": server.url("/feed/a", host="other.test")}))
    address = server.url("/protected", host="paper.test").replace("http://", "http://user:hunter2@")
    await fetcher.fetch(Request(url=address))
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert "authorization" not in server.requests[1].headers


def test_the_fetcher_is_reusable_after_failures(server: FeedServer) -> None:
    async def many() -> list[int]:
        async with Fetcher(guard=server.guard, resolve=server.resolve, host_gap=timedelta(0), at_once=3) as fetcher:
            paths = ["/reset-midway", "/len-lies", "/header-200k", "/feed/a"] * 8
            answers = await asyncio.gather(
                *(fetcher.fetch(Request(url=server.url(path, host=f"h{n}.test"))) for n, path in enumerate(paths))
            )
            return [answer.status for answer in answers if answer.failure is None]

    assert asyncio.run(many()) == [200] * 8
