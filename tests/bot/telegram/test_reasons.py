import pytest

from bot.analysis.assessment import Grounds, Thresholds, decide_flag
from bot.telegram.reasons import reason_words
from bot.telegram.strings import strings

SURE = {"probability": 0.97}


@pytest.mark.parametrize(
    ("grounds", "german"),
    [
        ({**SURE, "vetoes": ("stock_tip",)}, "es sieht aus wie Aktientipps; Wahrscheinlichkeit 97%"),
        ({**SURE, "tier": 1, "instrument": True}, "amtliches Dokument einer amtlichen Quelle; Wahrscheinlichkeit 97%"),
        (SURE, "der Klassifikator ist sicher; Wahrscheinlichkeit 97%"),
        ({"probability": 0.01}, "Wahrscheinlichkeit 1% liegt unter der Schwelle von 50%"),
        ({"probability": 0.2, "rules": ("Gallium",)}, "die Regel „Gallium“ stützt es; Wahrscheinlichkeit 20%"),
    ],
    ids=["veto", "official", "sure", "below", "rule"],
)
def test_every_reason_of_a_decision_is_told_in_the_language_of_the_chat(grounds, german):
    thresholds = Thresholds(alone=1.0, with_rule=0.2, official=0.1, vetoed=1.2)
    _, reason = decide_flag(Grounds(**grounds), thresholds, 0.5)
    assert reason_words(reason, strings("de")) == german


def test_a_reason_that_is_not_known_stays_as_it_is():
    assert reason_words("something new; probability 3%", strings("de")) == "something new; Wahrscheinlichkeit 3%"
