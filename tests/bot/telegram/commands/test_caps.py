import json

import pytest

from bot.telegram.commands.carrying import FORMAT
from tests.fakes.conversations import house as open_house


@pytest.fixture
async def house(tmp_path):
    async with open_house(tmp_path, rules_most=3, costly_most=1) as opened:
        yield opened


async def save(house, query):
    return await house.press(await house.say(42, f"/addrule {query}"), "Save")


async def test_a_chat_has_as_many_rules_as_the_operator_allows(house):
    for word in ("gallium", "tungsten", "antimony"):
        await save(house, word)
    assert "A chat can have 3 rules" in (await house.say(42, "/addrule indium")).text
    assert len(house.rules("42")) == 3


@pytest.mark.parametrize("query", ["/gall.um/", "-gallium", "gallium OR /t.n/"])
async def test_rules_that_each_article_must_be_tried_on_have_a_cap_of_their_own(house, query):
    await save(house, "/tungst.n/")
    await save(house, query)
    assert "1 of these" in house.toast
    await save(house, "indium /gall.um/")
    assert [rule.query for rule in house.rules("42")] == ["/tungst.n/", "indium /gall.um/"]


async def test_an_edited_rule_does_not_count_against_itself(house):
    await save(house, "/tungst.n/")
    shown = await house.say(42, "/rules")
    await house.press(shown, "1.")
    await house.press(shown, "Edit")
    await house.press(await house.say(42, "/tungst[eo]n/"), "Save")
    assert [rule.query for rule in house.rules("42")] == ["/tungst[eo]n/"]


async def test_a_file_does_not_bring_more_costly_rules_than_may_be_typed(house):
    rules = [{"name": name, "query": f"/{name}.+/"} for name in ("one", "two")]
    content = json.dumps({"format": FORMAT, "settings": {}, "rules": rules}).encode()
    house.api.files["f1"] = content
    document = {"file_id": "f1", "file_unique_id": "f1", "file_name": "x.json", "file_size": len(content)}
    entities = [{"type": "bot_command", "offset": 0, "length": 7}]
    shown = await house.say(42, "", caption="/import", caption_entities=entities, document=document)
    assert "“two”: This rule has no required word" in shown.text
    assert house.rules("42") == []


async def test_a_paused_costly_rule_is_switched_on_again_only_where_there_is_room(house):
    await save(house, "/tungst.n/")
    shown = await house.say(42, "/rules")
    await house.press(shown, "1.")
    await house.press(shown, "Pause")
    await save(house, "/gall.um/")
    shown = await house.say(42, "/rules")
    await house.press(shown, "1.")
    await house.press(shown, "Switch on")
    assert "1 of these" in house.toast
    assert [rule.paused for rule in house.rules("42")] == [True, False]
