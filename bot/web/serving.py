"""Run the page inside the watch's event loop until a stop event; uvicorn is told to leave signals alone."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from bot.web.listening import Place, open_socket

STOP_WITHIN = 0.7  # seconds for answers under way


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the watch."""
        yield


async def serve(app: ASGIApp, place: Place, stop: asyncio.Event, *, listener: socket.socket | None = None) -> None:
    """Serve `app` at a place until `stop` is set, and end within a second; raises ConfigurationError where it is taken.

    `listener` is a socket that listens already, for callers that must know the port.
    """
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=200,
            timeout_keep_alive=5,
            forwarded_allow_ips="127.0.0.1,::1",  # a reverse proxy beside us, and not what the environment says
        )
    )
    running = asyncio.ensure_future(server.serve(sockets=[listener or open_socket(place)]))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        asyncio.get_running_loop().call_later(STOP_WITHIN, setattr, server, "force_exit", True)  # noqa: FBT003
    await running
