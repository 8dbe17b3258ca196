"""The archive that a query is tried on: stored articles with what the rule language may ask of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from bot.domain import Article, Assessment
from bot.storage.articles import article_of
from bot.storage.codec import from_json
from bot.storage.schema import articles, assessments
from bot.storage.schema import story_articles as members

MOST = 20_000  # articles of one backtest: more would keep the user waiting for half a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A flagged article with its assessment and story, and how many independent publishers that story has."""

    article: Article
    assessment: Assessment
    story_id: str
    publishers: int


def flagged_since(tx: Connection, since: datetime, *, most: int = MOST) -> list[Filed]:
    """Give the flagged articles fetched since a time that belong to a story, the newest first."""
    rows = tx.execute(
        select(articles, assessments.c.payload.label("assessment"), members.c.story_id)
        .join(assessments, assessments.c.article_id == articles.c.id)
        .join(members, members.c.article_id == articles.c.id)
        .where(articles.c.fetched_at >= since, assessments.c.flagged.is_(True))
        .order_by(articles.c.fetched_at.desc(), articles.c.id)
        .limit(most)
    ).mappings()
    found = [(article_of(row), from_json(Assessment, row["assessment"]), str(row["story_id"])) for row in rows]
    publishers: dict[str, set[str]] = {}
    for article, _, story_id in found:
        publishers.setdefault(story_id, set()).add(article.publisher)
    return [
        Filed(article=article, assessment=assessment, story_id=story_id, publishers=len(publishers[story_id]))
        for article, assessment, story_id in found
    ]


def fields_of(filed: Filed, *, now: datetime) -> Iterator[tuple[str, object]]:
    """Give the fields of the rule language that an article carries."""
    article, judged = filed.article, filed.assessment
    yield from (
        ("topic", [topic.value for topic in judged.topics]),
        ("direction", judged.direction.value),
        ("stage", judged.stage.value),
        ("severity", judged.severity.word),
        ("probability", judged.probability),
        ("entity", list(judged.entities)),
        ("goods", list(judged.goods)),
        ("issuer", list(judged.issuers)),
        ("target", list(judged.targets)),
        ("instrument", list(judged.instruments)),
        ("eccn", list(judged.eccns)),
        ("rule", [match.rule_id for match in judged.matches]),
        ("source", article.source_id),
        ("publisher", article.publisher),
        ("publishers", filed.publishers),
        ("tier", article.tier),
        ("lang", article.lang),
        ("age", max(0.0, (now - article.at).total_seconds() / 3600)),
    )
