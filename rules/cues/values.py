"""The values that the reader of cues returns; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Words that a reading rests on: ``text`` is ``title[start:end]`` or ``body[start:end]``, ``why`` the rule."""

    start: int
    end: int
    field: str
    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """What one text says, word for word.

    ``direction`` is tightening, easing, mixed or unclear; ``direction_weight`` the signed sum of the votes (positive
    tightens), so that a model can combine it. ``stage`` is rumour, proposal, announced, in_force, enforcement,
    suspended, reversed, expired or none. ``issuers`` and ``targets`` are ISO 3166 alpha-2 codes plus EU and UN;
    ``entities`` and ``goods`` are gazetteer ids, ``criticality`` is the highest of the goods, 0 to 1. ``instruments``
    are normalised ids such as ``FR 2026-00789``, ``EO 14105``, ``MOFCOM 18/2025``, ``EU 2021/821``. ``topics`` are
    the rules' votes, the strongest first, ``vetoes`` the families of hard negatives that fired, ``signals`` compact
    tokens for the classifier.
    """

    direction: str = "unclear"
    direction_weight: float = 0.0
    direction_evidence: tuple[Evidence, ...] = ()
    stage: str = "none"
    stage_evidence: tuple[Evidence, ...] = ()
    issuers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    goods: tuple[str, ...] = ()
    criticality: float = 0.0
    instruments: tuple[str, ...] = ()
    eccns: tuple[str, ...] = ()
    effective_at: date | None = None
    expires_at: date | None = None
    comment_due_at: date | None = None
    date_evidence: tuple[Evidence, ...] = ()
    topics: tuple[str, ...] = ()
    historical: bool = False
    hypothetical: bool = False
    vetoes: tuple[str, ...] = ()
    official_instrument: bool = False
    signals: tuple[str, ...] = ()
