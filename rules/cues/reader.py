"""The reader of cues: gazetteers compiled once, then one pure call for each text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.cues import context, dates, instruments, parties, reading, stage
from rules.cues.direction import Vote, votes
from rules.cues.grammar import load_grammar
from rules.cues.naming import load_namer
from rules.cues.tagging import load_tagger
from rules.cues.values import Cues, Evidence
from rules.gazetteers import SHIPPED, mapping_of, read_yaml, texts_of

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from rules.cues.grammar import Word
    from rules.cues.naming import Mention, Namer
    from rules.cues.reading import Sentence
    from rules.cues.tagging import Tagger
    from rules.gazetteers import Trie

TITLE_WEIGHT, LEAD_WEIGHT, BODY_WEIGHT = 3.0, 2.0, 1.0
LEAD_SENTENCES = 2
TOPIC_AT, HINT_AT = 1.2, 0.6  # see topics.yaml; a hint is no vote, but helps to read direction and stage
MAX_TOPICS = 4
_RANK = {"trade_deal": 0.6, "export_control": 1.3}  # for the order of topics only
MAX_SENTENCES = 60
MIXED_AT = 3.0  # weight that each sign needs for "mixed" (detection rule: both signs at 3 or more)
MIXED_BALANCE = 0.4
MAX_EVIDENCE = 12
DECIDED_AT = 0.09  # weight below which the direction stays unclear
_BACKGROUND = 0.3
_FOREGROUND = 0.8  # "prices slump after Indonesia lifts the ban": the news stands in the background clause
_CONDITIONAL = 0.15
_HISTORICAL, _HISTORICAL_TITLE = 0.25, 0.7
_ACTS = frozenset({"verb-object", "subject"})
_MEASURES = frozenset({"restriction", "permission", "flow", "deal", "disruption", "facility"})
_DIRECTION_WEIGHT = {TITLE_WEIGHT: 3.0, LEAD_WEIGHT: 1.2, BODY_WEIGHT: 0.5}
# A bare noun in a headline names the news; below, it more often names the background (weights from fitting, title, other).
_BARE_RELIANCE = {"restriction": (1.0, 0.3), "deal": (0.4, 0.8), "talks": (0.4, 0.4)}
# What the main topic alone says about the direction, in the same units (signs and sizes from fitting).
_LEANING = {
    "export_control": 0.4, "entity_listing": 0.4, "sanctions": 0.5, "tariff_trade_measure": 0.1, "critical_minerals": -0.5,
    "investment_screening": 0.4, "tech_transfer": 0.4, "logistics_disruption": 0.5, "production_disruption": 0.8,
    "shortage_price": 0.2, "sourcing_shift": -1.2, "enforcement": 0.7, "trade_deal": -0.8,
}  # fmt: skip
_OFFICIAL = re.compile(
    r"\b(?:AGENCY:|SUMMARY:|interim final rule|final rule|is amending the|amends the Export Administration|hereby|"
    r"Notice to [Ee]xporters|issues? this (?:final|interim)|(?:Antidumping|Countervailing) Duty Orders?|"
    r"pursuant to (?:the|section)|公告|公布|官报|告示|省令|고시)"
)


@dataclass(slots=True)
class _Read:
    """One sentence with everything found in it."""

    sentence: Sentence
    weight: float
    mask: int
    votes: list[Vote]
    mentions: list[Mention]
    historical: bool


class CueReader:
    """Reads one text into Cues. Immutable after loading and safe to share between threads."""

    __slots__ = ("_cased", "_grammar", "_namer", "_tagger")

    def __init__(self, *, grammar: Trie[Word], tagger: Tagger, namer: Namer) -> None:
        self._grammar = grammar
        self._tagger = tagger
        self._namer = namer
        self._cased = frozenset(grammar.cased | tagger.trie.cased | namer.trie.cased)

    def read(self, title: str, body: str, *, published_at: datetime | None = None, tier: int = 3) -> Cues:
        """Return what the text says. Never raises for any text; ``tier`` 1 is an official source."""
        published_on = published_at.date() if published_at else None
        read = self._read_sentences(title, body, published_on)
        scored = self._topics(read)
        topics = tuple(topic for score, topic in scored if score >= TOPIC_AT)[:MAX_TOPICS]
        hints = topics or tuple(topic for score, topic in scored if score >= HINT_AT)[:1]
        weight, direction, evidence = _direction(read, hints, title, body)
        vetoes = tuple(
            dict.fromkeys(family for family, bit in self._tagger.vetoes for item in read[:4] if item.mask & bit)
        )
        ids, official = instruments.instruments(title, body)
        official = official or bool(_OFFICIAL.search(title) or (tier == 1 and _OFFICIAL.search(body[:3000])))
        stage_name = self._stage(read, hints, weight, official=official)
        issuers, targets = _parties(read)
        entities, goods, criticality = _named(read)
        found_dates, date_evidence = _dates(read, title, body, published_on)
        historical = bool(read) and all(item.historical for item in read[:2])
        hypothetical = bool(read) and context.is_hypothetical(read[0].sentence.keys)
        return Cues(
            direction=direction,
            direction_weight=weight,
            direction_evidence=evidence,
            stage=stage_name,
            stage_evidence=(),
            issuers=issuers,
            targets=targets,
            entities=entities,
            goods=goods,
            criticality=criticality,
            instruments=ids,
            eccns=instruments.eccns(title, body),
            effective_at=found_dates.get("effective"),
            expires_at=found_dates.get("expires"),
            comment_due_at=found_dates.get("comment"),
            date_evidence=date_evidence,
            topics=topics,
            historical=historical,
            hypothetical=hypothetical,
            vetoes=vetoes,
            official_instrument=official,
            signals=_signals(
                topics, direction, stage_name, vetoes, official=official, hist=historical, hyp=hypothetical
            ),
        )

    def _read_sentences(self, title: str, body: str, published_on: date | None) -> list[_Read]:
        parts = reading.sentences(title, reading.TITLE, self._cased)
        parts += reading.sentences(body, reading.BODY, self._cased) if body else []
        parts = parts[:MAX_SENTENCES]
        words = {key.lower() for part in parts for key in part.keys}
        year = published_on.year if published_on else None
        found = []
        for part in parts:
            mentions = self._namer.mentions(part.keys, words)
            actors = frozenset(
                index
                for mention in mentions
                if mention.section != "goods"
                for index in range(mention.start, mention.end)
            )
            found.append(
                _Read(
                    sentence=part,
                    weight=_weight(part),
                    mask=self._tagger.mask(part.keys),
                    votes=votes(part.keys, self._grammar, actors, part.hyphened),
                    mentions=mentions,
                    historical=context.is_historical(part.keys, year),
                )
            )
        return found

    def _topics(self, read: list[_Read]) -> list[tuple[float, str]]:
        """Return the topics with their scores, the strongest first."""
        scores: dict[str, float] = {}
        for item in read:
            mask = item.mask
            seen: dict[str, float] = {}
            for rule in self._tagger.rules:
                if mask & rule.never or rule.weight <= seen.get(rule.topic, 0.0):
                    continue
                if all(mask & bit for bit in rule.need):
                    seen[rule.topic] = rule.weight
            for topic, value in seen.items():
                scores[topic] = scores.get(topic, 0.0) + value * item.weight * (0.8 if item.historical else 1.0)
        # Talks are named in most reports of a measure; the measure is the main topic then.
        return sorted(
            ((score, topic) for topic, score in scores.items()),
            key=lambda pair: -pair[0] * _RANK.get(pair[1], 1.0),
        )

    def _stage(self, read: list[_Read], topics: tuple[str, ...], weight: float, *, official: bool) -> str:
        cues: dict[str, set[str]] = {reading.TITLE: set(), reading.BODY: set()}
        for item in read:
            if item.weight > BODY_WEIGHT:
                cues[item.sentence.field].update(name for name, bit in self._tagger.stages if item.mask & bit)
        return stage.stage_of(frozenset(cues[reading.TITLE]), frozenset(cues[reading.BODY]), topics, weight, official=official)


def load_reader(folder: Path | None = None) -> CueReader:
    """Compile the gazetteers in ``folder`` (the shipped ones by default). Raises GazetteerError with file and line."""
    folder = SHIPPED if folder is None else folder
    words = folder / "words.yaml"
    irregular = {
        verb: [text for text, _ in texts_of(words, node)]
        for verb, node in mapping_of(words, mapping_of(words, read_yaml(words))["irregular"]).items()
    }
    return CueReader(grammar=load_grammar(words), tagger=load_tagger(folder, irregular), namer=load_namer(folder))


def _weight(sentence: Sentence) -> float:
    if sentence.field == reading.TITLE:
        return TITLE_WEIGHT if sentence.index < LEAD_SENTENCES else BODY_WEIGHT
    return LEAD_WEIGHT if sentence.index < LEAD_SENTENCES else BODY_WEIGHT


def _direction(
    read: list[_Read], topics: tuple[str, ...], title: str, body: str
) -> tuple[float, str, tuple[Evidence, ...]]:
    weight = 0.0
    sides = {1: 0.0, -1: 0.0}  # for "mixed": measures of each sign, weighed 3, 2, 1 as in the detection dossier
    evidence: list[Evidence] = []
    for item in read:
        main = any(not vote.background and vote.why in _ACTS for vote in item.votes)
        for vote in item.votes:
            value = vote.value * _reliance(vote, item, main=main)
            weight += value * _DIRECTION_WEIGHT[item.weight]
            if vote.why in _ACTS and vote.label in _MEASURES:
                sides[1 if value > 0 else -1] += abs(value) * item.weight
            if len(evidence) < MAX_EVIDENCE:
                why = f"{vote.why} {value * _DIRECTION_WEIGHT[item.weight]:+.1f}"
                evidence.append(_evidence(item.sentence, vote.start, vote.end, title, body, why))
    if topics:
        weight += _LEANING[topics[0]]
    if min(sides.values()) >= MIXED_AT and abs(weight) < MIXED_BALANCE * max(sides.values()):
        return weight, "mixed", tuple(evidence)
    if abs(weight) < DECIDED_AT:
        return weight, "unclear", tuple(evidence)
    return weight, "tightening" if weight > 0 else "easing", tuple(evidence)


def _reliance(vote: Vote, item: _Read, *, main: bool) -> float:
    """Return how far a vote counts: less in background, conditional and historical clauses, and for bare nouns."""
    value = 1.0
    if item.historical:
        value = _HISTORICAL_TITLE if item.weight == TITLE_WEIGHT else _HISTORICAL
    if vote.background:
        value *= _BACKGROUND if main or vote.why not in _ACTS else _FOREGROUND
    if vote.conditional:
        value *= _CONDITIONAL
    if vote.why == "bare" and vote.label in _BARE_RELIANCE:
        title, other = _BARE_RELIANCE[vote.label]
        value *= title if item.weight == TITLE_WEIGHT else other
    return value


def _evidence(sentence: Sentence, start: int, end: int, title: str, body: str, why: str) -> Evidence:
    first, last = sentence.spans[start][0], sentence.spans[end - 1][1]
    text = (title if sentence.field == reading.TITLE else body)[first:last]
    return Evidence(start=first, end=last, field=sentence.field, text=text, why=why)


def _parties(read: list[_Read]) -> tuple[tuple[str, ...], tuple[str, ...]]:
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


def _named(read: list[_Read]) -> tuple[tuple[str, ...], tuple[str, ...], float]:
    entities: dict[str, None] = {}
    goods: dict[str, None] = {}
    criticality = 0.0
    for item in read:
        for mention in item.mentions:
            if mention.section == "entities":
                entities[mention.name.id] = None
            elif mention.section == "goods":
                goods[mention.name.id] = None
                criticality = max(criticality, mention.name.criticality)
    return tuple(entities), tuple(goods), criticality


def _dates(
    read: list[_Read], title: str, body: str, published_on: date | None
) -> tuple[dict[str, date], tuple[Evidence, ...]]:
    days: dict[str, date] = {}
    evidence: list[Evidence] = []
    for field, text in ((reading.TITLE, title), (reading.BODY, body[: reading.MAX_BODY])):
        for found in dates.dates(text, published_on):
            if found.role in days:
                continue
            days[found.role] = found.day
            start, end = _sentence_range(read, field, found.start, found.end)
            evidence.append(Evidence(start=start, end=end, field=field, text=text[start:end], why=found.role))
    return days, tuple(evidence)


def _sentence_range(read: list[_Read], field: str, start: int, end: int) -> tuple[int, int]:
    for item in read:
        spans = item.sentence.spans
        if item.sentence.field == field and spans[0][0] <= start < spans[-1][1]:
            return spans[0][0], max(spans[-1][1], end)
    return start, end


def _signals(
    topics: tuple[str, ...],
    direction: str,
    stage_name: str,
    vetoes: tuple[str, ...],
    *,
    official: bool,
    hist: bool,
    hyp: bool,
) -> tuple[str, ...]:
    found = [f"topic:{topic}" for topic in topics]
    found += [f"dir:{direction}", f"stage:{stage_name}"]
    found += [f"veto:{family}" for family in vetoes]
    found += [name for name, present in (("instrument", official), ("hist", hist), ("hyp", hyp)) if present]
    return tuple(found)
