"""What a conversation remembers between two updates: pressed menus, pending questions, and the chat being managed.

All of it lies in the table `callbacks`, scoped by the Telegram chat where it was said, and ends by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.domain import Chat, ChatKind, derive_id
from bot.storage.callbacks import get_callback, put_callback
from bot.storage.chats import add_chat, all_chats, enable, load_chat, save_chat
from bot.telegram.commands.events import Event
from bot.telegram.commands.turns import Answer, Turn
from bot.telegram.strings import LANGUAGES

if TYPE_CHECKING:
    from sqlalchemy import Connection

QUESTION_LIVES = timedelta(minutes=20)
MANAGING_LIVES = timedelta(hours=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A button with what it stands for, or a question with what was known when it was asked."""

    action: str
    short: str = ""
    arg: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    subject: Chat | None = None

    def foreign(self, user_id: int) -> bool:
        """Tell whether the menu belongs to another person."""
        owner = self.state.get("user")
        return owner is not None and owner != user_id


def short_of(event: Event) -> str:
    """Give the id of the menu that an update opens: the same when the update comes again."""
    return derive_id("menu", event.chat_key, str(event.update_id))[:12]


def find_pressed(tx: "Connection", event: Event, *, now: datetime) -> Pressed | None:
    """Give what a pressed button stands for; None for one that is too old, forged, or another chat's."""
    version, _, rest = event.text.partition(":")
    action, _, rest = rest.partition(":")
    short, _, arg = rest.partition(":")
    if version != "v1" or not action or not short:
        return None
    state = _state(tx, event, short, now)
    if state is None:
        return None
    key = state.get("chat")
    subject = load_chat(tx, str(key)) if key is not None else None
    if key is not None and subject is None:
        return None
    return Pressed(action=action, short=short, arg=arg, state=state, subject=subject)


def _state(tx: "Connection", event: Event, short: str, now: datetime) -> dict[str, Any] | None:
    """Look in the chat itself, then in its topics: an old message does not say in which topic it stands."""
    keys = [event.chat_key, *(chat.key for chat in all_chats(tx, telegram_id=event.chat_id))]
    for key in dict.fromkeys(keys):
        state = get_callback(tx, short, chat_key=key, now=now)
        if state is not None:
            return {"chat": key, **state}
    return None


def pending(tx: "Connection", event: Event, *, now: datetime) -> Pressed | None:
    """Give the question that this person was asked in this chat and has not answered."""
    state = get_callback(tx, _asked(event.chat_key, event.user_id), chat_key=event.chat_key, now=now)
    if state is None or not state.get("question"):
        return None
    subject = load_chat(tx, str(state.get("chat", event.chat_key)))
    return None if subject is None else Pressed(action=str(state["question"]), state=state, subject=subject)


def store(tx: "Connection", turn: Turn, answer: Answer) -> None:
    """Remember what an answer's buttons stand for and what it asks; any other turn ends a question."""
    here, now = turn.here.key, turn.now
    if answer.menu is not None:
        state = {**_about(turn), **answer.menu}
        put_callback(tx, turn.short, chat_key=here, payload=state, expires_at=now + answer.lives)
    asked = _asked(here, turn.person.id)
    if answer.asks is not None:
        state = {"question": answer.asks.question, **_about(turn), **answer.asks.state}
        put_callback(tx, asked, chat_key=here, payload=state, expires_at=now + QUESTION_LIVES)
    elif get_callback(tx, asked, chat_key=here, now=now):
        put_callback(tx, asked, chat_key=here, payload={}, expires_at=now)


def _about(turn: Turn) -> dict[str, str]:
    """Name the chat that a menu is about where it is another; its own may get a new id, and the row moves with it."""
    return {} if turn.chat.key == turn.here.key else {"chat": turn.chat.key}


def managed_chat(tx: "Connection", event: Event, *, now: datetime) -> Chat | None:
    """Give the chat that is managed from this private chat just now, or None."""
    if event.chat_kind is not ChatKind.PRIVATE:
        return None
    state = get_callback(tx, _managing(event.chat_key), chat_key=event.chat_key, now=now)
    return load_chat(tx, str(state["managed"])) if state and state.get("managed") else None


def manage(turn: Turn, key: str | None) -> None:
    """Let the commands of this private chat be about another chat from now on, or about itself again."""
    expires = turn.now + MANAGING_LIVES if key else turn.now
    here = turn.here.key
    put_callback(turn.tx, _managing(here), chat_key=here, payload={"managed": key or ""}, expires_at=expires)


def known_chat(tx: "Connection", event: Event, *, now: datetime, zone: str, enrol: bool) -> Chat:
    """Give the chat of an event: stored on first sight where it may use the bot, kept up to date afterwards."""
    chat = load_chat(tx, event.chat_key)
    if chat is None:
        chat = new_chat(event, now=now, zone=zone)
        if enrol:
            add_chat(tx, chat)
        return chat
    if chat.disabled_reason and enrol:
        enable(tx, chat.telegram_id, now=now)
        chat = replace(chat, disabled_reason="")
    if event.chat_title and event.chat_title != chat.title:
        chat = replace(chat, title=event.chat_title)
        save_chat(tx, chat)
    return chat


def new_chat(event: Event, *, now: datetime, zone: str) -> Chat:
    """Make the chat of an event with the settings to begin with."""
    code = event.lang.lower().partition("-")[0].partition("_")[0]
    return Chat(
        key=event.chat_key,
        telegram_id=event.chat_id,
        thread_id=event.thread_id,
        kind=event.chat_kind,
        title=event.chat_title,
        lang=code if code in LANGUAGES else "en",
        zone=zone,
        created_at=now,
    )


def _asked(chat_key: str, user_id: int) -> str:
    return derive_id("asked", chat_key, str(user_id))


def _managing(chat_key: str) -> str:
    return derive_id("managing", chat_key)
