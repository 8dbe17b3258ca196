"""Give Telegram the lists of commands: by kind of chat, by rights, and in each language."""

from typing import TYPE_CHECKING, Any

import structlog

from bot.redaction import redact
from bot.telegram.commands import catalog
from bot.telegram.commands.turns import Need
from bot.telegram.strings import LANGUAGES, strings

if TYPE_CHECKING:
    from telegram import Bot

log = structlog.get_logger(__name__)


async def register_commands(bot: "Bot", owners: frozenset[int]) -> None:
    """Register the lists of all scopes; the owners' private chats have one of their own."""
    from telegram import (  # noqa: PLC0415 - the library is imported by its users alone
        BotCommandScopeAllChatAdministrators,
        BotCommandScopeAllGroupChats,
        BotCommandScopeAllPrivateChats,
    )

    await _list(bot, BotCommandScopeAllPrivateChats(), Need.MANAGER, private=True)
    await _list(bot, BotCommandScopeAllGroupChats(), Need.READER, private=False)
    await _list(bot, BotCommandScopeAllChatAdministrators(), Need.MANAGER, private=False)
    for owner in sorted(owners):
        await enlist(bot, owner)


async def enlist(bot: "Bot", owner: int) -> None:
    """Register the list of an owner, in the private chat with them."""
    from telegram import BotCommandScopeChat  # noqa: PLC0415 - as above

    await _list(bot, BotCommandScopeChat(owner), Need.OWNER, private=True)


async def _list(bot: "Bot", scope: Any, need: Need, *, private: bool) -> None:
    from telegram.error import TelegramError  # noqa: PLC0415 - as above

    for lang in LANGUAGES:
        listed = catalog.menu(need, strings(lang), private=private)
        try:
            await bot.set_my_commands(listed, scope=scope, language_code=None if lang == "en" else lang)
        except TelegramError as error:  # an owner who never wrote to this bot; the list is a convenience
            log.warning("commands_not_listed", scope=scope.type, reason=redact(str(error)))
