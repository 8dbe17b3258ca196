"""Tell the ways apart in which a request to Telegram fails: exceptions of python-telegram-bot -> `Failure`.

The order matters, since the library's classes overlap: BadRequest is a NetworkError, connect, read and pool time-outs
are all TimedOut, a 429 without parameters is a plain NetworkError, and `{"ok": false}` with status 200 is a KeyError.
"""

import re
from datetime import timedelta

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.errors import StraitwatchError
from bot.redaction import redact
from bot.telegram.messages import Failure, FailureKind

HOLD_UNSTATED = 30.0  # seconds, where Telegram says "too many requests" and not for how long

# What the texts of a 400 mean, the first that is contained wins; letter case differs between servers and library.
_REFUSALS = (
    ("message is not modified", FailureKind.UNCHANGED),
    ("message to edit not found", FailureKind.GONE),
    ("message can't be edited", FailureKind.GONE),
    ("message_id_invalid", FailureKind.GONE),
    ("can't parse entities", FailureKind.BAD_MARKUP),
    ("can't find end of the entity", FailureKind.BAD_MARKUP),
    ("unsupported start tag", FailureKind.BAD_MARKUP),
    ("entity_bounds_invalid", FailureKind.BAD_MARKUP),
    ("entities_too_long", FailureKind.BAD_MARKUP),
    ("message is too long", FailureKind.TOO_LONG),
    ("message_too_long", FailureKind.TOO_LONG),
    ("caption is too long", FailureKind.TOO_LONG),
    ("media_caption_too_long", FailureKind.TOO_LONG),
    ("message thread not found", FailureKind.NO_THREAD),
    ("message_thread_not_found", FailureKind.NO_THREAD),
    ("topic_closed", FailureKind.NO_THREAD),
    ("topic_deleted", FailureKind.NO_THREAD),
    ("topic_id_invalid", FailureKind.NO_THREAD),
    ("the chat is not a forum", FailureKind.NO_THREAD),
    ("chat not found", FailureKind.SUSPECT),
    ("chat_id_invalid", FailureKind.SUSPECT),
    ("peer_id_invalid", FailureKind.SUSPECT),
    ("group is deactivated", FailureKind.SUSPECT),
    ("group chat was deactivated", FailureKind.SUSPECT),
    ("not enough rights", FailureKind.SUSPECT),
    ("have no rights to send", FailureKind.SUSPECT),
    ("need administrator rights", FailureKind.SUSPECT),
    ("chat_write_forbidden", FailureKind.SUSPECT),
    ("chat_restricted", FailureKind.SUSPECT),
    ("chat_send_plain_forbidden", FailureKind.SUSPECT),
    ("chat_send_photos_forbidden", FailureKind.SUSPECT),
    ("slowmode_wait", FailureKind.SUSPECT),
    ("slow mode", FailureKind.SUSPECT),
)
# Causes that prove that no byte of the request was sent; named, not imported, since httpx lives in `bot.ingest`.
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"})


class TokenRefusedError(StraitwatchError):
    """Telegram refuses the bot token: sending has stopped and the queue is kept."""

    exit_code = 2


def classify(error: Exception) -> Failure:
    """Give the class of a failed request (reliability table F1). The reason never holds the token."""
    reason = redact(str(error))[:300]
    match error:
        case RetryAfter():
            wait = error.retry_after
            seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
            return Failure(kind=FailureKind.HOLD, reason=reason, seconds=seconds)
        case ChatMigrated():
            return Failure(kind=FailureKind.MIGRATED, reason=reason, new_id=error.new_chat_id)
        case Forbidden():
            return Failure(kind=FailureKind.DISABLE, reason=reason)
        case InvalidToken():
            return Failure(kind=FailureKind.STOP, reason=reason)
        case Conflict():
            return Failure(kind=FailureKind.SECOND_INSTANCE, reason=reason)
        case BadRequest():
            return Failure(kind=_refusal(reason), reason=reason)
        case TimedOut() | NetworkError():
            return _network(error, reason)
        case TelegramError():
            return Failure(kind=FailureKind.UNKNOWN, reason=reason)
        case _:  # KeyError: the answer had status 200 and no result
            return Failure(kind=FailureKind.UNKNOWN, reason=f"answer without a result ({type(error).__name__})")


def _refusal(reason: str) -> FailureKind:
    text = reason.casefold().replace("’", "'")
    return next((kind for words, kind in _REFUSALS if words in text), FailureKind.REFUSED)


def _network(error: NetworkError, reason: str) -> Failure:
    cause = type(error.__cause__).__name__ if error.__cause__ is not None else ""
    if cause in _NEVER_SENT:
        return Failure(kind=FailureKind.UNSENT, reason=f"{cause}: no connection to Telegram")
    if "too many requests" in reason.casefold():
        return Failure(kind=FailureKind.HOLD, reason=reason, seconds=_stated_wait(reason))
    if cause in {"", "TelegramError"}:  # the server answered, with a status of 500 or above
        gateway = cause == "TelegramError" or "gateway" in reason.casefold()
        return Failure(kind=FailureKind.RETRY, reason=reason, maybe_sent=gateway)
    return Failure(kind=FailureKind.UNKNOWN, reason=f"{cause}: the answer never came")


def _stated_wait(reason: str) -> float:
    stated = re.search(r"retry after (\d{1,6})", reason, re.IGNORECASE)
    return float(stated.group(1)) if stated else HOLD_UNSTATED
