"""Stage of a measure from ordered cues: the highest official stage that the title or lead names; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Disruptions and talks have no legal stage (the labelling guide's "none").
DISRUPTIONS = frozenset({"logistics_disruption", "production_disruption"})
RELIEF = -1.0  # a reversal or suspension of a measure eases by at least this weight
STAGELESS = frozenset(
    {"logistics_disruption", "production_disruption", "shortage_price", "sourcing_shift", "trade_deal"}
)


def stage_of(
    title: frozenset[str],
    lead: frozenset[str],
    topics: Sequence[str],
    direction_weight: float,
    *,
    official: bool = False,
) -> str:
    """Return the stage.

    ``title`` and ``lead`` are the stages whose cues stand there, ``topics`` the votes, strongest first, ``official``
    says that the text is an official act: what it does is in force unless it says that it only proposes.
    """
    if not topics:
        return "none"
    if "enforcement" in topics and "enforcement" in title:
        return "enforcement"
    legal = any(topic not in STAGELESS for topic in topics)
    if topics[0] in DISRUPTIONS or (topics[0] == "shortage_price" and not legal and "proposal_firm" not in title):
        return "none"
    if topics[0] == "trade_deal" and not legal and not title & {"announced", "in_force", "proposal_firm"}:
        return "none"
    if official:
        return _official(title, lead)
    if "expired" in title and not title & {"proposal_firm", "rumour", "proposal"}:
        return "expired"
    for cues in (title, lead):
        stage = _first(cues, direction_weight)
        if stage:
            return stage
    return "announced"


def _official(title: frozenset[str], lead: frozenset[str]) -> str:
    for stage, cue in (("proposal", "proposal_firm"), ("in_force", "in_force"), ("enforcement", "enforcement")):
        if cue in title:
            return stage
    if "announced" in title:
        return "announced"
    return "proposal" if "proposal_firm" in lead and "in_force" not in lead else "in_force"


def _first(cues: frozenset[str], direction_weight: float) -> str:
    firm = "proposal_firm" in cues
    if direction_weight < RELIEF and not firm and "rumour" not in cues:
        for stage in ("reversed", "suspended"):
            if stage in cues:
                return stage
    if firm:
        return "proposal"
    for stage in ("rumour", "proposal", "announced", "in_force"):
        if stage in cues:
            return stage
    return ""
