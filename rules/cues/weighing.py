"""From the findings in single sentences to one direction, topics, parties and names of the whole text; pure.

Titles count more than leads, leads more than bodies; background, conditional and historical clauses count less. The
numbers were fitted on labelled news and are listed here so that they can be read and argued with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.cues import parties, reading
from rules.cues.values import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.cues.direction import Vote
    from rules.cues.naming import Mention
    from rules.cues.reading import Sentence
    from rules.cues.tagging import TopicRule

TITLE_WEIGHT, LEAD_WEIGHT, BODY_WEIGHT = 3.0, 2.0, 1.0
LEAD_SENTENCES = 2  # of the title as of the body
TOPIC_AT, HINT_AT = 1.2, 0.6  # see topics.yaml; a hint is no vote, but helps to read direction and stage
MAX_TOPICS = 4
DECIDED_AT = 0.45  # weight below which the direction stays unclear
STRONG_AT = 2.4  # weight from which the rules alone are right nineteen times in twenty
MIXED_AT = 2.4  # weight of measures that each sign needs for "mixed" (the detection dossier says 3)
MIXED_BALANCE = 0.6  # and the difference must be below this share of the heavier sign
MAX_EVIDENCE = 12
ACTS = frozenset({"verb-object", "subject"})  # findings with a verb and an object
_MEASURES = frozenset({"restriction", "permission", "flow", "deal", "disruption", "facility", "quota"})
_DIRECTION_WEIGHT = {TITLE_WEIGHT: 3.0, LEAD_WEIGHT: 1.2, BODY_WEIGHT: 0.5}
_BACKGROUND = 0.3
_FOREGROUND = 0.8  # "prices slump after Indonesia lifts the ban": the news stands in the background clause
_CONDITIONAL = 0.15
_HISTORICAL, _HISTORICAL_TITLE, _HISTORICAL_TOPIC = 0.25, 0.7, 0.8
# A bare noun names the news in a headline and the background below it: how far it counts (title, elsewhere).
_BARE_RELIANCE = {"restriction": (1.0, 0.3), "deal": (0.4, 0.8), "talks": (0.4, 0.4)}
_RANK = {"trade_deal": 0.6, "export_control": 1.3}  # for the order of topics only: measures before talks
# What the main topic alone says about the direction, in the units of the weight.
_LEANING = {
    "export_control": 0.4,
    "entity_listing": 0.4,
    "sanctions": 0.5,
    "tariff_trade_measure": 0.1,
    "critical_minerals": -0.5,
    "investment_screening": 0.4,
    "tech_transfer": 0.4,
    "logistics_disruption": 0.5,
    "production_disruption": 0.8,
    "shortage_price": 0.2,
    "sourcing_shift": -1.2,
    "enforcement": 0.7,
    "trade_deal": -0.8,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One sentence with everything found in it; ``mask`` are the tags of tagging.py, ``weight`` that of its place."""

    sentence: Sentence
    mask: int
    votes: list[Vote]
    mentions: list[Mention]
    historical: bool
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """``name`` is tightening, easing, mixed or unclear; ``divided`` says that both signs have a weighty measure."""

    name: str
    weight: float
    evidence: tuple[Evidence, ...]
    divided: bool = False


def place_weight(sentence: Sentence, *, untitled: bool) -> float:
    """Return 3 for a title (or the opening of an untitled text), 2 for the first two body sentences, 1 for others."""
    if sentence.index >= LEAD_SENTENCES:
        return BODY_WEIGHT
    if untitled and sentence.index == 0:
        return TITLE_WEIGHT
    return TITLE_WEIGHT if sentence.field == reading.TITLE else LEAD_WEIGHT


def topics_of(read: Sequence[Read], rules: Sequence[TopicRule]) -> list[tuple[float, str]]:
    """Return the topics that any rule voted for with their scores, the main one first."""
    scores: dict[str, float] = {}
    for item in read:
        seen: dict[str, float] = {}
        for rule in rules:
            if rule.weight > seen.get(rule.topic, 0.0) and rule.holds(item.mask):
                seen[rule.topic] = rule.weight
        factor = item.weight * (_HISTORICAL_TOPIC if item.historical else 1.0)
        for topic, value in seen.items():
            scores[topic] = scores.get(topic, 0.0) + value * factor
    found = [(score, topic) for topic, score in scores.items()]
    return sorted(found, key=lambda pair: -pair[0] * _RANK.get(pair[1], 1.0))


def direction_of(read: Sequence[Read], main_topic: str, title: str, body: str) -> Direction:
    """Sum the votes of all sentences. ``main_topic`` adds its own leaning; "" adds nothing."""
    weight = _LEANING.get(main_topic, 0.0)
    sides = {1: 0.0, -1: 0.0}
    evidence: list[Evidence] = []
    for item in read:
        main = any(not vote.background and vote.why in ACTS for vote in item.votes)
        for vote in item.votes:
            value = vote.value * _reliance(vote, item, main=main)
            weight += value * _DIRECTION_WEIGHT[item.weight]
            if vote.why in ACTS and vote.label in _MEASURES:
                sides[1 if value > 0 else -1] += abs(value) * item.weight
            if len(evidence) < MAX_EVIDENCE:
                why = f"{vote.why} {value * _DIRECTION_WEIGHT[item.weight]:+.1f}"
                evidence.append(evidence_at(item.sentence, vote.start, vote.end, title=title, body=body, why=why))
    divided = min(sides.values()) >= MIXED_AT
    mixed = divided and abs(weight) < MIXED_BALANCE * max(sides.values())
    return Direction(
        name="mixed" if mixed else named(weight), weight=round(weight, 3), evidence=tuple(evidence), divided=divided
    )


def named(weight: float) -> str:
    """Return the word for a signed weight."""
    if abs(weight) < DECIDED_AT:
        return "unclear"
    return "tightening" if weight > 0 else "easing"


def _reliance(vote: Vote, item: Read, *, main: bool) -> float:
    """Return how far a vote counts: less in background, conditional and historical clauses, and for bare nouns."""
    value = 1.0
    if item.historical:
        value = _HISTORICAL_TITLE if item.weight == TITLE_WEIGHT else _HISTORICAL
    if vote.background:
        value *= _BACKGROUND if main or vote.why not in ACTS else _FOREGROUND
    if vote.conditional:
        value *= _CONDITIONAL
    if vote.why == "bare" and vote.label in _BARE_RELIANCE:
        in_title, elsewhere = _BARE_RELIANCE[vote.label]
        value *= in_title if item.weight == TITLE_WEIGHT else elsewhere
    return value


def evidence_at(sentence: Sentence, start: int, end: int, *, title: str, body: str, why: str) -> Evidence:
    """Return the evidence for tokens ``start`` to ``end`` of a sentence, with its place in the original text."""
    first, last = sentence.spans[start][0], sentence.spans[end - 1][1]
    text = (title if sentence.field == reading.TITLE else body)[first:last]
    return Evidence(start=first, end=last, field=sentence.field, text=text, why=why)


def parties_of(read: Sequence[Read], *, tier: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return issuers and targets from the first sentences that name them; historical ones do not count.

    In an official notice (``tier`` 1) the issuer is the state of the first body named, and the others are targets.
    """
    if tier == 1:
        official = [mention for item in read[:4] for mention in item.mentions]
        bodies = [
            mention.name.country
            for mention in official
            if mention.section == "entities" and mention.name.kind == "body"
        ]
        issuer = next((country for country in bodies if country), "")
        if issuer:
            named = dict.fromkeys(code for code in map(parties.country_of, official) if code and code != issuer)
            return (issuer,), tuple(named)[:5]
    issuers: dict[str, None] = {}
    targets: dict[str, None] = {}
    for item in read[:6]:
        if item.historical:
            continue
        found, aimed = parties.parties(item.sentence.keys, item.mentions, item.votes)
        issuers.update(dict.fromkeys(found))
        targets.update(dict.fromkeys(aimed))
        if issuers and targets:
            break
    return tuple(issuers)[:3], tuple(code for code in targets if code not in issuers)[:5]
