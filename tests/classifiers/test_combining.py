import pytest

from classifiers.combining import combine_direction, combine_stage


def shares(tightening=0.0, easing=0.0, mixed=0.0, unclear=0.0):
    return {"tightening": tightening, "easing": easing, "mixed": mixed, "unclear": unclear}


@pytest.mark.parametrize(
    ("given", "lean", "mixed", "wanted"),
    [
        (shares(tightening=0.95, easing=0.05), 0.0, False, "tightening"),
        (shares(tightening=0.1, easing=0.9), 0.0, False, "easing"),
        (shares(tightening=0.5, easing=0.5), -3.0, False, "easing"),
        (shares(tightening=0.8, easing=0.2), 3.0, False, "tightening"),
        (shares(tightening=0.8, easing=0.2), 0.0, False, "unclear"),
        (shares(tightening=0.3, easing=0.3, mixed=0.4), 0.0, True, "mixed"),
        (shares(mixed=0.6, tightening=0.4), 0.0, False, "mixed"),
    ],
)
def test_direction_weighs_the_model_and_the_rules(given, lean, mixed, wanted):
    assert combine_direction(given, lean, mixed=mixed) == wanted


def test_a_stage_cue_decides_a_close_call():
    assert combine_stage({"announced": 0.45, "rumour": 0.4, "none": 0.15}) == "announced"
    assert combine_stage({"announced": 0.43, "rumour": 0.4, "none": 0.17}, "rumour") == "rumour"
    assert combine_stage({"announced": 0.45, "rumour": 0.4, "none": 0.15}, "none") == "announced"
