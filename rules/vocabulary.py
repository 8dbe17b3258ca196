"""The words that a rule may use: topics, directions, stages, severities, statuses, and the query fields. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

TOPICS: Final = (
    "export_control",
    "entity_listing",
    "sanctions",
    "tariff_trade_measure",
    "critical_minerals",
    "investment_screening",
    "tech_transfer",
    "logistics_disruption",
    "production_disruption",
    "shortage_price",
    "sourcing_shift",
    "enforcement",
    "trade_deal",
)
DIRECTIONS: Final = ("tightening", "easing", "mixed", "unclear")
STAGES: Final = ("rumour", "proposal", "announced", "in_force", "enforcement", "suspended", "reversed", "expired")
SEVERITIES: Final = ("informational", "low", "medium", "high", "critical")
"""From least to most severe: the order that `severity:>=high` uses."""
STATUSES: Final = ("stable", "test", "experimental", "deprecated")

Kind = Literal["words", "choice", "ordered", "number", "names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A query field.

    `kind` says how its values compare: "words" is searched text, "choice" one of `values`, "ordered" the same with a
    rank, "number" a quantity between `low` and `high`, "names" short names that match word by word. `single` fields
    hold at most one value per document. `unit` names the unit of a number.
    """

    name: str
    kind: Kind
    meaning: str
    example: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = float("inf")
    whole: bool = False
    single: bool = False
    unit: str = ""


_TABLE: Final = (
    Field(
        name="text", kind="words", meaning="title and body together; what plain words search", example="text:gallium"
    ),
    Field(name="title", kind="words", meaning="the title only", example="title:(quota OR ban)"),
    Field(name="topic", kind="choice", meaning="a topic of the article", example="topic:sanctions", values=TOPICS),
    Field(
        name="direction",
        kind="choice",
        meaning="whether it tightens or eases",
        example="direction:easing",
        values=DIRECTIONS,
        single=True,
    ),
    Field(
        name="stage",
        kind="choice",
        meaning="how far the measure has come",
        example="stage:in_force",
        values=STAGES,
        single=True,
    ),
    Field(
        name="severity",
        kind="ordered",
        meaning="how much it matters",
        example="severity:>=high",
        values=SEVERITIES,
        single=True,
    ),
    Field(
        name="probability",
        kind="number",
        meaning="the classifier's probability that the article reports a change",
        example="probability:[0.7 TO 1]",
        high=1.0,
        single=True,
    ),
    Field(name="entity", kind="names", meaning="a company, agency or person", example="entity:huawei"),
    Field(name="goods", kind="names", meaning="the goods concerned", example="goods:gallium"),
    Field(name="issuer", kind="names", meaning="who issues the measure: country code, EU, UN", example="issuer:us"),
    Field(name="target", kind="names", meaning="at whom the measure is aimed", example="target:cn"),
    Field(name="instrument", kind="names", meaning="the legal instrument", example='instrument:"entity list"'),
    Field(name="eccn", kind="names", meaning="an export control classification number", example="eccn:3A090"),
    Field(
        name="rule", kind="names", meaning="a rule of the catalog that matched, by id", example="rule:entity_list_us"
    ),
    Field(name="source", kind="names", meaning="the id of the source", example="-source:wccftech"),
    Field(name="publisher", kind="names", meaning="the publisher family", example="publisher:reuters"),
    Field(
        name="tier",
        kind="number",
        meaning="tier of the source: 1 official, 2 wire, 3 trade press, 4 regional, 5 analysis",
        example="tier:<=2",
        low=1,
        high=5,
        whole=True,
        single=True,
    ),
    Field(
        name="publishers",
        kind="number",
        meaning="how many independent publishers report the story",
        example="publishers:>=2",
        whole=True,
        single=True,
    ),
    Field(name="lang", kind="names", meaning="the language code", example="lang:en", single=True),
    Field(
        name="age",
        kind="number",
        meaning="hours since publication; 3d and 2w work too",
        example="age:<24h",
        single=True,
        unit="hours",
    ),
)
FIELDS: Final = {field.name: field for field in _TABLE}
"""Every query field by its name."""


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """Return the entry of `known` that `word` most likely meant, or None when nothing is close."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed for faults only

    folded = word.casefold().replace("-", "_").replace(" ", "_")
    if folded in known:
        return folded
    starts = [entry for entry in known if len(folded) >= 3 and folded in entry]
    close = get_close_matches(folded, known, n=1, cutoff=0.6) or starts[:1]
    return close[0] if close else None
