"""Play a rule fixture through the real pipeline: assess, group, decide and route on a virtual clock, nothing sent."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine

from bot import app
from bot.analysis.assessment import Assessor
from bot.analysis.grouping import StoryIndex
from bot.analysis.grouping.placing import Placement
from bot.domain import (
    Article,
    Assessment,
    Chat,
    ChatKind,
    DeliveryKind,
    Direction,
    Severity,
    Source,
    SourceKind,
    Stage,
    Story,
    Subscription,
    Topic,
    derive_id,
)
from bot.ingest.memory import SourceMemory
from bot.ingest.parsing import InlineParsers
from bot.ingest.polled import Polled, Selection
from bot.laps import Laps
from bot.pipeline import Pipeline
from bot.pipeline import Told as Outcome
from bot.settings import Settings
from bot.storage import sources as source_rows
from bot.storage import stories
from bot.storage.chats import save_chat
from bot.storage.database import open_engine, reading
from bot.storage.subscriptions import save_subscription
from bot.storage.upgrading import upgrade
from bot.storage.whereabouts import owed_beside
from rules.definitions import Catalog
from rules.fixtures import ChatRule, Item, Scenario, Told

# what a fixture may state of an assessment, by the name of the query field
STATED = {
    "topic": "topics",
    "direction": "direction",
    "stage": "stage",
    "severity": "severity",
    "probability": "probability",
    "entity": "entities",
    "goods": "goods",
    "issuer": "issuers",
    "target": "targets",
    "instrument": "instruments",
    "eccn": "eccns",
}


class Rehearsal:
    """Callable as the `simulate` of `rules.fixtures.run`; the model and the cues are loaded once for all scenarios."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded = app.load_assessor(settings)
        self.silent: list[str] = []  # a line for each item that told nobody, with the reason

    def __call__(self, scenario: Scenario) -> list[Told]:
        """Give the alerts and the replies to them that each chat would get.

        An item that states `fields` of the assessment counts as flagged with these; any other is judged by the
        classifier. Items of one named `story` are one story; without a name the grouping decides.
        """
        with tempfile.TemporaryDirectory(prefix="straitwatch-rehearsal-") as folder:
            engine = open_engine(f"sqlite:///{Path(folder) / 'rehearsal.sqlite3'}")
            try:
                upgrade(engine)
                return self._play(scenario, engine)
            finally:
                engine.dispose()

    def _play(self, scenario: Scenario, engine: Engine) -> list[Told]:
        items = {derive_id("rehearsal", str(number)): item for number, item in enumerate(scenario.items)}
        articles = {key: _article(key, item) for key, item in items.items()}
        pipeline = Pipeline(
            engine=engine,
            fetcher=app.make_fetcher(self._settings),  # never opened: the items are here already
            parsers=InlineParsers(),
            assessor=StatedAssessor(self._loaded, scenario.catalog, items),
            index=NamedStories({key: item.story for key, item in items.items() if item.story}),
            clock=lambda: scenario.start_at,
        )
        with engine.begin() as tx:
            source_rows.upsert_catalog(tx, list({a.source_id: _source(a) for a in articles.values()}.values()))
            names = _furnish(tx, scenario)
        told: list[Told] = []
        known: set[str] = set()
        first: dict[tuple[str, str], list[str]] = {}  # by chat and story, the rules that made its alert
        for key, item in items.items():
            polled, selection = _polled(articles[key], item.at)
            outcome = pipeline.commit(polled, selection, pipeline.assess(selection.new), item.at, Laps())
            with reading(engine) as tx:
                owed = owed_beside(tx, known)
            known.update(one.id for one in owed)
            if not owed:
                self.silent.append(
                    f"{scenario.name}: {item.title or item.text[:80]}: {self._why(outcome, engine, key)}"
                )
            for one in owed:
                place = (one.chat_key, str(one.payload.get("story_id")))
                if one.kind is DeliveryKind.ALERT:
                    first[place] = [
                        names[one.chat_key, rule["name"]] for rule in cast("list[dict[str, str]]", one.payload["rules"])
                    ]
                elif one.kind is not DeliveryKind.CHANGE:
                    continue
                told += [
                    Told(chat=one.chat_key, rule=rule, at=item.at, title=item.title or item.text)
                    for rule in first.get(place, ())
                ]
        return told

    def _why(self, outcome: Outcome, engine: Engine, article_id: str) -> str:
        reasons = [what.partition(":")[2].replace("_", " ") for what in outcome.counts if what.startswith("silent:")]
        with reading(engine) as tx:
            assessment = stories.load_assessments(tx, [article_id])[article_id]
        if not assessment.flagged:
            return f"not flagged, {assessment.reason}. Items with fields: topic, severity, ... count as flagged"
        return ", ".join(reasons) or "no chat's rules asked for it"


class StatedAssessor(Assessor):
    """Assesses as the real one, and puts what a fixture states in the place of what was found."""

    def __init__(self, loaded: Assessor, catalog: Catalog, items: Mapping[str, Item]) -> None:
        super().__init__(model=loaded.model, cues=loaded.cues, catalog=catalog, precision=loaded.precision)
        self._items = items

    def assess(self, articles: Sequence[Article], *, explain: bool = False) -> list[Assessment]:
        """Assess a batch, in order."""
        found = super().assess(articles, explain=explain)
        return [stated(one, self._items[one.article_id].fields) for one in found]


class NamedStories(StoryIndex):
    """Groups articles as the real index, but where a fixture names their story."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names
        self._story_ids: dict[str, str] = {}

    def place(self, article: Article, assessment: Assessment) -> Placement:
        """Decide where an article belongs; a named story holds what bears its name."""
        placement = super().place(article, assessment)
        name = self._names.get(article.id)
        if name is None:
            return placement
        return Placement(story_id=self._story_ids.get(name), copy_of=None, why="named in the fixture")

    def add(self, story_id: str, article: Article, assessment: Assessment) -> None:
        """Note where an article was put."""
        super().add(story_id, article, assessment)
        if article.id in self._names:
            self._story_ids[self._names[article.id]] = story_id

    def unite(self, tx: Connection, before: Story | None, after: Story, *, now: datetime) -> tuple[Story | None, Story]:
        """Merge stories that prove to be one, but for those of a fixture with names of its own."""
        return (before, after) if self._names else super().unite(tx, before, after, now=now)


def stated(assessment: Assessment, given: Mapping[str, object]) -> Assessment:
    """Give the assessment with the fields that a fixture states; stating any makes it flagged."""
    changes: dict[str, object] = {}
    for name, value in given.items():
        if name not in STATED or value is None:
            continue
        texts = [str(one) for one in (value if isinstance(value, (list, tuple)) else [value])]
        match name:
            case "topic":
                changes["topics"] = tuple(Topic(text) for text in texts)
            case "direction":
                changes["direction"] = Direction(texts[0])
            case "stage":
                changes["stage"] = Stage(texts[0])
            case "severity":
                changes["severity"] = changes["potential"] = Severity.of(texts[0])
            case "probability":
                changes["probability"] = float(texts[0])
            case _:
                changes[STATED[name]] = tuple(texts)
    if not changes:
        return assessment
    assert set(changes) <= {one.name for one in fields(Assessment)}
    return replace(assessment, flagged=True, reason="as the fixture states", **changes)  # type: ignore[arg-type]


def _furnish(tx: Connection, scenario: Scenario) -> dict[tuple[str, str], str]:
    """Store the chats with their rules; returns the fixture's name of each rule by chat and stored name."""
    names = {}
    for key, chat_rules in scenario.chats.items():
        save_chat(
            tx,
            Chat(
                key=key,
                telegram_id=0,
                kind=ChatKind.TERMINAL,
                title=key,
                level=Severity.INFORMATIONAL,  # a fixture tests rules, not levels
                created_at=scenario.start_at,
            ),
        )
        for number, rule in enumerate(chat_rules):
            name = f"{number + 1}"
            names[key, name] = rule.name
            save_subscription(
                tx,
                Subscription(
                    id=derive_id("rehearsal", key, name),
                    chat_key=key,
                    name=name,
                    query=_query(rule, scenario),
                    created_at=scenario.start_at,
                ),
            )
    return names


def _query(rule: ChatRule, scenario: Scenario) -> str:
    """Give the query as a chat stores it: a rule of the catalog by its id, so that it counts articles as it says."""
    return f"rule:{rule.name}" if scenario.catalog.get(rule.name) is not None else rule.query.text


def _article(key: str, item: Item) -> Article:
    given = item.fields
    source = str(given.get("source") or given.get("publisher") or "fixture")
    return Article(
        id=key,
        source_id=source,
        publisher=str(given.get("publisher") or source),
        tier=int(float(str(given.get("tier") or 2))),
        lang=str(given.get("lang") or "en"),
        url=f"https://{key[:12]}.example/",
        title=item.title,
        text=item.text,
        published_at=item.at,
        fetched_at=item.at,
    )


def _source(article: Article) -> Source:
    return Source(
        id=article.source_id,
        name=article.source_id,
        url=f"https://{article.source_id}.example/feed",
        kind=SourceKind.FEED,
        tier=article.tier,
        publisher=article.publisher,
        lang=article.lang,
    )


def _polled(article: Article, at: datetime) -> tuple[Polled, Selection]:
    """Give an article as the only one that a poll brought."""
    memory = SourceMemory()
    polled = Polled(source=_source(article), before=memory, memory=memory, polled_at=at)
    return polled, Selection(memory=memory, new=(article,))
