"""The door before every page: hosts, sizes, tokens and sessions are checked, and headers are set on all answers."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.entry import Door, Throttle, token_in, way_back
from bot.web.rendering import HEADERS, Renderer

COOKIE = "straitwatch_session"
OPEN = frozenset({"/login", "/style.css", "/icon.svg", "/robots.txt"})
ADDRESS_LIMIT = 16_000  # bytes of path and query: a query of 2,000 characters of any script fits
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")


class Guard:
    """Lets a request through to the pages, or answers it. `door` is None where no token is set."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        door: Door | None,
        throttle: Throttle,
        renderer: Renderer,
        clock: Callable[[], datetime],
    ) -> None:
        self._app = app
        self._door = door
        self._throttle = throttle
        self._renderer = renderer
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refuse(Request(scope))
        await (refused or self._app)(scope, receive, dressed)

    def _refuse(self, request: Request) -> Response | None:
        if len(request.scope.get("raw_path") or b"") + len(request.scope["query_string"]) > ADDRESS_LIMIT:
            return self._renderer.message(414, "Address too long", "Shorten the query.")
        if self._door is None:
            return self._refuse_host(request)
        if request.scope["path"] in OPEN:  # `request.url` fails on some hosts that strangers write
            return None
        header = request.headers.get("authorization", "")
        token = token_in(header) if header else None
        if token is not None:
            return self._refuse_token(request, self._door, token)
        if self._door.remembers(request.cookies.get(COOKIE, ""), now=self._clock()):
            return None
        return self._ask(request, "")

    def _refuse_host(self, request: Request) -> Response | None:
        """Without a token, only this machine's own names are answered: a site cannot rebind its name to us."""
        host = request.headers.get("host", "")
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if name.lower() in _LOOPBACK:
            return None
        text = "This page has no token and answers to localhost only. Open it as http://localhost with its port."
        return self._renderer.message(421, "Not here", text)

    def _refuse_token(self, request: Request, door: Door, token: str) -> Response | None:
        address, now = client_of(request), self._clock()
        wait = self._throttle.wait(address, now=now)
        if wait:
            return self._ask(request, f"Too many wrong tokens. Try again in {wait} s.", status=429, wait=wait)
        if door.knows(token):
            return None
        self._throttle.wrong(address, now=now)
        return self._ask(request, "That is not the token.")

    def _ask(self, request: Request, fault: str, *, status: int = 401, wait: int = 0) -> Response:
        query = request.scope["query_string"].decode("ascii", "ignore")
        asked = quote(request.scope["path"]) + (f"?{query}" if query else "")
        to = way_back(asked) if request.method == "GET" else "/"
        headers = {"WWW-Authenticate": 'Bearer realm="straitwatch"'} | ({"Retry-After": str(wait)} if wait else {})
        return self._renderer.page("login.html", status=status, headers=headers, to=to, fault=fault)


def client_of(request: Request) -> str:
    """Give the address that a request comes from; an empty text where the server does not say."""
    return request.client.host if request.client else ""
