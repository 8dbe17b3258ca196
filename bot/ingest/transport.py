"""Connect to the very address that was checked: name look-up, address guard and connection pool under httpx."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore
import httpx

from bot.ingest.addresses import AddressGuard

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]  # host, port -> addresses; raises OSError

LOOKUPS_AT_ONCE = 16
REMEMBER_SECONDS = (
    60.0  # how long a look-up is believed; the check is made on what is connected to, so rebinding is moot
)


class AddressRefusedError(httpcore.NetworkError):
    """The address guard forbids this connection; the text says why."""


class NameNotFoundError(httpcore.NetworkError):
    """The host has no address, or the name service does not answer."""


class SystemResolver:
    """Look up names in daemon threads of its own.

    The event loop's thread pool is not used: a name service that hangs would block database calls there, and would
    hold up the end of the program.
    """

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Give the addresses of `host`; raises OSError where there are none."""
        async with self._room:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[list[str]] = loop.create_future()
            threading.Thread(target=_look_up, args=(host, port, loop, answer), daemon=True).start()
            return await answer


def _look_up(host: str, port: int, loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[list[str]]") -> None:
    addresses: list[str] = []
    problem: OSError | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    except (OSError, UnicodeError) as error:
        problem = error if isinstance(error, OSError) else OSError(f"not a host name: {host!r}")

    def deliver() -> None:
        if answer.cancelled():
            return
        if problem is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(problem)

    try:
        loop.call_soon_threadsafe(deliver)
    except RuntimeError:
        return  # the loop ended while the name service was thinking


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """A network that resolves once, checks every address, and connects to a checked one."""

    def __init__(self, guard: AddressGuard, resolve: Resolve) -> None:
        self._guard = guard
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()
        self._known: dict[tuple[str, int], tuple[float, Sequence[str]]] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a checked address of `host`; raises AddressRefusedError, NameNotFoundError or httpcore's own."""
        addresses = await self._addresses(host, port)
        reason = self._guard.refuse_port(port) or self._guard.refuse_any(addresses)
        if reason:
            raise AddressRefusedError(reason)
        share = None if timeout is None else max(timeout / len(addresses), 2.0)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue  # the next address of the host may answer
        return await self._network.connect_tcp(addresses[-1], port, share, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: news does not come from sockets of this machine."""
        del path, timeout, socket_options
        raise AddressRefusedError("unix sockets are not fetched")

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore's interface."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        at = time.monotonic()
        known = self._known.get((host, port))
        if known and at - known[0] < REMEMBER_SECONDS:
            return known[1]
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise NameNotFoundError(f"{host}: {error.strerror or error}") from error
        if len(self._known) > 20_000:
            self._known.clear()
        self._known[host, port] = (at, addresses)
        return addresses


class PinnedTransport(httpx.AsyncBaseTransport):
    """httpx's transport over a connection pool whose network is guarded. Raises httpcore's exceptions as they are."""

    def __init__(self, guard: AddressGuard, resolve: Resolve | None = None, *, connections: int = 100) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),  # SSL_CERT_FILE: a company's own authority
            max_connections=connections,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=PinnedBackend(guard, resolve or SystemResolver()),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; redirects are not followed here."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
