import json
from datetime import timedelta

import pytest

from bot.domain import Mode, Severity
from tests.fakes.conversations import OWNER
from tests.fakes.values import NOW


async def give(house, content, chat_id=OWNER, caption="/import", **given):
    """A user sends a file with a caption."""
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    house.api.files["f1"] = content
    document = {"file_id": "f1", "file_unique_id": "f1", "file_name": "x.json", "file_size": len(content)}
    entities = [{"type": "bot_command", "offset": 0, "length": len(caption)}] if caption else []
    return await house.say(chat_id, "", caption=caption, caption_entities=entities, document=document, **given)


@pytest.fixture
async def full(house):
    await house.say(42, "/subscribe sanctions")
    await house.press(await house.say(42, "/addrule Chips | nvidia AND (H20 OR H200)"), "Save")
    await house.press(await house.say(42, "/settings"), "Level")
    await house.press(house.api.chat(42).last, "High")
    await house.say(42, "/mute trade_deal 1w")
    return house


async def exported(house):
    shown = await house.say(42, "/export")
    return json.loads(shown.document)


async def test_the_export_holds_settings_rules_and_snoozes(full):
    found = await exported(full)
    assert found["settings"]["level"] == "high"
    assert [rule["name"] for rule in found["rules"]] == ["Topics", "Chips"]
    assert found["snoozes"][0]["value"] == "trade_deal"


async def test_an_export_is_read_back_into_another_chat(full):
    full.api.add_chat(-1001, "supergroup", title="Desk")
    full.api.set_member(-1001, 42, "creator")
    await full.say(-1001, "/start", user_id=42)
    await give(full, await exported(full), chat_id=-1001, user_id=42)
    assert [(rule.name, rule.query) for rule in full.rules("-1001")] == [
        ("Topics", "topic:sanctions"),
        ("Chips", "nvidia AND (H20 OR H200)"),
    ]
    assert full.chat("-1001").level is Severity.HIGH


async def test_what_is_muted_stays_muted_in_the_other_chat(full):
    await full.say(42, "/mute rule Chips 1d")
    full.api.add_chat(-1001, "supergroup", title="Desk")
    full.api.set_member(-1001, 42, "creator")
    await full.say(-1001, "/start", user_id=42)
    shown = await give(full, await exported(full), chat_id=-1001, user_id=42)
    assert "2 snoozes go on" in shown.text
    (chips,) = [rule.id for rule in full.rules("-1001") if rule.name == "Chips"]
    muted = {(row["what"], row["value"]) for row in full.rows("snoozes") if row["chat_key"] == "-1001"}
    assert muted == {("topic", "trade_deal"), ("rule", chips)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "nothing"},
        {"what": "everything"},
        {"until": "tomorrow"},
        {"until": "2025-07-17T10:00:00"},
        {"until": None},
        {"value": ["sanctions"]},
        {"what": "rule", "value": "No such rule"},
        {"what": "story", "value": "../../etc"},
        {"what": "entity", "value": "x" * 101},
    ],
    ids=str,
)
async def test_an_impossible_snooze_is_a_fault_and_nothing_is_imported(full, wrong):
    found = await exported(full)
    found["settings"]["level"] = "low"
    found["snoozes"] = [{**found["snoozes"][0], **wrong}]
    assert "snooze 1: what, value or until is not possible" in (await give(full, found)).text
    assert full.chat("42").level is Severity.HIGH


async def test_a_snooze_that_is_over_is_left_out_and_none_lasts_longer_than_a_year(full):
    found = await exported(full)
    found["snoozes"] = [
        {"what": "topic", "value": "sanctions", "until": "2024-01-01T00:00:00+00:00"},
        {"what": "entity", "value": "huawei", "until": "2999-01-01T00:00:00+00:00"},
    ]
    assert "1 snooze goes on" in (await give(full, found)).text
    until = {row["value"]: row["until"] for row in full.rows("snoozes")}
    assert "sanctions" not in until
    assert until["huawei"] < NOW + timedelta(days=366)


async def test_importing_twice_changes_nothing_more(full):
    found = await exported(full)
    before = full.rules("42")
    await give(full, found)
    await give(full, found)
    assert full.rules("42") == before


async def test_import_asks_for_the_file_and_takes_a_reply(full):
    found = await exported(full)
    assert "Send the file" in (await full.say(42, "/import")).text
    assert "Imported" in (await give(full, found, caption="")).text
    sent = next(shown for shown in full.api.chat(42).messages if shown.document)
    full.api.files["d"] = sent.document
    assert "Imported" in (await full.say(42, "/import", reply_to=sent)).text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no file of /export"),
        (b"{}", "no file of /export"),
        (b"null", "no file of /export"),
        ({"format": "straitwatch-chat/1", "settings": []}, "settings"),
        ({"format": "straitwatch-chat/1", "settings": {"level": "apocalyptic"}}, "settings.level"),
        ({"format": "straitwatch-chat/1", "settings": {"zone": "../../etc/passwd"}}, "settings.zone"),
        ({"format": "straitwatch-chat/1", "settings": {"telegram_id": 1}}, "settings.telegram_id"),
        ({"format": "straitwatch-chat/1", "settings": {"quiet_from": "22:00"}}, "both ends"),
        ({"format": "straitwatch-chat/1", "settings": {"digest_time": "99:99"}}, "digest_time"),
        ({"format": "straitwatch-chat/1", "rules": [{"query": 'nvidia AND "'}]}, "rule 1"),
        ({"format": "straitwatch-chat/1", "rules": [{"name": "x"}]}, "rule 1"),
        ({"format": "straitwatch-chat/1", "rules": [{"query": f"word{n}"} for n in range(51)]}, "at most 50"),
        ({"format": "straitwatch-chat/1", "rules": [{"query": "/(a+)+$/ " * 30}]}, "rule 1"),
    ],
)
async def test_a_faulty_file_changes_nothing_and_names_the_faults(full, content, told):
    before = full.chat("42"), full.rules("42")
    shown = await give(full, content)
    assert told in shown.text
    assert (full.chat("42"), full.rules("42")) == before


async def test_a_file_that_is_too_large_is_not_fetched(full):
    await give(full, b"x" * 300_000)
    assert full.api.sent("getFile") == []


async def test_deleteme_erases_everything_and_says_what(full):
    told = full.store(1, title="Country bans exports of gallium", severity=Severity.HIGH)
    alerted = await full.alerted(42, told)
    await full.press(alerted, "👍")
    shown = await full.say(42, "/deleteme")
    assert full.chat("42") is not None
    await full.press(shown, "Erase everything")
    assert "2 × rules and topics" in shown.text
    assert "1 × votes" in shown.text
    assert full.chat("42") is None
    left = {
        row["chat_key"]
        for name in ("subscriptions", "snoozes", "deliveries", "messages", "feedback")
        for row in full.rows(name)
    }
    assert left == set()


async def test_erasing_can_be_thought_better_of_and_ends_after_ten_minutes(full):
    shown = await full.say(42, "/deleteme")
    await full.press(shown, "Keep it")
    shown = await full.say(42, "/deleteme")
    full.clock.pass_by(minutes=11)
    await full.press(shown, "Erase everything")
    assert "too old" in full.toast
    assert full.chat("42") is not None


async def test_only_who_asked_can_confirm_the_erasing_of_a_group(house):
    house.api.add_chat(-1001, "supergroup", title="Desk")
    for admin in (42, 43):
        house.api.set_member(-1001, admin, "administrator")
    await house.say(-1001, "/start", user_id=42)
    shown = await house.say(-1001, "/deleteme", user_id=42)
    await house.press(shown, "Erase everything", user_id=43)
    assert house.chat("-1001") is not None
    await house.press(shown, "Erase everything", user_id=42)
    assert house.chat("-1001") is None


async def test_a_broadcast_is_owed_to_every_chat_once(full):
    shown = await full.say(42, "/broadcast Maintenance <tonight>")
    assert "Send this to 1 chat?" in shown.text
    await full.press(shown, "Send")
    await full.press_data(
        shown, f"v1:cast:{shown.parameters['reply_markup']['inline_keyboard'][0][0]['callback_data'].split(':')[2]}:yes"
    )
    assert sum(row["kind"] == "notice" for row in full.rows("deliveries")) == 1
    await full.send_owed()
    assert "Maintenance <tonight>" in full.api.texts(42)[-1]


async def test_modes_of_rules_survive_the_journey(full):
    found = await exported(full)
    found["rules"][1] |= {"mode": "batched", "level": "critical", "paused": True}
    await give(full, found)
    rule = full.rules("42")[1]
    assert (rule.mode, rule.level, rule.paused) == (Mode.BATCHED, Severity.CRITICAL, True)
