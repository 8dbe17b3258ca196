"""One poll of one source, from bytes to deliveries. Read this file to see how a news item flows.

    fetch -> parse -> select -> complete | assess -> group -> decide -> route -> commit
    (I/O)    (pure)   (pure)    (I/O)    | (pure)    (pure)   (pure)   (pure)   one transaction

Everything of one poll is committed in one transaction: validators are never newer than the articles, and no alert is
decided whose delivery is not owed.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from bot.alerting.audience import Audience
from bot.alerting.routing import route
from bot.analysis.assessment import Assessor
from bot.analysis.decisions import decide
from bot.analysis.grouping import StoryIndex
from bot.analysis.growth import OFFICIAL_KINDS, begin, grow
from bot.crashpoints import reached
from bot.domain import Alert, Article, Assessment, Source, Story
from bot.ingest.fetching import Fetcher
from bot.ingest.identity import Selection, select
from bot.ingest.pages import complete
from bot.ingest.parsing import ParserPool
from bot.ingest.polling import Polled, poll
from bot.storage import articles as article_rows
from bot.storage import outbox, stories
from bot.storage import sources as source_rows
from bot.storage.chats import load_audience, told_chats
from bot.storage.database import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one poll led to, for the status line and the log."""

    source_id: str
    status: str
    read: int = 0
    flagged: int = 0
    alerts: tuple[Alert, ...] = ()
    deliveries: int = 0
    drops: Mapping[str, int] = field(default_factory=dict)


class Pipeline:
    """The parts that one poll needs, made once in `app.py`; polls of different sources may overlap."""

    def __init__(
        self,
        *,
        engine: Engine,
        fetcher: Fetcher,
        parsers: ParserPool,
        assessor: Assessor,
        index: StoryIndex,
        clock: Callable[[], datetime],
        freshness: timedelta,
        admit_before_first_poll: bool = False,
    ) -> None:
        self._engine = engine
        self._fetcher = fetcher
        self._parsers = parsers
        self._assessor = assessor
        self._index = index
        self._clock = clock
        self._freshness = freshness
        self._admit = admit_before_first_poll
        self._writing = threading.Lock()  # stories are grouped one poll at a time: two polls may report one event

    async def run(self, source_id: str) -> Told:
        """Poll one source and commit what follows from it; a failing source is a status, never an exception."""
        now = self._clock()
        source, memory = await asyncio.to_thread(self._load, source_id)
        polled = await poll(source, memory, self._fetcher, self._parsers, now=now)
        reached("fetched")
        selection = await asyncio.to_thread(self._select, polled, source, now)
        if source.fetch_pages:
            fresh = [await complete(article, self._fetcher) for article in selection.new]
            selection = selection.with_new(fresh)
        reached("parsed")
        return await asyncio.to_thread(self._commit, source, polled, selection, now)

    def _load(self, source_id: str) -> tuple[Source, source_rows.SourceMemory]:
        with reading(self._engine) as tx:
            return source_rows.load(tx, source_id)

    def _select(self, polled: Polled, source: Source, now: datetime) -> Selection:
        with reading(self._engine) as tx:
            known = article_rows.known_keys(tx, source.id, polled.keys)
        return select(polled, known, now=now, freshness=self._freshness, admit_old=self._admit)

    def _commit(self, source: Source, polled: Polled, selection: Selection, now: datetime) -> Told:
        assessments = self._assessor.assess(selection.new)
        with self._writing:
            try:
                with self._engine.begin() as tx:
                    told = self._write(tx, source, polled, selection, assessments, now)
            except BaseException:
                self._index.stale = True  # it may hold articles of the transaction that was rolled back
                raise
        reached("outbox_committed")
        return told

    def _write(
        self,
        tx: Connection,
        source: Source,
        polled: Polled,
        selection: Selection,
        assessments: Sequence[Assessment],
        now: datetime,
    ) -> Told:
        source_rows.save_memory(tx, source.id, polled.memory_after(selection))
        article_rows.touch_sightings(tx, source.id, selection.sightings, now=now)
        article_rows.add_articles(tx, selection.new)
        article_rows.add_drops(tx, selection.drops, now=now)
        stories.save_assessments(tx, assessments, now=now)
        reached("entries_committed")
        self._index.refresh(tx, now=now)
        audience = load_audience(tx, now=now)
        counts: Counter[str] = Counter(read=len(selection.new))
        counts.update(f"dropped:{drop.reason}" for drop in selection.drops)
        decided: list[tuple[Alert, Story]] = []
        owed = 0
        for article, assessment in zip(selection.new, assessments, strict=True):
            if not assessment.flagged:
                counts["not_flagged"] += 1
                continue
            counts["flagged"] += 1
            story, alert = self._tell(tx, source, article, assessment, now)
            if alert is None:
                counts["silent:already_told"] += 1
                continue
            decided.append((alert, story))
            owed += self._route(tx, audience, alert, story, article, assessment, counts, now)
        stories.save_alerts(tx, decided)
        reached("matched")
        for what, n in counts.items():
            article_rows.count(tx, now.date(), what, n)
        return Told(
            source_id=source.id,
            status=polled.status,
            read=len(selection.new),
            flagged=counts["flagged"],
            alerts=tuple(alert for alert, _ in decided),
            deliveries=owed,
            drops=Counter(drop.reason for drop in selection.drops),
        )

    def _tell(
        self, tx: Connection, source: Source, article: Article, assessment: Assessment, now: datetime
    ) -> tuple[Story, Alert | None]:
        placement = self._index.place(article, assessment)
        before = None
        if placement.story_id is not None:
            before = stories.load_stories(tx, [placement.story_id]).get(placement.story_id)
        official = source.kind in OFFICIAL_KINDS or (article.tier == 1 and bool(assessment.instruments))
        if before is None:
            after = begin(article, assessment, official=official, now=now, follows=placement.follows)
        else:
            after = grow(before, article, assessment, official=official, copy_of=placement.copy_of, now=now)
        stories.save_story(tx, after, now=now)
        self._index.add(after.id, article, assessment)
        verdict = decide(before, after, now=now)
        return after, verdict if isinstance(verdict, Alert) else None

    def _route(
        self,
        tx: Connection,
        audience: Audience,
        alert: Alert,
        story: Story,
        article: Article,
        assessment: Assessment,
        counts: Counter[str],
        now: datetime,
    ) -> int:
        routed = route(
            alert,
            story,
            audience.wanted(story, article, assessment, now=now),
            chats=audience.chats,
            told=told_chats(tx, story.id),
            snoozes=audience.snoozes,
            now=now,
        )
        counts.update(f"silent:{reason}" for _, reason in routed.silent)
        return outbox.enqueue(tx, routed.deliveries)
