"""The methods of the fake Bot API that have effects; every other method of the schema is validated and answers true."""

import json
import re
import time
from typing import Any

from tests.fakes.bot_api_ledger import ChatLedger, RefusedError, Shown
from tests.fakes.bot_api_schema import Schema, Upload
from tests.fakes.telegram_html import MarkupError, parse_html, units

_RIGHTS_OF_ADMIN = {"administrator": "ChatMemberAdministrator", "creator": "ChatMemberOwner"}
_MEMBER_TYPES = {
    **_RIGHTS_OF_ADMIN,
    "member": "ChatMemberMember",
    "restricted": "ChatMemberRestricted",
    "left": "ChatMemberLeft",
    "kicked": "ChatMemberBanned",
}


class Methods:
    """Mixin of `BotApi`: chats, members, messages."""

    schema: Schema
    token: str

    def __init__(self) -> None:
        self._chats: dict[int, ChatLedger] = {}
        self._members: dict[tuple[int, int], str] = {}
        self._last_message_id = 100
        self.commands: dict[str, list[dict[str, Any]]] = {}  # by JSON of scope and language
        self.answers: list[dict[str, Any]] = []  # answerCallbackQuery calls
        self.webhook: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}  # by file id: what users sent
        self.username = "straitwatch_test_bot"
        self.bot_id = int(self.token.partition(":")[0])

    def chat(self, chat_id: int) -> ChatLedger:
        """Give a chat, made on first use: private for positive ids, else a supergroup (-100…) or group."""
        if chat_id not in self._chats:
            kind = "private" if chat_id > 0 else "supergroup" if str(chat_id).startswith("-100") else "group"
            self._chats[chat_id] = ChatLedger(id=chat_id, kind=kind)
        return self._chats[chat_id]

    def known_chats(self) -> list[ChatLedger]:
        """Give all chats that were ever mentioned."""
        return list(self._chats.values())

    def add_chat(self, chat_id: int, kind: str, **given: Any) -> ChatLedger:
        """Set up a chat: `title`, `username`, `forum`, `threads`, `closed_threads`, `gone`."""
        self._chats[chat_id] = ChatLedger(id=chat_id, kind=kind, **given)
        return self._chats[chat_id]

    def set_member(self, chat_id: int, user_id: int, status: str) -> None:
        """Say what getChatMember answers: creator, administrator, member, restricted, left or kicked."""
        self._members[chat_id, user_id] = status

    async def perform(self, method: str, parameters: dict[str, Any]) -> Any:
        """Run a method with validated parameters; raises RefusedError."""
        snake = re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), method)
        handler = getattr(self, f"do_{snake}", None)
        return True if handler is None else await handler(**parameters)

    async def do_get_me(self) -> dict[str, Any]:
        return self.schema.build(
            "User",
            id=self.bot_id,
            is_bot=True,
            first_name="Straitwatch",
            username=self.username,
            can_join_groups=True,
            can_read_all_group_messages=False,
            supports_inline_queries=False,
        )

    async def do_send_message(self, *, chat_id: int | str, text: str, **options: Any) -> dict[str, Any]:
        return self._show(chat_id, text, 4096, "message", options)

    async def do_send_photo(
        self, *, chat_id: int | str, photo: Upload | str, caption: str = "", **options: Any
    ) -> dict[str, Any]:
        content = photo.content if isinstance(photo, Upload) else photo.encode()
        return self._show(chat_id, caption, 1024, "message caption", options, photo=content)

    async def do_send_document(
        self, *, chat_id: int | str, document: Upload | str, caption: str = "", **options: Any
    ) -> dict[str, Any]:
        upload = document if isinstance(document, Upload) else Upload(document, b"")
        shown = {"document": upload.content, "filename": upload.filename}
        return self._show(chat_id, caption, 1024, "message caption", options, **shown)

    async def do_edit_message_text(
        self, *, text: str, chat_id: int | str = 0, message_id: int = 0, **options: Any
    ) -> dict[str, Any]:
        return self._edit(chat_id, message_id, text, 4096, options)

    async def do_edit_message_caption(
        self, *, chat_id: int | str = 0, message_id: int = 0, caption: str = "", **options: Any
    ) -> dict[str, Any]:
        return self._edit(chat_id, message_id, caption, 1024, options)

    async def do_edit_message_reply_markup(
        self, *, chat_id: int | str = 0, message_id: int = 0, reply_markup: dict[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        del options
        shown = self._editable(chat_id, message_id)
        keyboard = _keyboard(reply_markup)
        if keyboard == shown.keyboard:
            raise RefusedError(400, _NOT_MODIFIED)
        shown.keyboard = keyboard
        return self.message_card(shown)

    async def do_delete_message(self, *, chat_id: int | str, message_id: int) -> bool:
        shown = self._find(chat_id).message(message_id)
        if shown is None:
            raise RefusedError(400, "Bad Request: message to delete not found")
        shown.deleted = True
        return True

    async def do_answer_callback_query(self, **parameters: Any) -> bool:
        if units(parameters.get("text", "")) > 200:
            raise RefusedError(400, "Bad Request: MESSAGE_TOO_LONG", violation=True)
        self.answers.append(parameters)
        return True

    async def do_get_chat(self, *, chat_id: int | str) -> dict[str, Any]:
        chat = self._find(chat_id)
        return self.schema.build("ChatFullInfo", **chat.card(), accent_color_id=0, max_reaction_count=11)

    async def do_get_chat_member(self, *, chat_id: int | str, user_id: int) -> dict[str, Any]:
        chat = self._find(chat_id)
        return self.member_card(chat.id, user_id, self._members.get((chat.id, user_id), "left"))

    async def do_get_chat_administrators(self, *, chat_id: int | str, **options: Any) -> list[dict[str, Any]]:
        del options
        chat = self._find(chat_id)
        return [
            self.member_card(chat.id, user_id, status)
            for (in_chat, user_id), status in self._members.items()
            if in_chat == chat.id and status in _RIGHTS_OF_ADMIN
        ]

    async def do_set_my_commands(
        self, *, commands: list[dict[str, Any]], scope: dict[str, Any] | None = None, language_code: str = ""
    ) -> bool:
        self.commands[json.dumps([scope or {"type": "default"}, language_code], sort_keys=True)] = commands
        return True

    async def do_get_file(self, *, file_id: str) -> dict[str, Any]:
        if file_id not in self.files:
            raise RefusedError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        size = len(self.files[file_id])
        return self.schema.build("File", file_id=file_id, file_unique_id=file_id, file_size=size, file_path=file_id)

    async def do_set_webhook(self, **parameters: Any) -> bool:
        self.webhook = parameters
        return True

    async def do_delete_webhook(self, **parameters: Any) -> bool:
        del parameters
        self.webhook = {}
        return True

    async def do_get_webhook_info(self) -> dict[str, Any]:
        return self.schema.build("WebhookInfo", url=self.webhook.get("url", ""))

    def member_card(self, chat_id: int, user_id: int, status: str) -> dict[str, Any]:
        """Give a ChatMember of that status."""
        user = {"id": user_id, "is_bot": user_id == self.bot_id, "first_name": f"User {user_id}"}
        del chat_id
        return self.schema.build(_MEMBER_TYPES[status], status=status, user=user)

    def message_card(self, shown: Shown) -> dict[str, Any]:
        """Give a message of ours as the API's `Message`."""
        chat = self.chat(shown.chat_id)
        card: dict[str, Any] = {
            "message_id": shown.message_id,
            "date": int(time.time()),
            "chat": chat.card(),
        }
        if chat.kind == "channel":
            card["sender_chat"] = chat.card()
        else:
            card["from"] = {"id": self.bot_id, "is_bot": True, "first_name": "Straitwatch", "username": self.username}
        if shown.photo is not None:
            card["photo"] = [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]
            card["caption"] = shown.text
        elif shown.document is not None:
            card["document"] = {"file_id": "d", "file_unique_id": "d", "file_name": shown.filename}
        else:
            card["text"] = shown.text
            card["entities"] = shown.entities
        if shown.thread_id is not None:
            card |= {"message_thread_id": shown.thread_id, "is_topic_message": True}
        if shown.keyboard:
            card["reply_markup"] = {"inline_keyboard": shown.keyboard}
        return card

    def next_message_id(self) -> int:
        self._last_message_id += 1
        return self._last_message_id

    def _find(self, chat_id: int | str) -> ChatLedger:
        if isinstance(chat_id, str) and not chat_id.lstrip("-").isdigit():
            named = [chat for chat in self._chats.values() if f"@{chat.username}" == chat_id]
            if not named:
                raise RefusedError(400, "Bad Request: chat not found")
            return named[0]
        chat = self.chat(int(chat_id))
        if chat.gone:
            raise RefusedError(400, "Bad Request: chat not found")
        return chat

    def _show(
        self, chat_id: int | str, text: str, limit: int, what: str, options: dict[str, Any], **media: Any
    ) -> dict[str, Any]:
        chat = self._find(chat_id)
        visible, entities = _parse(text, options)
        if not visible and not media:
            raise RefusedError(400, "Bad Request: message text is empty", violation=True)
        if units(visible) > limit:
            raise RefusedError(400, f"Bad Request: {what} is too long", violation=True)
        thread = options.get("message_thread_id")
        if thread is not None:
            if not chat.forum or thread not in chat.threads:
                raise RefusedError(400, "Bad Request: message thread not found")
            if thread in chat.closed_threads:
                raise RefusedError(400, "Bad Request: TOPIC_CLOSED")
        shown = Shown(
            chat_id=chat.id,
            message_id=self.next_message_id(),
            text=visible,
            html=text,
            entities=entities,
            keyboard=_keyboard(options.get("reply_markup")),
            reply_to=_reply(chat, options),
            thread_id=thread,
            silent=bool(options.get("disable_notification")),
            parameters=options,
            **media,
        )
        chat.messages.append(shown)
        return self.message_card(shown)

    def _editable(self, chat_id: int | str, message_id: int) -> Shown:
        shown = self._find(chat_id).message(message_id)
        if shown is None:
            raise RefusedError(400, "Bad Request: message to edit not found")
        if not shown.ours:
            raise RefusedError(400, "Bad Request: message can't be edited")
        return shown

    def _edit(
        self, chat_id: int | str, message_id: int, text: str, limit: int, options: dict[str, Any]
    ) -> dict[str, Any]:
        shown = self._editable(chat_id, message_id)
        visible, entities = _parse(text, options)
        if not visible:
            raise RefusedError(400, "Bad Request: message text is empty", violation=True)
        if units(visible) > limit:
            raise RefusedError(400, "Bad Request: message is too long", violation=True)
        keyboard = _keyboard(options.get("reply_markup"))
        if (visible, entities, keyboard) == (shown.text, shown.entities, shown.keyboard):
            raise RefusedError(400, _NOT_MODIFIED)
        shown.edits.append(shown.text)
        shown.text, shown.html, shown.entities, shown.keyboard = visible, text, entities, keyboard
        return self.message_card(shown)


_NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


def _parse(text: str, options: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    mode = str(options.get("parse_mode", "")).lower()
    if mode == "html":
        try:
            visible, entities = parse_html(text)
        except MarkupError as error:
            raise RefusedError(400, f"Bad Request: can't parse entities: {error}", violation=True) from None
        return visible, entities[:100]
    if mode:
        raise RefusedError(400, f"Bad Request: unsupported parse_mode {mode}", violation=True)
    return text.strip(), []


def _keyboard(markup: dict[str, Any] | None) -> list[list[dict[str, Any]]]:
    rows: list[list[dict[str, Any]]] = (markup or {}).get("inline_keyboard", [])
    for row in rows:
        for button in row:
            data = button.get("callback_data")
            if data is not None and not 1 <= len(data.encode()) <= 64:
                raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID", violation=True)
            if not button["text"]:
                raise RefusedError(400, "Bad Request: text buttons are unallowed to be empty", violation=True)
    return rows


def _reply(chat: ChatLedger, options: dict[str, Any]) -> int | None:
    reply = options.get("reply_parameters")
    if not reply:
        return None
    if chat.message(reply["message_id"]) is None:
        if reply.get("allow_sending_without_reply"):
            return None
        raise RefusedError(400, "Bad Request: message to be replied not found")
    return int(reply["message_id"])
