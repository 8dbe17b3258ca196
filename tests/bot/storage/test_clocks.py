"""After the clock was set back, nothing waits for the hour that the old one showed."""

from datetime import timedelta

from sqlalchemy import select, update

from bot.storage import sources as source_rows
from bot.storage.clocks import set_back, set_back_while_away
from bot.storage.leases import Watched, hold_lease
from bot.storage.outbox import enqueue
from bot.storage.paces import load_paces, save_paces
from bot.storage.schema import deliveries, sources
from tests.bot.storage.test_sources import PAPER, WIRE
from tests.fakes.values import NOW, delivery

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_polls_and_messages_planned_by_the_old_clock_come_in_time(engine) -> None:
    old = NOW + HOUR
    with engine.begin() as tx:
        source_rows.upsert_catalog(tx, [PAPER, WIRE])
        tx.execute(update(sources).where(sources.c.id == PAPER.id).values(next_poll_at=old + 9 * MINUTE))
        tx.execute(update(sources).where(sources.c.id == WIRE.id).values(next_poll_at=NOW - MINUTE))
        ids = ("waits", "flies", "due", "in doubt")
        enqueue(tx, [delivery(id=one, subject=one, not_before=old if one != "due" else NOW) for one in ids])
        in_flight = {"intent_at": old, "not_before": old + 1.5 * MINUTE}
        tx.execute(update(deliveries).where(deliveries.c.id == "flies").values(in_flight))
        tx.execute(
            update(deliveries).where(deliveries.c.id == "in doubt").values(intent_at=NOW, last_error="no answer")
        )
    with engine.begin() as tx:
        assert set_back(tx, HOUR, now=NOW) == 4
        polls = dict(tx.execute(select(sources.c.id, sources.c.next_poll_at)).all())
        owed = dict(tx.execute(select(deliveries.c.id, deliveries.c.not_before)).all())
    assert polls == {PAPER.id: NOW + 9 * MINUTE, WIRE.id: NOW - MINUTE}
    assert owed == {"waits": NOW, "flies": NOW + 1.5 * MINUTE, "due": NOW, "in doubt": NOW}


def test_a_clock_that_was_set_back_while_nothing_ran_is_followed_once(engine) -> None:
    old = NOW + HOUR
    with engine.begin() as tx:
        source_rows.upsert_catalog(tx, [PAPER, WIRE])
        assert set_back_while_away(tx, now=NOW) == 0
        tx.execute(update(sources).values(last_polled_at=old, next_poll_at=old + 9 * MINUTE))
        enqueue(tx, [delivery(not_before=old + 2 * MINUTE)])
        assert set_back_while_away(tx, now=NOW) == 3
        assert tx.scalars(select(sources.c.next_poll_at)).all() == [NOW + 9 * MINUTE] * 2
        assert tx.scalar(select(deliveries.c.not_before)) == NOW + 2 * MINUTE
        assert set_back_while_away(tx, now=NOW) == 0
        tx.execute(update(sources).values(last_polled_at=NOW - MINUTE, next_poll_at=NOW + 240 * HOUR))
        assert set_back_while_away(tx, now=NOW) == 0, "a long wait alone is what a server asked for"


def test_holds_of_the_old_clock_end_in_time_for_the_next_process_too(engine) -> None:
    moment = NOW.timestamp()
    with engine.begin() as tx:
        save_paces(tx, {"hold:all": (moment + 3600 + 20,), "all": (moment - 9.0, moment + 3600 - 1)})
        assert set_back(tx, HOUR, now=NOW) == 2
        assert load_paces(tx) == {"hold:all": (moment + 20,), "all": (moment - 9.0, moment - 1)}


def test_of_several_processes_one_follows_the_clock(engine) -> None:
    with engine.begin() as tx:
        source_rows.upsert_catalog(tx, [PAPER])
        tx.execute(update(sources).values(next_poll_at=NOW + HOUR + 9 * MINUTE))
        assert set_back(tx, HOUR, now=NOW) == 1
        assert set_back(tx, HOUR, now=NOW + MINUTE / 20) == 0  # the second process
        assert tx.scalar(select(sources.c.next_poll_at)) == NOW + 9 * MINUTE
        tx.execute(update(sources).values(next_poll_at=NOW + 3 * HOUR))
        assert set_back(tx, 3 * HOUR, now=NOW + MINUTE / 2) == 1  # another step


def test_a_lease_that_is_not_renewed_is_taken_over_though_a_clock_that_was_ahead_gave_it_an_hour(engine) -> None:
    tenure, seconds = timedelta(seconds=6), [0.0]
    watched = Watched(tenure * 1.5, lambda: seconds[0])
    right = {"holder": "right", "now": NOW, "until": NOW + tenure, "watched": watched}
    with engine.begin() as tx:
        for beat in range(10):  # it lives and renews: nobody with another clock takes its lease
            ahead = NOW + HOUR + timedelta(seconds=2 * beat)
            assert hold_lease(tx, "lead", holder="ahead", now=ahead, until=ahead + tenure)
            assert not hold_lease(tx, "lead", **right)
            seconds[0] += 2
        assert not hold_lease(tx, "lead", **right)  # it has died
        seconds[0] += 8
        assert hold_lease(tx, "lead", **right)


def test_a_claim_of_a_clock_that_was_ahead_is_void(engine) -> None:
    with engine.begin() as tx:
        source_rows.upsert_catalog(tx, [PAPER])
        assert source_rows.due(tx, NOW + HOUR, 9, worker="ahead") == [PAPER.id]
        assert source_rows.due(tx, NOW, 9, worker="right") == [PAPER.id]
        assert source_rows.due(tx, NOW, 9, worker="third") == []
