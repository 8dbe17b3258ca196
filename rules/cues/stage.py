"""Stage of a measure from ordered cues: the highest official stage that the title or lead names; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Disruptions and talks have no legal stage (the labelling guide's "none").
STAGELESS = frozenset(
    {"logistics_disruption", "production_disruption", "shortage_price", "sourcing_shift", "trade_deal"}
)


def stage_of(title: frozenset[str], lead: frozenset[str], topics: Sequence[str], direction_weight: float) -> str:
    """Return the stage. ``title`` and ``lead`` are the stages whose cues stand there, ``topics`` the votes, strongest first."""
    if not topics:
        return "none"
    if topics[0] in STAGELESS and not (set(topics) - STAGELESS and title & {"announced", "in_force", "proposal"}):
        return "none"
    if "enforcement" in topics[:2] and "enforcement" in title:
        return "enforcement"
    for cues in (title, lead):
        stage = _first(cues, direction_weight)
        if stage:
            return stage
    return "announced"


def _first(cues: frozenset[str], direction_weight: float) -> str:
    if direction_weight < 0:
        for stage in ("reversed", "suspended", "expired"):
            if stage in cues:
                return stage
    for stage in ("rumour", "proposal", "in_force", "announced"):
        if stage in cues:
            return stage
    return ""
