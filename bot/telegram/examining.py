"""Ask Telegram whether the token works and what the bot may do in each chat: for the doctor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain import Chat, ChatKind

if TYPE_CHECKING:
    from telegram import Bot

MOST = 200  # chats asked about, the newest first left out: one request each


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Telegram said of the bot or of one chat; `problem` is empty where all is well."""

    subject: str
    text: str = ""
    problem: str = ""
    remedy: str = ""


async def examine_bot(bot: "Bot", chats: Sequence[Chat]) -> list[Answer]:
    """Give an answer for the token, and where that works one for each Telegram chat; sends nothing."""
    from telegram.error import InvalidToken, TelegramError  # noqa: PLC0415 - as elsewhere: 0.3 s

    try:
        me = await bot.get_me()
    except InvalidToken:
        remedy = "Copy it again from @BotFather into STRAITWATCH_TELEGRAM_TOKEN"
        return [Answer(subject="token", problem="Telegram refuses it", remedy=remedy)]
    except (TelegramError, KeyError) as error:
        remedy = "Check this machine's network, and STRAITWATCH_TELEGRAM_API"
        return [Answer(subject="token", problem=f"Telegram cannot be reached ({_words(error)})", remedy=remedy)]
    asked = [chat for chat in chats if chat.kind is not ChatKind.TERMINAL][:MOST]
    return [
        Answer(subject="token", text=f"works, of @{me.username}"),
        *[await _ask(bot, me.id, chat) for chat in asked],
    ]


async def _ask(bot: "Bot", me: int, chat: Chat) -> Answer:
    from telegram.error import TelegramError  # noqa: PLC0415 - as above

    subject = f"chat {chat.title or chat.key}"
    try:
        if chat.kind is ChatKind.PRIVATE:
            await bot.get_chat(chat.telegram_id)
            return Answer(subject=subject, text="can be written to")
        member = await bot.get_chat_member(chat.telegram_id, me)
    except (TelegramError, KeyError) as error:
        remedy = "Ask its owner to unblock the bot, or to add it again"
        return Answer(subject=subject, problem=f"cannot be reached ({_words(error)})", remedy=remedy)
    status = str(member.status)
    if status in {"left", "kicked"}:
        return Answer(subject=subject, problem=f"the bot is not in it ({status})", remedy="Add the bot again")
    if chat.kind is ChatKind.CHANNEL and not getattr(member, "can_post_messages", False):
        remedy = "Make the bot an administrator who may post messages"
        return Answer(subject=subject, problem="the bot may not post", remedy=remedy)
    if status == "restricted" and not getattr(member, "can_send_messages", False):
        return Answer(subject=subject, problem="the bot may not write", remedy="Lift its restriction")
    return Answer(subject=subject, text=f"the bot is {status}")


def _words(error: Exception) -> str:
    return type(error).__name__ if isinstance(error, KeyError) else str(error)
