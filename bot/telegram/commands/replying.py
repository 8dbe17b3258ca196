"""Send answers: through the same target as alerts, at the sender's pace, with every refusal dealt with once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog

from bot.domain import Chat
from bot.storage.chats import disable, leave_topic
from bot.storage.migration import migrate_chat
from bot.storage.transactions import writing
from bot.telegram.commands.turns import Answer, Asked, Services
from bot.telegram.markup import halve
from bot.telegram.messages import Button, Failure, FailureKind, Options, Part, TargetError
from bot.telegram.notifier import TelegramTarget, keyboard
from bot.telegram.strings import strings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from telegram import Bot

log = structlog.get_logger(__name__)
LONGEST_WAIT = 30.0  # seconds that an answer may be late; after that the user has asked again
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """One part on its way: where it goes, what it replaces, and how it is written."""

    chat: Chat
    part: Part
    edit: int | None
    options: Options


class Replier:
    """Sends what a turn leads to. An answer that cannot be sent is logged and lost: nothing but a user waits for it."""

    def __init__(self, bot: "Bot", engine: "Engine", services: Services) -> None:
        self._bot = bot
        self._engine = engine
        self._services = services
        self._target = TelegramTarget(bot)

    async def send(self, chat: Chat, answer: Answer, *, pressed: int | None, reply_to: int | None) -> None:
        """Send an answer to a chat; `pressed` is the message whose button was pressed, `reply_to` the one to answer."""
        if pressed is not None and (answer.keyboard is not None or (answer.strip and not answer.edit)):
            await self._buttons(chat, pressed, answer.keyboard or ())
        if answer.asks is not None and answer.parts:
            await self._ask(chat, answer.parts[0], answer.asks, reply_to)
            return
        parts = list(answer.parts)
        if answer.edit and pressed is not None and parts:
            await self._part(_Letter(chat=chat, part=parts.pop(0), edit=pressed, options=Options()))
        for part in parts:
            await self._part(_Letter(chat=chat, part=part, edit=None, options=Options(reply_to=reply_to)))
        if answer.file is not None:
            name, content = answer.file.name, answer.file.content
            await self._plainly(self._bot.send_document, chat, document=content, filename=name)
        if answer.sequel is not None:
            await self.send(chat, answer.sequel, pressed=None, reply_to=None)

    async def toast(self, query_id: str, text: str, *, loud: bool = False) -> None:
        """Answer a press; one that is too old for Telegram is none of ours any more."""
        from telegram.error import TelegramError  # noqa: PLC0415 - the library is imported by its users alone

        try:
            await self._bot.answer_callback_query(query_id, text=text[:200] or None, show_alert=loud or None)
        except (TelegramError, KeyError) as error:
            log.info("press_not_answered", reason=type(error).__name__)

    async def _part(self, letter: _Letter) -> None:
        for _ in range(_TRIES):
            await self._admit(letter.chat)
            try:
                if letter.edit is not None:
                    await self._target.edit(letter.chat, letter.edit, letter.part, letter.options)
                else:
                    await self._target.send(letter.chat, letter.part, letter.options)
            except TargetError as error:
                failure = error.failure
            else:
                return
            if failure.kind is FailureKind.TOO_LONG:
                for half in halve(letter.part):
                    await self._part(replace(letter, part=half, edit=None))
                return
            again = await self._mended(letter, failure)
            if again is None:
                return
            letter = again

    async def _mended(self, letter: _Letter, failure: Failure) -> _Letter | None:
        """Do what a failure asks for; None where there is no point in another try."""
        chat, clock = letter.chat, self._services.clock
        match failure.kind:
            case FailureKind.GONE if letter.edit is not None:
                return replace(letter, edit=None)
            case FailureKind.BAD_MARKUP if not letter.options.plain:
                log.error("answer_markup_refused", reason=failure.reason)
                return replace(letter, options=replace(letter.options, plain=True))
            case FailureKind.HOLD if failure.seconds <= LONGEST_WAIT:
                await clock.sleep(failure.seconds)
                return letter
            case FailureKind.UNSENT:
                await clock.sleep(1.0)
                return letter
            case FailureKind.MIGRATED:
                await self._write(lambda tx: migrate_chat(tx, chat.telegram_id, failure.new_id))
                moved = replace(chat, telegram_id=failure.new_id, key=str(failure.new_id))
                return replace(letter, chat=moved, edit=None)
            case FailureKind.NO_THREAD if chat.thread_id is not None:
                await self._write(lambda tx: leave_topic(tx, chat.key))
                return replace(letter, chat=replace(chat, thread_id=None))
            case FailureKind.DISABLE:
                await self._write(lambda tx: disable(tx, chat.telegram_id, reason=failure.reason))
            case FailureKind.UNCHANGED:
                pass  # a button pressed twice: the message says so already
            case _:
                log.warning("answer_lost", chat=chat.key, kind=failure.kind.value, reason=failure.reason)
        return None

    async def _write(self, change: Callable[["Connection"], object]) -> None:
        def run() -> None:
            with writing(self._engine) as tx:
                change(tx)

        await asyncio.to_thread(run)

    async def _ask(self, chat: Chat, part: Part, asked: Asked, reply_to: int | None) -> None:
        """Send a question in a way that brings the answer here: groups show us replies only."""
        from telegram import (  # noqa: PLC0415 - as above
            ForceReply,
            KeyboardButton,
            ReplyKeyboardMarkup,
            ReplyParameters,
        )

        markup: Any = None
        if chat.telegram_id < 0:
            markup = ForceReply(selective=True)
        elif asked.keyboard == "location":
            label = strings(chat.lang).t("Share my location")
            buttons = [[KeyboardButton(label, request_location=True)]]
            markup = ReplyKeyboardMarkup(buttons, resize_keyboard=True, one_time_keyboard=True)
        answers = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to is not None else None
        send = self._bot.send_message
        await self._plainly(
            send, chat, text=part.html, parse_mode="HTML", reply_markup=markup, reply_parameters=answers
        )

    async def _buttons(self, chat: Chat, message_id: int, buttons: tuple[tuple[Button, ...], ...]) -> None:
        edit = self._bot.edit_message_reply_markup
        await self._plainly(edit, chat, topic=False, message_id=message_id, reply_markup=keyboard(buttons))

    async def _plainly(self, method: Any, chat: Chat, *, topic: bool = True, **arguments: Any) -> None:
        """Make a request whose failure is only logged."""
        from telegram.error import TelegramError  # noqa: PLC0415 - as above

        from bot.telegram.errors import classify  # noqa: PLC0415 - imports the library

        await self._admit(chat)
        if topic:
            arguments["message_thread_id"] = chat.thread_id
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            await method(chat_id=chat.telegram_id, **given)
        except (TelegramError, KeyError) as error:
            failure = classify(error)
            if failure.kind is not FailureKind.UNCHANGED:
                log.warning("answer_lost", chat=chat.key, kind=failure.kind.value, reason=failure.reason)

    async def _admit(self, chat: Chat) -> None:
        if self._services.admit is not None:
            await self._services.admit(chat)
