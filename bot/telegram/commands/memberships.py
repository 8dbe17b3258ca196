"""Our own comings and goings: added, made administrator, removed, blocked, and groups that got a new id."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.domain import ChatKind
from bot.storage import access
from bot.storage.chats import add_chat, disable, enable, load_chat
from bot.storage.migration import migrate_chat
from bot.storage.transactions import writing
from bot.telegram.access import AdminBook, stand
from bot.telegram.commands.conversing import new_chat
from bot.telegram.commands.events import Event
from bot.telegram.commands.replying import Replier
from bot.telegram.commands.turns import Answer, Services, say
from bot.telegram.strings import strings

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from telegram import Update
    from telegram.ext import ContextTypes

log = structlog.get_logger(__name__)
_OUT = frozenset({"left", "kicked"})


class Memberships:
    """Takes the updates about the bot's own place in chats."""

    def __init__(
        self, engine: "Engine", services: Services, book: AdminBook, *, allowed_ids: tuple[int, ...] = ()
    ) -> None:
        self._engine = engine
        self._services = services
        self._book = book
        self._allowed_ids = allowed_ids

    async def changed(self, update: "Update", context: "ContextTypes.DEFAULT_TYPE") -> None:
        """Disable a chat that put us out, enable one that let us in, and greet where we are new."""
        change = update.my_chat_member
        if change is None:
            return
        self._book.forget(change.chat.id)
        event = Event(
            update_id=update.update_id,
            kind="command",
            chat_id=change.chat.id,
            chat_kind=ChatKind(change.chat.type),
            chat_title=(change.chat.title or change.chat.full_name or "")[:200],
            user_id=change.from_user.id,
            user_name=change.from_user.first_name,
            lang=change.from_user.language_code or "en",
        )
        old, new = change.old_chat_member.status, change.new_chat_member.status
        greeting = await asyncio.to_thread(self._change, event, old in _OUT, new in _OUT)
        if greeting:
            chat = new_chat(event, now=self._services.clock.now(), zone=self._services.zone)
            replier = Replier(context.bot, self._engine, self._services)
            await replier.send(chat, Answer(parts=say(*greeting)), pressed=None, reply_to=None)

    async def migrated(self, update: "Update", context: "ContextTypes.DEFAULT_TYPE") -> None:
        """Follow a group to its new id; each of the two service messages is enough, and both do no harm."""
        del context
        message = update.message
        if message is None:
            return
        old, new = message.chat.id, message.migrate_to_chat_id
        if message.migrate_from_chat_id is not None:
            old, new = message.migrate_from_chat_id, message.chat.id
        if new is not None:
            await asyncio.to_thread(self._migrate, old, new)

    def _migrate(self, old: int, new: int) -> None:
        with writing(self._engine) as tx:
            moved = migrate_chat(tx, old, new)
        log.info("chat_migrated", old=old, new=new, moved=moved)

    def _change(self, event: Event, was_out: bool, is_out: bool) -> tuple[str, ...]:  # noqa: FBT001 - two states of one thing
        """Write a change down and give the greeting that it calls for."""
        now = self._services.clock.now()
        words = strings(event.lang)
        with writing(self._engine) as tx:
            if not access.first_time(tx, event.update_id, now=now):
                return ()
            if is_out:
                private = event.chat_kind is ChatKind.PRIVATE
                disable(tx, event.chat_id, reason="blocked by the user" if private else "removed from the chat")
                return ()
            enable(tx, event.chat_id, now=now)
            if event.chat_kind is ChatKind.PRIVATE or not was_out:
                return ()
            standing = stand(tx, event, allowed_ids=self._allowed_ids)
            if not standing.user_allowed and not standing.chat_allowed:
                if event.chat_kind is ChatKind.CHANNEL:
                    return ()  # a stranger's channel is not written to
                return (words.t("This bot is private. Ask its owner for an invite code, then send /start CODE here."),)
            access.allow(tx, access.CHAT, event.chat_id, note=event.chat_title, now=now)
            if load_chat(tx, event.chat_key) is None:
                add_chat(tx, new_chat(event, now=now, zone=self._services.zone))
            if event.chat_kind is ChatKind.CHANNEL:
                return ()  # its readers need not know; it is set up with /manage from a private chat
        return (
            words.t("Thank you for adding me. An administrator can now send /start to set up alerts here."),
            words.t("In a forum, send it in the topic that shall get them: each topic has settings of its own."),
        )
