"""The Application of python-telegram-bot: handlers, order of updates, command lists, errors, polling."""

import asyncio
import secrets
import traceback
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from telegram.ext import BaseUpdateProcessor

from bot.alerting.notices import notice
from bot.domain import ChatKind
from bot.errors import StorageError
from bot.redaction import redact
from bot.settings import Settings
from bot.storage import access
from bot.storage.chats import owner_chats
from bot.storage.outbox import enqueue
from bot.storage.transactions import writing
from bot.telegram.command_lists import register_commands
from bot.telegram.commands.memberships import Memberships
from bot.telegram.commands.receiving import Receiver
from bot.telegram.commands.turns import Services
from bot.telegram.notifier import make_request
from bot.telegram.strings import strings
from bot.telegram.webhook import HostAsgi, check_webhook, serve_webhook

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from telegram.ext import Application, ContextTypes

    App = Application[Any, Any, Any, Any, Any, Any]

log = structlog.get_logger(__name__)
ALLOWED_UPDATES = ("message", "channel_post", "callback_query", "my_chat_member")
AT_ONCE = 64  # updates under way; those of one chat wait for each other
POLL_SECONDS = 25
CONFLICT_REST = 30.0  # seconds without polling after another instance was seen
_ENGINE = "engine"
_SERVICES = "services"

__all__ = ["Services", "build_application", "serve"]


class ChatOrder(BaseUpdateProcessor):
    """Deals with many chats side by side, and with the updates of each in the order in which they came."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._locks: dict[int, tuple[asyncio.Lock, int]] = {}

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Run one update when its chat's turn has come."""
        chat = getattr(update, "effective_chat", None)
        async with self._turn(chat.id if chat is not None else 0):
            await coroutine

    async def initialize(self) -> None:
        """Nothing is to be set up."""

    async def shutdown(self) -> None:
        """Nothing is to be closed."""

    @asynccontextmanager
    async def _turn(self, chat_id: int) -> AsyncIterator[None]:
        lock, waiting = self._locks.get(chat_id, (asyncio.Lock(), 0))
        self._locks[chat_id] = lock, waiting + 1
        try:
            async with lock:
                yield
        finally:
            waiting = self._locks[chat_id][1] - 1
            if waiting:
                self._locks[chat_id] = lock, waiting
            else:
                del self._locks[chat_id]


def build_application(settings: Settings, engine: "Engine", services: Services) -> "App":
    """Build the application; nothing is asked of Telegram before `serve` (or its `initialize`)."""
    from telegram.ext import ApplicationBuilder, CallbackQueryHandler, ChatMemberHandler, MessageHandler, filters  # noqa: PLC0415 - 0.3 s

    server = settings.telegram_api.rstrip("/")
    application: App = (
        ApplicationBuilder()
        .token(settings.token)
        .base_url(f"{server}/bot")
        .base_file_url(f"{server}/file/bot")
        .request(make_request())
        .get_updates_request(make_request(connections=2, read_timeout=POLL_SECONDS + 10.0))
        .concurrent_updates(ChatOrder(AT_ONCE))
        .job_queue(None)
        .build()
    )
    receiver = Receiver(engine, services, allowed_ids=settings.allowed_ids)
    memberships = Memberships(engine, services, receiver.book, allowed_ids=settings.allowed_ids)
    moved = filters.StatusUpdate.MIGRATE
    heard = (filters.UpdateType.MESSAGE | filters.UpdateType.CHANNEL_POST) & ~moved
    application.add_handler(MessageHandler(moved, memberships.migrated))
    application.add_handler(MessageHandler(heard, receiver.message))
    application.add_handler(CallbackQueryHandler(receiver.press))
    application.add_handler(ChatMemberHandler(memberships.changed, ChatMemberHandler.MY_CHAT_MEMBER))
    application.add_error_handler(answer_error)
    application.bot_data.update({_ENGINE: engine, _SERVICES: services})
    return application


async def answer_error(update: object, context: "ContextTypes.DEFAULT_TYPE") -> None:
    """Log what went wrong with a reference, and give the user the reference instead of a traceback.

    The one place beside the job boundary where every exception ends: the library calls it with whatever a handler
    raised, and goes on.
    """
    error = context.error
    reference = secrets.token_hex(4)
    if isinstance(error, StorageError):
        log.error("command_not_stored", reference=reference, error=redact(str(error)))
    else:
        trace = redact("".join(traceback.format_exception(error))) if error is not None else ""
        log.error("command_failed", reference=reference, error=type(error).__name__, trace=trace)
    query, chat = getattr(update, "callback_query", None), getattr(update, "effective_chat", None)
    user = getattr(update, "effective_user", None)
    words = strings((user.language_code if user is not None else None) or "en")
    if isinstance(error, StorageError):
        text = words.t("The database cannot be used just now. Nothing was changed; please try again in a moment.")
    else:
        text = words.t("Something went wrong on our side. It was logged as {reference}.", reference=reference)
    from telegram.error import TelegramError  # noqa: PLC0415 - as above

    try:
        if query is not None:
            await context.bot.answer_callback_query(query.id, text=text[:200], show_alert=True)
        elif chat is not None and chat.type == ChatKind.PRIVATE.value:
            await context.bot.send_message(chat.id, text)
    except (TelegramError, KeyError) as failure:
        log.warning("error_not_told", reference=reference, kind=type(failure).__name__)


async def serve(application: "App", settings: Settings, stop: asyncio.Event, *, host: HostAsgi | None = None) -> None:
    """Take updates until `stop`: by long polling, or by webhook where one is set and `host` can serve it.

    Raises TokenRefusedError, and ConfigurationError where the webhook cannot be served.

    A second instance that polls with the same token is reported to log and owner; this one rests and tries again, so
    that a forgotten instance does not silence both for good.
    """
    if settings.webhook_url:
        check_webhook(settings, host)
    engine, services = application.bot_data[_ENGINE], application.bot_data[_SERVICES]
    owners = await asyncio.to_thread(_settle_owner, engine, settings.owner_id, services.clock.now())
    if not await _connect(application, stop):
        return
    await register_commands(application.bot, owners)
    await application.start()
    try:
        if settings.webhook_url and host is not None:
            await serve_webhook(application, settings, stop, host, allowed_updates=ALLOWED_UPDATES)
        else:
            await _poll(application, stop)
    finally:
        await application.stop()
        await application.shutdown()


async def _connect(application: "App", stop: asyncio.Event) -> bool:
    """Ask Telegram who we are, again and again while it cannot be reached; False where `stop` came first."""
    from telegram.error import InvalidToken, TelegramError  # noqa: PLC0415 - as above

    from bot.telegram.errors import TokenRefusedError  # noqa: PLC0415 - imports the library

    wait = 1.0
    while not stop.is_set():
        try:
            await application.initialize()
        except InvalidToken as error:
            await application.bot.request.shutdown()
            text = "Telegram refuses the bot token. Copy it again from @BotFather and restart"
            raise TokenRefusedError(text) from error
        except TelegramError as error:
            log.warning("telegram_not_reached", kind=type(error).__name__, again_in=wait)
            await _first(stop, timeout=wait)
            wait = min(2 * wait, 60.0)
        else:
            return True
    await application.bot.request.shutdown()
    return False


async def _poll(application: "App", stop: asyncio.Event) -> None:
    from telegram.error import Conflict, TelegramError  # noqa: PLC0415 - as above

    conflict = asyncio.Event()
    updater = application.updater
    assert updater is not None

    def note(error: TelegramError) -> None:
        if isinstance(error, Conflict):
            conflict.set()
        else:
            log.warning("polling_trouble", kind=type(error).__name__, error=redact(str(error)))

    while not stop.is_set():
        conflict.clear()
        await updater.start_polling(
            timeout=POLL_SECONDS, allowed_updates=list(ALLOWED_UPDATES), error_callback=note, bootstrap_retries=-1
        )
        await _first(stop, conflict)
        await updater.stop()
        if conflict.is_set() and not stop.is_set():
            log.error("second_instance", remedy="another process polls with this bot token: stop it")
            await asyncio.to_thread(_warn_owner, application.bot_data[_ENGINE], application.bot_data[_SERVICES])
            await _first(stop, timeout=CONFLICT_REST)


async def _first(*events: asyncio.Event, timeout: float | None = None) -> None:  # noqa: ASYNC109 - no error at its end
    tasks = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def _settle_owner(engine: "Engine", owner_id: int, now: datetime) -> frozenset[int]:
    with writing(engine) as tx:
        if owner_id:
            access.make_owner(tx, owner_id, now=now)
        access.prune_access(tx, now=now)
        return access.owners(tx)


def _warn_owner(engine: "Engine", services: Services) -> None:
    """Owe the owner a notice about the second instance: one a day."""
    now = services.clock.now()
    with writing(engine) as tx:
        owed = []
        for chat in owner_chats(tx):
            text = strings(chat.lang).t(
                "Another process takes updates with my bot token, so commands may go unanswered. Stop one of the two."
            )
            owed.append(notice(chat.key, f"second_instance {now.date()}", {"text": text}, now=now))
        enqueue(tx, owed)
    if services.wake is not None:
        services.wake()
