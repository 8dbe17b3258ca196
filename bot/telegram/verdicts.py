"""Write down what becomes of a delivery that failed, and tell the owner what only a person can mend."""

from datetime import datetime
from typing import TYPE_CHECKING

from bot.alerting.notices import notice
from bot.domain import Chat
from bot.storage.chats import disable, leave_topic, owner_chats, suspect
from bot.storage.migration import migrate_chat
from bot.storage.outbox import Claim, enqueue, mark_retry, park
from bot.telegram.messages import Failure
from bot.telegram.settling import Action, Verdict, noted
from bot.telegram.strings import strings

if TYPE_CHECKING:
    from sqlalchemy import Connection


def apply_verdict(tx: "Connection", held: Claim, verdict: Verdict, failure: Failure, *, now: datetime) -> None:
    """Carry out a verdict in the caller's transaction. SKIP_PART is the parcel's own business."""
    note = noted(failure, verdict, held.delivery.last_error)
    match verdict.action:
        case Action.PARK:
            park(tx, held, note)
            _tell(tx, held.chat, "parked", note, now=now)
        case Action.DISABLE:
            _disable(tx, held.chat, failure.reason, now=now)
        case Action.SUSPECT if suspect(tx, held.chat.telegram_id, now=now):
            _disable(tx, held.chat, failure.reason, now=now)
        case Action.MIGRATE:
            migrate_chat(tx, held.chat.telegram_id, failure.new_id)
            mark_retry(tx, held, at=now, error=note, counted=False, unknown=verdict.unknown)
        case _:
            mark_retry(tx, held, at=verdict.at, error=note, counted=verdict.counted, unknown=verdict.unknown)


def move_to_general(tx: "Connection", chat: Chat, reason: str, *, now: datetime) -> None:
    """Send a topic's messages to General from now on, and tell both the group and the owner."""
    leave_topic(tx, chat.key)
    words = strings(chat.lang)
    text = words.t("This topic is closed or was deleted. My messages come to the General topic from now on.")
    enqueue(tx, [notice(chat.key, f"topic {chat.key}", {"text": text}, now=now)])
    _tell(tx, chat, "topic", reason, now=now)


def _disable(tx: "Connection", chat: Chat, reason: str, *, now: datetime) -> None:
    if disable(tx, chat.telegram_id, reason=reason):
        _tell(tx, chat, "disabled", reason, now=now)


def _tell(tx: "Connection", chat: Chat, what: str, reason: str, *, now: datetime) -> None:
    """Owe the owners a notice: at most one a chat, kind of trouble and day."""
    owed = []
    for owner in owner_chats(tx):
        if owner.telegram_id == chat.telegram_id:
            continue  # who cannot be reached need not be told so
        words = strings(owner.lang)
        texts = {
            "parked": words.t("A message to {chat} was given up: {reason}"),
            "disabled": words.t("I can no longer write to {chat}, and have stopped trying: {reason}"),
            "topic": words.t("The topic of {chat} is closed or was deleted; its messages go to General: {reason}"),
        }
        text = texts[what].format(chat=chat.title or chat.key, reason=reason)
        owed.append(notice(owner.key, f"{what} {chat.key} {now.date()}", {"text": text}, now=now))
    enqueue(tx, owed)
