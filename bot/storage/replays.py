"""What a past alert was decided from: its articles in order of arrival, with the assessments that were made then."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from bot.analysis.replaying import Heard
from bot.domain import Alert, Direction, Severity, Stage, Story, Topic
from bot.storage.schema import alerts
from bot.storage.stories import articles_of, load_alert, load_grouped


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A stored alert, what it said in one line (see `said_of`), and what its story had heard by then."""

    alert: Alert
    said: str
    heard: tuple[Heard, ...]


def load_replay(tx: Connection, alert_id: str) -> Filed | None:
    """Give an alert with all that led to it; None where it is unknown or its articles are forgotten."""
    alert = load_alert(tx, alert_id)
    if alert is None:
        return None
    row = tx.execute(select(alerts).where(alerts.c.id == alert_id)).mappings().one()
    grouped = [
        one for one in load_grouped(tx, articles_of(tx, alert.story_id)) if one.article.fetched_at <= alert.decided_at
    ]
    grouped.sort(key=lambda one: (one.article.fetched_at, one.article.at, one.article.id))
    if not grouped:
        return None
    said = _said(
        alert,
        severity=Severity(row["severity"]),
        direction=Direction(row["direction"]),
        stage=Stage(row["stage"]),
        topics=tuple(Topic(one) for one in row["topics"]),
    )
    heard = tuple(
        Heard(article=one.article, assessment=one.assessment, official=one.member.official, copy_of=one.member.copy_of)
        for one in grouped
    )
    return Filed(alert=alert, said=said, heard=heard)


def said_of(alert: Alert, story: Story) -> str:
    """Give what an alert says of its story, as far as two decisions can be compared by it."""
    return _said(alert, severity=story.severity, direction=story.direction, stage=story.stage, topics=story.topics)


def _said(alert: Alert, *, severity: Severity, direction: Direction, stage: Stage, topics: tuple[Topic, ...]) -> str:
    change = f"{alert.reason.value} (was {alert.was})" if alert.was else alert.reason.value
    about = ", ".join(sorted(topic.value for topic in topics))
    return f"{change}: {severity.word}, {direction.value}, {stage.value}; {about}"
