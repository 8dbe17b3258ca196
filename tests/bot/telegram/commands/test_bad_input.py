"""Every command and button with arguments that nobody should send: a helpful answer, and nothing changed."""

import pytest

from bot.telegram.access import Buckets, Verdict
from bot.telegram.commands.catalog import ENTRIES
from bot.telegram.commands.handlers import COMMANDS, PRESSES

pytestmark = pytest.mark.long

HOSTILE = (
    "'; DROP TABLE chats; --",
    "<b>unclosed & <script>alert(1)</script>",
    "\u202e\u200b\u2066evil\u0000\x07",
    "A" * 4000,
    "((((((((((((((((((((((((((((((((((((((((",
    "/(a+)+$/ /(x|x)*y/",
    "%s {0} {chat} {count!r} \\",
    "-999999999999999999999999",
    "sanctions " * 300,
    "https://127.0.0.1:22/ https://[::1",
    "a:b:c:d|e|f",
    "👩‍👩‍👧‍👦" * 500,
)
CHANGES_BY_NATURE = {"mute", "pause", "invite", "addrule", "rules"}  # with these words they do what they are for
BELOW_ALERTS = {"why", "snooze", "sn", "up", "down", "fb", "back"}
STORES_ANYWAY = {"up", "down", "fb", "oquiet"}  # whatever stands behind these, they store the same harmless thing
TABLES = ("chats", "subscriptions", "snoozes", "deliveries", "feedback", "messages", "sources")


def snapshot(house):
    return {name: house.rows(name) for name in TABLES}


async def test_commands_with_hostile_arguments_are_answered_and_change_nothing(house):
    await house.say(42, "/subscribe export_control")
    house.store(1, title="Country bans exports of gallium")
    for name in sorted(COMMANDS):
        before = snapshot(house)
        for text in HOSTILE:
            asked = house.count(42)
            house.clock.pass_by(minutes=1)
            await house.say(42, f"/{name} {text}")
            assert house.count(42) > asked, (name, text)
            assert not house.failures, (name, text)
        assert name in CHANGES_BY_NATURE or snapshot(house) == before, name


async def test_buttons_with_hostile_data_are_answered_and_change_nothing(house):
    await house.say(42, "/subscribe export_control")
    told = house.store(1, title="Country bans exports of gallium")
    alerted = await house.alerted(42, told)
    menu = await house.say(42, "/settings")
    shorts = {shown.message_id: shown.keyboard[0][0]["callback_data"].split(":")[2] for shown in (alerted, menu)}
    for action in sorted(PRESSES):
        before = snapshot(house)
        shown = alerted if action in BELOW_ALERTS else menu
        short = shorts[shown.message_id]
        for arg in ("", "../x", "story.9y", "erase.0000", "😀"):
            answered = len(house.api.answers)
            house.clock.pass_by(minutes=1)
            await house.press_data(shown, f"v1:{action}:{short}:{arg}")
            assert len(house.api.answers) == answered + 1, (action, arg)
            assert not house.failures, (action, arg)
        assert action in STORES_ANYWAY or snapshot(house) == before, action


@pytest.mark.parametrize(
    "data", ["", ":", "v1", "v1:", "v1:why", "v2:why:abc", "v1:why:" + "0" * 12, "\x00", "v1::x", "🧨" * 16]
)
async def test_forged_data_is_answered_politely(house, data):
    shown = await house.say(42, "/topics")
    await house.press_data(shown, data)
    assert house.toast
    assert not house.failures


async def test_every_command_has_a_handler_and_a_description():
    assert {entry.name for entry in ENTRIES} == set(COMMANDS)


async def test_a_second_delivery_of_any_update_changes_nothing(house):
    house.store(1, title="Country bans exports of gallium")
    conversation = ["/start", "/subscribe sanctions", "/addrule Chips | nvidia", "/mute sanctions 1d", "/pause 2h",
                    "/resume", "/invite", "/unsubscribe sanctions", "/manage me", "/settings"]  # fmt: skip
    for text in conversation:
        await house.say(42, text)
        after, said = {name: house.rows(name) for name in (*TABLES, "access", "callbacks")}, house.count(42)
        await house.again()
        assert {name: house.rows(name) for name in (*TABLES, "access", "callbacks")} == after, text
        assert house.count(42) == said


async def test_updates_out_of_order_end_in_what_the_buttons_said(house):
    shown = await house.say(42, "/topics")
    on = shown.data("▫️ Sanctions")
    await house.press_data(shown, on)
    first = house.last_update
    await house.press(shown, "✅ Sanctions")
    house.api.push_again(first)
    await house.deliver()
    assert house.rules("42") == []


async def test_a_thousand_commands_in_a_burst_are_stopped_with_one_warning(house):
    for _ in range(1000):
        house.api.push_message(42, "/latest")
    await house.deliver()
    texts = house.api.texts(42)
    assert len(texts) == 31
    assert "wait" in texts[-1]
    house.clock.pass_by(minutes=2)
    assert "wait" not in (await house.say(42, "/help")).text


async def test_a_burst_of_one_user_does_not_silence_another(house):
    with house.engine.begin() as tx:
        from bot.storage.access import USER, allow

        allow(tx, USER, 43, note="", now=house.clock.now())
    for _ in range(100):
        house.api.push_message(42, "/latest")
    await house.deliver()
    assert "What I can do" in (await house.say(43, "/help")).text


def test_a_bucket_fills_at_its_pace():
    buckets = Buckets(size=3, seconds=10)
    assert [buckets.take("a", 0.0) for _ in range(5)] == [Verdict.OK] * 3 + [Verdict.WARN, Verdict.DROP]
    assert buckets.take("a", 10.0) is Verdict.OK
    assert buckets.take("a", 10.0) is Verdict.DROP
    assert buckets.take("b", 10.0) is Verdict.OK
    assert [buckets.take("a", 60.0) for _ in range(4)] == [Verdict.OK] * 3 + [Verdict.WARN]


def test_buckets_do_not_grow_without_end():
    buckets = Buckets(size=3, seconds=10)
    for number in range(10_000):
        buckets.take(str(number), 0.0)
    assert len(buckets._buckets) <= 4096
