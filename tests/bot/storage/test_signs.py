"""What is owed and does not leave is seen, also between two attempts."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.domain import DeliveryState
from bot.storage.chats import add_chat
from bot.storage.outbox import enqueue
from bot.storage.schema import chats
from bot.storage.signs import read_signs
from tests.fakes.values import NOW, chat, delivery

LATER = NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("owed", "to", "seen"),
    [
        pytest.param({}, {}, True, id="due"),
        pytest.param({"not_before": LATER, "attempts": 5, "last_error": "502"}, {}, True, id="between two attempts"),
        pytest.param({"not_before": LATER, "state": DeliveryState.HELD}, {}, False, id="held for quiet hours"),
        pytest.param({"not_before": LATER}, {"suspect_since": NOW}, False, id="to a chat that was not found"),
        pytest.param({"state": DeliveryState.SENT}, {}, False, id="sent"),
    ],
)
def test_what_counts_as_waiting(engine, owed, to, seen) -> None:
    with engine.begin() as tx:
        add_chat(tx, chat())
        if to:
            tx.execute(update(chats).values(to))
        enqueue(tx, [delivery(**owed)])
        signs = read_signs(tx, now=NOW, lease="lead")
    assert (signs.oldest_due_at == NOW) is seen
    assert (signs.oldest_due_at is None) is not seen
