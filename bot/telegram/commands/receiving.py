"""The front door: each update passes the flood gate, the access check and its handler, once, and is answered.

Updates of one chat are dealt with in order (`bot.telegram.application`); database work runs in worker threads.
"""

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.domain import Chat, ChatKind
from bot.storage.transactions import looking
from bot.telegram.access import AdminBook, Floods, Standing, Verdict, administered, rank, stand
from bot.telegram.commands import catalog
from bot.telegram.commands.catalog import Entry
from bot.telegram.commands.conversing import Pressed, find_pressed, managed_chat, new_chat, pending
from bot.telegram.commands.events import Event, read_message, read_press
from bot.telegram.commands.handlers import COMMANDS, PRESSES, QUESTIONS
from bot.telegram.commands.replying import Replier
from bot.telegram.commands.running import Job, Runner
from bot.telegram.commands.turns import Answer, Handler, Need, Services, say
from bot.telegram.commands.unknown import not_allowed, too_fast, too_old, unheard
from bot.telegram.strings import strings

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from telegram import Bot, Update
    from telegram.ext import ContextTypes

log = structlog.get_logger(__name__)
ATTACHMENT_LIMIT = 256 * 1024  # bytes of a file that /import reads


class Receiver:
    """Takes the updates of one bot."""

    def __init__(self, engine: "Engine", services: Services, *, allowed_ids: tuple[int, ...] = ()) -> None:
        self._engine = engine
        self._services = services
        self._allowed_ids = allowed_ids
        self._floods = Floods()
        self._runner = Runner(engine, services)
        self.book = AdminBook()

    async def message(self, update: "Update", context: "ContextTypes.DEFAULT_TYPE") -> None:
        """Deal with a message or a channel's post."""
        bot = context.bot
        event = read_message(update, bot_id=bot.id, bot_name=bot.username)
        if event is None or not _meant(event) or await self._flooded(bot, event):
            return
        standing, managed = await asyncio.to_thread(self._look, event)
        if event.kind == "command":
            await self._command(bot, event, standing, managed)
        else:
            await self._text(bot, event, standing)

    async def press(self, update: "Update", context: "ContextTypes.DEFAULT_TYPE") -> None:
        """Deal with the press of a button; every press is answered, whatever it says."""
        bot = context.bot
        event = read_press(update)
        if event is None:
            if update.callback_query is not None:
                await self._replier(bot).toast(update.callback_query.id, "")
            return
        if await self._flooded(bot, event):
            return
        pressed, standing = await asyncio.to_thread(self._find, event)
        found = PRESSES.get(pressed.action) if pressed is not None else None
        if pressed is None or found is None or not (standing.user_allowed or standing.chat_allowed):
            await self._refuse_press(bot, event)
            return
        ranked = await self._rank(bot, event, standing, pressed.subject, found.need)
        if ranked < found.need or pressed.foreign(event.user_id):
            text = strings(event.lang).t("Only administrators can do that.")
            await self._replier(bot).toast(event.query_id, text, loud=True)
            return
        ids = await self._administered(bot, event, pressed.arg) if found.administers else ()
        await self._runner.carry_out(
            bot,
            Job(
                handle=found.handle,
                event=event,
                subject=pressed.subject,
                pressed=pressed,
                rank=ranked,
                slow=found.slow,
                administers=ids,
            ),
        )

    async def _command(self, bot: "Bot", event: Event, standing: Standing, managed: Chat | None) -> None:
        found = catalog.command(event.command)
        inside = standing.user_allowed or standing.chat_allowed
        if found is None:
            if event.addressed:
                handle: Handler = unheard if inside else not_allowed
                await self._runner.carry_out(bot, Job(handle=handle, event=event, rank=_known(standing)))
            return
        subject = managed if found.managed else None
        need = Need.MANAGER if found.ranked else found.need
        ranked = await self._rank(bot, event, standing, subject, need)
        if ranked < found.need:
            await self._refuse_command(bot, event, standing, found, ranked)
            return
        await self._runner.carry_out(
            bot,
            Job(
                handle=COMMANDS[found.name],
                event=event,
                subject=subject,
                rank=ranked,
                slow=found.slow,
                attachment=await self._attachment(bot, event) if found.attachment else None,
                enrol=ranked >= Need.MANAGER,  # who only reads in a group or topic does not set it up
                administers=await self._administered(bot, event, event.text) if found.administers else (),
            ),
        )

    async def _refuse_command(self, bot: "Bot", event: Event, standing: Standing, found: Entry, ranked: Need) -> None:
        """Say what is missing; a command of the owner's does not exist for others."""
        private = event.chat_kind is ChatKind.PRIVATE
        if found.need is Need.OWNER and (private or not event.addressed) and ranked > Need.ANYBODY:
            handle: Handler = unheard
        else:
            handle = not_allowed
        if private or event.addressed or standing.chat_allowed:
            job = Job(handle=handle, event=event, rank=ranked)
            await self._runner.carry_out(bot, job)

    async def _text(self, bot: "Bot", event: Event, standing: Standing) -> None:
        asked = await asyncio.to_thread(self._pending, event)
        found = QUESTIONS.get(asked.action) if asked is not None else None
        private = event.chat_kind is ChatKind.PRIVATE
        if asked is not None and found is not None and (private or event.to_us):
            ranked = await self._rank(bot, event, standing, asked.subject, found.need)
            if ranked >= found.need:
                job = Job(
                    handle=found.handle,
                    event=event,
                    subject=asked.subject,
                    pressed=asked,
                    rank=ranked,
                    slow=found.slow,
                    attachment=await self._attachment(bot, event) if found.attachment else None,
                )
                await self._runner.carry_out(bot, job)
                return
        inside = standing.user_allowed or standing.chat_allowed
        if event.addressed and (private or standing.chat_allowed):
            handle = unheard if inside else not_allowed
            await self._runner.carry_out(bot, Job(handle=handle, event=event, rank=_known(standing)))

    async def _rank(self, bot: "Bot", event: Event, standing: Standing, subject: Chat | None, need: Need) -> Need:
        """Find what the person may do; Telegram is asked only where the answer matters."""
        moment = self._services.clock.now().timestamp()
        if subject is not None and subject.telegram_id != event.chat_id:
            admin = await self.book.is_admin(bot, subject.telegram_id, event.user_id, moment)
            return Need.MANAGER if admin and standing.user_allowed else Need.ANYBODY
        if need < Need.MANAGER and event.chat_kind is not ChatKind.PRIVATE:
            return Need.READER if standing.chat_allowed else Need.ANYBODY
        if not (standing.chat_allowed or standing.user_allowed):
            return Need.ANYBODY
        return await rank(bot, self.book, event, standing, moment)

    async def _administered(self, bot: "Bot", event: Event, wanted: str) -> tuple[int, ...]:
        moment = self._services.clock.now().timestamp()
        return await administered(bot, self.book, self._engine, event.user_id, wanted=wanted, now=moment)

    def _look(self, event: Event) -> tuple[Standing, Chat | None]:
        with looking(self._engine) as tx:
            now = self._services.clock.now()
            return stand(tx, event, allowed_ids=self._allowed_ids), managed_chat(tx, event, now=now)

    def _find(self, event: Event) -> tuple[Pressed | None, Standing]:
        with looking(self._engine) as tx:
            now = self._services.clock.now()
            return find_pressed(tx, event, now=now), stand(tx, event, allowed_ids=self._allowed_ids)

    def _pending(self, event: Event) -> Pressed | None:
        with looking(self._engine) as tx:
            return pending(tx, event, now=self._services.clock.now())

    async def _flooded(self, bot: "Bot", event: Event) -> bool:
        verdict = self._floods.take(event, self._services.clock.now().timestamp())
        if verdict is Verdict.OK:
            return False
        words = strings(event.lang)
        if event.kind == "press":
            await self._replier(bot).toast(event.query_id, too_fast(words))
        elif verdict is Verdict.WARN:
            await self._send(bot, event, Answer(parts=say(too_fast(words))))
        return True

    async def _refuse_press(self, bot: "Bot", event: Event) -> None:
        await self._replier(bot).toast(event.query_id, too_old(strings(event.lang)), loud=True)
        if event.chat_kind is ChatKind.PRIVATE:
            await self._send(bot, event, Answer(strip=True))

    async def _send(self, bot: "Bot", event: Event, answer: Answer) -> None:
        chat = new_chat(event, now=self._services.clock.now(), zone=self._services.zone)
        pressed = event.message_id if event.kind == "press" else None
        await self._replier(bot).send(chat, answer, pressed=pressed, reply_to=None)

    async def _attachment(self, bot: "Bot", event: Event) -> bytes | None:
        """Fetch the file that was sent or replied to; None where there is none, it is too large, or it is gone."""
        from telegram.error import TelegramError  # noqa: PLC0415 - the library is imported by its users alone

        if not event.file_id or event.file_size > ATTACHMENT_LIMIT:
            return None
        try:
            file = await bot.get_file(event.file_id)
            if (file.file_size or 0) > ATTACHMENT_LIMIT:
                return None
            return bytes(await file.download_as_bytearray())
        except (TelegramError, KeyError) as error:
            log.info("attachment_not_read", reason=type(error).__name__)
            return None

    def _replier(self, bot: "Bot") -> Replier:
        return Replier(bot, self._engine, self._services)


def _meant(event: Event) -> bool:
    """Tell whether a message is worth a look: in groups only commands, mentions and replies to us are."""
    if event.kind == "command" or event.chat_kind is ChatKind.PRIVATE:
        return True
    return event.chat_kind is not ChatKind.CHANNEL and (event.addressed or event.to_us)


def _known(standing: Standing) -> Need:
    if standing.owner:
        return Need.OWNER
    return Need.READER if standing.user_allowed or standing.chat_allowed else Need.ANYBODY
