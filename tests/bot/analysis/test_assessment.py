from datetime import UTC, datetime

import pytest

from bot.analysis.assessment import PROFILES, Grounds, decide_flag
from bot.app import load_assessor
from bot.domain import Article, Direction, Stage, Topic
from bot.settings import load_settings

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture(name="assessor", scope="module")
def _assessor():
    return load_assessor(load_settings(None))


def article(title, summary="", tier=3):
    return Article(
        id=title[:20],
        source_id="s",
        publisher="p",
        tier=tier,
        lang="en",
        url="",
        title=title,
        summary=summary,
        published_at=AT,
        fetched_at=AT,
    )


@pytest.mark.parametrize(
    ("grounds", "flagged", "says"),
    [
        (Grounds(probability=0.9), True, "the classifier is sure"),
        (Grounds(probability=0.01), False, "below the threshold"),
        (Grounds(probability=0.3, vetoes=("sport_sanction",)), False, "looks like sport sanction"),
        (Grounds(probability=0.12, rules=("Entity list",)), True, "rule “Entity list” supports it"),
        (Grounds(probability=0.9, language="de"), True, "language de, read by the sentence encoder alone"),
        (Grounds(probability=0.9, language="lt", readable=False), False, "does not cover its language (lt)"),
        (Grounds(probability=0.0, language="lt", readable=False, instrument=True), True, "official instrument"),
        (Grounds(probability=0.0, language="lt", readable=False, rules=("Embargo",)), True, "rule “Embargo” alone"),
    ],
)
def test_the_clause_that_decides_is_told(grounds, flagged, says):
    decided, reason = decide_flag(grounds, PROFILES["balanced"], 0.2)
    assert decided is flagged
    assert says in reason


def test_a_truce_with_eased_mineral_controls_is_flagged_as_easing(assessor):
    (found,) = assessor.assess(
        [
            article(
                "Borduria agrees to pause rare earth export controls as part of trade truce with Ruritania",
                "The two governments announced a deal under which Borduria suspends for a year its licence regime for"
                " rare earths, gallium and germanium, while Ruritania drops port fees and halves a tariff on its goods."
                " Chip makers in Ruritania may again buy the minerals, officials said.",
            )
        ]
    )
    assert found.flagged
    assert {Topic.EXPORT_CONTROL, Topic.TRADE_DEAL, Topic.CRITICAL_MINERALS} <= set(found.topics)
    assert found.direction is Direction.EASING
    assert found.stage is Stage.ANNOUNCED


@pytest.mark.parametrize(
    "title",
    ["Cruise line adds Panama Canal sailings", "Hunger strike at campus", "Ten recipes for a quick dinner"],
)
def test_homonyms_of_the_subject_are_not_flagged(assessor, title):
    (found,) = assessor.assess([article(title)])
    assert not found.flagged


def test_text_in_a_language_that_nobody_covers_says_so(assessor):
    (found,) = assessor.assess([article("Ministerija stabdo ličio eksportą į kaimyninę šalį")])
    assert "does not cover its language (lt)" in found.reason
    assert not found.flagged
