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


async def test_an_invite_lets_one_person_in_once(house):
    shown = await house.say(42, "/invite for Grace")
    code = shown.text.rsplit("/start ", 1)[1].split()[0]
    assert "private" in (await house.say(9, "/start")).text
    assert "What do you watch" in (await house.say(9, f"/start {code}")).text
    assert "not valid" in (await house.say(10, f"/start {code}")).text
    assert house.chat("9") is not None
    assert house.chat("10") is None


async def test_an_invite_ends_after_seven_days(house):
    shown = await house.say(42, "/invite")
    code = shown.text.rsplit("/start ", 1)[1].split()[0]
    house.clock.pass_by(days=8)
    assert "not valid" in (await house.say(9, f"/start {code}")).text


async def test_codes_are_not_stored_in_the_clear(house):
    shown = await house.say(42, "/invite")
    code = shown.text.rsplit("/start ", 1)[1].split()[0]
    assert code not in "".join(str(row) for row in house.rows("access"))


async def test_a_stranger_gets_one_answer_to_anything_and_leaves_no_trace(house):
    for text in ("/latest", "/export", "/deleteme", "hello", "/status", "/frobnicate"):
        assert "private" in (await house.say(666, text)).text
    assert house.chat("666") is None


async def test_unknown_commands_are_answered_with_what_was_meant(house):
    shown = await house.say(42, "/lastest")
    assert "Did you mean" in shown.text
    assert "/latest" in shown.text


async def test_plain_words_are_answered_with_a_search(house):
    shown = await house.say(42, "what about <b>gallium</b>?")
    assert "/search what about <b>gallium</b>?" in shown.text


async def test_done_ends_the_set_up_at_any_step_with_sensible_defaults(house):
    shown = await house.say(42, "/start", lang="de")
    shown = await house.press(shown, "🚢")
    await house.press(shown, "Fertig")
    chat = house.chat("42")
    assert (chat.zone, chat.quiet_from, chat.quiet_to, chat.lang) == ("Europe/Berlin", "22:00", "07:00", "de")


async def test_the_zone_is_found_by_city(house):
    shown = await house.say(42, "/start")
    shown = await house.press(shown, "🔬")
    shown = await house.press(shown, "High")
    shown = await house.press(shown, "No digest")
    asked = await house.press(shown, "Another time zone")
    assert asked.parameters["reply_markup"]["keyboard"][0][0]["request_location"] is True
    found = await house.say(42, "Hsinchu")
    assert found.buttons[0].startswith("Asia/Taipei")
    await house.press(found, "Asia/Taipei")
    assert house.chat("42").zone == "Asia/Taipei"
    assert "All set" in found.text


async def test_the_zone_is_found_by_a_shared_location(house):
    shown = await house.say(42, "/settings")
    await house.press(shown, "Time zone")
    found = await house.say(42, "", location={"latitude": 48.1, "longitude": 11.6})
    assert len(found.buttons) == 1
    await house.press(found, found.buttons[0])
    assert house.chat("42").zone.startswith("Europe/")


async def test_quiet_hours_are_switched_in_the_last_step(house):
    shown = await house.say(42, "/start")
    for label in ("⛏️", "High", "Monday"):
        await house.press(shown, label)
    await house.press(shown, "🌙")
    assert house.chat("42").quiet_from == ""
    await house.press(shown, "🌙")
    assert house.chat("42").quiet_from == "22:00"


async def test_cancel_ends_a_question(house):
    await house.say(42, "/addrule")
    await house.say(42, "/cancel")
    assert "commands only" in (await house.say(42, "gallium")).text


async def test_the_owner_shuts_out_whom_they_let_in(house):
    assert "Nobody but you" in (await house.say(42, "/members")).text
    code = (await house.say(42, "/invite")).text.rsplit("/start ", 1)[1].split()[0]
    await house.say(9, f"/start {code}", name="Grace <b>")
    await house.say(9, "/subscribe sanctions")
    shown = await house.say(42, "/members")
    assert "Grace <b> (9)" in shown.text
    await house.press(shown, "Shut out 1")
    assert "Nobody but you" in shown.text
    assert "private" in (await house.say(9, "/latest")).text
    assert house.chat("9").disabled_reason == "shut out by the owner"


async def test_owner_commands_do_not_exist_for_others(house):
    code = (await house.say(42, "/invite")).text.rsplit("/start ", 1)[1].split()[0]
    await house.say(9, f"/start {code}")
    for name in ("status", "broadcast x", "invite", "members"):
        assert "do not know the command" in (await house.say(9, f"/{name}")).text
    assert "/broadcast" not in (await house.say(9, "/help")).text
