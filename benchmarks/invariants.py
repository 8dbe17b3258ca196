"""What must hold when the chaos is over and everything is drained: counted from the feeds, the chats and the database.

The list is that of the project's fault table: every story that a chat asked for is there at least once; extra copies
only of messages that were in flight when a process or the database died; no row left leased; validators never newer
than the articles; and beside it one digest a chat and week, no orphans, no doubles, each row in a state that exists.
"""

import html
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, or_, select

from bot.domain import DeliveryKind, DeliveryState
from bot.storage.database import reading
from bot.storage.schema import (
    alerts,
    articles,
    assessments,
    chats,
    deliveries,
    digests,
    leases,
    messages,
    metadata,
    sources,
    stories,
    story_articles,
)
from bot.telegram.settling import UNANSWERED
from tests.fakes.bot_api import BotApi

UNKNOWN = 0  # stands for a part of a digest whose answer never came


def lost_and_doubled(engine: Engine, api: BotApi, shown: Mapping[str, str], chat_ids: Sequence[int]) -> dict[str, Any]:
    """Compare what the feeds showed (link -> title) with what was stored and what each chat shows."""
    with reading(engine) as tx:
        rows = tx.execute(
            select(articles.c.url, stories.c.headline)
            .outerjoin(story_articles, story_articles.c.article_id == articles.c.id)
            .outerjoin(stories, stories.c.id == func.coalesce(_final(), story_articles.c.story_id))
        )
        headline_of = {row.url: row.headline for row in rows}
        digest = deliveries.c.kind == DeliveryKind.DIGEST.value
        weekly = {
            (row.chat_key, one)
            for row in tx.execute(select(deliveries.c.chat_key, deliveries.c.progress).where(digest))
            for one in row.progress
        }
        given_up = deliveries.c.state == DeliveryState.PARKED.value
        notes = tx.scalars(select(deliveries.c.last_error).where(given_up)).all()
    # What Telegram twice did not confirm is given up as in doubt; whether it is there, the chats show.
    parked = sum(not note.startswith(UNANSWERED) for note in notes)
    texts = {chat: _of_stories(api, chat, weekly) for chat in chat_ids}
    unread = [link for link in shown if link not in headline_of]
    told = {link: title for link, title in shown.items() if "bans" in title}
    untold = [
        (link, chat)
        for link in told
        if link in headline_of
        for chat in chat_ids
        if headline_of[link] is None or not any(headline_of[link] in one for one in texts[chat])
    ]
    headlines = {headline for headline in headline_of.values() if headline}
    copies = sum(max(0, sum(one in text for text in texts[chat]) - 1) for one in headlines for chat in chat_ids)
    return {
        "items": len(shown),
        "stories": len(headlines),
        "messages": sum(map(len, texts.values())),
        "unread": len(unread),
        "untold": len(untold),
        "parked": parked,
        "in_doubt": len(notes) - parked,
        "copies": copies,
        "lost": len(unread) + len(untold) + parked,
    }


def _of_stories(api: BotApi, chat: int, weekly: set[tuple[str, int]]) -> list[str]:
    """Give what a chat shows but for its digests, which name the same stories once more."""
    shown = [one for one in api.chat(chat).messages if (str(chat), one.message_id) not in weekly]
    return [html.unescape(one.text) for one in shown if one.ours and not one.deleted]


def _final() -> Any:
    other = stories.alias("other")
    return select(other.c.merged_into).where(other.c.id == story_articles.c.story_id).scalar_subquery()


def check(engine: Engine, api: BotApi, chat_ids: Sequence[int], *, week: str) -> dict[str, str]:
    """Check every invariant; gives by name nothing where it holds, else what was found."""
    found: dict[str, str] = {}
    with reading(engine) as tx:
        for name, invariant in _INVARIANTS.items():
            found[name] = invariant(tx)
        found["one digest a chat and week"] = _digests(tx, api, chat_ids, week)
    found["the files are sound"] = _sound(engine)
    return found


def validators_ahead(tx: Connection, entries_of: Mapping[str, Sequence[str]]) -> str:
    """Tell which source remembers a validator of a feed whose entries are not all stored: they would never come."""
    # In this order: on PostgreSQL each statement sees what was committed before it.
    validators = tx.execute(select(sources.c.id, sources.c.etag).where(sources.c.etag != "")).all()
    known = set(tx.scalars(select(articles.c.url)))
    ahead = []
    for source, etag in validators:
        missing = [link for link in entries_of.get(etag, ()) if link not in known]
        if missing:
            ahead.append(f"{source} {etag}: {len(missing)} missing")
    return "; ".join(ahead)


def orphans(tx: Connection) -> str:
    """Tell of rows whose other half is missing."""
    wanted = {
        "an assessment without its article": (assessments, assessments.c.article_id, articles.c.id),
        "an article without its assessment": (articles, articles.c.id, assessments.c.article_id),
        "a story's article that is none": (story_articles, story_articles.c.article_id, articles.c.id),
        "an article of no story": (story_articles, story_articles.c.story_id, stories.c.id),
        "a story without an article": (stories, stories.c.id, story_articles.c.story_id),
        "an alert of no story": (alerts, alerts.c.story_id, stories.c.id),
        "a message of no story": (messages, messages.c.story_id, stories.c.id),
        "a delivery to no chat": (deliveries, deliveries.c.chat_key, chats.c.key),
    }
    found = []
    for name, (table, one, other) in wanted.items():
        statement = select(func.count()).select_from(table).where(~select(other).where(other == one).exists())
        if table is stories:
            statement = statement.where(stories.c.merged_into.is_(None))
        if number := tx.scalar(statement):
            found.append(f"{number} x {name}")
    return "; ".join(found)


def _owed(tx: Connection) -> str:
    """No alert is decided whose delivery is not owed: each chat wants everything, so each has one row an alert."""
    rows = tx.execute(select(alerts.c.story_id, alerts.c.reason)).all()
    keys = list(tx.scalars(select(chats.c.key)))
    owed = Counter(
        tx.scalars(
            select(deliveries.c.chat_key).where(
                deliveries.c.kind.in_([DeliveryKind.ALERT.value, DeliveryKind.CHANGE.value])
            )
        )
    )
    wrong = {key: owed[key] for key in keys if owed[key] != len(rows)}
    return f"{len(rows)} alerts, but owed by chat: {wrong}" if wrong else ""


def _doubles(tx: Connection) -> str:
    key = (deliveries.c.chat_key, deliveries.c.kind, deliveries.c.subject)
    doubles = tx.execute(select(*key).group_by(*key).having(func.count() > 1)).all()
    urls = tx.execute(select(articles.c.url).group_by(articles.c.url).having(func.count() > 1)).all()
    named = {"deliveries": doubles, "articles": urls}
    return "; ".join(f"{len(rows)} x {name}" for name, rows in named.items() if rows)


def _states(tx: Connection) -> str:
    rows = tx.execute(select(deliveries)).mappings().all()
    found = Counter[str]()
    for row in rows:
        state = DeliveryState(row["state"])  # raises for one that does not exist
        if state in {DeliveryState.DUE, DeliveryState.HELD}:
            found[f"still {state.value}"] += 1
        if state is DeliveryState.SENT and (row["sent_at"] is None or not row["progress"]):
            found["sent without time or message"] += 1
        if state is not DeliveryState.SENT and row["sent_at"] is not None:
            found["not sent, with a time"] += 1
    return "; ".join(f"{number} x {name}" for name, number in found.items())


def _leased(tx: Connection) -> str:
    in_flight = tx.scalar(select(func.count()).select_from(deliveries).where(deliveries.c.intent_at.is_not(None)))
    claimed = tx.scalar(
        select(func.count())
        .select_from(sources)
        .where(or_(sources.c.claimed_by != "", sources.c.claimed_until.is_not(None)))
    )
    held = list(tx.scalars(select(leases.c.name).where(leases.c.until > datetime.now(UTC))))
    named = {"messages in flight": in_flight, "sources claimed": claimed, "leases": held}
    return "; ".join(f"{name}: {value}" for name, value in named.items() if value)


def _digests(tx: Connection, api: BotApi, chat_ids: Sequence[int], week: str) -> str:
    """Each chat has one digest of the week booked and owed, and saw it once; one without an answer may be missing."""
    booked = Counter(tx.scalars(select(digests.c.chat_key).where(digests.c.period == week, digests.c.note == "")))
    owed = tx.execute(
        select(deliveries.c.chat_key, deliveries.c.progress).where(deliveries.c.kind == DeliveryKind.DIGEST.value)
    ).all()
    wrong = []
    for chat in chat_ids:
        parts = [row.progress for row in owed if row.chat_key == str(chat)]
        ids = [one for row in parts for one in row]
        there = [one for one in ids if any(one == shown.message_id for shown in api.chat(chat).messages)]
        if booked[str(chat)] != 1 or len(parts) != 1 or not ids or len(there) + ids.count(UNKNOWN) != len(ids):
            wrong.append(f"chat {chat}: booked {booked[str(chat)]}, owed {len(parts)}, parts {ids}, shown {there}")
    return "; ".join(wrong)


def _sound(engine: Engine) -> str:
    with reading(engine) as tx:
        if engine.dialect.name == "sqlite":
            verdict = tx.exec_driver_sql("PRAGMA integrity_check").scalar()
            broken = tx.exec_driver_sql("PRAGMA foreign_key_check").all()
            return "" if verdict == "ok" and not broken else f"{verdict}, {len(broken)} broken references"
        for table in metadata.sorted_tables:  # reads every page
            tx.execute(select(func.count()).select_from(table))
    return ""


_INVARIANTS: Mapping[str, Callable[[Connection], str]] = {
    "no orphans": orphans,
    "every alert is owed to every chat": _owed,
    "no doubles": _doubles,
    "every delivery has ended": _states,
    "nothing is left leased": _leased,
}
