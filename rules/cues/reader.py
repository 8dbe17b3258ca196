"""The reader of cues: gazetteers compiled once, then one pure call for each text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.cues import context, dates, instruments, reading, stage
from rules.cues.cjk import load_characters
from rules.cues.direction import votes
from rules.cues.grammar import load_grammar
from rules.cues.naming import load_namer
from rules.cues.tagging import load_tagger
from rules.cues.values import Cues, Evidence
from rules.cues.weighing import (
    ACTS,
    BODY_WEIGHT,
    HINT_AT,
    MAX_TOPICS,
    STRONG_AT,
    TITLE_WEIGHT,
    TOPIC_AT,
    Direction,
    Read,
    direction_of,
    evidence_at,
    named,
    parties_of,
    place_weight,
    topics_of,
)
from rules.gazetteers import SHIPPED, mapping_of, read_yaml, texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from pathlib import Path

    from rules.cues.cjk import Characters, Reading
    from rules.cues.grammar import Word
    from rules.cues.naming import Namer
    from rules.cues.tagging import Tagger
    from rules.gazetteers import Trie

MAX_SENTENCES = 60
_VETO_SENTENCES = 4  # a veto deep in the text is no veto
_OFFICIAL = re.compile(
    r"\b(?:AGENCY:|SUMMARY:|interim final rule|final rule|is amending the|amends the Export Administration|hereby|"
    r"Notice to [Ee]xporters|issues? this (?:final|interim)|(?:Antidumping|Countervailing) Duty Orders?|"
    r"pursuant to (?:the|section))|公告|公布|官报|官報|告示|省令|고시"
)
_OFFICIAL_BODY = 3_000


class CueReader:
    """Reads one text into Cues. Immutable after loading and safe to share between threads."""

    __slots__ = ("_cased", "_characters", "_grammar", "_namer", "_tagger")

    def __init__(self, *, grammar: Trie[Word], tagger: Tagger, namer: Namer, characters: Characters) -> None:
        self._grammar = grammar
        self._tagger = tagger
        self._namer = namer
        self._characters = characters
        self._cased = frozenset(grammar.cased | tagger.trie.cased | namer.trie.cased)
        grammar.adopt(self._cased)
        tagger.trie.adopt(self._cased)

    def read(self, title: str, body: str, *, published_at: datetime | None = None, tier: int = 3) -> Cues:
        """Return what the text says. Never raises for any text; ``tier`` 1 is an official source.

        ``published_at`` completes dates without a year and tells past years from the present one. The first 12,000
        characters and 60 sentences are read word by word, 40,000 characters are searched for instrument ids.
        """
        published_on = published_at.date() if published_at else None
        read = self._read_sentences(title, body, published_on)
        scored = topics_of(read, self._tagger.rules)
        topics = tuple(topic for score, topic in scored if score >= TOPIC_AT)[:MAX_TOPICS]
        hints = topics or tuple(topic for score, topic in scored if score >= HINT_AT)[:1]
        direction = direction_of(read, hints[0] if hints else "", title, body)
        ids, official = instruments.instruments(title, body)
        official = official or bool(
            _OFFICIAL.search(title, 0, _OFFICIAL_BODY) or (tier == 1 and _OFFICIAL.search(body, 0, _OFFICIAL_BODY))
        )
        stage_name, stage_evidence = self._stage(read, hints, direction.weight, title, body, official=official)
        issuers, targets = parties_of(read, tier=tier)
        goods = _ids(read, "goods")
        found_dates, date_evidence = _dates(read, title, body, published_on)
        cues = Cues(
            direction=direction.name,
            direction_weight=direction.weight,
            direction_evidence=direction.evidence,
            stage=stage_name,
            stage_evidence=stage_evidence,
            issuers=issuers,
            targets=targets,
            entities=_ids(read, "entities"),
            goods=goods,
            criticality=self._criticality(goods),
            instruments=ids,
            eccns=instruments.eccns(title, body),
            effective_at=found_dates.get("effective"),
            expires_at=found_dates.get("expires"),
            comment_due_at=found_dates.get("comment"),
            date_evidence=date_evidence,
            topics=topics,
            historical=bool(read) and all(item.historical for item in read[:2]),
            hypothetical=bool(read) and context.is_hypothetical(read[0].sentence.keys),
            vetoes=self._vetoes(read),
            official_instrument=official,
        )
        foreign = self._characters.read(title, body)
        if foreign is not None and (foreign.topics or not topics):
            cues = self._merge(cues, foreign, title)
            direction = Direction(name=cues.direction, weight=cues.direction_weight, evidence=())
        return replace(cues, signals=_signals(cues, direction, read))

    def _read_sentences(self, title: str, body: str, published_on: date | None) -> list[Read]:
        parts = reading.sentences(title, reading.TITLE, self._cased)
        parts += reading.sentences(body, reading.BODY, self._cased) if body else []
        parts = parts[:MAX_SENTENCES]
        words = lru_cache(lambda: {key.lower() for part in parts for key in part.keys})  # few names ask for them
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
                Read(
                    sentence=part,
                    mask=self._tagger.mask(part.keys),
                    votes=votes(part.keys, self._grammar, actors, part.hyphened),
                    mentions=mentions,
                    historical=context.is_historical(part.keys, year),
                    weight=place_weight(part, untitled=parts[0].field == reading.BODY),
                )
            )
        return found

    def _vetoes(self, read: Sequence[Read]) -> tuple[str, ...]:
        mask = 0
        for item in read[:_VETO_SENTENCES]:
            mask |= item.mask
        return tuple(family for family, bit in self._tagger.vetoes if mask & bit)

    def _criticality(self, goods: Sequence[str]) -> float:
        return max((self._namer.entry(good).criticality for good in goods), default=0.0)

    def _stage(
        self, read: Sequence[Read], topics: Sequence[str], weight: float, title: str, body: str, *, official: bool
    ) -> tuple[str, tuple[Evidence, ...]]:
        masks = {reading.TITLE: 0, reading.BODY: 0}
        for item in read:
            if item.weight > BODY_WEIGHT:
                masks[item.sentence.field] |= item.mask
        in_title, in_lead = (
            frozenset(name for name, bit in self._tagger.stages if masks[field] & bit) for field in masks
        )
        found = stage.stage_of(in_title, in_lead, topics, weight, official=official)
        for item in read:
            if item.weight > BODY_WEIGHT and item.mask & self._tagger.stage_bits(found):
                place = self._tagger.first(item.sentence.keys, self._tagger.stage_bits(found))
                return found, (evidence_at(item.sentence, *place, title=title, body=body, why=found),)
        return found, ()

    def _merge(self, cues: Cues, foreign: Reading, title: str) -> Cues:
        """Put what was read from Chinese, Japanese or Korean over what little the word reader found."""
        goods = tuple(dict.fromkeys((*foreign.goods, *cues.goods)))
        issuers = cues.issuers or tuple(dict.fromkeys(self._namer.entry(body).country for body in foreign.bodies))
        evidence = tuple(
            Evidence(
                start=start, end=end, field=reading.TITLE, text=title[start:end], why=f"verb and object {value:+.1f}"
            )
            for start, end, value in foreign.evidence
        )
        return replace(
            cues,
            topics=foreign.topics,
            direction=named(foreign.weight),
            direction_weight=round(foreign.weight, 3),
            direction_evidence=evidence,
            stage=foreign.stage if foreign.topics else "none",
            issuers=issuers,
            targets=cues.targets or tuple(code for code in foreign.places if code not in issuers),
            entities=tuple(dict.fromkeys((*foreign.bodies, *cues.entities))),
            goods=goods,
            criticality=self._criticality(goods),
            official_instrument=cues.official_instrument or foreign.official,
        )


def load_reader(folder: Path | None = None) -> CueReader:
    """Compile the gazetteers in ``folder`` (the shipped ones by default). Raises GazetteerError with file and line."""
    folder = SHIPPED if folder is None else folder
    words = folder / "words.yaml"
    irregular = {
        verb: [text for text, _ in texts_of(words, node)]
        for verb, node in mapping_of(words, mapping_of(words, read_yaml(words))["irregular"]).items()
    }
    return CueReader(
        grammar=load_grammar(words),
        tagger=load_tagger(folder, irregular),
        namer=load_namer(folder),
        characters=load_characters(folder / "cjk.yaml"),
    )


def _ids(read: Sequence[Read], section: str) -> tuple[str, ...]:
    found = (mention.name.id for item in read for mention in item.mentions if mention.section == section)
    return tuple(dict.fromkeys(found))


def _dates(
    read: Sequence[Read], title: str, body: str, published_on: date | None
) -> tuple[dict[str, date], tuple[Evidence, ...]]:
    days: dict[str, date] = {}
    evidence: list[Evidence] = []
    for field, text in ((reading.TITLE, title[: reading.MAX_BODY]), (reading.BODY, body[: reading.MAX_BODY])):
        for found in dates.dates(text, published_on):
            if found.role in days:
                continue
            days[found.role] = found.day
            start, end = _sentence_range(read, field, found.start, found.end)
            evidence.append(Evidence(start=start, end=end, field=field, text=text[start:end], why=found.role))
    return days, tuple(evidence)


def _sentence_range(read: Sequence[Read], field: str, start: int, end: int) -> tuple[int, int]:
    for item in read:
        spans = item.sentence.spans
        if item.sentence.field == field and spans[0][0] <= start < spans[-1][1]:
            return spans[0][0], max(spans[-1][1], end)
    return start, end


def _signals(cues: Cues, direction: Direction, read: Sequence[Read]) -> tuple[str, ...]:
    titles = [vote for item in read if item.weight == TITLE_WEIGHT for vote in item.votes]
    flags = {
        "strong": abs(cues.direction_weight) >= STRONG_AT,
        "divided": direction.divided,
        "act": any(vote.why in ACTS for vote in titles),
        "neg": any(vote.negated for vote in titles),
        "instrument": cues.official_instrument,
        "eccn": bool(cues.eccns),
        "goods": bool(cues.goods),
        "dated": cues.effective_at is not None,
        "hist": cues.historical,
        "hyp": cues.hypothetical,
    }
    return (
        *(f"topic:{topic}" for topic in cues.topics),
        f"dir:{cues.direction}",
        f"stage:{cues.stage}",
        *(f"veto:{family}" for family in cues.vetoes),
        *(name for name, present in flags.items() if present),
    )
