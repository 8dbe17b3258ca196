"""Table F1: what the library raises -> our class. Each is also played through the real library in test_sender."""

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot.domain import Delivery, DeliveryKind
from bot.telegram.errors import classify
from bot.telegram.messages import Failure, FailureKind
from bot.telegram.settling import PATIENCE, UNANSWERED, Action, back_off, settle
from tests.fakes.values import NOW


def because(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NetworkError("Too Many Requests"), FailureKind.HOLD),
        (Forbidden("bot was blocked by the user"), FailureKind.DISABLE),
        (ChatMigrated(-1001), FailureKind.MIGRATED),
        (BadRequest("Can't parse entities: unsupported start tag"), FailureKind.BAD_MARKUP),
        (BadRequest("Message is too long"), FailureKind.TOO_LONG),
        (BadRequest("Media_caption_too_long"), FailureKind.TOO_LONG),
        (BadRequest("Message thread not found"), FailureKind.NO_THREAD),
        (BadRequest("Topic_closed"), FailureKind.NO_THREAD),
        (BadRequest("Chat not found"), FailureKind.SUSPECT),
        (BadRequest("Message is not modified: specified new message content"), FailureKind.UNCHANGED),
        (BadRequest("Message to edit not found"), FailureKind.GONE),
        (BadRequest("Something else"), FailureKind.REFUSED),
        (InvalidToken("Unauthorized"), FailureKind.STOP),
        (Conflict("terminated by other getUpdates request"), FailureKind.SECOND_INSTANCE),
        (NetworkError("Internal Server Error"), FailureKind.RETRY),
        (because(NetworkError("Bad Gateway (502)"), TelegramError("Invalid server response")), FailureKind.RETRY),
        (TelegramError("Invalid server response"), FailureKind.UNKNOWN),
        (KeyError("result"), FailureKind.UNKNOWN),
        (because(TimedOut(), httpx.ReadTimeout("")), FailureKind.UNKNOWN),
        (because(TimedOut(), httpx.WriteTimeout("")), FailureKind.UNKNOWN),
        (because(NetworkError("x"), httpx.RemoteProtocolError("")), FailureKind.UNKNOWN),
        (because(NetworkError("x"), httpx.ReadError("")), FailureKind.UNKNOWN),
        (because(NetworkError("httpx.ConnectError: "), httpx.ConnectError("")), FailureKind.UNSENT),
        (because(TimedOut(), httpx.ConnectTimeout("")), FailureKind.UNSENT),
        (because(TimedOut("Pool timeout"), httpx.PoolTimeout("")), FailureKind.UNSENT),
    ],
    ids=lambda value: value.value if isinstance(value, FailureKind) else f"{type(value).__name__}: {value}"[:60],
)
def test_every_outcome_has_its_class(error, kind):
    assert classify(error).kind is kind


def test_a_stated_wait_is_read_from_the_text_where_parameters_are_missing():
    assert classify(NetworkError("Too Many Requests: retry after 17")).seconds == 17.0
    assert classify(NetworkError("Too Many Requests")).seconds == 30.0


def test_no_reason_holds_the_token():
    token = "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
    for error in (NetworkError(f"https://api.telegram.org/bot{token}/x"), BadRequest(token), InvalidToken(token)):
        assert token not in classify(error).reason


def owed(kind=DeliveryKind.ALERT, attempts=1, created_at=NOW, last_error=""):
    return Delivery(
        id="d",
        chat_key="42",
        kind=kind,
        subject="s",
        payload={},
        priority=1,
        attempts=attempts,
        not_before=NOW,
        created_at=created_at,
        last_error=last_error,
    )


def verdict(kind, delivery, *, others_pass=True, outage=0, **failure):
    stated = Failure(kind=kind, reason="x", **failure)
    return settle(stated, delivery, now=NOW, chance=0.0, others_pass=others_pass, outage=outage)


@pytest.mark.parametrize(
    ("kind", "delivery", "action", "counted", "unknown"),
    [
        (FailureKind.HOLD, owed(), Action.RETRY, False, False),
        (FailureKind.HOLD, owed(attempts=50), Action.RETRY, False, False),
        (FailureKind.DISABLE, owed(), Action.DISABLE, False, False),
        (FailureKind.MIGRATED, owed(), Action.MIGRATE, False, False),
        (FailureKind.STOP, owed(), Action.STOP, False, False),
        (FailureKind.SUSPECT, owed(), Action.SUSPECT, True, False),
        (FailureKind.UNSENT, owed(attempts=50), Action.RETRY, False, False),
        (FailureKind.RETRY, owed(), Action.RETRY, True, False),
        (FailureKind.RETRY, owed(attempts=10), Action.PARK, True, False),
        (FailureKind.UNKNOWN, owed(), Action.RETRY, True, True),
        (FailureKind.UNKNOWN, owed(attempts=4), Action.RETRY, True, True),
        (FailureKind.UNKNOWN, owed(last_error=UNANSWERED + "x"), Action.PARK, True, False),
        (FailureKind.UNKNOWN, owed(DeliveryKind.DIGEST), Action.SKIP_PART, True, False),
        (FailureKind.UNKNOWN, owed(DeliveryKind.EDIT), Action.RETRY, True, True),
        (FailureKind.REFUSED, owed(), Action.RETRY, True, False),
        (FailureKind.REFUSED, owed(attempts=3), Action.PARK, True, False),
        (FailureKind.BAD_MARKUP, owed(attempts=3), Action.PARK, True, False),
    ],
)
def test_what_becomes_of_a_failure(kind, delivery, action, counted, unknown):
    found = verdict(kind, delivery)
    assert (found.action, found.counted, found.unknown) == (action, counted, unknown)


def test_a_failure_of_everybody_counts_against_nobody_until_the_news_is_old():
    for kind in (FailureKind.RETRY, FailureKind.UNKNOWN):
        found = verdict(kind, owed(attempts=40), others_pass=False, outage=5)
        assert (found.action, found.counted) == (Action.RETRY, False)
        assert found.hold_all > 0
        late = verdict(kind, owed(created_at=NOW - PATIENCE), others_pass=False)
        assert late.action is Action.PARK


def test_a_gateway_in_between_may_have_passed_the_message_on():
    assert verdict(FailureKind.RETRY, owed(), maybe_sent=True).unknown
    assert verdict(FailureKind.RETRY, owed(DeliveryKind.DIGEST), maybe_sent=True).action is Action.SKIP_PART


def test_a_hold_is_as_long_as_telegram_said():
    found = verdict(FailureKind.HOLD, owed(), seconds=3600.0)
    assert found.at == NOW + timedelta(hours=1)
    assert found.hold_chat == 3600.0


def test_attempts_come_ever_later_and_at_last_every_quarter_of_an_hour():
    waits = [back_off(number, 0.0) for number in range(1, 12)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]
    assert back_off(1, 0.999) < 7.5
    assert back_off(10_000, 0.0) == 900
