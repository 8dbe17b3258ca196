"""Votes on alerts as rows: one a user and story, capped per user, and nobody is named."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from bot.domain import derive_id
from bot.storage.schema import feedback, meta
from bot.storage.upsert import insert_new, upsert

VOTES_A_DAY = 200  # of one user: far more than anybody reads, far less than a script would send
_SALT = "voter_salt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What a user thinks of an alert: 1 or -1, with the reason where it is bad."""

    story_id: str
    alert_id: str
    article_id: str
    vote: int
    reason: str
    created_at: datetime


def voter(tx: Connection, user_id: int) -> str:
    """Give the name under which a user's votes are stored: a digest with a salt that never leaves this database."""
    salt = tx.scalar(select(meta.c.value).where(meta.c.key == _SALT))
    if salt is None:
        insert_new(tx, meta, [{"key": _SALT, "value": secrets.token_hex(16)}])
        salt = tx.scalar(select(meta.c.value).where(meta.c.key == _SALT))
    return derive_id("voter", str(salt), str(user_id))


def save_vote(tx: Connection, chat_key: str, user_hash: str, vote: Vote) -> bool:
    """Store a user's vote on a story, in place of an earlier one; False where the user has voted too often today."""
    since = vote.created_at - timedelta(days=1)
    earlier = select(func.count()).where(feedback.c.user_hash == user_hash, feedback.c.created_at > since)
    if (tx.scalar(earlier) or 0) >= VOTES_A_DAY:
        return False
    row = {name: getattr(vote, name) for name in Vote.__dataclass_fields__}
    upsert(tx, feedback, [{**row, "chat_key": chat_key, "user_hash": user_hash}])
    return True


def vote_of(tx: Connection, chat_key: str, story_id: str, user_hash: str) -> Vote | None:
    """Give a user's vote on a story in one chat."""
    where = (
        feedback.c.chat_key == chat_key,
        feedback.c.story_id == story_id,
        feedback.c.user_hash == user_hash,
    )
    row = tx.execute(select(feedback).where(*where)).mappings().first()
    return None if row is None else Vote(**{name: row[name] for name in Vote.__dataclass_fields__})


def votes_of_user(tx: Connection, user_hash: str) -> Sequence[Vote]:
    """Give all votes of one user, the latest first, for the export."""
    rows = tx.execute(
        select(feedback)
        .where(feedback.c.user_hash == user_hash)
        .order_by(feedback.c.created_at.desc(), feedback.c.story_id)
    ).mappings()
    return [Vote(**{name: row[name] for name in Vote.__dataclass_fields__}) for row in rows]


def tally(tx: Connection, *, chat_key: str | None = None) -> tuple[int, int]:
    """Count the votes for and against, of one chat or of all."""
    scope = [] if chat_key is None else [feedback.c.chat_key == chat_key]
    rows = tx.execute(select(feedback.c.vote, func.count()).where(*scope).group_by(feedback.c.vote))
    counted = {int(vote): int(number) for vote, number in rows}
    return counted.get(1, 0), counted.get(-1, 0)


def erase_votes(tx: Connection, user_hash: str) -> int:
    """Erase all votes of a user in every chat; returns how many."""
    return tx.execute(delete(feedback).where(feedback.c.user_hash == user_hash)).rowcount
