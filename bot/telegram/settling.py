"""What becomes of a delivery whose request failed: failure -> verdict. Pure; `now` and chance are parameters."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain import Delivery, DeliveryKind
from bot.telegram.messages import Failure, FailureKind

REFUSED_LIMIT = 3  # a request that Telegram calls wrong will be wrong again; twice more, in case Telegram erred
UNANSWERED = "may have arrived, Telegram never confirmed it: "  # begins the note of an attempt without an answer
FAILING_LIMIT = 10
OUTAGE = 3  # failures in a row, with nothing accepted in between, after which everybody waits a little
PATIENCE = timedelta(hours=24)  # what could not be sent for longer than this is old news


class Action(StrEnum):
    """What is to be done."""

    RETRY = "retry"
    PARK = "park"
    SKIP_PART = "skip_part"  # take the part as sent: rather missing once than there twice
    DISABLE = "disable"
    SUSPECT = "suspect"
    MIGRATE = "migrate"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An action; for RETRY the time, whether the attempt used budget, and whether it may have been sent.

    `hold_chat` and `hold_all` are seconds during which nothing leaves for the chat, or at all.
    """

    action: Action
    at: datetime
    counted: bool = True
    unknown: bool = False
    hold_chat: float = 0.0
    hold_all: float = 0.0


_AT_ONCE = {
    FailureKind.DISABLE: Action.DISABLE,
    FailureKind.MIGRATED: Action.MIGRATE,
    FailureKind.STOP: Action.STOP,
}


def settle(
    failure: Failure, delivery: Delivery, *, now: datetime, chance: float, others_pass: bool, outage: int
) -> Verdict:
    """Decide about a delivery after a failed request.

    `chance` in [0, 1) is the jitter. `others_pass` tells whether Telegram accepted other messages meanwhile: only then
    does a failing server count against this one. `outage` counts the requests in a row that came to nothing.
    """
    wait = timedelta(seconds=back_off(max(delivery.attempts, outage), chance))
    old = now - delivery.created_at >= PATIENCE
    lull = 15.0 if outage >= OUTAGE else 0.0
    match failure.kind:
        case FailureKind.HOLD:
            seconds = failure.seconds * (1 + 0.1 * chance) + chance
            at = now + timedelta(seconds=seconds)
            return Verdict(action=Action.RETRY, at=at, counted=False, hold_chat=seconds)
        case FailureKind.DISABLE | FailureKind.MIGRATED | FailureKind.STOP:
            return Verdict(action=_AT_ONCE[failure.kind], at=now, counted=False)
        case FailureKind.SUSPECT:
            return Verdict(action=Action.SUSPECT, at=now + timedelta(minutes=min(15 * 2**delivery.attempts, 240)))
        case FailureKind.SECOND_INSTANCE:
            return Verdict(action=Action.RETRY, at=now + timedelta(seconds=5), counted=False, hold_all=5.0)
        case FailureKind.UNSENT:
            pause = min(2.0 ** min(outage, 6), 60.0) * (1 + 0.2 * chance)
            at = now + timedelta(seconds=pause)
            return Verdict(action=Action.RETRY, at=at, counted=False, hold_all=pause)
        case FailureKind.UNKNOWN:
            return replace(_unanswered(delivery, now=now, wait=wait, others_pass=others_pass, old=old), hold_all=lull)
        case FailureKind.RETRY:
            if failure.maybe_sent and delivery.kind is DeliveryKind.DIGEST:
                return Verdict(action=Action.SKIP_PART, at=now)
            action = Action.PARK if old or (others_pass and delivery.attempts >= FAILING_LIMIT) else Action.RETRY
            return Verdict(action=action, at=now + wait, counted=others_pass, unknown=failure.maybe_sent, hold_all=lull)
        case _:
            done = delivery.attempts >= REFUSED_LIMIT
            return Verdict(action=Action.PARK if done else Action.RETRY, at=now + wait)


def noted(failure: Failure, verdict: Verdict, before: str) -> str:
    """Give the note that a failure leaves at its delivery; while an attempt is in doubt, the note says so."""
    doubtful = failure.kind is FailureKind.UNKNOWN or (verdict.unknown and before.startswith(UNANSWERED))
    return f"{UNANSWERED}{failure.reason}" if doubtful else failure.reason


def _unanswered(delivery: Delivery, *, now: datetime, wait: timedelta, others_pass: bool, old: bool) -> Verdict:
    """Prefer a duplicate for what must be known, and none for a digest; an edit is the same when it is done twice."""
    if delivery.kind is DeliveryKind.DIGEST:
        return Verdict(action=Action.SKIP_PART, at=now)
    again = delivery.last_error.startswith(UNANSWERED)  # it was repeated once, marked as a possible repeat
    if old or (others_pass and again):
        return Verdict(action=Action.PARK, at=now)
    return Verdict(action=Action.RETRY, at=now + wait, counted=others_pass, unknown=True)


def back_off(attempts: int, chance: float) -> float:
    """Give the seconds until the next attempt: 5, 10, 20 … 900, with up to half as much again."""
    return min(5.0 * 2.0 ** min(max(attempts, 1) - 1, 10), 900.0) * (1 + 0.5 * chance)
