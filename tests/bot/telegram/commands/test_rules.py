from datetime import timedelta

from bot.domain import Mode, Severity
from bot.storage.subscriptions import save_subscription
from tests.fakes.values import NOW, subscription


async def test_a_rule_is_tried_on_the_archive_before_it_is_saved(house):
    for number in range(5):
        house.store(number, title=f"Country bans exports of gallium, part {number}")
    house.store(9, title="Port closed by storm")
    shown = await house.say(42, "/addrule Gallium | gallium AND exports")
    assert "Last 30 days: 5 alerts; 1 at night. No other rule sends them." in shown.text
    assert shown.text.count("/why_") == 3
    assert house.rules("42") == []
    saved = await house.press(shown, "Save")
    assert "Saved" in saved.text
    assert [(rule.name, rule.query) for rule in house.rules("42")] == [("Gallium", "gallium AND exports")]


async def test_alerts_at_night_are_counted_in_the_zone_of_the_chat(house):
    house.store(1, title="Gallium at night", at=NOW - timedelta(hours=10))  # 02:00
    house.store(2, title="Gallium at noon", at=NOW)
    assert "1 at night" in (await house.say(42, "/addrule gallium")).text


async def test_a_faulty_query_shows_the_place_and_can_be_sent_again(house):
    shown = await house.say(42, '/addrule nvidia AND "H20')
    assert "<pre>" in shown.html
    assert "^" in shown.text
    shown = await house.say(42, "nvidia AND H20")
    await house.press(shown, "Save")
    assert [rule.query for rule in house.rules("42")] == ["nvidia AND H20"]


async def test_edit_asks_for_the_query_again_and_cancel_saves_nothing(house):
    shown = await house.say(42, "/addrule Chips | nvidia")
    await house.press(shown, "Edit")
    shown = await house.say(42, "Chips | nvidia AND china")
    await house.press(shown, "Cancel")
    assert house.rules("42") == []
    assert shown.keyboard == []


async def test_saving_twice_saves_once(house):
    shown = await house.say(42, "/addrule nvidia")
    data = shown.data("Save")
    await house.press_data(shown, data)
    await house.press_data(shown, data)
    await house.again()
    assert len(house.rules("42")) == 1


async def test_a_rule_is_edited_paused_levelled_and_deleted(house):
    await house.press(await house.say(42, "/addrule Chips | nvidia"), "Save")
    shown = await house.say(42, "/rules")
    await house.press(shown, "1.")
    await house.press(shown, "Pause")
    assert house.rules("42")[0].paused
    await house.press(shown, "Switch on")
    await house.press(shown, "Critical")
    await house.press(shown, "digest only")
    rule = house.rules("42")[0]
    assert (rule.paused, rule.level, rule.mode) == (False, Severity.CRITICAL, Mode.DIGEST_ONLY)
    await house.press(shown, "Edit")
    proposed = await house.say(42, "nvidia AND H20")
    await house.press(proposed, "Save")
    assert house.rules("42")[0].query == "nvidia AND H20"
    assert house.rules("42")[0].level is Severity.CRITICAL
    await house.press(shown, "Delete")
    await house.press(shown, "Delete")
    assert house.rules("42") == []


async def test_testing_a_stored_rule_shows_what_it_sends(house):
    house.store(1, title="Country bans exports of gallium")
    await house.say(42, "/subscribe export_control")
    shown = await house.say(42, "/rules")
    await house.press(shown, "1.")
    assert "Last 30 days: 1 alert" in (await house.press(shown, "Test")).text


async def test_fifty_rules_are_enough(house):
    for number in range(50):
        house.clock.pass_by(minutes=1)
        if 0 < number < 47:
            name, at = f"word{number}", house.clock.now()
            with house.engine.begin() as tx:
                save_subscription(tx, subscription(id=name, chat_key="42", name=name, query=name, created_at=at))
            continue
        await house.press(await house.say(42, f"/addrule word{number}"), "Save")
    assert "50 rules" in (await house.say(42, "/addrule onemore")).text
    shown = await house.say(42, "/rules")
    for _ in range(4):
        await house.press(shown, "More")
    assert shown.buttons[:2] == ["41. word40", "42. word41"]
    assert "More ›" not in shown.buttons
    assert len(house.rules("42")) == 50


async def test_a_name_that_is_taken_gets_a_number(house):
    for query in ("nvidia", "huawei"):
        await house.press(await house.say(42, f"/addrule Chips | {query}"), "Save")
    assert [rule.name for rule in house.rules("42")] == ["Chips", "Chips 2"]


async def test_topics_are_toggled_to_what_the_button_says(house):
    shown = await house.say(42, "/topics")
    data = shown.data("▫️ Sanctions")
    await house.press_data(shown, data)
    await house.press_data(shown, data)
    assert [rule.query for rule in house.rules("42")] == ["topic:sanctions"]
    await house.press(shown, "▫️ Trade deals")
    assert house.rules("42")[0].query == "topic:(sanctions OR trade_deal)"
    await house.press(shown, "All")
    assert house.rules("42")[0].query == "topic:*"
    await house.press(shown, "▫️ Semiconductors")
    assert {rule.name for rule in house.rules("42")} == {"Topics", "Semiconductors"}
    await house.press(shown, "None")
    assert [rule.name for rule in house.rules("42")] == ["Semiconductors"]


async def test_subscribe_understands_topics_roles_and_says_what_it_knows(house):
    await house.say(42, "/subscribe Critical-Minerals")
    await house.say(42, "/subscribe chips")
    unknown = await house.say(42, "/subscribe sanktions")
    assert "Did you mean sanctions" in unknown.text
    assert {rule.name for rule in house.rules("42")} == {"Topics", "Semiconductors"}
    await house.say(42, "/unsubscribe all")
    assert house.rules("42") == []
    assert "no subscription" in (await house.say(42, "/unsubscribe")).text


async def test_the_topic_buttons_keep_their_rule_to_themselves(house):
    await house.press(await house.say(42, "/addrule Topics | nvidia"), "Save")
    await house.say(42, "/subscribe sanctions")
    assert {(rule.name, rule.query) for rule in house.rules("42")} == {
        ("Topics 2", "nvidia"),
        ("Topics", "topic:sanctions"),
    }
    shown = await house.say(42, "/rules")
    await house.press(shown, "2.")
    await house.press(shown, "Edit")
    assert "/topics" in house.toast
