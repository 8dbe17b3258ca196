"""The sender when the clock is set back: what is owed leaves a moment later, its lease shows the right time."""

import asyncio
from datetime import timedelta

from bot.storage.database import reading
from bot.storage.leases import lease_holder
from bot.telegram.pacing import Pacer
from tests.fakes.sending import make_sender, owe
from tests.fakes.values import NOW, chat

HOUR = timedelta(hours=1)


async def test_sending_goes_on_after_the_clock_was_set_back(engine, api, target, clock):
    group = chat(key="-1009", telegram_id=-1009)
    sender = make_sender(engine, target, clock, pacer=Pacer(), holder="one")
    clock.at = NOW + HOUR
    for number in range(30):  # as many as may leave in a second, so that the pace would hold everything
        owe(engine, chat(key=str(number + 1), telegram_id=number + 1), "old", not_before=NOW)
    await sender._turn()
    await asyncio.gather(*sender._flying)
    clock.at = NOW
    owe(engine, group, "new")
    assert await sender._turn() == 0  # what left a moment ago counts as just now: no limit is broken
    clock.pass_by(seconds=2)
    assert await sender._turn() == 1
    await asyncio.gather(*sender._flying)
    assert api.texts(-1009) == ["new"]
    with reading(engine) as tx:
        assert lease_holder(tx, "sender", now=NOW + timedelta(seconds=4)) == "one"
        assert lease_holder(tx, "sender", now=NOW + HOUR / 2) is None
    await sender._land()
