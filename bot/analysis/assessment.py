"""Assess articles: the classifier and the rules together make one Assessment. Pure, once loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.analysis.languages import ENGLISH, LanguageReader
from bot.domain import Article, Assessment, Direction, Match, Severity, Stage, Topic
from classifiers.combining import combine_direction, combine_stage
from classifiers.model import Item, Prediction
from classifiers.second import Detector
from rules.cues import CueReader, Cues
from rules.loading import Catalog
from rules.matching import RuleSet
from rules.query import Document, Hits
from rules.severity import severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How sure to be before flagging, as multiples of the model's own threshold on the calibrated probability."""

    alone: float  # the classifier alone suffices
    with_rule: float  # a rule of the catalog supports it
    official: float  # a tier-1 source states an official instrument
    vetoed: float  # a family of hard negatives fired
    foreign: float = 4.0  # the sentence encoder alone has read it, in a language that no example taught


# Chosen by `benchmarks/decision.py`, which leaves out each clause in turn: `balanced` is the far end of the plateau
# of F1 on the development news, where an unsampled stream holds fewest false alarms (figures in `docs/model-card.md`).
PROFILES: Mapping[str, Thresholds] = {
    "eager": Thresholds(alone=1.0, with_rule=0.15, official=0.5, vetoed=1.0, foreign=3.0),
    "balanced": Thresholds(alone=2.0, with_rule=0.15, official=1.0, vetoed=2.0),
    "strict": Thresholds(alone=3.5, with_rule=1.0, official=1.0, vetoed=4.5, foreign=5.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """All that the decision to flag rests on."""

    probability: float
    rules: tuple[str, ...] = ()  # titles of the catalog's rules that matched
    vetoes: tuple[str, ...] = ()
    tier: int = 3
    instrument: bool = False  # the article states or quotes an official instrument
    language: str = ENGLISH  # ISO 639-1
    readable: bool = True  # the classifier covers the language


def decide_flag(grounds: Grounds, at: Thresholds, threshold: float) -> tuple[bool, str]:
    """Decide whether an article is flagged, and by which clause, in words that users read."""
    probability = grounds.probability
    said = f"probability {probability:.0%}"
    official = grounds.tier == 1 and grounds.instrument
    if not grounds.readable:
        return _decide_unread(grounds)
    alone = at.alone
    if grounds.language != ENGLISH:
        alone = at.foreign
        said += f" (language {grounds.language}, read by the sentence encoder alone: low confidence)"
    if grounds.vetoes and not (grounds.tier == 1 or grounds.instrument):
        family = grounds.vetoes[0].replace("_", " ")
        return probability >= at.vetoed * threshold, f"looks like {family}; {said}"
    if official and probability >= at.official * threshold:
        return True, f"official instrument from a tier-1 source; {said}"
    if probability >= alone * threshold:
        return True, f"the classifier is sure; {said}"
    if grounds.rules and probability >= at.with_rule * threshold:
        return True, f"rule “{grounds.rules[0]}” supports it; {said}"
    return False, f"{said} is below the threshold of {alone * threshold:.0%}"


def _decide_unread(grounds: Grounds) -> tuple[bool, str]:
    """Decide on a text that the classifier cannot read by what the rules know of it: instruments and names."""
    said = f"the classifier does not cover its language ({grounds.language})"
    if grounds.instrument:
        return True, f"official instrument; {said}"
    if grounds.rules and not grounds.vetoes:
        return True, f"rule “{grounds.rules[0]}” alone; {said}"
    return False, f"no official instrument and no rule speaks for it; {said}"


class Assessor:
    """The loaded classifier, cues and catalog; thread-safe, since nothing in it changes."""

    def __init__(self, *, model: Detector, cues: CueReader, catalog: Catalog, precision: str = "balanced") -> None:
        self.model = model
        self.cues = cues
        self._languages = LanguageReader()
        self._catalog = catalog
        self.precision = precision
        self._thresholds = PROFILES[precision]
        self._titles = {rule.id: rule.title for rule in catalog.rules}
        self._topics = {rule.id: rule.topic for rule in catalog.rules}
        # rules that ask for several articles within a time: whether they fire is known only with the stored ones
        self.correlated = {rule.id: rule for rule in catalog.rules if rule.at_least is not None}
        self._rule_set = RuleSet.of({rule.id: rule.query for rule in catalog.rules})

    @property
    def catalog(self) -> Catalog:
        """Give the rules that it asks."""
        return self._catalog

    @property
    def model_card(self) -> Mapping[str, Any]:
        """Give the sidecar of the model that it asks: version, thresholds, what it was trained on."""
        return self.model.card

    def assess(self, articles: Sequence[Article], *, explain: bool = False) -> list[Assessment]:
        """Assess a batch, in order; `explain` adds the classifier's strongest terms, which costs time per article."""
        read, tongues, items = self._read(articles)
        predictions = self.model.predict(items) if items else []
        found = []
        for article, cues, tongue, item, prediction in zip(articles, read, tongues, items, predictions, strict=True):
            terms = tuple((term.text, term.weight) for term in self.model.explain(item)) if explain else ()
            found.append(self._combine(article, cues, tongue, prediction, terms))
        return found

    def _read(self, articles: Sequence[Article]) -> tuple[list[Cues], list[str], list[Item]]:
        """Give the cues, the language and the classifier's item of each article."""
        read = [self.cues.read(a.title, a.body, published_at=a.published_at, tier=a.tier) for a in articles]
        tongues = [self._languages.language_of(a.title, a.body) for a in articles]
        items = [
            Item(title=a.title, body=a.body, signals=c.signals, other_language=tongue != ENGLISH)
            for a, c, tongue in zip(articles, read, tongues, strict=True)
        ]
        return read, tongues, items

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of model and rules, which every assessment carries."""
        return {"model": self.model.version, "rules": self._catalog.version}

    @property
    def threshold(self) -> float:
        """The model's own threshold on the calibrated probability."""
        return self.model.threshold

    def grounds_of(self, articles: Sequence[Article]) -> list[Grounds]:
        """Give what the decision on each article rests on, for benchmarks that leave clauses out."""
        read, tongues, items = self._read(articles)
        return [
            self.grounds(article, cues, tongue, prediction.probability, self._match(article, cues))
            for article, cues, tongue, prediction in zip(
                articles, read, tongues, self.model.predict(items), strict=True
            )
        ]

    def _combine(
        self, article: Article, cues: Cues, tongue: str, prediction: Prediction, terms: tuple[tuple[str, float], ...]
    ) -> Assessment:
        matches = self._match(article, cues)
        grounds = self.grounds(article, cues, tongue, prediction.probability, matches)
        flagged, reason = decide_flag(grounds, self._thresholds, self.model.threshold)
        topics = self._choose_topics(cues, prediction, matches, flagged=flagged)
        direction = Direction(
            combine_direction(prediction.directions, cues.direction_weight, mixed=cues.direction == "mixed")
        )
        stage = Stage(combine_stage(prediction.stages, cues.stage))
        level, potential = (
            Severity.of(
                severity(
                    cues,
                    topics=[topic.value for topic in topics],
                    stage=stage.value,
                    direction=direction.value,
                    tier=article.tier,
                    publishers=publishers,
                    probability=prediction.probability,
                    published_on=article.at.date(),
                ).level
            )
            for publishers in (1, 2)
        )
        return Assessment(
            article_id=article.id,
            probability=prediction.probability,
            flagged=flagged,
            reason=reason,
            topics=topics,
            direction=direction,
            stage=stage,
            severity=level,
            potential=potential,
            issuers=cues.issuers,
            targets=cues.targets,
            entities=cues.entities,
            goods=cues.goods,
            instruments=tuple(dict.fromkeys((*article.instruments, *cues.instruments))),
            eccns=cues.eccns,
            effective_on=cues.effective_at,
            expires_on=cues.expires_at,
            comment_due_on=cues.comment_due_at,
            matches=matches,
            terms=terms,
            evidence=_evidence(cues),
            model_version=self.model.version,
            rules_version=self._catalog.version,
        )

    def _match(self, article: Article, cues: Cues) -> tuple[Match, ...]:
        document = Document.of(title=article.title, text=article.body, fields=document_fields(article, cues))
        return tuple(
            match_of(found.key, self._titles[found.key], found.hits) for found in self._rule_set.match(document)
        )

    def grounds(
        self, article: Article, cues: Cues, tongue: str, probability: float, matches: Sequence[Match]
    ) -> Grounds:
        """Give what the decision on an article rests on."""
        return Grounds(
            probability=probability,
            rules=tuple(match.title for match in matches if match.rule_id not in self.correlated),
            vetoes=cues.vetoes,
            tier=article.tier,
            instrument=bool(article.instruments or cues.official_instrument),
            language=tongue,
            readable=tongue in self.model.languages,
        )

    def _choose_topics(
        self, cues: Cues, prediction: Prediction, matches: Sequence[Match], *, flagged: bool
    ) -> tuple[Topic, ...]:
        votes = {self._topics[match.rule_id] for match in matches} | set(cues.topics)
        limits = self.model.topic_thresholds
        scored = {
            topic: value + (0.15 if topic in votes else 0.0)
            for topic, value in prediction.topics.items()
            if value + (0.15 if topic in votes else 0.0) >= limits[topic]
        }
        if not scored and flagged:
            best = max(prediction.topics, key=lambda topic: prediction.topics[topic])
            scored = {best: prediction.topics[best]}
        ranked = sorted(scored, key=lambda topic: (-scored[topic], topic))
        return tuple(Topic(topic) for topic in ranked[:3])


def document_fields(article: Article, cues: Cues) -> dict[str, object]:
    """Give what the catalog's rules may ask of an article before it is assessed."""
    return {
        "entity": list(cues.entities),
        "goods": list(cues.goods),
        "issuer": list(cues.issuers),
        "target": list(cues.targets),
        "instrument": list(cues.instruments),
        "eccn": list(cues.eccns),
        "source": article.source_id,
        "publisher": article.publisher,
        "tier": article.tier,
        "lang": article.lang,
    }


def match_of(key: str, title: str, hits: Hits) -> Match:
    """Keep of a match what is stored and shown: the words and their place."""
    spans = tuple((span.field, span.start, span.end) for span in hits)
    words = tuple(dict.fromkeys(span.word for span in hits))
    return Match(rule_id=key, title=title, words=words, spans=spans)


def _evidence(cues: Cues) -> tuple[tuple[str, str, int, int], ...]:
    found = [("direction", one) for one in cues.direction_evidence] + [("stage", one) for one in cues.stage_evidence]
    return tuple((what, one.field, one.start, one.end) for what, one in found)
