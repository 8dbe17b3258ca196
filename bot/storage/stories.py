"""Stories, their articles, assessments and alerts, as rows. Every function works inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from bot.domain import Alert, AlertReason, Article, Assessment, Story, StoryArticle
from bot.storage.articles import article_of
from bot.storage.codec import from_json, to_json
from bot.storage.schema import alerts, articles, assessments, stories, story_articles
from bot.storage.upsert import insert_new, upsert

CHUNK = 400  # ids in one IN list: SQLite's older limit is 999 bound values


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """An article that was put into a story, whole: what grouping needs after a restart."""

    story_id: str
    follows: str | None
    split_from: str | None
    article: Article
    assessment: Assessment
    member: StoryArticle


def save_assessments(tx: Connection, found: Iterable[Assessment], *, now: datetime) -> None:
    """Store assessments whole, with the versions that made them, so that each can be replayed."""
    rows = [
        {
            "article_id": one.article_id,
            "probability": one.probability,
            "flagged": one.flagged,
            "reason": one.reason,
            "main_topic": one.topics[0].value if one.topics else "",
            "direction": one.direction.value,
            "stage": one.stage.value,
            "severity": int(one.severity),
            "payload": to_json(one),
            "model_version": one.model_version,
            "rules_version": one.rules_version,
            "assessed_at": now,
        }
        for one in found
    ]
    upsert(tx, assessments, rows)


def load_assessments(tx: Connection, article_ids: Sequence[str]) -> dict[str, Assessment]:
    """Give the assessments of these articles by article id; those never assessed are missing."""
    rows = tx.execute(select(assessments.c.payload).where(assessments.c.article_id.in_(article_ids)))
    found = [from_json(Assessment, payload) for (payload,) in rows]
    return {one.article_id: one for one in found}


def save_story(tx: Connection, story: Story, *, now: datetime, stored: Story | None = None) -> None:
    """Store a story and its articles; an article belongs to one story only.

    Of the articles that `stored` holds, the story as it is in the database, only those that differ are written.
    """
    payload = to_json(replace(story, articles=()))
    del payload["articles"]
    known = {member.article_id: member for member in stored.articles} if stored and stored.id == story.id else {}
    row = {
        "id": story.id,
        "headline": story.headline,
        "topics": [topic.value for topic in story.topics],
        "direction": story.direction.value,
        "stage": story.stage.value,
        "severity": int(story.severity),
        "probability": story.probability,
        "payload": payload,
        "follows": story.follows,
        "first_at": story.first_at,
        "last_at": story.last_at,
    }
    upsert(tx, stories, [row])
    upsert(
        tx,
        story_articles,
        [
            {"article_id": one.article_id, "story_id": story.id, "payload": to_json(one), "added_at": now}
            for one in story.articles
            if known.get(one.article_id) != one
        ],
        keep={"added_at": "story_id"},
    )


def load_stories(tx: Connection, ids: Sequence[str]) -> dict[str, Story]:
    """Give stories by id, with their articles in order of arrival; a merged id gives the story that it went into."""
    if not ids:
        return {}
    asked = {story_id: story_id for story_id in ids} | merged_into(tx, ids)
    loaded = _load(tx, sorted(set(asked.values())))
    return {story_id: loaded[target] for story_id, target in asked.items() if target in loaded}


def merged_into(tx: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Give, for those ids that were merged away, the story that holds their articles now."""
    rows = tx.execute(
        select(stories.c.id, stories.c.merged_into).where(stories.c.id.in_(ids), stories.c.merged_into.is_not(None))
    )
    return {row.id: row.merged_into for row in rows}


def _load(tx: Connection, ids: Sequence[str]) -> dict[str, Story]:
    members: dict[str, list[StoryArticle]] = {}
    rows = tx.execute(
        select(story_articles.c.story_id, story_articles.c.payload)
        .where(story_articles.c.story_id.in_(ids))
        .order_by(story_articles.c.added_at, story_articles.c.article_id)
    )
    for story_id, payload in rows:
        members.setdefault(story_id, []).append(from_json(StoryArticle, payload))
    found = tx.execute(select(stories.c.id, stories.c.payload).where(stories.c.id.in_(ids)))
    return {story_id: _story(payload, members.get(story_id, [])) for story_id, payload in found}


def stories_between(tx: Connection, start: datetime, end: datetime) -> list[Story]:
    """Give the stories with news in [start, end), the latest first."""
    ids = tx.scalars(
        select(stories.c.id)
        .where(stories.c.last_at >= start, stories.c.last_at < end, stories.c.merged_into.is_(None))
        .order_by(stories.c.last_at.desc(), stories.c.id)
    ).all()
    loaded = load_stories(tx, ids)
    return [loaded[story_id] for story_id in ids]


def grouped_since(tx: Connection, since: datetime) -> list[tuple[str, str]]:
    """Give (article id, story id) of the articles that came or moved to their story at or after a time, in order.

    The alternative, all articles of the stories that grew, costs more with every article of a big story.
    """
    rows = tx.execute(
        select(story_articles.c.article_id, story_articles.c.story_id)
        .where(story_articles.c.added_at >= since)
        .order_by(story_articles.c.added_at, story_articles.c.article_id)
    )
    return [(article_id, story_id) for article_id, story_id in rows]


def articles_of(tx: Connection, story_id: str) -> list[str]:
    """Give the ids of a story's articles in order of arrival."""
    return list(
        tx.scalars(
            select(story_articles.c.article_id)
            .where(story_articles.c.story_id == story_id)
            .order_by(story_articles.c.added_at, story_articles.c.article_id)
        )
    )


def load_grouped(tx: Connection, article_ids: Sequence[str]) -> list[Grouped]:
    """Give grouped articles by article id, in the order in which they were added to their stories."""
    found: list[tuple[datetime, Grouped]] = []
    for start in range(0, len(article_ids), CHUNK):
        rows = tx.execute(
            select(
                articles,
                story_articles.c.story_id,
                story_articles.c.payload.label("member"),
                story_articles.c.added_at,
                assessments.c.payload.label("assessment"),
                stories.c.follows,
                stories.c.split_from,
            )
            .join(story_articles, story_articles.c.article_id == articles.c.id)
            .join(assessments, assessments.c.article_id == articles.c.id)
            .join(stories, stories.c.id == story_articles.c.story_id)
            .where(articles.c.id.in_(article_ids[start : start + CHUNK]))
        )
        found.extend((row["added_at"], _grouped(row)) for row in rows.mappings())
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].article.id))]


def story_of(tx: Connection, article_id: str) -> str | None:
    """Give the id of the story that an article belongs to."""
    found: str | None = tx.scalar(select(story_articles.c.story_id).where(story_articles.c.article_id == article_id))
    return found


def save_alerts(tx: Connection, decided: Iterable[tuple[Alert, Story]]) -> int:
    """Store alerts with what the story said at that moment; returns how many were not there before.

    An alert whose story was merged away meanwhile, in the same poll, is stored with the story that stays.
    """
    decided = list(decided)
    merged = merged_into(tx, [alert.story_id for alert, _ in decided]) if decided else {}
    rows = [
        {
            "id": alert.id,
            "story_id": merged.get(alert.story_id, alert.story_id),
            "reason": alert.reason.value,
            "was": alert.was,
            "direction": story.direction.value,
            "stage": story.stage.value,
            "severity": int(story.severity),
            "topics": [topic.value for topic in story.topics],
            "decided_at": alert.decided_at,
        }
        for alert, story in decided
    ]
    return insert_new(tx, alerts, rows)


def load_alert(tx: Connection, alert_id: str) -> Alert | None:
    """Give one alert, or None where it is not (or no longer) known."""
    row = tx.execute(select(alerts).where(alerts.c.id == alert_id)).mappings().first()
    return None if row is None else _alert(row)


def alerts_of(tx: Connection, story_id: str) -> list[Alert]:
    """Give the alerts of a story in the order in which they were decided."""
    rows = tx.execute(select(alerts).where(alerts.c.story_id == story_id).order_by(alerts.c.decided_at, alerts.c.id))
    return [_alert(row) for row in rows.mappings()]


def latest_at(tx: Connection) -> datetime | None:
    """Give the time of the newest article that was read."""
    newest: datetime | None = tx.scalar(select(func.max(articles.c.fetched_at)))
    return newest


def assessed_between(tx: Connection, start: datetime, end: datetime) -> list[tuple[Article, Assessment]]:
    """Give all articles fetched in [start, end) with their assessments, in order: the archive of a backtest."""
    rows = tx.execute(
        select(articles, assessments.c.payload.label("assessment"))
        .join(assessments, assessments.c.article_id == articles.c.id)
        .where(articles.c.fetched_at >= start, articles.c.fetched_at < end)
        .order_by(articles.c.fetched_at, articles.c.id)
    )
    return [(article_of(row), from_json(Assessment, row["assessment"])) for row in rows.mappings()]


def _story(payload: Mapping[str, Any], members: list[StoryArticle]) -> Story:
    return from_json(Story, {**payload, "articles": members})


def _alert(row: RowMapping) -> Alert:
    return Alert(
        id=row["id"],
        story_id=row["story_id"],
        reason=AlertReason(row["reason"]),
        decided_at=row["decided_at"],
        was=row["was"],
    )


def _grouped(row: RowMapping) -> Grouped:
    return Grouped(
        story_id=row["story_id"],
        follows=row["follows"],
        split_from=row["split_from"],
        article=article_of(row),
        assessment=from_json(Assessment, row["assessment"]),
        member=from_json(StoryArticle, row["member"]),
    )
