"""Gather a period for digests: alerts, stories, near misses, dates ahead and the state of the pipe. Reads only."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, func, or_, select

from bot.alerting.digests.material import AlertRow, Material, Pipe, Reported
from bot.alerting.periods import Period
from bot.domain import AlertReason, Direction, Severity, Stage, Story, Topic
from bot.ingest.health import OUT_OF_REACH, HealthState, health
from bot.storage.articles import load_articles
from bot.storage.schema import alerts, articles, assessments, drops, stories
from bot.storage.sources import all_sources
from bot.storage.stories import load_assessments, load_stories

LOOK_BACK = timedelta(days=35)  # four weeks to compare with, and one more so that every stretch is whole
_AHEAD = timedelta(days=31)
_NEAR = 200  # unflagged items that are looked at, the most probable first
_AT_ONCE = 500
_NEVER = datetime.min.replace(tzinfo=UTC)


def gather(tx: Connection, period: Period, *, now: datetime) -> Material:
    """Read everything about a period that is the same for all chats."""
    told = _alerts(tx, period.start - LOOK_BACK, period.end)
    ids = dict.fromkeys(
        row.story_id for row in told if row.decided_at >= period.start and row.reason is not AlertReason.MORE_SOURCES
    )
    return Material(
        period=period,
        alerts=tuple(told),
        stories=_stories(tx, list(ids)),
        dated=_stories(tx, _dated(tx, now.date() - timedelta(days=1), now.date() + _AHEAD)),
        near=_near_misses(tx, period),
        pipe=_pipe(tx, period, now),
        known_since=tx.scalar(select(func.min(articles.c.fetched_at))),
    )


def reports(tx: Connection, material: Material) -> Iterator[Reported]:
    """Give every article of the material's stories, and its near misses, a few hundred texts at a time."""
    where = {
        member.article_id: story
        for story in {**material.dated, **material.stories}.values()
        for member in story.articles
        if member.copy_of is None
    }
    ids = list(where)
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        found, assessed = load_articles(tx, part), load_assessments(tx, part)
        for article_id in part:
            if article_id in found and article_id in assessed:
                yield Reported(article=found[article_id], assessment=assessed[article_id], story=where[article_id])
    yield from material.near


def told_between(tx: Connection, start: datetime, end: datetime) -> list[tuple[AlertRow, Story]]:
    """Give the material alerts decided in [start, end) with their stories as they stand now, the latest first."""
    told = [row for row in _alerts(tx, start, end) if row.reason is not AlertReason.MORE_SOURCES]
    found = _stories(tx, list(dict.fromkeys(row.story_id for row in told)))
    return [(row, found[row.story_id]) for row in reversed(told) if row.story_id in found]


def dated_stories(tx: Connection, first: date, last: date) -> list[Story]:
    """Give the stories with an effective, expiry or comment date in [first, last], both included."""
    return list(_stories(tx, _dated(tx, first, last)).values())


def _alerts(tx: Connection, start: datetime, end: datetime) -> list[AlertRow]:
    rows = tx.execute(
        select(alerts)
        .where(alerts.c.decided_at >= start, alerts.c.decided_at < end)
        .order_by(alerts.c.decided_at, alerts.c.id)
    )
    return [
        AlertRow(
            id=row.id,
            story_id=row.story_id,
            reason=AlertReason(row.reason),
            was=row.was,
            direction=Direction(row.direction),
            stage=Stage(row.stage),
            severity=Severity(row.severity),
            topics=tuple(Topic(topic) for topic in row.topics),
            decided_at=row.decided_at,
        )
        for row in rows
    ]


def _stories(tx: Connection, ids: Sequence[str]) -> dict[str, Story]:
    """Load stories, following those that were merged into another."""
    merged: dict[str, str] = {}
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        rows = tx.execute(
            select(stories.c.id, stories.c.merged_into).where(
                stories.c.id.in_(part), stories.c.merged_into.is_not(None)
            )
        )
        merged.update((story_id, into) for story_id, into in rows)
    wanted = list(dict.fromkeys(merged.get(story_id, story_id) for story_id in ids))
    found: dict[str, Story] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        found.update(load_stories(tx, wanted[start : start + _AT_ONCE]))
    return {story_id: found[story_id] for story_id in wanted if story_id in found}


def _dated(tx: Connection, first: date, last: date) -> list[str]:
    """Give the stories with a date in [first, last]; ISO dates compare as text."""
    fields = (stories.c.payload[name].as_string() for name in ("effective_on", "expires_on", "comment_due_on"))
    within = or_(*(field.between(first.isoformat(), last.isoformat()) for field in fields))
    return list(tx.scalars(select(stories.c.id).where(within, stories.c.merged_into.is_(None)).order_by(stories.c.id)))


def _near_misses(tx: Connection, period: Period) -> tuple[Reported, ...]:
    ids = tx.scalars(
        select(assessments.c.article_id)
        .where(
            assessments.c.flagged.is_(False),
            assessments.c.assessed_at >= period.start,
            assessments.c.assessed_at < period.end,
        )
        .order_by(assessments.c.probability.desc(), assessments.c.article_id)
        .limit(_NEAR)
    ).all()
    found, assessed = load_articles(tx, ids), load_assessments(tx, ids)
    return tuple(Reported(article=found[one], assessment=assessed[one]) for one in ids if one in found)


def _pipe(tx: Connection, period: Period, now: datetime) -> Pipe:
    judged = [(one, health(one.memory, now).state) for one in all_sources(tx)]
    watched = [(one, state) for one, state in judged if state is not HealthState.PAUSED]
    failing = sorted(
        (one.memory.last_success_at or _NEVER, one.source.name) for one, state in watched if state in OUT_OF_REACH
    )
    read = select(func.count()).where(articles.c.fetched_at >= period.start, articles.c.fetched_at < period.end)
    flagged = select(func.count()).where(
        assessments.c.flagged, assessments.c.assessed_at >= period.start, assessments.c.assessed_at < period.end
    )
    dropped = select(func.count()).where(drops.c.dropped_at >= period.start, drops.c.dropped_at < period.end)
    return Pipe(
        read=tx.scalar(read.select_from(articles)) or 0,
        flagged=tx.scalar(flagged.select_from(assessments)) or 0,
        dropped=tx.scalar(dropped.select_from(drops)) or 0,
        sources=len(watched),
        healthy=sum(state is HealthState.OK for _, state in watched),
        answering=len(watched) - len(failing),
        failing=tuple(name for _, name in failing),
        newest_at=tx.scalar(select(func.max(articles.c.fetched_at))),
    )
