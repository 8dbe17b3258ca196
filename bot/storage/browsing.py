"""Stories as a reader leafs through them: a page of those that a filter leaves, and how one of them came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, select

from bot.domain import AlertReason, Direction, Severity, Stage, Story, Topic
from bot.storage.history import Told, told
from bot.storage.schema import alerts, sources, stories
from bot.storage.stories import load_stories


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a reader narrows the stories down to; `severity` is the least one that is shown."""

    topic: Topic | None = None
    direction: Direction | None = None
    stage: Stage | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An alert with what the story said when it was decided; `was` is the earlier value of what changed."""

    reason: AlertReason
    was: str
    direction: Direction
    stage: Stage
    severity: Severity
    decided_at: datetime


def page_of(tx: Connection, wanted: Filter, *, limit: int, offset: int) -> list[Story]:
    """Give the stories that a filter leaves, the latest news first."""
    ids = tx.scalars(_latest(wanted).limit(limit).offset(offset)).all()
    found = load_stories(tx, ids)
    return [found[story_id] for story_id in ids if story_id in found]


def number_of(tx: Connection, wanted: Filter) -> int:
    """Count the stories that a filter leaves."""
    return int(tx.scalar(select(func.count()).select_from(stories).where(*_where(wanted))) or 0)


def candidates(tx: Connection, wanted: Filter, *, limit: int) -> list[Told]:
    """Give the latest stories that a filter leaves with what a rule is asked about; pruned ones are left out."""
    return told(tx, tx.scalars(_latest(wanted).limit(limit)).all())


def steps_of(tx: Connection, story_id: str) -> list[Step]:
    """Give the alerts of a story in the order in which they were decided."""
    # of two that were decided in one poll, the graver one came later: severities only rise there
    order = (alerts.c.decided_at, alerts.c.severity, alerts.c.id)
    rows = tx.execute(select(alerts).where(alerts.c.story_id == story_id).order_by(*order))
    return [
        Step(
            reason=AlertReason(row.reason),
            was=row.was,
            direction=Direction(row.direction),
            stage=Stage(row.stage),
            severity=Severity(row.severity),
            decided_at=row.decided_at,
        )
        for row in rows
    ]


def source_names(tx: Connection) -> dict[str, str]:
    """Give the names of all sources by id."""
    return {row.id: row.name for row in tx.execute(select(sources.c.id, sources.c.name))}


def next_steps(tx: Connection, story_id: str, *, limit: int = 10) -> Sequence[Story]:
    """Give the stories that follow a story: the next step of the same measure."""
    wanted = (stories.c.follows == story_id, stories.c.merged_into.is_(None))
    ids = tx.scalars(select(stories.c.id).where(*wanted).order_by(stories.c.first_at, stories.c.id).limit(limit)).all()
    found = load_stories(tx, ids)
    return [found[one] for one in ids if one in found]


def _latest(wanted: Filter) -> "Select[Any]":
    return select(stories.c.id).where(*_where(wanted)).order_by(stories.c.last_at.desc(), stories.c.id)


def _where(wanted: Filter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [stories.c.merged_into.is_(None)]
    if wanted.topic is not None:  # the list is stored as JSON text: a quoted word of ours cannot occur otherwise
        where.append(cast(stories.c.topics, Text).contains(f'"{wanted.topic.value}"', autoescape=True))
    if wanted.direction is not None:
        where.append(stories.c.direction == wanted.direction.value)
    if wanted.stage is not None:
        where.append(stories.c.stage == wanted.stage.value)
    if wanted.severity is not None:
        where.append(stories.c.severity >= int(wanted.severity))
    return where
