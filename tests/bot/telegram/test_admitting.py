from bot.domain import ChatKind
from bot.telegram.admitting import LONGEST_WAIT, admission
from bot.telegram.pacing import Pacer
from tests.fakes.conversations import FixedClock
from tests.fakes.conversations import house as open_house
from tests.fakes.values import chat


async def test_an_answer_waits_for_its_slot():
    clock = FixedClock()
    admit, begun = admission(Pacer(), clock), clock.now()
    for _ in range(3):
        await admit(chat())
    assert 2.0 <= (clock.now() - begun).total_seconds() <= 2.2


async def test_an_answer_does_not_wait_for_a_minute():
    clock, pacer = FixedClock(), Pacer()
    group = chat(key="-1", telegram_id=-1, kind=ChatKind.GROUP)
    while pacer.take(group, clock.now().timestamp()):
        pass
    begun = clock.now()
    await admission(pacer, clock)(group)
    assert (clock.now() - begun).total_seconds() <= LONGEST_WAIT + 1


async def test_answers_and_edits_of_a_conversation_keep_the_pace(tmp_path):
    taken = []

    async def admit(where):
        taken.append(where.key)

    async with open_house(tmp_path, admit=admit) as house:
        shown = await house.say(42, "/topics")
        await house.press(shown, "All")
        await house.say(42, "/export")
    assert taken == ["42"] * 4
