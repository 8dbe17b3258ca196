import pytest

from bot.domain import Mode, Severity


@pytest.mark.parametrize(
    ("page", "choice", "field", "value"),
    [
        ("Level", "High", "level", Severity.HIGH),
        ("Mode", "Digest only", "mode", Mode.DIGEST_ONLY),
        ("Silent below", "Critical", "silent_below", Severity.CRITICAL),
        ("Quiet hours", "20:00", "quiet_from", "20:00"),
        ("Link previews", "On", "link_previews", True),
        ("Digest", "Wednesday", "digest_weekday", 2),
        ("Digest", "Every day", "digest_daily", True),
        ("Digest time", "16:00", "digest_time", "16:00"),
    ],
)
async def test_a_setting_is_changed_in_two_taps(house, page, choice, field, value):
    shown = await house.say(42, "/settings")
    await house.press(shown, page)
    await house.press(shown, choice)
    assert getattr(house.chat("42"), field) == value
    assert house.toast == "Saved"


async def test_batches_have_a_length(house):
    shown = await house.say(42, "/settings")
    await house.press(shown, "Mode")
    await house.press(shown, "Batched every 30")
    assert (house.chat("42").mode, house.chat("42").batch_minutes) == (Mode.BATCHED, 30)
    assert "batched every 30 minutes" in shown.text


async def test_the_language_changes_at_once(house):
    shown = await house.say(42, "/settings")
    await house.press(shown, "Language")
    await house.press(shown, "Deutsch")
    assert shown.text.startswith("Einstellungen")
    assert "Themen" in (await house.say(42, "/topics")).text


async def test_other_quiet_hours_are_typed(house):
    shown = await house.say(42, "/settings")
    await house.press(shown, "Quiet hours")
    await house.press(shown, "Other hours")
    assert "cannot read" in (await house.say(42, "from dusk till dawn")).text
    await house.say(42, "22.30 - 6")
    assert (house.chat("42").quiet_from, house.chat("42").quiet_to) == ("22:30", "06:00")


async def test_another_digest_time_is_typed(house):
    shown = await house.say(42, "/settings")
    await house.press(shown, "Digest time")
    await house.press(shown, "Another time")
    await house.say(42, "7:45")
    assert house.chat("42").digest_time == "07:45"


@pytest.mark.parametrize(
    "choice", ["level.apocalyptic", "mode.b1", "lang.xx", "time.99:99", "digest.9", "nope", "x" * 30]
)
async def test_a_choice_that_does_not_exist_changes_nothing(house, choice):
    shown = await house.say(42, "/settings")
    before = house.chat("42")
    await house.press_data(
        shown, shown.data("Level").rsplit(":", 2)[0].replace(":set", ":put") + f":{_short(shown)}:{choice}"
    )
    assert house.chat("42") == before
    assert house.toast == "That is not possible."


def _short(shown):
    return shown.data("Level").split(":")[2]
