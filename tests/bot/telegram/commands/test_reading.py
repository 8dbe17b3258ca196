import pytest

from bot.domain import Severity, Topic
from bot.telegram.messages import Outgoing, Part
from tests.fakes.conversations import house as open_house


async def test_latest_shows_what_the_rules_match_in_pages(house):
    for number in range(12):
        house.store(number, title=f"Export ban number {number}")
    house.store(20, title="Port closed by storm", topics=[Topic.LOGISTICS_DISRUPTION])
    await house.say(42, "/subscribe export_control")
    shown = await house.say(42, "/latest")
    assert "12 stories" in shown.text
    assert "number 11" in shown.text
    assert "storm" not in shown.text
    await house.press(shown, "More")
    assert "number 6" in shown.text
    await house.press(shown, "More")
    assert "number 0" in shown.text
    assert not any(label.startswith("More") for label in shown.buttons)
    await house.press(shown, "‹ Back")
    assert "number 6" in shown.text


async def test_latest_takes_a_topic(house):
    house.store(1, title="Export ban")
    house.store(2, title="Port closed by storm", topics=[Topic.LOGISTICS_DISRUPTION])
    assert "storm" in (await house.say(42, "/latest logistics")).text
    assert "I know no topic" in (await house.say(42, "/latest nonsense")).text


async def test_latest_without_rules_says_how_to_get_some(house):
    house.store(1, title="Export ban")
    assert "/topics" in (await house.say(42, "/latest")).text


async def test_search_finds_words_and_understands_the_rule_language(house):
    house.store(1, title="Country bans exports of gallium", severity=Severity.HIGH)
    house.store(2, title="Gallium imports rise")
    assert "2 stories" in (await house.say(42, "/search GALLIUM")).text
    assert "1 story" in (await house.say(42, "/search gallium bans")).text
    assert "1 story" in (await house.say(42, "/search gallium AND severity:>=high")).text
    assert "<pre>" in (await house.say(42, "/search severity:huge")).html
    assert "Nothing was found" in (await house.say(42, "/search 100%_")).text


async def test_search_without_words_shows_how(house):
    assert "/search gallium" in (await house.say(42, "/search")).text


@pytest.mark.parametrize("letter", ["Kaufhäuser", "半导体", "ЭКСПОРТ"])
async def test_search_knows_letters_beyond_ascii(house, letter):
    house.store(1, title=f"News about {letter} today")
    assert "1 story" in (await house.say(42, f"/search {letter}")).text


async def test_the_digest_is_composed_for_this_chat(tmp_path):
    asked = []

    def compose(chat, now, preview):
        asked.append((chat.key, preview))
        return Outgoing(parts=(Part(html="<b>Digest</b>", plain="Digest"),))

    async with open_house(tmp_path, digest_now=compose) as house:
        assert (await house.say(42, "/digest")).text == "Digest"
        await house.say(42, "/digest preview")
    assert asked == [("42", False), ("42", True)]


async def test_headlines_cannot_bring_markup_with_them(house):
    house.store(1, title="<a href='https://evil.example'>bank</a> \u202eexe.gpj & co")
    shown = await house.say(42, "/search bank")
    assert "evil.example" not in " ".join(shown.links)
    assert "\u202e" not in shown.text
