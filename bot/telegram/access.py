"""Who may do what: the owner and the allow-list, administrators by getChatMember, and token buckets against floods."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain import Chat, ChatKind
from bot.storage import access
from bot.storage.chats import all_chats
from bot.storage.transactions import looking
from bot.telegram.commands.events import Event
from bot.telegram.commands.turns import Need

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from telegram import Bot

ADMIN_CACHE_SECONDS = 60.0
INVITE_LIVES = timedelta(days=7)
_ADMINS = frozenset({"administrator", "creator"})
_ASKED = 40  # chats that one /manage asks Telegram about
_BOOK_LIMIT = 4096  # remembered members and buckets; the oldest go first


class Verdict(StrEnum):
    """What a bucket says about one more request."""

    OK = "ok"
    WARN = "warn"  # too many: say so, once
    DROP = "drop"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    warned: bool = False


class Buckets:
    """Token buckets by key: `size` requests at once, then one every `seconds`. Times are monotonic seconds."""

    def __init__(self, *, size: int, seconds: float) -> None:
        self._size = float(size)
        self._seconds = seconds
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str, now: float) -> Verdict:
        """Take a token; whoever finds none is warned once until the bucket has filled by half again."""
        bucket = self._buckets.pop(key, None) or _Bucket(self._size, now)
        bucket.tokens = min(self._size, bucket.tokens + max(0.0, now - bucket.at) / self._seconds)
        bucket.at = now
        self._buckets[key] = bucket  # the last used stands last
        if len(self._buckets) > _BOOK_LIMIT:
            del self._buckets[next(iter(self._buckets))]
        if bucket.tokens >= self._size / 2:
            bucket.warned = False
        if bucket.tokens >= 1.0:
            bucket.tokens -= 1.0
            return Verdict.OK
        if bucket.warned:
            return Verdict.DROP
        bucket.warned = True
        return Verdict.WARN


class Floods:
    """The two buckets of every request: of its user and of its chat (reliability table X14)."""

    def __init__(self) -> None:
        self._users = Buckets(size=30, seconds=1.0)
        self._chats = Buckets(size=60, seconds=0.5)

    def take(self, event: Event, now: float) -> Verdict:
        """Take a token of both; the stricter verdict counts."""
        user = self._users.take(str(event.user_id or f"anonymous:{event.chat_id}"), now)
        if user is not Verdict.OK:
            return user
        return self._chats.take(str(event.chat_id), now)


class AdminBook:
    """Who administers which chat, asked of Telegram and remembered for a minute at most (table X12)."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[bool, float]] = {}

    async def is_admin(self, bot: "Bot", chat_id: int, user_id: int, now: float) -> bool:
        """Tell whether a user administers a chat now; False where Telegram does not say so.

        `now` is in monotonic seconds.
        """
        from telegram.error import TelegramError  # noqa: PLC0415 - the library is imported by its users alone

        known = self._known.get((chat_id, user_id))
        if known is not None and 0 <= now - known[1] < ADMIN_CACHE_SECONDS:
            return known[0]
        try:
            member = await bot.get_chat_member(chat_id, user_id)
        except (TelegramError, KeyError):
            return False  # not remembered: the next try may get an answer
        verdict = member.status in _ADMINS
        self._known.pop((chat_id, user_id), None)
        self._known[chat_id, user_id] = (verdict, now)
        if len(self._known) > _BOOK_LIMIT:
            del self._known[next(iter(self._known))]
        return verdict

    def forget(self, chat_id: int) -> None:
        """Ask anew about a chat, after its administrators or our place in it changed."""
        for key in [key for key in self._known if key[0] == chat_id]:
            del self._known[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the database knows of who speaks and where: before Telegram is asked who administers the chat."""

    owner: bool
    user_allowed: bool
    chat_allowed: bool
    unclaimed: bool = False  # nobody owns the bot yet


def stand(tx: "Connection", event: Event, *, allowed_ids: tuple[int, ...]) -> Standing:
    """Look up what a person and a chat were allowed."""
    owners = access.owners(tx)
    owner = event.user_id != 0 and event.user_id in owners
    user = owner or event.user_id in allowed_ids or access.is_allowed(tx, access.USER, event.user_id)
    private = event.chat_kind is ChatKind.PRIVATE
    chat = user if private else event.chat_id in allowed_ids or access.is_allowed(tx, access.CHAT, event.chat_id)
    return Standing(owner=owner, user_allowed=user, chat_allowed=chat, unclaimed=not owners)


async def rank(bot: "Bot", book: AdminBook, event: Event, standing: Standing, now: float) -> Need:
    """Find what a person may do in the chat where they speak.

    An anonymous administrator is whoever writes in the name of the very chat: the stand-in user is shared by all groups
    and proves nothing. Who writes as another channel, or was forwarded from one, is nobody. Only administrators can
    post in a channel.
    """
    if event.chat_kind is ChatKind.PRIVATE:
        if standing.owner:
            return Need.OWNER
        return Need.MANAGER if standing.user_allowed else Need.ANYBODY
    if await administers(bot, book, event, now):
        return Need.MANAGER
    return Need.READER if standing.chat_allowed else Need.ANYBODY


async def administers(bot: "Bot", book: AdminBook, event: Event, now: float) -> bool:
    """Tell whether who speaks administers the group or channel where they do."""
    if event.kind != "press":
        if event.as_chat is not None:
            return event.as_chat == event.chat_id
        if event.chat_kind is ChatKind.CHANNEL:
            return event.user_id == 0
    return event.user_id != 0 and await book.is_admin(bot, event.chat_id, event.user_id, now)


async def administered(
    bot: "Bot", book: AdminBook, engine: "Engine", user_id: int, *, wanted: str, now: float
) -> tuple[int, ...]:
    """Give the ids of the groups and channels known to us that a user administers, as Telegram says now.

    `wanted` narrows the question to a chat by key, title or @name; without it the first forty are asked about.
    """
    from telegram.error import TelegramError  # noqa: PLC0415 - as above

    if not user_id:
        return ()
    chats = await asyncio.to_thread(_shared_chats, engine)
    name = wanted.strip().casefold()
    if name.startswith("@"):
        try:
            named = await bot.get_chat(name)
        except (TelegramError, KeyError):
            return ()
        ids = [named.id] if named.id in {chat.telegram_id for chat in chats} else []
    else:
        ids = [chat.telegram_id for chat in chats if not name or name in {chat.key.casefold(), chat.title.casefold()}]
    asked = list(dict.fromkeys(ids))[:_ASKED]
    found = [one for one in asked if await book.is_admin(bot, one, user_id, now)]
    return tuple(found)


def _shared_chats(engine: "Engine") -> list[Chat]:
    with looking(engine) as tx:
        return [chat for chat in all_chats(tx, enabled_only=True) if chat.telegram_id < 0]


def new_code() -> str:
    """Make an invite code of 128 bits, in the letters that a start link allows."""
    return secrets.token_urlsafe(16)
