"""The target that is Telegram: parts -> requests of python-telegram-bot; every failure becomes a `TargetError`."""

import os
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from bot.crashpoints import reached
from bot.domain import Chat, ChatKind
from bot.redaction import redact
from bot.telegram.messages import DEFAULT_OPTIONS, Button, Options, Part, Sent, TargetError

if TYPE_CHECKING:
    from telegram import Bot, InlineKeyboardMarkup
    from telegram.request import BaseRequest

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Seconds. A lease must outlive connect + write + read, or a second attempt could start while the first still runs.
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 15.0
PHOTO_TIMEOUT = 30.0
_TELEGRAM = frozenset({ChatKind.PRIVATE, ChatKind.GROUP, ChatKind.SUPERGROUP, ChatKind.CHANNEL})


def make_request(
    *, connections: int = 64, read_timeout: float = READ_TIMEOUT, connect_timeout: float = CONNECT_TIMEOUT
) -> "BaseRequest":
    """Make the HTTP client of a bot, with its kill-points where a request was written and its answer read.

    Opts in to the library's coming type of `retry_after`: without it each "too many requests" warns of deprecation.
    """
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    from telegram.request import HTTPXRequest  # noqa: PLC0415 - 0.3 s of imports that `--help` does without

    async def trace(event: str, details: Mapping[str, Any]) -> None:
        del details
        if event == "http11.send_request_body.complete":
            reached("request_written")
        elif event == "http11.receive_response_body.complete":
            reached("response_read")

    async def hook(request: Any) -> None:
        if request.url.path.rpartition("/")[2].lower().startswith(("send", "edit")):
            request.extensions["trace"] = trace

    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        write_timeout=READ_TIMEOUT,
        media_write_timeout=PHOTO_TIMEOUT,
        pool_timeout=connect_timeout,
        httpx_kwargs={"event_hooks": {"request": [hook]}, "trust_env": True},
    )


def make_bot(token: str, *, api: str = "https://api.telegram.org", request: "BaseRequest | None" = None) -> "Bot":
    """Make a bot that speaks to the Bot API server at `api`; `request` defaults to `make_request()`."""
    from telegram import Bot  # noqa: PLC0415 - as above

    server = api.rstrip("/")
    return Bot(
        token,
        base_url=f"{server}/bot",
        base_file_url=f"{server}/file/bot",
        request=request or make_request(),
    )


@asynccontextmanager
async def opened(bot: "Bot") -> AsyncIterator["Bot"]:
    """Open a bot's connections and close them again.

    Raises TokenRefusedError where Telegram refuses the token. Telegram out of reach is no reason to stop: the sender
    keeps its queue and tries again.
    """
    from telegram.error import InvalidToken, NetworkError  # noqa: PLC0415 - as above

    from bot.telegram.errors import TokenRefusedError  # noqa: PLC0415 - imports the library

    try:
        try:
            await bot.initialize()
        except InvalidToken:  # its text and its chain hold the token
            remedy = "Copy it again from @BotFather and restart"
            raise TokenRefusedError(f"Telegram refuses the bot token. {remedy}") from None
        except NetworkError as error:
            log.warning("telegram_out_of_reach", error=redact(str(error)))
        yield bot
    finally:
        await bot.shutdown()


class TelegramTarget:
    """Sends and edits through one bot."""

    def __init__(self, bot: "Bot") -> None:
        self._bot = bot

    @property
    def kinds(self) -> frozenset[ChatKind]:
        """The kinds of chats that Telegram has."""
        return _TELEGRAM

    async def send(self, chat: Chat, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        """Send a part as text or photo; raises TargetError."""
        from telegram import ReplyParameters  # noqa: PLC0415 - as above

        where: dict[str, Any] = {
            "chat_id": chat.telegram_id,
            "message_thread_id": chat.thread_id,
            "disable_notification": options.silent or None,
            "reply_markup": keyboard(part.buttons),
            "parse_mode": None if options.plain else "HTML",
        }
        if options.reply_to is not None:
            where["reply_parameters"] = ReplyParameters(options.reply_to, allow_sending_without_reply=True)
        text = part.plain if options.plain else part.html
        if part.photo is not None:
            return await self._call(self._bot.send_photo, photo=part.photo, caption=text or None, **where)
        return await self._call(self._bot.send_message, text=text, link_preview_options=_preview(chat), **where)

    async def edit(self, chat: Chat, message_id: int, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        """Replace text and buttons of a text message; raises TargetError."""
        return await self._call(
            self._bot.edit_message_text,
            chat_id=chat.telegram_id,
            message_id=message_id,
            text=part.plain if options.plain else part.html,
            parse_mode=None if options.plain else "HTML",
            link_preview_options=_preview(chat),
            reply_markup=keyboard(part.buttons),
        )

    async def check(self) -> None:
        """Ask Telegram who we are; raises TargetError."""
        await self._guarded(self._bot.get_me())

    async def _call(self, method: Any, **arguments: Any) -> Sent:
        message = await self._guarded(method(**arguments))
        return Sent(message_id=message.message_id)

    async def _guarded(self, request: Awaitable[T]) -> T:
        from telegram.error import TelegramError  # noqa: PLC0415 - as above

        from bot.telegram.errors import classify  # noqa: PLC0415 - imports the library

        try:
            return await request
        except (TelegramError, KeyError) as error:
            raise TargetError(classify(error)) from None  # its chain holds the address, and with it the token


def _preview(chat: Chat) -> Any:
    from telegram import LinkPreviewOptions  # noqa: PLC0415 - as above

    return LinkPreviewOptions(is_disabled=not chat.link_previews)


def keyboard(rows: tuple[tuple[Button, ...], ...]) -> "InlineKeyboardMarkup | None":
    """Give buttons as the library takes them; None where there are none."""
    if not rows:
        return None
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup  # noqa: PLC0415 - as above

    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(button.text, url=button.url or None, callback_data=button.callback or None)
                for button in row
            ]
            for row in rows
        ]
    )
