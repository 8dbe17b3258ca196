"""Who may use the bot: the owner, allowed users and chats, invite codes; and which updates were dealt with already.

Codes are random with 128 bits, so a plain digest of them is enough: nobody can try them all.
"""

from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import Connection, delete, select

from bot.storage.schema import access, meta
from bot.storage.upsert import insert_new, upsert

OWNER, USER, CHAT, INVITE, UPDATE = "owner", "user", "chat", "invite", "update"
UPDATES_KEPT = timedelta(hours=48)  # Telegram repeats an update for 24 hours at most


def owners(tx: Connection) -> frozenset[int]:
    """Give the user ids of the owners."""
    return frozenset(int(value) for value in tx.scalars(select(access.c.value).where(access.c.kind == OWNER)))


def make_owner(tx: Connection, user_id: int, *, now: datetime) -> None:
    """Make the user whom the settings name the only owner."""
    tx.execute(delete(access).where(access.c.kind == OWNER, access.c.value != str(user_id)))
    _add(tx, OWNER, str(user_id), note="settings", now=now)


def claim_ownership(tx: Connection, user_id: int, *, now: datetime) -> bool:
    """Make a user the owner where there is none yet; returns whether that happened."""
    if owners(tx) or not insert_new(tx, meta, [{"key": "owner_claimed", "value": now.isoformat()}]):
        return False  # the row makes the second of two that start at the same moment wait for the first
    return _add(tx, OWNER, str(user_id), note="first to start", now=now)


def allow(tx: Connection, kind: str, telegram_id: int, *, note: str, now: datetime) -> bool:
    """Let a user (`USER`) or a chat (`CHAT`) in; returns whether that is new."""
    return _add(tx, kind, str(telegram_id), note=note[:200], now=now)


def disallow(tx: Connection, kind: str, telegram_id: int) -> bool:
    """Shut a user or a chat out again; returns whether it was in."""
    done = tx.execute(delete(access).where(access.c.kind == kind, access.c.value == str(telegram_id)))
    return done.rowcount == 1


def is_allowed(tx: Connection, kind: str, telegram_id: int) -> bool:
    """Tell whether a user or a chat was let in."""
    found = select(access.c.value).where(access.c.kind == kind, access.c.value == str(telegram_id))
    return tx.scalar(found) is not None


def allowed(tx: Connection) -> list[tuple[str, int, str]]:
    """Give all users and chats that were let in as (kind, id, note)."""
    rows = tx.execute(
        select(access.c.kind, access.c.value, access.c.note)
        .where(access.c.kind.in_([USER, CHAT]))
        .order_by(access.c.kind.desc(), access.c.created_at)
    )
    return [(kind, int(value), note) for kind, value, note in rows]


def add_invite(tx: Connection, code: str, *, note: str, expires_at: datetime, now: datetime) -> None:
    """Store an invite code as its digest; it lets one user or chat in."""
    row = {"kind": INVITE, "value": _digest(code), "note": note[:200], "expires_at": expires_at, "created_at": now}
    upsert(tx, access, [row])


def redeem(tx: Connection, code: str, *, now: datetime) -> bool:
    """Use an invite code up; returns whether it was good."""
    done = tx.execute(
        delete(access).where(access.c.kind == INVITE, access.c.value == _digest(code), access.c.expires_at > now)
    )
    return done.rowcount == 1


def first_time(tx: Connection, update_id: int, *, now: datetime) -> bool:
    """Note an update as dealt with, in the transaction of what it changes; False where it was before."""
    return _add(tx, UPDATE, str(update_id), note="", now=now, expires_at=now + UPDATES_KEPT)


def prune_access(tx: Connection, *, now: datetime) -> int:
    """Forget updates and invite codes that are over; returns how many."""
    return tx.execute(delete(access).where(access.c.expires_at <= now)).rowcount


def _add(
    tx: Connection, kind: str, value: str, *, note: str, now: datetime, expires_at: datetime | None = None
) -> bool:
    row = {"kind": kind, "value": value, "note": note, "expires_at": expires_at, "created_at": now}
    return insert_new(tx, access, [row]) == 1


def _digest(code: str) -> str:
    return blake2b(code.encode(), digest_size=16, person=b"invite").hexdigest()
