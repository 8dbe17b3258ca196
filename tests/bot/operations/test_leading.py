"""Of several processes one leads, and a dead leader is followed within ten seconds."""

from datetime import timedelta

import pytest

from bot.operations.leading import RENEW_EVERY, Lead
from bot.storage.database import open_engine
from bot.storage.upgrading import upgrade
from tests.fakes.values import NOW


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self):
        return self.at


@pytest.fixture
def engine(database):
    engine = open_engine(database)
    upgrade(engine)
    yield engine
    engine.dispose()


async def test_one_leads_and_the_other_follows_a_dead_leader_within_ten_seconds(engine) -> None:
    clock = Hands()
    first, second = (Lead(engine, holder=name, clock=clock) for name in ("a", "b"))
    assert await first.renew()
    clock.at += RENEW_EVERY
    assert await first.renew()  # its last sign of life
    died_at = clock.at
    while not await second.renew():
        assert second.lost.is_set()
        clock.at += RENEW_EVERY
    assert clock.at - died_at < timedelta(seconds=10)
    assert not await first.renew()  # it was only asleep, and learns that it leads no longer
    assert first.lost.is_set()


async def test_a_leader_that_stops_makes_room_at_once(engine) -> None:
    clock = Hands()
    first, second = (Lead(engine, holder=name, clock=clock) for name in ("a", "b"))
    assert await first.renew()
    assert not await second.renew()
    await first.release()
    assert not first.held.is_set()
    assert await second.renew()
    assert second.held.is_set()


async def test_without_a_database_nobody_leads_and_it_goes_on_when_it_is_back(tmp_path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    lead = Lead(engine, holder="a", clock=Hands())
    assert not await lead.renew()
    upgrade(engine)
    assert await lead.renew()
    engine.dispose()
