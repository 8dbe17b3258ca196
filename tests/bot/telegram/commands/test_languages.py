"""The same conversations in German; and every text of the interface has its translation, with the same places in it."""

import re
from importlib.resources import files

import pytest

from bot.domain import Severity
from bot.telegram.commands.catalog import ENTRIES
from bot.telegram.menus.cities import find_zones, guess_zone, nearest_zone
from bot.telegram.strings import strings
from tests.fakes.values import NOW


async def test_a_german_user_is_led_through_in_german(house):
    told = house.store(1, title="Country bans exports of gallium", severity=Severity.HIGH)
    shown = await house.say(42, "/start", lang="de")
    assert "Was beobachten Sie?" in shown.text
    await house.press(shown, "⚖️")
    await house.press(shown, "ab Mittel")
    await house.press(shown, "Täglich 08:00")
    assert "Europe/Berlin" in shown.text
    await house.press(shown, "🕑")
    assert "Alles eingerichtet" in shown.text
    alerted = await house.alerted(42, told)
    explained = await house.press(alerted, "Warum?")
    assert "Ihre Regel: Themen (gallium)" in explained.text
    await house.press(alerted, "👎")
    await house.press(alerted, "Alte Nachricht")
    assert house.toast == "Danke, notiert."


async def test_german_words_are_understood_where_commands_take_words(house):
    await house.say(42, "/start", lang="de")
    assert "Abonniert: Halbleiter" in (await house.say(42, "/subscribe Halbleiter")).text
    assert "Stumm bis" in (await house.say(42, "/mute firma Huawei 3t")).text
    assert "Meinten Sie" in (await house.say(42, "/lastest")).text
    assert "Beendet" in (await house.say(42, "/unsubscribe halbleiter")).text


async def test_a_language_that_we_do_not_speak_gets_english(house):
    assert "What do you watch" in (await house.say(42, "/start", lang="xx")).text


def test_every_german_text_has_the_places_of_the_english_one():
    catalog = (files("bot.telegram") / "locales/de/LC_MESSAGES/straitwatch.po").read_text(encoding="utf-8")
    entries = re.findall(
        r'msgid ((?:".*"\n)+)(?:msgid_plural ((?:".*"\n)+))?((?:msgstr(?:\[\d\])? (?:".*"\n?)+)+)', catalog
    )
    assert len(entries) > 300
    for english, plural, german in entries[1:]:
        for one in re.split(r"msgstr(?:\[\d\])? ", german)[1:]:
            places = set(re.findall(r"{(\w+)}", one)) - {"count"}
            assert places == set(re.findall(r"{(\w+)}", plural or english)) - {"count"}, english
            assert one.strip('"\n '), english


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_command_descriptions_fit_telegrams_list(entry):
    for lang in ("en", "de"):
        assert 1 <= len(strings(lang).t(entry.about)) <= 256


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Munich", "Europe/Berlin"),
        ("München", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("San Francisco", "America/Los_Angeles"),
        ("Hsinchu, Taiwan", "Asia/Taipei"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),
        ("amsterdm", "Europe/Amsterdam"),
        ("UTC", "UTC"),
        ("UTC+5:30", "Asia/Kolkata"),
        ("+8", "Asia/Shanghai"),
        ("北京", "Asia/Shanghai"),
    ],
)
def test_a_zone_is_found_by_what_people_type(text, zone):
    assert find_zones(text, now=NOW)[0] == zone


@pytest.mark.parametrize("text", ["", "???", "UTC+99", "../../etc/passwd", "\u202e", "x" * 5000])
def test_no_zone_is_found_for_what_is_none(text):
    assert find_zones(text, now=NOW) == []


@pytest.mark.parametrize(
    ("place", "zone"),
    [((25.0, 121.5), "Asia/Taipei"), ((40.7, -74.0), "America/New_York"), ((-33.9, 151.2), "Australia/Sydney")],
)
def test_a_shared_place_gives_its_zone(place, zone):
    assert nearest_zone(*place) == zone


def test_the_language_gives_a_first_guess_of_the_zone():
    assert guess_zone("pt-BR") == "America/Sao_Paulo"
    assert guess_zone("en") is None
