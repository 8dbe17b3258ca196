"""Take updates by webhook: our own front, which compares the secret in constant time and never logs it."""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from bot.errors import ConfigurationError, Fault
from bot.settings import Settings

if TYPE_CHECKING:
    from telegram.ext import Application

    App = Application[Any, Any, Any, Any, Any, Any]

log = structlog.get_logger(__name__)
BODY_LIMIT = 1_000_000  # bytes; an update of Telegram's has some thousands
_HEADER = b"x-telegram-bot-api-secret-token"
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
HostAsgi = Callable[["WebhookFront", str, asyncio.Event], Awaitable[None]]
"""Serves an ASGI application on `host:port` until the event is set; the web server's home is elsewhere."""


class WebhookFront:
    """An ASGI application with one address: POST of an update, with the right secret."""

    def __init__(self, application: "App", *, path: str, secret: str) -> None:
        self._application = application
        self._path = path or "/"
        self._secret = secret.encode()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; what is not an update from Telegram learns nothing but a status."""
        if scope["type"] != "http":
            return
        status = await self._status(scope, receive)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def _status(self, scope: Mapping[str, Any], receive: Receive) -> int:
        if scope["path"] != self._path:
            return 404
        if scope["method"] != "POST":
            return 405
        given = dict(scope["headers"]).get(_HEADER, b"")
        if not hmac.compare_digest(given, self._secret):
            log.warning("webhook_refused", reason="wrong or missing secret")
            return 403
        body = await _body(receive)
        return 413 if body is None else await self._take(body)

    async def _take(self, body: bytes) -> int:
        from telegram import Update  # noqa: PLC0415 - the library is imported by its users alone

        try:
            read = json.loads(body)
        except ValueError:
            read = None
        if not isinstance(read, dict) or not isinstance(read.get("update_id"), int):
            log.warning("webhook_unreadable", size=len(body))
            return 400
        update = Update.de_json(read, self._application.bot)
        await self._application.update_queue.put(update)
        return 200


def check_webhook(settings: Settings, host: HostAsgi | None) -> None:
    """Refuse a webhook that could not work or would let anybody in; raises ConfigurationError with every fault."""
    faults = []
    if not settings.webhook_url.startswith("https://"):
        remedy = "Give the public https:// address that leads here"
        faults.append(Fault(place="STRAITWATCH_WEBHOOK_URL", problem="Telegram calls https only", remedy=remedy))
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", settings.webhook_secret.get_secret_value()):
        remedy = "Set 16 to 256 letters, digits, _ or -"
        faults.append(Fault(place="STRAITWATCH_WEBHOOK_SECRET", problem="not a usable secret", remedy=remedy))
    if host is None:
        remedy = "Leave STRAITWATCH_WEBHOOK_URL empty for long polling"
        faults.append(Fault(place="STRAITWATCH_WEBHOOK_URL", problem="this command has no web server", remedy=remedy))
    if faults:
        raise ConfigurationError(faults)


async def serve_webhook(
    application: "App", settings: Settings, stop: asyncio.Event, host: HostAsgi, *, allowed_updates: Sequence[str]
) -> None:
    """Listen until `stop` and tell Telegram where; the settings were checked by `check_webhook`."""
    secret = settings.webhook_secret.get_secret_value()
    front = WebhookFront(application, path=urlsplit(settings.webhook_url).path, secret=secret)
    serving = asyncio.ensure_future(host(front, settings.webhook_listen, stop))
    try:
        await application.bot.set_webhook(
            settings.webhook_url, secret_token=secret, allowed_updates=list(allowed_updates)
        )
        await serving
    finally:
        serving.cancel()


async def _body(receive: Receive) -> bytes | None:
    """Read the body, or None where it is too large."""
    read = bytearray()
    while True:
        message = await receive()
        read += message.get("body", b"")
        if len(read) > BODY_LIMIT:
            return None
        if not message.get("more_body"):
            return bytes(read)
