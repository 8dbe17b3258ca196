"""Put the page together: routes, the guard before them, the login, and what is answered when something is wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs

from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import StorageError
from bot.settings import Settings
from bot.web.entry import SESSION, Door, Throttle, way_back
from bot.web.guard import COOKIE, Guard, client_of
from bot.web.pages import Pages
from bot.web.rendering import HEADERS, Renderer
from rules.definitions import Catalog

AT_ONCE = 4  # pages read at the same time: the watch needs connections and time of its own
FORM_LIMIT = 8_000  # bytes of a login form
FORM_WITHIN = 5.0  # seconds for a login form to arrive

_SAID = {
    400: ("Cannot be read", "The request is malformed."),
    403: ("Refused", "The form was sent from another site."),
    404: ("Not found", "There is no such page. A story may have been pruned after its retention time."),
    405: ("Not possible", "This page can only be read."),
    408: ("Too slow", "The form did not arrive in time. Send it again."),
    413: ("Too large", "The form is larger than a token can be."),
    415: ("Cannot be read", "Send the token as a form."),
}


def build_web(
    engine: Engine,
    settings: Settings,
    *,
    catalog: Callable[[], Catalog],
    clock: Callable[[], datetime],
    scorecard: Path | None,
    model: Callable[[], Mapping[str, object]] = dict,
    titles: Mapping[str, str] | None = None,
) -> Starlette:
    """Make the page's application; `catalog` gives the rules in use at the moment.

    `scorecard` is a Markdown file, `model()` the sidecar of the model in use, `titles` names entities by their id.
    Whether it may be reached from other machines is checked by `bot.web.listening.check_place`.
    """
    token = settings.web_token.get_secret_value()
    door, throttle = (Door(token) if token else None), Throttle()
    renderer = Renderer(settings.zone, guarded=door is not None)
    pages = Pages(
        engine=engine,
        renderer=renderer,
        catalog=catalog,
        clock=clock,
        scorecard=scorecard,
        model=model,
        titles=titles or {},
    )
    login = Login(door=door, throttle=throttle, renderer=renderer, clock=clock)

    def wrong(request: Request, error: Exception) -> Response:
        return _wrong(renderer, request, error)

    app = Starlette(
        routes=_routes(pages, login, renderer),
        middleware=[Middleware(Guard, door=door, throttle=throttle, renderer=renderer, clock=clock)],
        exception_handlers={HTTPException: wrong, StorageError: wrong, Exception: wrong},
    )
    app.router.redirect_slashes = False  # it reads the whole address, which fails on some hosts that strangers write
    return app


def _routes(pages: Pages, login: "Login", renderer: Renderer) -> list[Route]:
    turns = asyncio.Semaphore(AT_ONCE)

    def calm(page: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            async with turns:
                return await run_in_threadpool(page, request)

        return answer

    return [
        Route("/", calm(pages.stories)),
        Route("/stories/{story_id}", calm(pages.story)),
        Route("/sources", calm(pages.sources)),
        Route("/rules", calm(pages.rules)),
        Route("/rules/{rule_id}", calm(pages.rule)),
        Route("/scorecard", calm(pages.scorecard_page)),
        Route("/about", calm(pages.about)),
        Route("/login", login.show),
        Route("/login", login.take, methods=["POST"]),
        Route("/style.css", _file(renderer.style, "text/css; charset=utf-8")),
        Route("/icon.svg", _file(renderer.icon, "image/svg+xml")),
        Route("/robots.txt", _file(b"User-agent: *\nDisallow: /\n", "text/plain; charset=utf-8")),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The form that takes the token and gives a session; `leave` in the form ends it."""

    door: Door | None
    throttle: Throttle
    renderer: Renderer
    clock: Callable[[], datetime]

    def show(self, request: Request) -> Response:
        """Show the form."""
        if self.door is None:
            return _go("/")
        return self.renderer.page("login.html", to=way_back(request.query_params.get("to", "/")), fault="")

    async def take(self, request: Request) -> Response:
        """Take a token or end a session."""
        if self.door is None:
            return _go("/")
        if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            raise HTTPException(403)
        form = await _form(request)
        to = way_back(form.get("to", "/"))
        if "leave" in form:
            left = _go("/login")
            left.delete_cookie(COOKIE)
            return left
        address, now = client_of(request), self.clock()
        wait = self.throttle.wait(address, now=now)
        if wait:
            fault = f"Too many wrong tokens. Try again in {wait} s."
            return self.renderer.page("login.html", status=429, headers={"Retry-After": str(wait)}, to=to, fault=fault)
        if not self.door.knows(form.get("token", "").strip()):
            self.throttle.wrong(address, now=now)
            return self.renderer.page("login.html", status=401, to=to, fault="That is not the token.")
        admitted = _go(to)
        admitted.set_cookie(
            COOKIE,
            self.door.admit(now=now),
            max_age=int(SESSION.total_seconds()),
            httponly=True,
            samesite="lax",  # a link from a chat should open the page of a reader who is signed in
            secure=request.scope["scheme"] == "https",
        )
        return admitted


async def _form(request: Request) -> dict[str, str]:
    """Read a small urlencoded form; raises HTTPException for one that is large, slow or something else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = b""
    try:
        async with asyncio.timeout(FORM_WITHIN):
            async for part in request.stream():
                body += part
                if len(body) > FORM_LIMIT:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    except ClientDisconnect:
        raise HTTPException(400) from None
    try:
        found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        raise HTTPException(400) from None
    return {name: values[0] for name, values in found.items()}


def _wrong(renderer: Renderer, request: Request, error: Exception) -> Response:
    del request
    if isinstance(error, StorageError):
        text = "The database does not answer just now. Reload in a moment; the log of the watch says more."
        return renderer.message(503, "No answer from the database", text, {"Retry-After": "10"})
    if isinstance(error, HTTPException):
        title, text = _SAID.get(error.status_code, ("Not possible", "The request cannot be answered."))
        return renderer.message(error.status_code, title, text, error.headers)
    return renderer.message(500, "A fault of ours", "The page failed. The log of the watch says where.")


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303, headers=dict(HEADERS))


def _file(content: bytes, kind: str) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        del request
        return Response(content, media_type=kind, headers={**HEADERS, "Cache-Control": "public, max-age=3600"})

    return answer
