from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.domain import ChatKind, Delivery, DeliveryKind, DeliveryState, derive_id
from bot.storage import outbox
from bot.storage.audience import told_chats
from bot.storage.batching import fold_batches
from bot.storage.chats import save_chat
from bot.storage.leases import hold_lease, lease_holder, release_lease
from bot.storage.schema import chats, deliveries
from tests.fakes.values import NOW, chat

KINDS = frozenset(ChatKind)
LEASE = timedelta(seconds=60)


def owe(engine, *texts, chat_key="42", at=NOW, **changes):
    made = [
        Delivery(
            **{
                "id": derive_id(chat_key, text),
                "chat_key": chat_key,
                "kind": DeliveryKind.ALERT,
                "subject": text,
                "payload": {"text": text},
                "priority": 30,
                "not_before": at,
                "created_at": at + timedelta(seconds=number),
                **changes,
            }
        )
        for number, text in enumerate(texts)
    ]
    with engine.begin() as tx:
        save_chat(tx, chat(key=chat_key, telegram_id=int(chat_key.partition(":")[0])))
        outbox.enqueue(tx, made)
    return made


def claim(engine, *, now=NOW, limit=10, **options):
    return outbox.claim(engine, now=now, lease=LEASE, limit=limit, kinds=KINDS, **options)


def subjects(claims):
    return [held.delivery.subject for held in claims]


def test_the_same_debt_is_never_booked_twice(engine):
    made = owe(engine, "a", "b")
    with engine.begin() as tx:
        assert outbox.enqueue(tx, made) == 0
        assert outbox.enqueue(tx, [replace(made[0], id="new")]) == 1


def test_what_is_rolled_back_was_never_owed(engine):
    made = owe(engine, "a")
    with engine.connect() as tx:
        outbox.enqueue(tx, [replace(made[0], id="other")])
        tx.rollback()
    with engine.connect() as tx:
        assert outbox.load_delivery(tx, "other") is None


def test_a_claim_takes_one_message_a_chat_in_order_of_urgency(engine):
    owe(engine, "digest", chat_key="1", priority=70)
    owe(engine, "first", "second", chat_key="2")
    owe(engine, "urgent", chat_key="3", priority=10)
    assert subjects(claim(engine)) == ["urgent", "first", "digest"]


def test_a_claimed_message_is_nobody_elses_until_its_lease_ends(engine):
    owe(engine, "a")
    assert subjects(claim(engine)) == ["a"]
    assert claim(engine) == []
    assert claim(engine, now=NOW + LEASE - timedelta(seconds=1)) == []
    again = claim(engine, now=NOW + LEASE)
    assert [held.delivery.attempts for held in again] == [2]


def test_two_claims_at_once_never_get_the_same_row(engine):
    owe(engine, "a")
    with engine.connect() as tx:
        row = tx.execute(deliveries.select()).mappings().one()
    with engine.begin() as tx:
        assert outbox._take(tx, row, NOW + LEASE)
        assert not outbox._take(tx, row, NOW + LEASE)


def test_who_lost_the_lease_changes_nothing_but_what_was_sent(engine):
    owe(engine, "a")
    (old,) = claim(engine)
    (new,) = claim(engine, now=NOW + LEASE)
    with engine.begin() as tx:
        assert outbox.mark_intent(tx, old, now=NOW, until=NOW + LEASE) is None
        assert outbox.mark_part(tx, old, 5) is None
        assert not outbox.mark_retry(tx, old, at=NOW, error="x", counted=True)
        assert not outbox.park(tx, old, "x")
        assert not outbox.cancel(tx, old, "x")
        outbox.mark_sent(tx, old, now=NOW, message_ids=(5,))
        assert not outbox.park(tx, new, "x")
        assert outbox.load_delivery(tx, new.delivery.id).state is DeliveryState.SENT


def test_an_intent_without_an_outcome_is_seen_by_the_next_claim(engine):
    owe(engine, "a")
    (held,) = claim(engine)
    assert held.in_flight_at is None
    with engine.begin() as tx:
        held = outbox.mark_intent(tx, held, now=NOW, until=NOW + LEASE)
    (again,) = claim(engine, now=NOW + LEASE)
    assert again.in_flight_at == NOW
    with engine.begin() as tx:
        outbox.mark_retry(tx, again, at=NOW + LEASE, error="", counted=False)
    (third,) = claim(engine, now=NOW + LEASE)
    assert (third.in_flight_at, third.delivery.attempts) == (None, 2)


def test_a_message_that_waits_for_its_next_attempt_is_not_overtaken_by_a_later_one(engine):
    owe(engine, "a", "b")
    (held,) = claim(engine)
    with engine.begin() as tx:
        outbox.mark_retry(tx, held, at=NOW + timedelta(minutes=5), error="x", counted=True)
    assert claim(engine, now=NOW + timedelta(minutes=1)) == []
    owe(engine, "urgent", priority=10)
    assert subjects(claim(engine, now=NOW + timedelta(minutes=1))) == ["urgent"]


@pytest.mark.parametrize("way", ["disabled", "skipped", "busy", "other kind"])
def test_a_chat_that_cannot_be_written_to_now_is_passed_over(engine, way):
    owe(engine, "a")
    owe(engine, "b", chat_key="43")
    if way == "disabled":
        with engine.begin() as tx:
            tx.execute(update(chats).where(chats.c.key == "42").values(disabled_reason="blocked"))
    options = {"skipped": {"skip_ids": {42}}, "busy": {"busy": {"42"}}}.get(way, {})
    if way == "other kind":
        with engine.begin() as tx:
            save_chat(tx, chat(kind=ChatKind.TERMINAL))
        assert subjects(outbox.claim(engine, now=NOW, lease=LEASE, limit=9, kinds={ChatKind.PRIVATE})) == ["b"]
    else:
        assert subjects(claim(engine, **options)) == ["b"]


def test_what_is_held_becomes_due_when_its_time_comes(engine):
    at = NOW + timedelta(hours=8)
    owe(engine, "held", state=DeliveryState.HELD, not_before=at)
    owe(engine, "now")
    assert subjects(claim(engine)) == ["now"]
    with engine.begin() as tx:
        assert not outbox.held_ready(tx, now=NOW)
        assert outbox.ripen(tx, now=NOW) == 0
        assert outbox.held_ready(tx, now=at)
        assert outbox.ripen(tx, now=at) == 1
    (held,) = claim(engine, now=at)
    with engine.begin() as tx:
        outbox.mark_sent(tx, held, now=at, message_ids=(1,))
    assert subjects(claim(engine, now=at)) == ["held"]


def test_batched_alerts_become_one_message_and_a_single_one_stays_itself(engine):
    at = NOW + timedelta(hours=1)
    batched = {"state": DeliveryState.HELD, "not_before": at}
    for number in range(3):
        owe(engine, f"a{number}", payload={"story_id": f"s{number}", "batched": True}, **batched)
    owe(engine, "quiet", payload={"story_id": "s9"}, **batched)
    owe(engine, "alone", chat_key="43", payload={"story_id": "s7", "batched": True}, **batched)
    with engine.begin() as tx:
        assert fold_batches(tx, now=NOW) == 0
        assert fold_batches(tx, now=at) == 1
        assert fold_batches(tx, now=at) == 0
        outbox.ripen(tx, now=at)
    with engine.connect() as tx:
        assert told_chats(tx, "a0") == {"42"}, "the batch tells of it, so a change is a follow-up"
    counts = {}
    for _ in range(5):
        for held in claim(engine, now=at):
            counts[held.delivery.subject] = held.delivery
            with engine.begin() as tx:
                outbox.mark_sent(tx, held, now=at, message_ids=(1,))
    (batch,) = [one for one in counts.values() if one.kind is DeliveryKind.BATCH]
    assert [item["story_id"] for item in batch.payload["alerts"]] == ["s0", "s1", "s2"]
    assert {subject for subject, one in counts.items() if one.kind is DeliveryKind.ALERT} == {"quiet", "alone"}


def test_parked_and_snoozed_messages_are_counted_and_can_be_taken_up_again(engine):
    owe(engine, "a", "b", "c")
    (held,) = claim(engine)
    with engine.begin() as tx:
        outbox.park(tx, held, "too odd")
        assert outbox.cancel_open(tx, chat_key="42", subject="c", reason="snoozed") == 1
        assert outbox.cancel_open(tx, chat_key="43", subject="b", reason="not mine") == 0
        found = outbox.summary(tx, "42")
        assert found.counts == {DeliveryState.PARKED: 1, DeliveryState.DUE: 1, DeliveryState.CANCELLED: 1}
        assert [(one.subject, one.last_error) for one in found.parked] == [("a", "too odd")]
        assert outbox.summary(tx, "43").counts == {}
        assert outbox.requeue(tx, now=NOW, chat_key="43") == 0
        assert outbox.requeue(tx, now=NOW, chat_key="42") == 1
    assert subjects(claim(engine)) == ["a"]


def test_pruning_keeps_what_is_owed(engine):
    owe(engine, "old", "owed", "parked")
    for subject in ("old", "owed"):
        (held,) = claim(engine)
        with engine.begin() as tx:
            if subject == "old":
                outbox.mark_sent(tx, held, now=NOW, message_ids=(1,))
            else:
                outbox.park(tx, held, "x")
    with engine.begin() as tx:
        assert outbox.prune(tx, before=NOW + timedelta(days=1)) == 1
        assert sum(outbox.summary(tx).counts.values()) == 2


def test_three_thousand_waiting_messages_do_not_slow_a_claim(engine):
    import time

    for number in range(20):
        owe(engine, *(f"{number} {n}" for n in range(150)), chat_key=str(number + 1))
    began = time.perf_counter()
    assert len(claim(engine, limit=30)) == 20
    assert time.perf_counter() - began < 1.0


def test_a_lease_has_one_holder_at_a_time(engine):
    until = NOW + timedelta(seconds=15)
    with engine.begin() as tx:
        assert hold_lease(tx, "sender", holder="a", now=NOW, until=until)
        assert not hold_lease(tx, "sender", holder="b", now=NOW, until=until)
        assert hold_lease(tx, "sender", holder="a", now=NOW, until=until + timedelta(seconds=15))
        assert not hold_lease(tx, "sender", holder="b", now=until, until=until)
        assert lease_holder(tx, "sender", now=NOW) == "a"
        assert hold_lease(tx, "sender", holder="b", now=until + timedelta(seconds=15), until=until + 2 * LEASE)
        release_lease(tx, "sender", holder="a")
        assert lease_holder(tx, "sender", now=until) == "b"
        release_lease(tx, "sender", holder="b")
        assert lease_holder(tx, "sender", now=until) is None


def test_where_only_the_reserve_is_left_alerts_leave_and_the_rest_waits(engine):
    owe(engine, "alert", "digest")
    with engine.begin() as tx:
        tx.execute(update(deliveries).where(deliveries.c.subject == "digest").values(priority=70))
        tx.execute(update(deliveries).where(deliveries.c.subject == "alert").values(priority=31))
    assert subjects(claim(engine, urgent_only={42})) == ["alert"]
    assert subjects(claim(engine, urgent_only={42})) == []


def test_what_was_never_tried_waits_for_no_clock_that_was_ahead_and_what_failed_waits_for_its_time(engine):
    hour = timedelta(hours=1)
    owe(engine, "dated by a clock that was ahead", chat_key="1", at=NOW + hour)
    owe(engine, "asked to wait", chat_key="2", at=NOW + hour, last_error="retry after 3600")
    owe(engine, "tried before", chat_key="3", at=NOW + hour, attempts=1)
    assert subjects(claim(engine)) == ["dated by a clock that was ahead"]
    assert subjects(claim(engine)) == []
