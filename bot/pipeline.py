"""One poll of one source, from bytes to deliveries. Read this file to see how a news item flows.

    fetch -> parse -> choose -> complete | assess -> group -> decide -> route -> commit
    (I/O)    (pure)   (pure)    (I/O)    | (pure)    (pure)   (pure)   (pure)   one transaction

Everything of one poll is committed in one transaction: validators are never newer than the articles, and no alert is
decided whose delivery is not owed.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from bot.alerting.audience import Audience
from bot.alerting.routing import route
from bot.analysis.assessment import Assessor
from bot.analysis.decisions import decide
from bot.analysis.grouping import StoryIndex
from bot.analysis.growth import OFFICIAL_KINDS, begin, grow
from bot.crashpoints import reached
from bot.daemons import DaemonThreads
from bot.domain import Alert, Article, Assessment, Source, Story
from bot.errors import StraitwatchError
from bot.ingest.fetching import Fetcher
from bot.ingest.identity import select
from bot.ingest.memory import SourceMemory
from bot.ingest.pages import complete_all
from bot.ingest.parsing import Parsers
from bot.ingest.polled import Polled, Selection
from bot.ingest.polling import poll
from bot.laps import Laps
from bot.storage import articles as article_rows
from bot.storage import outbox, stories
from bot.storage import sources as source_rows
from bot.storage.audience import AudienceMemory, told_chats
from bot.storage.correlating import fired_rules
from bot.storage.database import reading
from bot.storage.locking import lock_grouping
from bot.storage.transactions import writing
from rules.definitions import Rule

ENDS_WITHIN = 1.0  # seconds for a transaction to end; a thread that loads the model is left behind
AT_ONCE = 10  # articles assessed in one go, about a tenth of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one poll led to, for the status line, the log and the metrics."""

    source_id: str
    status: str
    failed: bool = False
    alerts: tuple[Alert, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  # read, flagged, owed, dropped:<reason>, silent:<reason>
    seconds: Mapping[str, float] = field(default_factory=dict)  # by stage: fetch, choose, assess, wait, store
    lags: tuple[tuple[int, float], ...] = ()  # of each alert: tier, and seconds from publication to this poll


class PollAbandonedError(StraitwatchError):
    """The watch ends: this poll is not stored and is done again after the next start."""

    def __init__(self) -> None:
        super().__init__("the watch is ending; this poll is repeated after the next start")


class Pipeline:
    """The parts that one poll needs, made once in `app.py`; polls of different sources may overlap."""

    def __init__(
        self,
        *,
        engine: Engine,
        fetcher: Fetcher,
        parsers: Parsers,
        assessor: Assessor,
        index: StoryIndex,
        clock: Callable[[], datetime],
        freshness: timedelta = timedelta(hours=72),
        first_window: timedelta = timedelta(hours=24),
    ) -> None:
        self._engine = engine
        self._fetcher = fetcher
        self._parsers = parsers
        self.assessor = assessor  # replaced as a whole when rules are reloaded
        self._index = index
        self._clock = clock
        self._freshness = freshness
        self._first_window = first_window
        self._memory = AudienceMemory()
        # Threads of its own: commits that wait for each other must not keep everything else from the shared ones.
        self._committing = DaemonThreads(2, name="commit")
        self._abandoned = threading.Event()
        self._writing = threading.Lock()  # stories are grouped one poll at a time: two polls may report one event

    async def run(self, source_id: str) -> Told:
        """Poll one source and commit what follows from it; a failing source is a status, never an exception."""
        now, laps = self._clock(), Laps()
        source, memory = await asyncio.to_thread(self._load, source_id)
        polled = await poll(source, memory, self._fetcher, self._parsers, now=now)
        reached("fetched")
        laps.lap("fetch")
        selection = await asyncio.to_thread(self._select, polled, now)
        if source.fetch_pages:
            selection = replace(selection, new=await complete_all(selection.new, self._fetcher, self._parsers))
        reached("parsed")
        laps.lap("choose")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._committing, self._conclude, polled, selection, now, laps)

    def abandon(self) -> None:
        """Give up the commits under way between two articles, and all later ones: nothing of theirs is stored."""
        self._abandoned.set()

    def close(self) -> None:
        """Give up and wait for the threads, which is soon."""
        self.abandon()
        self._committing.end(within=ENDS_WITHIN)

    def _go_on(self) -> None:
        if self._abandoned.is_set():
            raise PollAbandonedError

    def warm(self) -> None:
        """Compile the rules of all chats now, so that the first alert after a start does not hold others up."""
        with self._writing, reading(self._engine) as tx:
            self._memory.load(tx, now=self._clock())

    def _load(self, source_id: str) -> tuple[Source, SourceMemory]:
        with reading(self._engine) as tx:
            return source_rows.load(tx, source_id)

    def _select(self, polled: Polled, now: datetime) -> Selection:
        with reading(self._engine) as tx:
            known = article_rows.known_keys(tx, polled.source.id, polled.keys)
        return select(polled, known, now=now, freshness=self._freshness, first_window=self._first_window)

    def _conclude(self, polled: Polled, selection: Selection, now: datetime, laps: Laps) -> Told:
        assessments = self.assess(selection.new)
        laps.lap("assess")
        return self.commit(polled, selection, assessments, now, laps)

    def assess(self, articles: Sequence[Article]) -> list[Assessment]:
        """Assess articles, in order; asks the database nothing, so that any number of processes can do it."""
        assessments: list[Assessment] = []
        for start in range(0, len(articles), AT_ONCE):
            self._go_on()
            assessments += self.assessor.assess(articles[start : start + AT_ONCE])
        return assessments

    def commit(
        self, polled: Polled, selection: Selection, assessments: Sequence[Assessment], now: datetime, laps: Laps
    ) -> Told:
        """Group, decide and route what is new, assessed in the same order, and store all of it in one transaction."""
        with self._writing:
            self._go_on()
            laps.lap("wait")
            try:
                with writing(self._engine) as tx:
                    if any(one.flagged for one in assessments):
                        lock_grouping(tx)
                    source_rows.save_memory(tx, polled.source.id, in_time(selection.memory, now - self._clock()))
                    article_rows.touch_sightings(tx, selection.sightings, now=now)
                    new = article_rows.add_new(tx, selection.new)  # another poll may have brought some meanwhile
                    dropped = article_rows.add_drops(tx, selection.drops)
                    stories.save_assessments(tx, [one for one in assessments if one.article_id in new], now=now)
                    reached("entries_committed")
                    teller = _Teller(
                        tx,
                        index=self._index,
                        memory=self._memory,
                        source=polled.source,
                        correlated=self.assessor.correlated,
                        now=now,
                    )
                    teller.counts.update(read=len(new))
                    teller.counts.update({f"dropped:{reason}": n for reason, n in dropped.items()})
                    for article, assessment in zip(selection.new, assessments, strict=True):
                        self._go_on()
                        if article.id in new:
                            teller.tell(article, assessment)
                    reached("matched")
                    teller.finish()
            except BaseException:
                self._index.forget_all()  # it may hold articles of the transaction that was rolled back
                raise
        reached("outbox_committed")
        laps.lap("store")
        return Told(
            source_id=polled.source.id,
            status=polled.status,
            failed=polled.failure is not None,
            alerts=tuple(alert for alert, _ in teller.decided),
            counts=dict(teller.counts),
            seconds=laps.seconds,
            lags=tuple(teller.lags),
        )


def in_time(memory: SourceMemory, back: timedelta) -> SourceMemory:
    """Plan the next poll by the clock as it is: it was set `back` where it shows less now than when the poll began."""
    if back < timedelta(seconds=1) or memory.next_poll_at is None:
        return memory
    return replace(memory, next_poll_at=memory.next_poll_at - back)


class _Teller:
    """Group, decide and route the articles of one poll, inside its transaction."""

    def __init__(
        self,
        tx: Connection,
        *,
        index: StoryIndex,
        memory: AudienceMemory,
        source: Source,
        correlated: Mapping[str, Rule],
        now: datetime,
    ) -> None:
        self._tx = tx
        self._memory = memory
        self._correlated = correlated
        self._index = index
        self._source = source
        self._now = now
        self._audience: Audience | None = None
        self.counts: Counter[str] = Counter()
        self.decided: list[tuple[Alert, Story]] = []
        self.lags: list[tuple[int, float]] = []

    def tell(self, article: Article, assessment: Assessment) -> None:
        """Take one article as far as it goes; each way to end has a name in the counts."""
        if not assessment.flagged:
            self.counts["silent:not_flagged"] += 1
            return
        self.counts["flagged"] += 1
        fired = fired_rules(self._tx, article.id, assessment.matches, self._correlated, now=self._now)
        before, after = self._group(article, assessment)
        verdict = decide(before, after, now=self._now)
        if not isinstance(verdict, Alert):
            self.counts[f"silent:{verdict.reason}"] += 1
            return
        self.decided.append((verdict, after))
        self.lags.append((article.tier, max(0.0, (self._now - article.at).total_seconds())))
        self._route(verdict, after, article, assessment, fired)

    def finish(self) -> None:
        """Store the alerts and the day's counts."""
        stories.save_alerts(self._tx, self.decided)
        article_rows.count(self._tx, self._now, self.counts)

    def _group(self, article: Article, assessment: Assessment) -> tuple[Story | None, Story]:
        self._index.refresh(self._tx, now=self._now)
        placed = self._index.place(article, assessment)
        before = stories.load_stories(self._tx, [placed.story_id]).get(placed.story_id) if placed.story_id else None
        official = self._source.kind in OFFICIAL_KINDS or (article.tier == 1 and bool(assessment.instruments))
        if before is None:
            after = begin(article, assessment, official=official, now=self._now, follows=placed.follows)
        else:
            after = grow(before, article, assessment, official=official, copy_of=placed.copy_of, now=self._now)
        stories.save_story(self._tx, after, now=self._now, stored=before)
        self._index.add(after.id, article, assessment)
        return self._index.unite(self._tx, before, after, now=self._now)

    def _route(
        self, alert: Alert, story: Story, article: Article, assessment: Assessment, fired: Sequence[str]
    ) -> None:
        if self._audience is None:
            self._audience = self._memory.load(self._tx, now=self._now)
        routed = route(
            alert,
            story,
            self._audience.wanted(story, article, assessment, now=self._now, rules=fired),
            chats=self._audience.chats,
            told=told_chats(self._tx, story.id),
            snoozes=self._audience.snoozes,
            now=self._now,
            article_id=article.id,
        )
        self.counts.update(f"silent:{reason}" for _, reason in routed.silent)
        self.counts["owed"] += outbox.enqueue(self._tx, routed.deliveries)
