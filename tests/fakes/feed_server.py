"""A local HTTP server that serves feeds, healthy and broken in every way of the fault table.

    with FeedServer() as server:
        server.serve("/my-feed", rss([Entry(title="...")]))
        fetcher = Fetcher(guard=server.guard, resolve=server.resolve, host_gap=timedelta(0))
        ... server.url("/my-feed"), server.url("/drip-body", host="slow.test") ...

Routes are plain paths; unknown ones answer 404. `server.requests` records what was asked. `resolve` sends every name
to this server, so that one server can play many hosts. Run as a program it prints its port and serves until its input
ends.
"""

import asyncio
import contextlib
import struct
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bot.ingest.addresses import AddressGuard
from tests.fakes.feed_faults import HOSTILE, Reply, healthy, timed_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came in; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Route:
    """What a path answers; replies after the last repeat it."""

    replies: list[Reply]
    served: int = field(default=0)

    def next(self) -> Reply:
        """Give the reply to the next request."""
        reply = self.replies[min(self.served, len(self.replies) - 1)]
        self.served += 1
        return reply


class FeedServer:
    """Serves in a thread of its own; a context manager. `requests` holds everything that was asked."""

    def __init__(self, *, tls: "tuple[str, str] | None" = None) -> None:
        self.requests: list[Asked] = []
        self.port = 0
        self._routes: dict[str, Route] = {}
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None

    @property
    def guard(self) -> AddressGuard:
        """Give a guard that lets this server be reached, and nothing else that is not public."""
        return AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[self.port])

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Send every name here; literal addresses stay what they are."""
        del port
        return [host if host[0].isdigit() else "127.0.0.1"]

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        """Give the address of a path."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def serve(self, path: str, *replies: "Reply | bytes | str") -> None:
        """Answer `path` with the replies in turn, the last one for ever; text is a 200 with that body."""
        made = [
            one if isinstance(one, Reply) else Reply(body=one.encode() if isinstance(one, str) else one)
            for one in replies
        ]
        self._routes[path] = Route(made)

    def asked(self, path: str) -> list[Asked]:
        """Give the requests for one path."""
        return [one for one in self.requests if one.path.partition("?")[0] == path]

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop = self._stop
        assert stop is not None
        self._loop.call_soon_threadsafe(stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        context = None
        if self._tls:
            import ssl

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
        self._stop = asyncio.Event()
        talks: set[asyncio.Task[None]] = set()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._talk(reader, writer))
            talks.add(task)
            task.add_done_callback(talks.discard)

        server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context, limit=1024 * 1024, backlog=1000)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await asyncio.sleep(0.01)  # aborted connections are closed in the loop's next turn

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                asked = await _read(reader)
                self.requests.append(asked)
                await self._answer(asked, writer)
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        path = asked.path.partition("?")[0]
        if path in self._routes:
            await send(self._routes[path].next(), writer)
        elif path in ACTS:
            await ACTS[path](writer)
        elif reply := self._built_in(path, asked):
            await send(reply, writer)
        else:
            await send(Reply(status=404, body=b"no such feed"), writer)

    def _built_in(self, path: str, asked: Asked) -> Reply | None:
        if path in HOSTILE:
            return HOSTILE[path]()
        if path.startswith("/feed/") and path != "/feed/":
            return healthy(path, asked.headers)
        return timed_faults(
            path, asked.headers, sum(one.path == path for one in self.requests), f"http://127.0.0.1:{self.port}"
        )


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=method, path=path, headers=headers, body=body)


async def send(reply: Reply, writer: asyncio.StreamWriter) -> None:
    """Write one reply and close the connection afterwards."""
    headers = {"Content-Length": str(len(reply.body)), "Connection": "close", "Content-Type": "application/xml"}
    headers |= dict(reply.headers)
    if reply.status == 304:
        headers.pop("Content-Length")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} Because\r\n{lines}\r\n".encode("latin-1") + reply.body)


async def _drip_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n<rss>")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.5)


async def _drip_header(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-Slow: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.5)


async def _infinite(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n<rss>")
    while not writer.is_closing():
        writer.write(b"<item>" * 10_000)
        await writer.drain()


async def _long_header(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n<rss/>")


async def _length_lies(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<rss><channel>")


async def _reset_midway(writer: asyncio.StreamWriter) -> None:
    import socket

    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<rss><channel>")
    await writer.drain()
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _hang(writer: asyncio.StreamWriter) -> None:
    del writer
    await asyncio.Event().wait()


ACTS: dict[str, Callable[[asyncio.StreamWriter], Awaitable[None]]] = {
    "/drip-body": _drip_body,
    "/drip-header": _drip_header,
    "/infinite": _infinite,
    "/header-200k": _long_header,
    "/len-lies": _length_lies,
    "/reset-midway": _reset_midway,
    "/hang": _hang,
}

if __name__ == "__main__":
    with FeedServer() as running:
        print(running.port, flush=True)  # noqa: T201 - the program's one output
        sys.stdin.read()
