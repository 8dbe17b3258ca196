"""Look back: the stories that were told, found by words, and what became of one link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from bot.alerting.quiet import deliver_at
from bot.domain import Alert, Article, Assessment, Chat, DeliveryState, Mode, Story
from bot.storage.articles import load_articles
from bot.storage.schema import alerts, articles, assessments, chats, deliveries, messages, snoozes, stories
from bot.storage.schema import story_articles as members
from bot.storage.stories import alerts_of, load_assessments, load_stories

RECENT = 400  # stories that /latest and a query search look through


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story with its newest article and that article's assessment: what a rule is asked about."""

    story: Story
    article: Article
    assessment: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a story in one chat: the alerts decided, and the delivery of its first message."""

    alerts: tuple[Alert, ...]
    state: DeliveryState | None
    rules: tuple[tuple[str, tuple[str, ...]], ...]  # (rule name, matched words)
    not_before: datetime | None
    last_error: str


def latest(tx: Connection, *, limit: int = RECENT, since: datetime | None = None) -> list[Told]:
    """Give the stories with the latest news first; each is complete, or left out."""
    statement = select(stories.c.id).where(stories.c.merged_into.is_(None))
    if since is not None:
        statement = statement.where(stories.c.last_at >= since)
    return told(tx, tx.scalars(statement.order_by(stories.c.last_at.desc(), stories.c.id).limit(limit)).all())


def told(tx: Connection, story_ids: Sequence[str]) -> list[Told]:
    """Give stories by id in the given order, with their newest article; unknown ones are left out."""
    found = load_stories(tx, story_ids)
    newest = {key: max(story.articles, key=lambda a: a.at) for key, story in found.items() if story.articles}
    ids = [one.article_id for one in newest.values()]
    read, judged = load_articles(tx, ids), load_assessments(tx, ids)
    return [
        Told(story=found[key], article=read[one.article_id], assessment=judged[one.article_id])
        for key in story_ids
        if (one := newest.get(key)) is not None and one.article_id in read and one.article_id in judged
    ]


def search(tx: Connection, words: Sequence[str], *, limit: int, offset: int = 0) -> tuple[list[str], int]:
    """Find stories that carry all words in a headline or a summary of theirs.

    Gives a page of their ids, the latest first, and how many there are. `%` and `_` have no meaning.
    """
    hits = [
        or_(
            _carries(stories.c.headline, word),
            select(members.c.article_id)
            .join(articles, articles.c.id == members.c.article_id)
            .where(
                members.c.story_id == stories.c.id,
                or_(_carries(articles.c.title, word), _carries(articles.c.summary, word)),
            )
            .exists(),
        )
        for word in words
    ]
    where = and_(stories.c.merged_into.is_(None), *hits)
    number = tx.scalar(select(func.count()).select_from(stories).where(where)) or 0
    page = select(stories.c.id).where(where).order_by(stories.c.last_at.desc(), stories.c.id)
    return list(tx.scalars(page.limit(limit).offset(offset))), int(number)


def _carries(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Find a word whatever its case. SQLite folds ASCII letters only, so others are tried in their usual spellings."""
    if word.isascii():
        return func.lower(column).contains(word.lower(), autoescape=True)
    spellings = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize()))
    return or_(*(column.contains(one, autoescape=True) for one in spellings))


def fate(tx: Connection, chat_key: str, story_id: str) -> Fate:
    """Give what this chat was told about a story, and what is still owed to it."""
    row = tx.execute(
        select(deliveries)
        .where(deliveries.c.chat_key == chat_key, deliveries.c.subject == story_id, deliveries.c.kind == "alert")
        .order_by(deliveries.c.created_at.desc())
        .limit(1)
    )
    found = row.mappings().first()
    payload = found["payload"] if found is not None else {}
    return Fate(
        alerts=tuple(alerts_of(tx, story_id)),
        state=DeliveryState(found["state"]) if found is not None else None,
        rules=tuple((str(rule["name"]), tuple(rule.get("words", ()))) for rule in payload.get("rules", ())),
        not_before=found["not_before"] if found is not None else None,
        last_error=found["last_error"] if found is not None else "",
    )


def has_message(tx: Connection, chat_key: str, story_id: str) -> bool:
    """Tell whether a message of this chat shows the story."""
    where = (messages.c.chat_key == chat_key, messages.c.story_id == story_id)
    return tx.scalar(select(messages.c.message_id).where(*where).limit(1)) is not None


def snoozes_of(tx: Connection, chat_key: str, *, now: datetime) -> list[tuple[str, str, datetime]]:
    """Give what a chat has silenced as (what, value, until), the first to end first."""
    rows = tx.execute(
        select(snoozes.c.what, snoozes.c.value, snoozes.c.until)
        .where(snoozes.c.chat_key == chat_key, snoozes.c.until > now)
        .order_by(snoozes.c.until, snoozes.c.what, snoozes.c.value)
    )
    return [(what, value, until) for what, value, until in rows]


def release_held(tx: Connection, chat: Chat, *, now: datetime) -> int:
    """Work out anew when the alerts that are held for a chat may leave, after its pause or quiet hours changed.

    Returns how many are due now; several leave as one batch, so that a long pause does not end in a flood.
    """
    held = tx.execute(
        select(deliveries.c.id, deliveries.c.payload).where(
            deliveries.c.chat_key == chat.key,
            deliveries.c.state == DeliveryState.HELD.value,
            deliveries.c.kind.in_(["alert", "change"]),
        )
    ).all()
    at = deliver_at(chat, Mode.AT_ONCE, now=now)
    for delivery_id, payload in held:
        batched = bool(payload.get("batched")) or len(held) > 1
        own = deliver_at(chat, Mode.BATCHED, now=now) if payload.get("batched") and at > now else at
        tx.execute(
            update(deliveries)
            .where(deliveries.c.id == delivery_id)
            .values(not_before=own, payload={**payload, "batched": batched})
        )
    return len(held) if at <= now else 0


def totals(tx: Connection) -> dict[str, int]:
    """Count chats, articles, stories, alerts and flagged assessments, for /status."""
    wanted = {"chats": chats, "articles": articles, "stories": stories, "alerts": alerts}
    found = {name: tx.scalar(select(func.count()).select_from(table)) or 0 for name, table in wanted.items()}
    flagged = select(func.count()).select_from(assessments).where(assessments.c.flagged.is_(True))
    return {**found, "flagged": tx.scalar(flagged) or 0}
