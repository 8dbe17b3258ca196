from bot.domain import Severity


async def test_the_first_to_start_becomes_the_owner_and_is_told_so(unowned):
    shown = await unowned.say(7, "/start")
    assert "You are the owner of this bot now" in shown.text
    assert "Trade compliance" in " ".join(shown.buttons)
    assert "private" in (await unowned.say(8, "/start")).text


async def test_four_taps_lead_to_a_subscription_and_a_sample(house):
    house.store(1, title="Country bans exports of gallium", severity=Severity.HIGH)
    shown = await house.say(42, "/start")
    shown = await house.press(shown, "⚖️")
    shown = await house.press(shown, "Medium and above")
    shown = await house.press(shown, "Friday 16:00")
    assert "UTC" in shown.text
    await house.press(shown, "Done")
    assert "All set" in shown.text
    assert house.api.chat(42).last.text.startswith("🟠 High")
    chat = house.chat("42")
    assert (chat.level, chat.digest_weekday, chat.digest_time) == (Severity.MEDIUM, 4, "16:00")
    assert [rule.name for rule in house.rules("42")] == ["Topics"]


async def test_help_lists_what_the_person_may_use(house):
    text = (await house.say(42, "/help")).text
    assert "/broadcast" in text
    assert "/topics" in text


async def test_working_core_answers(house):
    house.store(1, title="Country bans exports of gallium")
    assert "Subscribed" in (await house.say(42, "/subscribe export controls")).text
    assert "gallium" in (await house.say(42, "/latest")).text
    assert "gallium" in (await house.say(42, "/search gallium")).text
    assert "Straitwatch" in (await house.say(42, "/status")).text
    assert "not set up" in (await house.say(42, "/digest")).text
    assert "13" not in (await house.say(42, "/topics")).text
    assert "Ended" in (await house.say(42, "/unsubscribe export_control")).text
