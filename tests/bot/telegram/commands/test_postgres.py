"""The same conversation on PostgreSQL, from the first word to the last."""

import pytest

from bot.domain import Severity
from bot.storage.database import open_engine
from tests.fakes.conversations import house as open_house

CHANGES_LITTLE = (
    *("/latest", "/search gallium 100%", "/search topic:export_control", "/sources", "/delivery", "/status"),
    *("/mute sanctions 1d", "/pause 1h", "/resume", "/missed https://wire.example/1", "/rules"),
    *("/export", "/invite", "/members"),
)


@pytest.fixture
def database(postgres_server):
    engine = open_engine(postgres_server.fresh())
    yield engine
    engine.dispose()


@pytest.mark.postgres
async def test_a_whole_conversation_works_on_postgresql(tmp_path, database):
    async with open_house(tmp_path, owner_id=0, database=database) as house:
        told = house.store(1, title="Country bans exports of gallium", severity=Severity.HIGH)
        shown = await house.say(42, "/start")
        assert "You are the owner" in shown.text
        await house.press(shown, "⚖️")
        await house.press(shown, "Done")
        await house.again()
        proposed = await house.say(42, "/addrule Gallium | gallium \u0000 AND exports")
        assert "1 alert" in proposed.text
        await house.press(proposed, "Save")
        alerted = await house.alerted(42, told)
        assert "Your rule: Topics" in (await house.press(alerted, "Why?")).text
        await house.press(alerted, "Snooze")
        await house.press(alerted, "This story")
        await house.press(alerted, "👍")
        for text in CHANGES_LITTLE:
            asked = house.count(42)
            await house.say(42, text)
            assert house.count(42) > asked, text
        assert {rule.name for rule in house.rules("42")} == {"Topics", "Gallium"}
        await house.press(await house.say(42, "/deleteme"), "Erase everything")
        assert house.chat("42") is None
        assert not house.failures
