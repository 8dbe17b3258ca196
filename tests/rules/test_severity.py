from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cues import Cues
from rules.severity import LEVELS, severity
from rules.vocabulary import SEVERITIES, STAGES, TOPICS

DAY = date(2026, 11, 20)
CHOKEPOINT = Cues(
    direction="tightening",
    stage="in_force",
    issuers=("CN",),
    targets=("US", "JP", "EU"),
    goods=("rare_earths", "magnets"),
    criticality=1.0,
    effective_at=DAY,
    topics=("export_control",),
    official_instrument=True,
)


def test_a_binding_broad_immediate_measure_on_a_chokepoint_good_is_critical():
    found = severity(CHOKEPOINT, tier=1, published_on=DAY)
    assert found.level == "critical"
    assert found.value == pytest.approx(0.35 * 1.0 + 0.25 * 1.0 + 0.2 * 0.8 + 0.2 * 1.0)


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        pytest.param({"tier": 3, "publishers": 1}, "medium", id="one publisher, not official"),
        pytest.param({"tier": 3, "publishers": 2}, "critical", id="two publishers"),
        pytest.param({"tier": 1, "stage": "proposal"}, "medium", id="proposal"),
        pytest.param({"tier": 1, "stage": "rumour"}, "low", id="rumour"),
        pytest.param({"tier": 4, "publishers": 3, "stage": "rumour"}, "medium", id="rumour of several publishers"),
        pytest.param({"tier": 1, "topics": ("trade_deal",)}, "medium", id="deal without a measure"),
        pytest.param({"tier": 1, "topics": ()}, "informational", id="no topic"),
        pytest.param({"tier": 1, "direction": "unclear"}, "high", id="direction unclear"),
        pytest.param({"tier": 1, "probability": 0.3}, "medium", id="doubtful"),
    ],
)
def test_caps_hold(changes, level):
    found = severity(CHOKEPOINT, published_on=DAY, **changes)
    assert found.level == level


@pytest.mark.parametrize(("days", "part"), [(0, 1.0), (7, 1.0), (8, 0.7), (31, 0.5), (200, 0.3)])
def test_immediacy_falls_with_the_days_until_effect(days, part):
    published = date.fromordinal(DAY.toordinal() - days)
    assert severity(CHOKEPOINT, tier=1, published_on=published).parts["immediacy"] == part


def test_a_closed_chokepoint_is_high_once_two_publishers_say_so():
    cues = Cues(
        topics=("logistics_disruption",), direction="tightening", entities=("hormuz",), issuers=("IR",), criticality=0.7
    )
    assert severity(cues, publishers=1).level == "medium"
    assert severity(cues, publishers=2).level == "high"


def test_the_levels_are_the_vocabularys():
    assert LEVELS == SEVERITIES


@given(
    st.sampled_from([*STAGES, "none"]),
    st.lists(st.sampled_from(TOPICS), max_size=3),
    st.integers(1, 5),
    st.integers(1, 4),
    st.floats(0, 1),
)
def test_single_low_tier_sources_rumours_and_proposals_never_reach_critical(
    stage, topics, tier, publishers, criticality
):
    cues = Cues(stage=stage, topics=tuple(topics), criticality=criticality, direction="tightening")
    found = severity(cues, tier=tier, publishers=publishers)
    assert 0 <= found.value <= 1
    if stage in {"rumour", "proposal"} or (tier > 1 and publishers < 2):
        assert found.level not in {"high", "critical"}


def test_the_cap_that_applied_is_named():
    assert severity(CHOKEPOINT, tier=1, stage="proposal", published_on=DAY).parts["capped_by"] == "proposal"
