"""What leaves the house and what comes back: parts of messages, buttons, and the classes of failure. Pure values.

Everything that is sent, to Telegram or to the terminal, is an `Outgoing`; everything that can go wrong with it is a
`Failure`. The sender knows nothing else of either.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.domain import Chat, ChatKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button below a message: either a callback of 1 to 64 bytes or an address."""

    text: str
    callback: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Telegram message: marked up, and as plain text in case the markup is refused.

    With a `photo` (PNG bytes) the texts are its caption. `plain` keeps the addresses of links.
    """

    html: str
    plain: str
    photo: bytes | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What one delivery sends: its parts in order, or a reason to send nothing.

    `edit` is the message to be replaced (then only the first part counts), `reply_to` the one to answer. `story_id` and
    `alert_id` are remembered with the message's id; `root` marks the story's first message in that chat. `tells` are
    the ids of other deliveries whose news it tells: they are dropped once it has arrived.
    """

    parts: tuple[Part, ...] = ()
    reply_to: int | None = None
    edit: int | None = None
    silent: bool = False
    skip: str = ""
    story_id: str = ""
    alert_id: str = ""
    root: bool = False
    tells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The answer to a sent part."""

    message_id: int


class FailureKind(StrEnum):
    """Every way in which a request can fail, by what is to be done about it (reliability table F1)."""

    HOLD = "hold"  # too many requests: this chat waits `seconds`
    DISABLE = "disable"  # blocked, kicked, deactivated: stop writing there
    MIGRATED = "migrated"  # the group has a new id
    BAD_MARKUP = "bad_markup"  # plain text, once
    TOO_LONG = "too_long"  # split
    NO_THREAD = "no_thread"  # the topic is closed or gone: General
    SUSPECT = "suspect"  # chat not found, no rights, slow mode: disable when it lasts
    STOP = "stop"  # the token is refused: stop sending, keep the queue
    SECOND_INSTANCE = "second_instance"  # another process uses the token
    RETRY = "retry"  # the server failed; probably not sent
    UNSENT = "unsent"  # surely not sent: retry freely
    UNKNOWN = "unknown"  # it may or may not have been sent
    UNCHANGED = "unchanged"  # an edit that changes nothing: as good as done
    GONE = "gone"  # the message to be edited does not exist: send anew
    REFUSED = "refused"  # a request that will never be accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failed request: its class, a reason that may be shown (without secrets), and what the class needs."""

    kind: FailureKind
    reason: str
    seconds: float = 0.0  # HOLD: how long
    new_id: int = 0  # MIGRATED: where to
    maybe_sent: bool = False  # RETRY: a gateway in between failed, Telegram itself may have accepted


class TargetError(Exception):
    """A request failed; `failure` says in which way. Raised by targets, handled by the sender alone."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a part is sent."""

    reply_to: int | None = None
    silent: bool = False
    plain: bool = False  # without markup, after it was refused


DEFAULT_OPTIONS = Options()


class Target(Protocol):
    """Where parts go. All calls raise TargetError and nothing else."""

    @property
    def kinds(self) -> frozenset[ChatKind]:
        """The kinds of chats that this target reaches."""

    async def send(self, chat: Chat, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        """Send a new message."""

    async def edit(self, chat: Chat, message_id: int, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        """Replace the text and buttons of a message."""

    async def check(self) -> None:
        """Ask for an answer that changes nothing, to learn whether anybody is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedRule:
    """Why a chat gets an alert: one of its rules, and the words that hit."""

    name: str
    words: tuple[str, ...] = field(default=())
