"""Fetch one address politely and safely; a network fault is a value, never an exception. The home of httpx."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from bot.ingest.addresses import AddressGuard
from bot.ingest.decoding import UNDERSTOOD, BodyReader, CodingError, TooLargeError
from bot.ingest.keyring import Keyring, NotGrantedError
from bot.ingest.transport import AddressRefusedError, NameNotFoundError, PinnedTransport, Resolve

MAX_REDIRECTS = 5
ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/json;q=0.9, */*;q=0.8"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})


class FailureKind(StrEnum):
    """What went wrong with a source, coarse enough to decide on."""

    REFUSED = "refused"  # our own address guard
    NO_NAME = "no_name"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    BROKEN = "broken"  # the connection or its coding
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    STATUS = "status"
    GONE = "gone"
    BUSY = "busy"  # 429 or 503
    NOT_A_FEED = "not_a_feed"
    PARSER = "parser"  # the parser was killed or died


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a source gave nothing, in one line for users."""

    kind: FailureKind
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask for. `max_bytes` bounds the decoded body, `deadline` the whole exchange; None means the fetcher's.

    Address and headers may refer to secrets (`${NAME}`), which are put in when the request leaves.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    etag: str = ""
    last_modified: str = ""
    max_bytes: int | None = None
    deadline: timedelta | None = None
    step: str = ""  # which of its requests a kind made; given back to its parser


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back. `hops` are the redirects on the way: status and where they led; header names are lower case.

    A secret that the server sent back in an address, a header or an error stands here as its reference.
    """

    request: Request
    url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hops: tuple[tuple[int, str], ...] = ()
    failure: Failure | None = None
    seconds: float = 0.0

    @property
    def moved_to(self) -> str:
        """Give the address that every redirect on the way permanently pointed to, or ''."""
        return self.url if self.hops and all(status in PERMANENT for status, _ in self.hops) else ""


class _HostGate:
    """Lets few requests at once to one host, and keeps a gap between their starts."""

    def __init__(self, at_once: int) -> None:
        self.room = asyncio.Semaphore(at_once)
        self.next_at = 0.0
        self.users = 0


class Fetcher:
    """An asynchronous context manager around one httpx client.

    `at_once` is generous, so that hundreds of dripping servers hold nobody up; waiting costs nothing here.
    `contact` goes into the User-Agent, so that a publisher can reach the operator. `deadline` bounds one exchange with
    all its redirects, not the waiting for a slot; a read timeout alone never fires on a dripping server. `host_gap` is
    the least time between two requests to one host. `resolve` replaces the name service in tests. `keyring` knows
    which secret may go to which host; without one, none may.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        deadline: timedelta = timedelta(seconds=30),
        max_bytes: int = 5 * 1024 * 1024,
        guard: AddressGuard | None = None,
        resolve: Resolve | None = None,
        keyring: Keyring | None = None,
        at_once: int = 300,
        host_at_once: int = 2,
        host_gap: timedelta = timedelta(seconds=1),
    ) -> None:
        self._agent = "Straitwatch/1 (news watcher" + (f"; +{contact})" if contact else ")")
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._guard = guard or AddressGuard()
        self._resolve = resolve
        self.keyring = keyring or Keyring()
        self._at_once = at_once
        self._host_at_once = host_at_once
        self._host_gap = host_gap.total_seconds()
        self._gates: dict[str, _HostGate] = {}
        self._room = asyncio.Semaphore(at_once)
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(
            transport=PinnedTransport(self._guard, self._resolve, connections=self._at_once + 20),
            trust_env=False,
            timeout=httpx.Timeout(15.0, pool=None),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def fetch(self, request: Request) -> Response:
        """Fetch, following up to five redirects, each checked anew. Never raises for what the network does."""
        started = time.monotonic()
        try:
            url = self.keyring.fill_url(request.url)
            self.keyring.fill_headers(request.headers, url, first=True)
        except NotGrantedError as error:
            return _failed(request, request.url, FailureKind.REFUSED, str(error))
        response, hops = await self._follow(request, url)
        return self._veiled(response, hops, seconds=time.monotonic() - started)

    async def _follow(self, request: Request, url: str) -> tuple[Response, list[tuple[int, str]]]:
        budget = (request.deadline or self._deadline).total_seconds()
        hops = list[tuple[int, str]]()
        while len(hops) <= MAX_REDIRECTS:
            reason = self._guard.refuse_url(url)
            if reason:
                return _failed(request, url, FailureKind.REFUSED, reason), hops
            async with self._slot(url):
                begun = time.monotonic()
                response = await self._hop(request, url, budget)
                budget -= time.monotonic() - begun
            if response.status not in REDIRECTS or response.failure or "location" not in response.headers:
                return response, hops
            url = _target(url, response.headers["location"])
            hops.append((response.status, url))
        return _failed(request, response.url, FailureKind.REDIRECTS, f"more than {MAX_REDIRECTS} redirects"), hops

    def _veiled(self, response: Response, hops: list[tuple[int, str]], *, seconds: float) -> Response:
        """Give secrets back their references, wherever the server or a library repeated them."""
        veil, failure = self.keyring.veil, response.failure
        return Response(
            request=response.request,
            url=veil(response.url),
            status=response.status,
            headers={name: veil(value) for name, value in response.headers.items()},
            body=response.body,
            hops=tuple((status, veil(url)) for status, url in hops),
            failure=failure and Failure(kind=failure.kind, text=self.keyring.redact(failure.text)),
            seconds=seconds,
        )

    @contextlib.asynccontextmanager
    async def _slot(self, url: str) -> AsyncIterator[None]:
        host = (urlsplit(url).hostname or "").lower()
        gate = self._gates.setdefault(host, _HostGate(self._host_at_once))
        gate.users += 1
        try:
            async with gate.room:
                at = time.monotonic()
                wait, gate.next_at = gate.next_at - at, max(at, gate.next_at) + self._host_gap
                if wait > 0:
                    await asyncio.sleep(wait)
                async with self._room:
                    yield
        finally:
            gate.users -= 1
            if not gate.users and len(self._gates) > 1000:
                self._forget_idle_hosts()

    def _forget_idle_hosts(self) -> None:
        at = time.monotonic()
        for host in [host for host, gate in self._gates.items() if not gate.users and gate.next_at < at]:
            del self._gates[host]

    async def _hop(self, request: Request, url: str, budget: float) -> Response:
        try:
            async with asyncio.timeout(max(budget, 0.001)):
                return await self._exchange(request, url)
        except TimeoutError:
            return _failed(request, url, FailureKind.TIMEOUT, "no complete answer in time")
        except TooLargeError:
            limit = (request.max_bytes or self._max_bytes) / 1024 / 1024
            return _failed(request, url, FailureKind.TOO_LARGE, f"the body is larger than {limit:g} MiB")
        except CodingError as error:
            return _failed(request, url, FailureKind.BROKEN, str(error))
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            return _failed(request, url, *_explain(error))
        except (httpx.InvalidURL, httpx.HTTPError, UnicodeError, OSError) as error:
            # httpx itself only complains about odd addresses; the network speaks through httpcore
            return _failed(request, url, FailureKind.BROKEN, f"{error}")

    async def _exchange(self, request: Request, url: str) -> Response:
        assert self._client is not None, "enter the fetcher first: async with Fetcher(...) as fetcher"
        asking = self.keyring.fill_headers(request.headers, url, first=False)
        headers = {"User-Agent": self._agent, "Accept": ACCEPT, "Accept-Encoding": UNDERSTOOD, **asking}
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
        asked = self._client.build_request(request.method, url, headers=headers, content=request.body)
        answer = await self._client.send(asked, stream=True, follow_redirects=False)
        try:
            body = b""
            if answer.status_code == 200:
                body = await _read(answer, request.max_bytes or self._max_bytes)
            return Response(
                request=request, url=url, status=answer.status_code, headers=_flat(answer.headers), body=body
            )
        finally:
            await answer.aclose()


async def _read(answer: httpx.Response, max_bytes: int) -> bytes:
    reader = BodyReader(answer.headers.get("content-encoding", ""), max_bytes)
    async for chunk in answer.aiter_raw():
        reader.feed(chunk)
    return reader.body()


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location.strip().replace(" ", "%20"))
    except ValueError:
        return location  # the guard says what is wrong with it


def _flat(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _failed(request: Request, url: str, kind: FailureKind, text: str) -> Response:
    return Response(request=request, url=url, failure=Failure(kind=kind, text=text))


def _explain(error: Exception) -> tuple[FailureKind, str]:
    if isinstance(error, AddressRefusedError):
        return FailureKind.REFUSED, str(error)
    if isinstance(error, NameNotFoundError):
        return FailureKind.NO_NAME, f"name not found ({error})"
    if isinstance(error, httpcore.TimeoutException):
        return FailureKind.TIMEOUT, "no answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or cause.reason or "handshake failed"
            return FailureKind.TLS, f"no secure connection: {reason}"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore.ConnectError):
        return FailureKind.UNREACHABLE, f"cannot connect ({error})"
    return FailureKind.BROKEN, f"the connection broke off ({error})" if str(error) else "the connection broke off"
