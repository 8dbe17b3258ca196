"""What else a message tells, and what is dropped once it has arrived."""

import pytest

from bot.domain import DeliveryKind, DeliveryState
from bot.storage import outbox
from bot.storage.posts import owed_news
from bot.storage.regrouping import absorb
from bot.storage.schema import alerts, deliveries, stories
from tests.bot.storage.test_outbox import claim, owe
from tests.fakes.values import NOW

BOTH = [DeliveryKind.CHANGE, DeliveryKind.EDIT]


@pytest.fixture
def owed(engine):
    """Owe chat 42 a change and an edit about stories s1 (alert c1) and s2 (alert c2), chat 43 a change; by name."""
    with engine.begin() as tx:
        for story_id in ("s1", "s2"):
            tx.execute(stories.insert().values(_story(story_id)))
            tx.execute(alerts.insert().values(_alert(f"c{story_id[1]}", story_id)))
    made = {
        "change": owe(engine, "c1", kind=DeliveryKind.CHANGE, id="change"),
        "edit": owe(engine, "c1", kind=DeliveryKind.EDIT, id="edit", priority=50),
        "other": owe(engine, "c2", kind=DeliveryKind.CHANGE, id="other", state=DeliveryState.HELD),
        "elsewhere": owe(engine, "c1", kind=DeliveryKind.CHANGE, id="elsewhere", chat_key="43"),
    }
    return {name: one for name, (one,) in made.items()}


def _story(story_id):
    words = {"headline": "", "topics": [], "direction": "mixed", "stage": "announced", "payload": {}}
    return {"id": story_id, **words, "severity": 2, "probability": 0.5, "first_at": NOW, "last_at": NOW}


def _alert(alert_id, story_id):
    words = {"reason": "confirmed", "direction": "mixed", "stage": "announced", "topics": [], "severity": 2}
    return {"id": alert_id, "story_id": story_id, **words, "decided_at": NOW}


def test_a_message_of_a_story_tells_what_its_chat_is_owed_about_it(engine, owed):
    with engine.begin() as tx:
        assert owed_news(tx, "42", ["s1"], BOTH) == ("change", "edit")
        assert owed_news(tx, "42", ["s1"], [DeliveryKind.EDIT]) == ("edit",)
        assert owed_news(tx, "42", ["s1", "s2"], BOTH) == ("change", "edit", "other")
        assert owed_news(tx, "44", ["s1", "s2"], BOTH) == ()


def test_a_message_of_a_merged_story_tells_what_is_owed_about_both(engine, owed):
    with engine.begin() as tx:
        absorb(tx, kept="s1", gone="s2")
        assert owed_news(tx, "42", ["s2"], BOTH) == owed_news(tx, "42", ["s1"], BOTH) == ("change", "edit", "other")


def test_what_was_told_is_dropped_unless_it_is_on_its_way_or_closed(engine, owed):
    (first, *_) = (held for held in claim(engine) if held.delivery.id == "change")
    with engine.begin() as tx:
        outbox.mark_intent(tx, first, now=NOW, until=NOW)
        assert outbox.cancel_told(tx, (), reason="said") == 0
        assert outbox.cancel_told(tx, owed, reason="said") == 3
        assert outbox.cancel_told(tx, owed, reason="said") == 0
        states = dict(tx.execute(deliveries.select().with_only_columns(deliveries.c.id, deliveries.c.state)).all())
    assert states == {"change": "due", "edit": "cancelled", "other": "cancelled", "elsewhere": "cancelled"}
