"""What the chats of the fake Bot API show: messages with their edits, and what the bot may do there."""

from dataclasses import dataclass, field
from typing import Any


class RefusedError(Exception):
    """A request that the server answers with an error; `violation` where it could never have been right."""

    def __init__(self, status: int, description: str, *, violation: bool = False, **parameters: Any) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.violation = violation
        self.parameters = parameters


@dataclass(kw_only=True)
class Shown:
    """One message as the chat shows it now. `html` is what was sent, `text` what is seen."""

    chat_id: int
    message_id: int
    text: str
    html: str
    entities: list[dict[str, Any]] = field(default_factory=list)
    keyboard: list[list[dict[str, Any]]] = field(default_factory=list)
    reply_to: int | None = None
    thread_id: int | None = None
    silent: bool = False
    photo: bytes | None = None
    document: bytes | None = None
    filename: str = ""
    edits: list[str] = field(default_factory=list)  # earlier visible texts
    deleted: bool = False
    ours: bool = True  # sent by the bot, not by a user
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def buttons(self) -> list[str]:
        """The labels of all buttons, in reading order."""
        return [button["text"] for row in self.keyboard for button in row]

    @property
    def links(self) -> list[str]:
        """The addresses that the text links to."""
        return [entity["url"] for entity in self.entities if entity["type"] == "text_link"]

    def data(self, label: str) -> str:
        """Give the callback data of the button with that label, or one that begins so; KeyError where there is none."""
        for row in self.keyboard:
            for button in row:
                if button["text"].startswith(label) and "callback_data" in button:
                    return str(button["callback_data"])
        raise KeyError(f"no button {label!r} among {self.buttons}")


@dataclass(kw_only=True)
class ChatLedger:
    """A chat of the fake server."""

    id: int
    kind: str  # private, group, supergroup, channel
    title: str = ""
    username: str = ""
    forum: bool = False
    threads: set[int] = field(default_factory=set)
    closed_threads: set[int] = field(default_factory=set)
    gone: bool = False  # "chat not found"
    messages: list[Shown] = field(default_factory=list)

    def message(self, message_id: int) -> Shown | None:
        """Give a message that is still there, or None."""
        return next((one for one in self.messages if one.message_id == message_id and not one.deleted), None)

    @property
    def last(self) -> Shown:
        """The last message of ours."""
        return next(one for one in reversed(self.messages) if one.ours and not one.deleted)

    def card(self) -> dict[str, Any]:
        """Give the chat as the API's `Chat`."""
        card: dict[str, Any] = {"id": self.id, "type": self.kind}
        if self.kind == "private":
            card["first_name"] = self.title or f"User {self.id}"
        else:
            card["title"] = self.title or f"Chat {self.id}"
        if self.username:
            card["username"] = self.username
        if self.forum:
            card["is_forum"] = True
        return card
