"""Updates of the fake Bot API: what users do, queued for long polling."""

import asyncio
import re
import time
from typing import Any

from tests.fakes.bot_api_ledger import ChatLedger, RefusedError, Shown
from tests.fakes.bot_api_schema import Schema

ANONYMOUS_ADMIN = 1087968824  # @GroupAnonymousBot: the `from` of every anonymous admin of every group
CHANNEL_BOT = 136817688  # @Channel_Bot: the `from` of who writes as a channel
TELEGRAM = 777000  # the `from` of posts that a linked channel forwards into its group


class Updates:
    """Mixin of `BotApi`: getUpdates and the pushing of updates."""

    schema: Schema
    arrived: asyncio.Condition

    def __init__(self) -> None:
        self._updates: list[dict[str, Any]] = []
        self._last_update_id = 1000
        self._news = asyncio.Event()
        self._poller: asyncio.Event | None = None  # set when another poller takes over

    def chat(self, chat_id: int) -> ChatLedger: ...
    def next_message_id(self) -> int: ...
    def message_card(self, shown: Shown) -> dict[str, Any]: ...
    def member_card(self, chat_id: int, user_id: int, status: str) -> dict[str, Any]: ...

    async def do_get_updates(self, *, offset: int = 0, limit: int = 100, **options: Any) -> list[dict[str, Any]]:
        seconds = options.get("timeout", 0)
        if self._poller is not None:
            self._poller.set()
        mine = self._poller = asyncio.Event()
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        async with self.arrived:
            self.arrived.notify_all()
        if not self._updates and seconds:
            self._news.clear()
            waits = [asyncio.create_task(self._news.wait()), asyncio.create_task(mine.wait())]
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        if mine.is_set():
            raise RefusedError(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        self._poller = None
        return self._updates[:limit]

    async def settled(self, *, within: float = 10.0) -> None:
        """Wait until the bot has asked for updates beyond the last one pushed: it has taken them all.

        Handlers may still run; wait for what they send with `until`.
        """
        async with asyncio.timeout(within), self.arrived:
            await self.arrived.wait_for(lambda: not self._updates)

    def push(self, **update: Any) -> int:
        """Queue a raw update, such as `message={...}`; gives its id."""
        self._last_update_id += 1
        return self.push_again({"update_id": self._last_update_id, **update})

    def push_again(self, update: dict[str, Any]) -> int:
        """Queue an update that was there before, or one out of order."""
        self._updates.append(update)
        self._news.set()
        return int(update["update_id"])

    def push_message(
        self,
        chat_id: int,
        text: str,
        *,
        user_id: int | None = None,
        name: str = "Ada",
        lang: str = "en",
        thread_id: int | None = None,
        sender_chat: int | None = None,
        reply_to: Shown | None = None,
        **extra: Any,
    ) -> int:
        """A user writes; in a channel it is a post. `sender_chat` makes it an anonymous admin's or a channel's.

        `extra` are further fields of the message, such as `location` or `document`. Gives the message id.
        """
        chat = self.chat(chat_id)
        message_id = self.next_message_id()
        shown = Shown(chat_id=chat_id, message_id=message_id, text=text, html=text, thread_id=thread_id, ours=False)
        chat.messages.append(shown)
        card: dict[str, Any] = {"message_id": message_id, "date": int(time.time()), "chat": chat.card(), **extra}
        if text:
            card |= {"text": text, "entities": _commands(text)}
        if sender_chat is not None:
            card["sender_chat"] = self.chat(sender_chat).card()
            anonymous = ANONYMOUS_ADMIN if sender_chat == chat_id else CHANNEL_BOT
            user_id = user_id if user_id is not None else anonymous
        if chat.kind != "channel":
            card["from"] = person(user_id if user_id is not None else abs(chat_id), name, lang)
        if thread_id is not None:
            card |= {"message_thread_id": thread_id, "is_topic_message": True}
        if reply_to is not None:
            card["reply_to_message"] = self.message_card(reply_to)
        self.push(**{"channel_post" if chat.kind == "channel" else "message": card})
        return message_id

    def push_callback(self, shown: Shown, data: str, *, user_id: int | None = None, lang: str = "en") -> str:
        """A user presses a button of a message of ours; gives the query's id."""
        query_id = f"query-{self._last_update_id + 1}"
        user = person(user_id if user_id is not None else abs(shown.chat_id), "Ada", lang)
        self.push(
            callback_query={
                "id": query_id,
                "from": user,
                "chat_instance": str(shown.chat_id),
                "data": data,
                "message": self.message_card(shown),
            }
        )
        return query_id

    def press(self, shown: Shown, label: str, *, user_id: int | None = None, lang: str = "en") -> str:
        """A user presses the button with that label."""
        return self.push_callback(shown, shown.data(label), user_id=user_id, lang=lang)

    def push_membership(self, chat_id: int, *, old: str, new: str, by: int = 1) -> int:
        """The bot's own membership changes, such as from member to kicked; gives the update's id."""
        bot_id = int(getattr(self, "bot_id", 1))
        return self.push(
            my_chat_member={
                "chat": self.chat(chat_id).card(),
                "from": person(by, "Ada", "en"),
                "date": int(time.time()),
                "old_chat_member": self.member_card(chat_id, bot_id, old),
                "new_chat_member": self.member_card(chat_id, bot_id, new),
            }
        )

    def push_migration(self, old_id: int, new_id: int) -> None:
        """The two service messages of a group that became a supergroup."""
        for chat_id, field, value in (
            (old_id, "migrate_to_chat_id", new_id),
            (new_id, "migrate_from_chat_id", old_id),
        ):
            self.push_message(chat_id, "", user_id=1, **{field: value})


def person(user_id: int, name: str = "Ada", lang: str = "en") -> dict[str, Any]:
    """Give a user as the API's `User`."""
    bot = user_id in {ANONYMOUS_ADMIN, CHANNEL_BOT}
    return {"id": user_id, "is_bot": bot, "first_name": name, "language_code": lang}


def _commands(text: str) -> list[dict[str, Any]]:
    found = re.finditer(r"(?<!\S)/[A-Za-z0-9_]+(?:@[A-Za-z0-9_]+)?", text)
    return [
        {
            "type": "bot_command",
            "offset": len(text[: one.start()].encode("utf-16-le")) // 2,
            "length": one.end() - one.start(),
        }
        for one in found
    ]
