"""The pages: each reads what it shows in one connection and renders one template. Runs in worker threads."""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.alerting.audience import story_document
from bot.domain import Story
from bot.ingest.health import HealthState, health
from bot.storage import browsing, history
from bot.storage import sources as source_rows
from bot.storage.articles import counted, load_articles
from bot.storage.stories import latest_at, load_assessments, load_stories
from bot.storage.transactions import looking
from bot.web import timelines
from bot.web.asking import Asked, read_asked
from bot.web.links import host_of
from bot.web.papers import read_paper
from bot.web.rendering import HEADERS, Renderer
from rules.definitions import Catalog, Rule
from rules.explaining import parts_of

PAGE = 20  # stories on a page
SEARCHED = 400  # latest stories that a query is tried on
EXPLAINED = 30  # articles of a story whose assessment is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What the pages read from.

    `scorecard` is a Markdown file, `model()` the sidecar of the model in use, `titles` the gazetteer's names by id.
    """

    engine: Engine
    renderer: Renderer
    catalog: Callable[[], Catalog]
    clock: Callable[[], datetime]
    scorecard: Path | None
    model: Callable[[], Mapping[str, object]]
    titles: Mapping[str, str]

    def stories(self, request: Request) -> Response:
        """Show the stories with the latest news, narrowed down by filters and a query."""
        asked = read_asked(request.query_params, filters=self.catalog().filters)
        shown, number, names = ([], 0, {}) if asked.fault else self._found(asked)
        last = max(1, -(-number // PAGE))
        if asked.page > last:
            return RedirectResponse(asked.address(last), status_code=303, headers=dict(HEADERS))
        return self.renderer.page(
            "stories.html",
            status=400 if asked.fault else 200,
            asked=asked,
            stories=shown,
            number=number,
            last=last,
            first=(asked.page - 1) * PAGE + 1,
            searched=SEARCHED,
            names=names,
            now=self.clock(),
        )

    def _found(self, asked: Asked) -> tuple[list[Story], int, dict[str, str]]:
        start = (asked.page - 1) * PAGE
        with looking(self.engine) as tx:
            names = browsing.source_names(tx)
            if asked.query is None:
                number = browsing.number_of(tx, asked.wanted)
                return browsing.page_of(tx, asked.wanted, limit=PAGE, offset=start), number, names
            tried = browsing.candidates(tx, asked.wanted, limit=SEARCHED)
        now, root = self.clock(), asked.query.root
        hits = [
            one.story for one in tried if root.test(story_document(one.story, one.article, one.assessment, now=now))
        ]
        return hits[start : start + PAGE], len(hits), names

    def story(self, request: Request) -> Response:
        """Show one story: its stages, sources and timeline, and why it was told."""
        story_id = str(request.path_params["story_id"])
        if not (story_id.isascii() and story_id.isalnum() and len(story_id) <= 32):
            raise HTTPException(404)
        with looking(self.engine) as tx:
            story = load_stories(tx, [story_id]).get(story_id)
            if story is None or not story.articles:
                raise HTTPException(404)
            if story.id != story_id:  # merged into another one meanwhile
                return RedirectResponse(f"/stories/{story.id}", status_code=301, headers=dict(HEADERS))
            steps = browsing.steps_of(tx, story.id)
            ids = [one.article_id for one in story.articles]
            articles = load_articles(tx, ids)
            judged = load_assessments(tx, ids[-EXPLAINED:])
            before = load_stories(tx, [story.follows]).get(story.follows) if story.follows else None
            after = browsing.next_steps(tx, story.id)
            names = browsing.source_names(tx)
        return self.renderer.page(
            "story.html",
            story=story,
            entries=timelines.timeline(story, steps),
            stages=timelines.stages(story, steps),
            directions=timelines.directions(story, steps),
            severities=timelines.severities(story, steps),
            tiers=timelines.by_tier(story.articles),
            langs={key: one.lang for key, one in articles.items()},
            judged=[(one, judged[one.article_id]) for one in story.articles if one.article_id in judged],
            rules={rule.id for rule in self.catalog().rules},
            names=names,
            titles=self.titles,
            before=before,
            after=after,
            now=self.clock(),
        )

    def sources(self, request: Request) -> Response:
        """Show how each source does, the troubled ones first."""
        wanted = request.query_params.get("state", "")
        now = self.clock()
        with looking(self.engine) as tx:
            stored = source_rows.all_sources(tx)
        rows = [(one.source, health(one.memory, now), one.memory, one.added_by) for one in stored]
        order = list(HealthState)
        rows.sort(key=lambda row: (order.index(row[1].state), row[0].tier, row[0].name.casefold()))
        counts = {state: sum(row[1].state is state for row in rows) for state in order}
        state = wanted if wanted in {one.value for one in HealthState} else ""
        shown = [row for row in rows if not state or row[1].state.value == state]
        return self.renderer.page(
            "sources.html", rows=shown, counts=counts, state=state, total=len(rows), now=now, without=_without_address
        )

    def rules(self, request: Request) -> Response:
        """Show the rule catalog by topic."""
        del request
        catalog = self.catalog()
        topics: dict[str, list[Rule]] = {}
        for rule in catalog.rules:
            topics.setdefault(rule.topic, []).append(rule)
        return self.renderer.page("rules.html", by_topic=topics, catalog=catalog)

    def rule(self, request: Request) -> Response:
        """Show one rule: what it asks, its examples, where it errs."""
        rule = self.catalog().get(str(request.path_params["rule_id"])[:200])
        if rule is None:
            raise HTTPException(404)
        return self.renderer.page("rule.html", rule=rule, parts=parts_of(rule.query))

    def scorecard_page(self, request: Request) -> Response:
        """Show the detector's scorecard, or the figures that the model carries where there is none."""
        del request
        text = ""
        if self.scorecard is not None and self.scorecard.is_file():
            text = self.scorecard.read_text(encoding="utf-8", errors="replace")
        return self.renderer.page("scorecard.html", blocks=read_paper(text), card=self._card())

    def about(self, request: Request) -> Response:
        """Show versions and what the watch has stored."""
        del request
        now, catalog = self.clock(), self.catalog()
        with looking(self.engine) as tx:
            stored, today, newest = history.totals(tx), counted(tx, now, now), latest_at(tx)
        versions = {
            "Straitwatch": _version("straitwatch"),
            "Model": str(self.model().get("version", "none")),
            "Rules": f"{catalog.version} ({len(catalog.rules)} rules)",
            "Python": platform.python_version(),
            "Database": {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(self.engine.dialect.name, "other"),
        }
        return self.renderer.page("about.html", versions=versions, stored=stored, today=today, newest=newest, now=now)

    def _card(self) -> dict[str, str]:
        """Give the model's figures as lines, nested ones as JSON."""
        return {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            for name, value in self.model().items()
            if name in {"version", "trained_at", "threshold", "topic_thresholds", "calibration", "sources", "made_with"}
        }


def _without_address(text: str, url: str) -> str:
    """Take a source's address out of its status: it may hold a key that only the operator should see."""
    return text.replace(url, host_of(url) or "its address") if url else text


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
