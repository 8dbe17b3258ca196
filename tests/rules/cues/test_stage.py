import pytest

from rules.cues.stage import stage_of


@pytest.mark.parametrize(
    ("title", "stage"),
    [
        ("Ministry weighs curbs on drone exports, sources say", "rumour"),
        ("Senators unveil bill to block chip exports to China", "proposal"),
        ("Brussels opens probe into Chinese steel tariffs dodge", "proposal"),
        ("Canada announces sanctions on Belarus", "announced"),
        ("EU ban on Russian diamonds takes effect", "in_force"),
        ("Trader pleads guilty to smuggling export-controlled chips", "enforcement"),
        ("Tokyo postpones tariffs on steel", "suspended"),
        ("UN lifts arms embargo on Somalia", "reversed"),
        ("Pirates seize tanker in Gulf of Guinea", "none"),
        ("Trade talks resume in Geneva", "none"),
        ("Museum opens new wing", "none"),
    ],
)
def test_stage_is_the_highest_that_the_title_names(reader, title, stage):
    assert reader.read(title, "").stage == stage


def test_an_official_notice_is_in_force_unless_it_only_proposes(reader):
    text = "BIS is amending the Export Administration Regulations by adding four entities to the Entity List."
    assert reader.read("Additions to the Entity List", text, tier=1).stage == "in_force"
    draft = "BIS proposes to amend the Export Administration Regulations and seeks public comment."
    assert reader.read("Proposed rule on connected export controls", draft, tier=1).stage == "proposal"


def test_a_reversal_needs_an_easing_direction():
    cues = frozenset({"reversed"})
    assert stage_of(cues, frozenset(), ["sanctions"], -3.0) == "reversed"
    assert stage_of(cues, frozenset(), ["sanctions"], 3.0) == "announced"


def test_no_topic_has_no_stage():
    assert stage_of(frozenset({"announced"}), frozenset(), [], 1.0) == "none"
