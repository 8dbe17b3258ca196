"""The values of a conversation: a `Turn` is one thing that a user did, an `Answer` what it leads to. Pure.

Handlers are plain functions `(Turn) -> Answer` that run in a worker thread inside one transaction, which also notes the
update as dealt with: an update that comes twice changes nothing twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from bot.domain import Article, Assessment, Chat
from bot.telegram.clocks import Clock, SystemClock
from bot.telegram.markup import Block, Span, split
from bot.telegram.messages import Button, Outgoing, Part
from bot.telegram.strings import Translator

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from bot.ingest.discovery import Discovery

MENU_LIVES = timedelta(days=2)
CALLBACK_LIMIT = 64  # bytes: core.telegram.org/bots/api#inlinekeyboardbutton


class Need(IntEnum):
    """What a user must be to do something; each level includes those before it."""

    ANYBODY = 0
    READER = 1  # in a chat that was let in
    MANAGER = 2  # oneself in private, an administrator in groups and channels
    OWNER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the conversations need from the rest of the house, given by the composition root.

    `digest_now(chat, now, preview)` composes the digest of the time up to now, or what the next one holds so far, and
    blocks; `find_feeds(url)` looks for the feeds behind an address, and blocks; `assess(articles, explain=True)` is the
    assessor's method, for the strongest terms of /why; `health()` gives lines for /status; `wake()` tells the sender
    that something was put into the outbox; `admit(chat)` waits for a slot of the sender's pace; `versions()` names
    the model and the rules in use, which may have been reloaded. `rules_most` and
    `costly_most` say how many rules a chat may have, and how many that every article must be tried on.
    """

    clock: Clock = field(default_factory=SystemClock)
    digest_now: Callable[[Chat, datetime, bool], Outgoing] | None = None
    find_feeds: "Callable[[str], Discovery] | None" = None
    assess: Callable[..., Sequence[Assessment]] | None = None
    health: Callable[[], Sequence[str]] | None = None
    wake: Callable[[], None] | None = None
    admit: Callable[[Chat], Any] | None = None
    versions: Callable[[], Mapping[str, str]] = dict
    zone: str = "UTC"  # of new chats
    rules_most: int = 50  # reliability table X14
    costly_most: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who did it; `id` is 0 for anonymous administrators and posts of a channel."""

    id: int
    name: str = ""
    lang: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One thing that a user did.

    `here` is the chat where it was done and answered, `chat` the chat it is about: the same, or the channel or group
    that is managed from a private chat. `args` is the text behind the command, `state` what the pressed menu stands
    for, `short` the id of the menu that this turn opens or presses.
    """

    tx: "Connection"
    engine: "Engine"
    services: Services
    now: datetime
    here: Chat
    chat: Chat
    person: Person
    words: Translator
    need: Need = Need.READER  # what the person was found to be
    command: str = ""
    args: str = ""
    short: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    reply_to: int | None = None
    message_id: int | None = None
    location: tuple[float, float] | None = None
    attachment: bytes | None = None
    bot_name: str = ""
    administers: tuple[int, ...] = ()  # chats that Telegram says this person administers, where that was asked

    def t(self, text: str, **values: object) -> str:
        """Translate a text of the interface."""
        return self.words.t(text, **values)

    def n(self, singular: str, plural: str, count: int, **values: object) -> str:
        """Translate a text in the form that `count` takes."""
        return self.words.n(singular, plural, count, **values)

    def button(self, text: str, action: str, arg: str = "") -> Button:
        """Give a button of this turn's menu."""
        callback = f"v1:{action}:{self.short}" + (f":{arg}" if arg else "")
        if len(callback.encode()) > CALLBACK_LIMIT:
            raise ValueError(f"callback data too long: {callback}")
        return Button(text=text, callback=callback)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document that is sent: its name and content."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the next text of this person means: the name of a question and what is known already."""

    question: str
    state: Mapping[str, Any] = field(default_factory=dict)
    keyboard: str = ""  # "location": a button that shares the place, in private chats


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a turn leads to. Nothing is sent before what it changed is committed.

    `edit` replaces the message whose button was pressed; `toast` answers the press itself, `loud` as a box; `menu` is
    what this turn's buttons stand for; `asks` makes the next text an answer; `later` does slow work outside of the
    transaction and gives the answer that counts; `strip` takes the buttons off the pressed message.
    """

    parts: tuple[Part, ...] = ()
    edit: bool = False
    toast: str = ""
    loud: bool = False
    menu: Mapping[str, Any] | None = None
    lives: timedelta = MENU_LIVES
    asks: Asked | None = None
    file: File | None = None
    strip: bool = False
    keyboard: tuple[tuple[Button, ...], ...] | None = None  # replaces the pressed message's buttons alone
    later: "Callable[[], Answer] | None" = None
    enlist: bool = False  # this person became the owner: list the owner's commands
    wake: bool = False  # the sender has something to send
    sequel: "Answer | None" = None  # a further message


Handler = Callable[[Turn], Answer]


def say(*blocks: Block | str, buttons: Sequence[Sequence[Button]] = ()) -> tuple[Part, ...]:
    """Build an answer's parts from blocks; a plain text of ours is a block of its own."""
    made = [Block(spans=(Span(text=one),)) if isinstance(one, str) else one for one in blocks]
    return split(made, buttons=buttons)


def line(*spans: Span | str, gap: bool = False) -> Block:
    """Build one block of spans and plain texts; text from outside must have gone through `one_line`."""
    return Block(
        spans=tuple(
            Span(text=one) if isinstance(one, str) else one
            for one in spans
            if one and (isinstance(one, str) or one.text)
        ),
        gap=gap,
    )


def bold(text: str) -> Span:
    """Give bold text."""
    return Span(text=text, bold=True)


def code(text: str) -> Span:
    """Give text that is copied by a tap."""
    return Span(text=text, code=True)


def reply(*blocks: Block | str, buttons: Sequence[Sequence[Button]] = ()) -> Answer:
    """Answer with one message."""
    return Answer(parts=say(*blocks, buttons=buttons))


def rows(buttons: Sequence[Button], width: int) -> tuple[tuple[Button, ...], ...]:
    """Lay buttons out in rows of `width`."""
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


__all__ = [
    "Answer",
    "Article",
    "Asked",
    "File",
    "Handler",
    "Need",
    "Person",
    "Services",
    "Turn",
    "bold",
    "code",
    "line",
    "reply",
    "rows",
    "say",
]
