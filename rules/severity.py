"""Severity of an article or story by a published formula; pure.

value = 0.35 * instrument + 0.25 * criticality + 0.20 * breadth + 0.20 * immediacy, each part in 0..1, then capped.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from rules.cues.values import Cues

LEVELS = ("informational", "low", "medium", "high", "critical")
FROM = (0.0, 0.28, 0.42, 0.58, 0.76)  # the value at which each level begins
WEIGHTS = MappingProxyType({"instrument": 0.35, "criticality": 0.25, "breadth": 0.20, "immediacy": 0.20})

# How binding a measure of this stage is: without and with an official instrument or source.
_INSTRUMENT = MappingProxyType({
    "in_force": (0.8, 1.0), "announced": (0.65, 0.9), "enforcement": (0.5, 0.7), "suspended": (0.6, 0.8),
    "reversed": (0.6, 0.8), "expired": (0.6, 0.8), "proposal": (0.35, 0.5), "rumour": (0.2, 0.2), "none": (0.3, 0.4),
})  # fmt: skip
_DISRUPTIONS = frozenset({"logistics_disruption", "production_disruption", "shortage_price"})
_DISRUPTED = 0.7  # a disruption needs no legal act to bind
_IMMEDIACY = MappingProxyType({
    "in_force": 0.9, "announced": 0.5, "enforcement": 0.5, "suspended": 0.7, "reversed": 0.7, "expired": 0.8,
    "proposal": 0.2, "rumour": 0.1, "none": 0.3,
})  # fmt: skip
_DUE = ((7, 1.0), (30, 0.7), (90, 0.5))  # days until it takes effect: immediacy; later is 0.3
_LATER = 0.3
_DEFAULT_CRITICALITY = 0.3  # no good of the gazetteer is named
_LARGE = frozenset(
    {"US", "CN", "EU", "JP", "KR", "TW", "IN", "RU"}
)  # economies whose measures touch most supply chains
_WIDE = frozenset(
    {"suez_canal", "bab_el_mandeb", "red_sea", "hormuz", "malacca", "taiwan_strait", "panama_canal", "black_sea"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """``level`` is one of ``LEVELS``; ``value`` is 0..1; ``parts`` are the four terms and the cap that applied."""

    level: str
    value: float
    parts: Mapping[str, float | str]


def severity(
    cues: Cues,
    *,
    topics: Sequence[str] | None = None,
    stage: str | None = None,
    direction: str | None = None,
    tier: int = 3,
    publishers: int = 1,
    probability: float = 1.0,
    published_on: date | None = None,
) -> Severity:
    """Return the severity. What is not given is taken from ``cues``; ``publishers`` counts independent families.

    The formula of the detection dossier, section 1.2:

    * *instrument*, how binding: in force 0.8, announced 0.65, suspended, reversed or expired 0.6, enforcement 0.5,
      proposal 0.35, talks 0.3, rumour 0.2; more (1.0, 0.9, 0.8, 0.7, 0.5, 0.4) with an official instrument or a tier-1
      source; a disruption of logistics, production or supply 0.7.
    * *criticality*: the highest of the goods named (goods.yaml), 0.3 when none is.
    * *breadth*: 0.2, and 0.3 more when issuer or target is one of the eight largest economies, 0.1 for each further
      target (at most 0.2) and good (at most 0.2), 0.4 for a chokepoint; at most 1.
    * *immediacy*: days until it takes effect (up to 7: 1.0, 30: 0.7, 90: 0.5, later 0.3); without a date by stage: in
      force 0.9, expired 0.8, suspended or reversed 0.7, announced or enforcement 0.5, proposal 0.2, rumour 0.1; a
      disruption 0.9.

    Caps, the lowest wins: rumour low (medium with two publishers), proposal medium, a trade deal without a measure
    medium, direction unclear high, probability below 0.5 medium; high and critical need a tier-1 source or two
    independent publisher families, otherwise medium. Levels begin at 0, 0.28, 0.42, 0.58 and 0.76.
    """
    topics = cues.topics if topics is None else topics
    stage = cues.stage if stage is None else stage
    direction = cues.direction if direction is None else direction
    main = topics[0] if topics else ""
    disrupted = main in _DISRUPTIONS and stage == "none"
    official = cues.official_instrument or tier == 1
    parts: dict[str, float | str] = {
        "instrument": _DISRUPTED if disrupted else _INSTRUMENT[stage][official],
        "criticality": cues.criticality or _DEFAULT_CRITICALITY,
        "breadth": _breadth(cues),
        "immediacy": 0.9 if disrupted else _immediacy(cues, stage, published_on),
    }
    value = sum(WEIGHTS[name] * float(parts[name]) for name in WEIGHTS)
    level = max(index for index, start in enumerate(FROM) if value >= start)
    if not topics:
        level = 0
    for cap, reason in _caps(
        main, stage, direction, official=tier == 1, publishers=publishers, probability=probability
    ):
        if cap < level:
            level = cap
            parts["capped_by"] = reason
    return Severity(level=LEVELS[level], value=round(value, 3), parts=MappingProxyType(parts))


def _breadth(cues: Cues) -> float:
    breadth = 0.2
    if _LARGE & {*cues.issuers, *cues.targets}:
        breadth += 0.3
    breadth += min(0.2, 0.1 * max(0, len(cues.targets) - 1)) + min(0.2, 0.1 * max(0, len(cues.goods) - 1))
    if _WIDE & set(cues.entities):
        breadth += 0.4
    return min(1.0, breadth)


def _immediacy(cues: Cues, stage: str, published_on: date | None) -> float:
    if cues.effective_at is None or published_on is None or stage in {"rumour", "proposal"}:
        return _IMMEDIACY[stage]
    days = (cues.effective_at - published_on).days
    return next((value for limit, value in _DUE if days <= limit), _LATER)


def _caps(
    main: str, stage: str, direction: str, *, official: bool, publishers: int, probability: float
) -> list[tuple[int, str]]:
    low, medium, high = 1, 2, 3
    corroborated = publishers >= 2
    caps = []
    if stage == "rumour":
        caps.append((medium if corroborated else low, "rumour"))
    if stage == "proposal":
        caps.append((medium, "proposal"))
    if main == "trade_deal":
        caps.append((medium, "trade deal without a published measure"))
    if direction == "unclear":
        caps.append((high, "direction unclear"))
    if probability < 0.5:
        caps.append((medium, "probability below 0.5"))
    if not official and not corroborated:
        caps.append((medium, "one publisher and no official source"))
    return caps
