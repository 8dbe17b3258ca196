"""Read what Telegram sends: an update of the library -> an `Event` in our own words, or None for what is not for us."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.domain import ChatKind

if TYPE_CHECKING:
    from telegram import Message, Update

ANONYMOUS = frozenset({1087968824, 136817688, 777000})  # shared by all anonymous administrators, channels, and Telegram
TEXT_LIMIT = 4096
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One update. `text` is what stands behind a command, or the whole text of a message that is none.

    `user_id` is 0 where only Telegram's stand-in for anonymous senders is known; `as_chat` is the chat in whose name
    was written. `addressed` tells whether the bot is meant beyond doubt.
    """

    update_id: int
    kind: Literal["command", "text", "press"]
    chat_id: int
    chat_kind: ChatKind
    chat_title: str = ""
    thread_id: int | None = None
    user_id: int = 0
    user_name: str = ""
    lang: str = "en"
    as_chat: int | None = None
    message_id: int = 0
    command: str = ""
    text: str = ""
    addressed: bool = False
    reply_to: int | None = None
    to_us: bool = False  # a reply to a message of ours
    file_id: str = ""
    file_size: int = 0
    location: tuple[float, float] | None = None
    query_id: str = ""

    @property
    def chat_key(self) -> str:
        """Give the key of the chat or forum topic where it happened."""
        return str(self.chat_id) if self.thread_id is None else f"{self.chat_id}:{self.thread_id}"


def read_message(update: "Update", *, bot_id: int, bot_name: str) -> Event | None:
    """Read a message or a channel's post; None for service messages and for what is meant for another bot."""
    message = update.message or update.channel_post
    if message is None or message.is_automatic_forward:
        return None
    text = _UNSTORABLE.sub("", message.text or message.caption or "")[:TEXT_LIMIT].strip()
    found = _COMMAND.fullmatch(text)
    if found is not None and (found[2] or bot_name).casefold() != bot_name.casefold():
        return None
    command, rest = ("", text) if found is None else _split(found[1].casefold(), (found[3] or "").strip())
    private = message.chat.type == "private"
    mention = f"@{bot_name}".casefold()
    replied = message.reply_to_message
    file = message.document or (replied.document if replied is not None else None)
    if not text and message.location is None and message.document is None:
        return None
    user = message.from_user
    place = message.location
    return Event(
        update_id=update.update_id,
        kind="text" if found is None else "command",
        chat_id=message.chat.id,
        chat_kind=ChatKind(message.chat.type),
        chat_title=_title(message),
        thread_id=message.message_thread_id if message.is_topic_message else None,
        user_id=0 if user is None or user.id in ANONYMOUS else user.id,
        user_name="" if user is None else user.first_name,
        lang=(user.language_code if user is not None else None) or "en",
        as_chat=message.sender_chat.id if message.sender_chat is not None else None,
        message_id=message.message_id,
        command=command,
        text=rest,
        addressed=private or bool(found and found[2]) or mention in text.casefold(),
        reply_to=_reply(message),
        to_us=replied is not None and replied.from_user is not None and replied.from_user.id == bot_id,
        file_id=file.file_id if file is not None else "",
        file_size=(file.file_size or 0) if file is not None else 0,
        location=(place.latitude, place.longitude) if place is not None else None,
    )


def _split(name: str, rest: str) -> tuple[str, str]:
    """Read `/why_ID`, as lists of stories show it, like `/why ID`: a command with its argument that needs one tap."""
    base, bar, argument = name.partition("_")
    return (base, argument) if base == "why" and bar else (name, rest)


def read_press(update: "Update") -> Event | None:
    """Read the press of a button below a message of ours; the data may be anything."""
    query = update.callback_query
    if query is None or query.message is None:
        return None
    message = query.message
    topic = getattr(message, "is_topic_message", None)  # a message that is too old has no such field
    return Event(
        update_id=update.update_id,
        kind="press",
        chat_id=message.chat.id,
        chat_kind=ChatKind(message.chat.type),
        chat_title=message.chat.title or message.chat.full_name or "",
        thread_id=getattr(message, "message_thread_id", None) if topic else None,
        user_id=query.from_user.id,
        user_name=query.from_user.first_name,
        lang=query.from_user.language_code or "en",
        message_id=message.message_id,
        text=(query.data or "")[:64],
        addressed=True,
        query_id=query.id,
    )


def _reply(message: "Message") -> int | None:
    """Give the message replied to; in a forum every message "replies" to the one that opened its topic."""
    replied = message.reply_to_message
    if replied is None or (message.is_topic_message and replied.message_id == message.message_thread_id):
        return None
    return replied.message_id


def _title(message: "Message") -> str:
    return (message.chat.title or message.chat.full_name or "")[:200]
