from datetime import timedelta

import pytest

from bot.domain import DeliveryState, Severity, derive_id
from tests.fakes.conversations import house as open_house
from tests.fakes.values import NOW, assessment


@pytest.fixture
async def alerted(house):
    await house.say(42, "/subscribe export_control")
    told = house.store(1, title="Country bans exports of gallium", severity=Severity.HIGH)
    return await house.alerted(42, told)


async def test_why_tells_rules_words_probability_sources_and_what_nearly_held_it_back(house, alerted):
    shown = await house.press(alerted, "Why?")
    for words in ("Your rule: Topics (gallium)", "90%", "the classifier is sure", "1 independent publisher", "wire",
                  "only one publisher reports it", "This chat was told"):  # fmt: skip
        assert words in shown.text
    assert alerted.text.startswith("🟠 High")


async def test_why_works_as_a_reply_and_by_id(house, alerted):
    assert "Your rule" in (await house.say(42, "/why", reply_to=alerted)).text
    assert "Your rule" in (await house.say(42, "/why 5000000000000001")).text
    assert "Your rule" in (await house.say(42, "/why_5000000000000001")).text
    assert "no such story" in (await house.say(42, "/why 5fffffffffffffff")).text
    assert "Reply to an alert" in (await house.say(42, "/why ' OR 1=1 --")).text


async def test_why_works_out_the_strongest_terms(tmp_path):
    def assess(articles, *, explain):
        assert explain
        return [assessment(article_id=one.id, terms=(("export ban", 2.5), ("recipe", -1.0))) for one in articles]

    async with open_house(tmp_path, assess=assess) as house:
        house.store(1, title="Country bans exports of gallium")
        assert "export ban +2.50, recipe -1.00" in (await house.say(42, "/why 5000000000000001")).text


@pytest.mark.parametrize(
    ("label", "what", "value"),
    [
        ("This story", "story", "5000000000000001"),
        ("Export controls", "topic", "export_control"),
        ("Rule", "rule", None),
    ],
)
async def test_a_story_rule_or_topic_is_snoozed_from_the_alert(house, alerted, label, what, value):
    await house.press(alerted, "Snooze")
    await house.press(alerted, label)
    (row,) = house.rows("snoozes")
    assert (row["chat_key"], row["what"], row["value"]) == ("42", what, value or house.rules("42")[0].id)
    assert row["until"] == house.clock.now() + timedelta(hours=1)
    assert alerted.buttons == ["Why?", "Snooze", "👍", "👎"]
    assert "Snoozed for 1 h" in house.toast


async def test_snoozing_a_story_cancels_what_is_still_owed_about_it(house, alerted):
    del alerted
    told = house.store(2, title="Another ban", severity=Severity.HIGH)
    shown = await house.alerted(42, told)
    with house.engine.begin() as tx:
        from bot.storage.schema import deliveries

        tx.execute(deliveries.update().where(deliveries.c.subject == told.id).values(state="held"))
    await house.press(shown, "Snooze")
    await house.press_data(shown, shown.data("This story").replace(".1h", ".1w"))
    states = {row["subject"]: row["state"] for row in house.rows("deliveries")}
    assert states[told.id] == DeliveryState.CANCELLED


async def test_a_vote_is_stored_once_a_user_and_story(house, alerted):
    await house.press(alerted, "👍")
    await house.press(alerted, "👍")
    (row,) = house.rows("feedback")
    assert (row["vote"], row["story_id"], row["chat_key"]) == (1, "5000000000000001", "42")
    assert row["user_hash"] not in {"42", derive_id("voter", "42"), derive_id("voter", "", "42")}, "salted"
    assert len(row["user_hash"]) == len(derive_id("voter"))


async def test_a_vote_against_takes_a_reason(house, alerted):
    await house.press(alerted, "👎")
    await house.press(alerted, "Old news")
    (row,) = house.rows("feedback")
    assert (row["vote"], row["reason"]) == (-1, "old_news")
    assert alerted.buttons == ["Why?", "Snooze", "👍", "👎"]


async def test_votes_are_capped_a_user_and_day(house, alerted):
    with house.engine.begin() as tx:
        from bot.storage.feedback import Vote, save_vote, voter

        for number in range(200):
            vote = Vote(
                story_id=f"s{number}", alert_id="", article_id="", vote=1, reason="", created_at=house.clock.now()
            )
            save_vote(tx, "42", voter(tx, 42), vote)
    await house.press(alerted, "👍")
    assert "not counted" in house.toast
    assert len(house.rows("feedback")) == 200


async def test_missed_tells_where_a_page_was_dropped(house):
    from bot.ingest.polled import Drop
    from bot.storage.articles import add_drops

    house.store(
        1,
        title="Country bans exports of gallium",
        flagged=False,
        reason="probability 12% is below the threshold of 50%",
    )
    house.store(2, title="Country bans exports of germanium")
    with house.engine.begin() as tx:
        drop = Drop(
            source_id="wire", url="https://wire.example/old", title="Old", reason="undated", detail="", dropped_at=NOW
        )
        add_drops(tx, [drop])
    assert "not flagged: probability 12%" in (await house.say(42, "/missed https://wire.example/1")).text
    assert "no subscription" in (await house.say(42, "/missed https://wire.example/2")).text
    await house.say(42, "/subscribe sanctions")
    assert "none of its rules matches" in (await house.say(42, "/missed https://wire.example/2")).text
    await house.say(42, "/subscribe export_control")
    assert "rule is newer" in (await house.say(42, "/missed https://wire.example/2")).text
    await house.say(42, "/mute export_control 1d")
    assert "its topic is muted" in (await house.say(42, "/missed https://wire.example/2")).text
    assert "states no date" in (await house.say(42, "/missed https://wire.example/old")).text
    assert "no source of mine covers nowhere.example" in (await house.say(42, "/missed https://nowhere.example/x")).text
    assert "Give the address" in (await house.say(42, "/missed javascript:alert(1)")).text


async def test_mute_takes_topics_companies_rules_and_times(house):
    await house.say(42, "/subscribe sanctions")
    for text in ("/mute sanctions 1w", "/mute entity Hua Hong 3d", "/mute rule Topics 2h"):
        assert "Silent until" in (await house.say(42, text)).text
    found = {(row["what"], row["value"]) for row in house.rows("snoozes")}
    assert found == {("topic", "sanctions"), ("entity", "hua_hong"), ("rule", house.rules("42")[0].id)}
    shown = await house.say(42, "/mute")
    await house.press(shown, "End 1")
    assert len(house.rows("snoozes")) == 2
    assert "no such topic" in (await house.say(42, "/mute everything and all")).text


async def test_a_reply_with_mute_silences_the_story(house, alerted):
    await house.say(42, "/mute 1w", reply_to=alerted)
    assert [row["what"] for row in house.rows("snoozes")] == ["story"]


async def test_what_comes_in_a_pause_is_kept_and_comes_as_one_message_afterwards(house):
    await house.say(42, "/subscribe export_control")
    assert "until /resume" in (await house.say(42, "/pause")).text
    for number in range(3):
        house.alert("42", house.store(number, title=f"Ban {number}", severity=Severity.HIGH))
    before = house.count(42)
    await house.send_owed()
    assert house.count(42) == before
    assert "3 alerts were kept" in (await house.say(42, "/resume")).text
    await house.send_owed()
    assert "3 alerts" in house.api.chat(42).last.text
    assert "Nothing was paused" in (await house.say(42, "/resume")).text


async def test_a_pause_has_a_length(house):
    assert "For how long" in (await house.say(42, "/pause forever and a day")).text
    await house.say(42, "/pause 8h")
    assert house.chat("42").paused_until == house.clock.now() + timedelta(hours=8)


async def test_delivery_shows_the_ledger_and_tries_again(house, alerted):
    del alerted
    told = house.store(2, title="Another ban", severity=Severity.HIGH)
    owed = house.alert("42", told)
    with house.engine.begin() as tx:
        from bot.storage.schema import deliveries

        tx.execute(deliveries.update().where(deliveries.c.id == owed.id).values(state="parked", last_error="refused"))
    shown = await house.say(42, "/delivery")
    assert "1 sent" in shown.text
    assert "refused" in shown.text
    await house.press(shown, "Try again")
    assert "1 message is tried again" in house.toast
    assert "1 on their way" in shown.text


async def test_old_buttons_answer_politely_and_lose_their_keyboard(house, alerted):
    house.clock.pass_by(days=91)
    await house.press(alerted, "Why?")
    assert "too old" in house.toast
    assert alerted.buttons == []
