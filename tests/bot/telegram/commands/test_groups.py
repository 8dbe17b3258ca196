"""Who may change what (reliability tables X12 and X13)."""

import pytest

from bot.domain import Severity, Topic
from tests.fakes.bot_api_updates import ANONYMOUS_ADMIN, TELEGRAM

GROUP, FORUM, CHANNEL, OTHER = -1001, -1002, -1003, -1009
ADMIN, USER = 42, 77


@pytest.fixture
async def group(house):
    house.api.add_chat(GROUP, "supergroup", title="Chip desk")
    house.api.set_member(GROUP, ADMIN, "administrator")
    house.api.set_member(GROUP, USER, "member")
    house.api.push_membership(GROUP, old="left", new="member", by=ADMIN)
    await house.deliver()
    return house


def sender(who):
    return {
        "admin": {"user_id": ADMIN},
        "user": {"user_id": USER},
        "anonymous admin": {"sender_chat": GROUP},
        "another channel": {"sender_chat": OTHER},
        "the stand-in alone": {"user_id": ANONYMOUS_ADMIN},
        "forwarded from the linked channel": {"user_id": TELEGRAM, "sender_chat": OTHER, "is_automatic_forward": True},
    }[who]


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("admin", True),
        ("user", False),
        ("anonymous admin", True),
        ("another channel", False),
        ("the stand-in alone", False),
        ("forwarded from the linked channel", False),
    ],
)
async def test_only_administrators_change_a_group_by_command(group, who, may):
    group.api.add_chat(OTHER, "channel", title="Elsewhere")
    await group.say(GROUP, "/subscribe sanctions", **sender(who))
    assert [rule.query for rule in group.rules(str(GROUP))] == (["topic:sanctions"] if may else [])


@pytest.mark.parametrize(("user", "may"), [(ADMIN, True), (USER, False), (0, False)])
async def test_only_administrators_change_a_group_by_button(group, user, may):
    shown = await group.say(GROUP, "/topics", user_id=ADMIN)
    await group.press(shown, "▫️ Sanctions", user_id=user or 999)
    assert bool(group.rules(str(GROUP))) is may
    if not may:
        assert "Only administrators" in group.toast


async def test_rights_are_asked_anew_after_a_minute(group):
    shown = await group.say(GROUP, "/topics", user_id=ADMIN)
    group.api.set_member(GROUP, ADMIN, "member")
    group.clock.pass_by(seconds=61)
    await group.press(shown, "▫️ Sanctions", user_id=ADMIN)
    assert group.rules(str(GROUP)) == []


async def test_rights_are_asked_once_a_minute_at_most(group):
    for _ in range(5):
        await group.say(GROUP, "/topics", user_id=ADMIN)
    assert len(group.api.sent("getChatMember")) == 1


async def test_members_may_read_and_vote(group):
    told = group.store(1, title="Country bans exports of gallium", severity=Severity.HIGH)
    await group.say(GROUP, "/subscribe export_control", user_id=ADMIN)
    assert "gallium" in (await group.say(GROUP, "/latest", user_id=USER)).text
    shown = await group.alerted(GROUP, told)
    await group.press(shown, "👍", user_id=USER)
    await group.press(shown, "👎", user_id=ADMIN)
    assert len(group.rows("feedback")) == 2
    await group.press(shown, "Snooze", user_id=USER)
    assert "Only administrators" in group.toast


async def test_a_group_that_a_stranger_adds_us_to_is_not_served(house):
    house.api.push_membership(OTHER, old="left", new="member", by=666)
    await house.deliver()
    assert "private" in house.api.chat(OTHER).last.text
    house.api.set_member(OTHER, 666, "creator")
    await house.say(OTHER, "/subscribe sanctions", user_id=666)
    assert house.chat(str(OTHER)) is None
    assert house.rules(str(OTHER)) == []


async def test_an_invite_code_lets_a_group_in(house):
    shown = await house.say(42, "/invite")
    code = shown.text.rsplit("/start ", 1)[1].split()[0]
    house.api.set_member(OTHER, 666, "creator")
    await house.say(OTHER, f"/start@straitwatch_test_bot {code}", user_id=666)
    await house.say(OTHER, "/subscribe sanctions", user_id=666)
    assert len(house.rules(str(OTHER))) == 1


async def test_talk_and_commands_for_other_bots_are_not_answered(group):
    before = group.count(GROUP)
    for text in ("good morning", "/subscribe@another_bot sanctions", "/frobnicate"):
        await group.say(GROUP, text, user_id=ADMIN)
    assert group.count(GROUP) == before
    assert "Did you mean" in (await group.say(GROUP, "/topic@straitwatch_test_bot", user_id=ADMIN)).text


async def test_topics_of_a_forum_have_settings_of_their_own(house):
    house.api.add_chat(FORUM, "supergroup", title="Forum", forum=True, threads={5, 6})
    house.api.set_member(FORUM, ADMIN, "creator")
    await house.say(FORUM, "/start", user_id=ADMIN, thread_id=5)
    shown = await house.say(FORUM, "/subscribe sanctions", user_id=ADMIN, thread_id=5)
    assert shown.thread_id == 5
    await house.say(FORUM, "/subscribe trade_deal", user_id=ADMIN, thread_id=6)
    assert [rule.query for rule in house.rules(f"{FORUM}:5")] == ["topic:sanctions"]
    assert [rule.query for rule in house.rules(f"{FORUM}:6")] == ["topic:trade_deal"]
    told = house.store(1, title="Asset freeze", topics=[Topic.SANCTIONS], severity=Severity.HIGH)
    alerted = await house.alerted(FORUM, told, key=f"{FORUM}:5")
    assert alerted.thread_id == 5
    explained = await house.press(alerted, "Why?", user_id=ADMIN)
    assert explained.thread_id == 5


async def test_buttons_of_a_topic_work_when_its_messages_went_to_general(house):
    house.api.add_chat(FORUM, "supergroup", title="Forum", forum=True, threads={5})
    house.api.set_member(FORUM, ADMIN, "creator")
    await house.say(FORUM, "/start", user_id=ADMIN, thread_id=5)
    await house.say(FORUM, "/subscribe sanctions", user_id=ADMIN, thread_id=5)
    with house.engine.begin() as tx:
        from bot.storage.chats import leave_topic

        leave_topic(tx, f"{FORUM}:5")
    told = house.store(1, title="Asset freeze", topics=[Topic.SANCTIONS], severity=Severity.HIGH)
    alerted = await house.alerted(FORUM, told, key=f"{FORUM}:5")
    assert alerted.thread_id is None
    await house.press(alerted, "👍", user_id=ADMIN)
    assert [row["chat_key"] for row in house.rows("feedback")] == [f"{FORUM}:5"]


@pytest.fixture
async def channel(house):
    house.api.add_chat(CHANNEL, "channel", title="Export watch", username="exportwatch")
    house.api.set_member(CHANNEL, ADMIN, "administrator")
    house.api.push_membership(CHANNEL, old="left", new="administrator", by=ADMIN)
    await house.deliver()
    return house


async def test_a_channel_is_managed_from_the_private_chat_of_its_administrator(channel):
    assert channel.count(CHANNEL) == 0
    shown = await channel.say(ADMIN, "/manage")
    await channel.press(shown, "Export watch")
    added = await channel.say(ADMIN, "/subscribe sanctions")
    assert added.text.startswith("📣 Export watch")
    menu = await channel.say(ADMIN, "/topics")
    await channel.press(menu, "▫️ Trade deals")
    assert channel.rules(str(CHANNEL))[0].query == "topic:(sanctions OR trade_deal)"
    assert channel.rules(str(ADMIN)) == []
    await channel.say(ADMIN, "/manage me")
    await channel.say(ADMIN, "/subscribe enforcement")
    assert channel.rules(str(ADMIN))[0].query == "topic:enforcement"


async def test_a_channel_is_found_by_its_name(channel):
    assert "Export watch" in (await channel.say(ADMIN, "/manage @exportwatch")).buttons


async def test_who_no_longer_administers_a_channel_changes_nothing_there(channel):
    await channel.press(await channel.say(ADMIN, "/manage"), "Export watch")
    menu = await channel.say(ADMIN, "/topics")
    channel.api.set_member(CHANNEL, ADMIN, "left")
    channel.clock.pass_by(seconds=61)
    await channel.press(menu, "▫️ Trade deals")
    await channel.say(ADMIN, "/subscribe sanctions")
    await channel.say(ADMIN, "/deleteme")
    assert channel.rules(str(CHANNEL)) == []
    assert channel.chat(str(CHANNEL)) is not None


async def test_nobody_else_sees_a_channel_in_manage(channel):
    with channel.engine.begin() as tx:
        from bot.storage.access import USER as KIND
        from bot.storage.access import allow

        allow(tx, KIND, USER, note="", now=channel.clock.now())
    shown = await channel.say(USER, "/manage")
    assert "no channel or group" in shown.text
    await channel.say(USER, f"/manage {CHANNEL}")
    await channel.say(USER, "/subscribe sanctions")
    assert channel.rules(str(CHANNEL)) == []


async def test_posts_in_the_channel_itself_are_commands_too(channel):
    await channel.say(CHANNEL, "/subscribe sanctions")
    assert channel.rules(str(CHANNEL))[0].query == "topic:sanctions"
    before = channel.count(CHANNEL)
    await channel.say(CHANNEL, "an ordinary post")
    assert channel.count(CHANNEL) == before


async def test_why_in_a_channel_answers_the_reader_alone(channel):
    await channel.say(CHANNEL, "/subscribe export_control")
    told = channel.store(1, title="Country bans exports of gallium", severity=Severity.HIGH)
    shown = await channel.alerted(CHANNEL, told)
    before = channel.count(CHANNEL)
    await channel.press(shown, "Why?", user_id=12345)
    assert channel.count(CHANNEL) == before
    assert "Topics" in channel.toast
    assert channel.api.answers[-1]["show_alert"] is True


async def test_another_chats_button_means_nothing(group):
    """X13: the ids of one chat, pressed in another."""
    mine = await group.say(ADMIN, "/topics")
    theirs = await group.say(GROUP, "/topics", user_id=ADMIN)
    await group.press_data(theirs, mine.data("▫️ Sanctions"), user_id=ADMIN)
    assert "too old" in group.toast
    await group.press(await group.say(ADMIN, "/addrule Mine | nvidia"), "Save")
    rule = group.rules(str(ADMIN))[0]
    menu = await group.say(GROUP, "/addrule Ours | huawei", user_id=ADMIN)
    await group.press(menu, "Save", user_id=ADMIN)
    rules = await group.say(GROUP, "/rules", user_id=ADMIN)
    short = rules.data("1.").split(":")[2]
    for verb in ("show", "erase", "pause", "edit", "test"):
        await group.press_data(rules, f"v1:rule:{short}:{verb}.{rule.id}", user_id=ADMIN)
        assert "no such rule" in group.toast
        assert "nvidia" not in group.api.chat(GROUP).last.text
    assert group.rules(str(ADMIN)) == [rule]


async def test_a_group_that_gets_a_new_id_keeps_its_rules(group):
    await group.say(GROUP, "/subscribe sanctions", user_id=ADMIN)
    group.api.push_migration(GROUP, -1005)
    await group.deliver()
    await group.again()
    assert group.rules(str(GROUP)) == []
    assert [rule.query for rule in group.rules("-1005")] == ["topic:sanctions"]


async def test_blocking_and_coming_back(house):
    await house.say(42, "/subscribe sanctions")
    house.api.push_membership(42, old="member", new="kicked", by=42)
    await house.deliver()
    assert house.chat("42").disabled_reason == "blocked by the user"
    house.api.push_membership(42, old="kicked", new="member", by=42)
    await house.deliver()
    assert house.chat("42").disabled_reason == ""
    assert len(house.rules("42")) == 1


async def test_reading_in_a_topic_does_not_set_it_up(house):
    house.api.add_chat(FORUM, "supergroup", title="Forum", forum=True, threads={5, 6})
    house.api.set_member(FORUM, ADMIN, "creator")
    await house.say(FORUM, "/start", user_id=ADMIN, thread_id=5)
    await house.say(FORUM, "/latest", user_id=USER, thread_id=6)
    assert house.chat(f"{FORUM}:5") is not None
    assert house.chat(f"{FORUM}:6") is None


async def test_a_question_in_a_group_is_answered_by_reply_and_by_its_asker(group):
    asked = await group.say(GROUP, "/addrule", user_id=ADMIN)
    assert asked.parameters["reply_markup"]["force_reply"] is True
    await group.say(GROUP, "nvidia AND H20", user_id=USER, reply_to=asked)
    shown = await group.say(GROUP, "huawei AND 7nm", user_id=ADMIN, reply_to=asked)
    assert "huawei AND 7nm" in shown.text
    await group.press(shown, "Save", user_id=ADMIN)
    assert [rule.query for rule in group.rules(str(GROUP))] == ["huawei AND 7nm"]


async def test_a_menu_outlives_the_move_to_a_new_id(group):
    shown = await group.say(GROUP, "/topics", user_id=ADMIN)
    data = shown.data("▫️ Sanctions")
    group.api.push_migration(GROUP, -1005)
    await group.deliver()
    group.api.set_member(-1005, ADMIN, "creator")
    moved = await group.say(-1005, "/help", user_id=ADMIN)
    await group.press_data(moved, data, user_id=ADMIN)
    assert [rule.query for rule in group.rules("-1005")] == ["topic:sanctions"]


async def test_titles_of_chats_bring_no_markup(house):
    house.api.add_chat(CHANNEL, "channel", title="<b>x</b> & \u202eevil")
    house.api.set_member(CHANNEL, ADMIN, "administrator")
    house.api.push_membership(CHANNEL, old="left", new="administrator", by=ADMIN)
    await house.deliver()
    shown = await house.say(ADMIN, "/manage")
    await house.press(shown, "<b>x</b>")
    assert (await house.say(ADMIN, "/subscribe sanctions")).text.startswith("📣 <b>x</b> & evil")
