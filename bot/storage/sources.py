"""Sources: the shipped and the users' own, what is remembered of each, and who polls which."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, or_, select, update

from bot.domain import Source, SourceKind
from bot.errors import NotFoundError
from bot.ingest.memory import SourceMemory
from bot.storage.leases import SKEW
from bot.storage.schema import sources
from bot.storage.upsert import insert_new

SHIPPED = "shipped"
LEASE = timedelta(minutes=5)

_REMEMBERED = tuple(one.name for one in fields(SourceMemory))
_CATALOG = (
    *("name", "url", "kind", "tier", "publisher", "lang", "poll_seconds", "fetch_pages", "known_by", "licence"),
    *("options", "enabled"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSource:
    """A source with its memory and who added it: `shipped` or the id of a chat or `cli`."""

    source: Source
    memory: SourceMemory
    added_by: str


def upsert_catalog(tx: Connection, catalog: Iterable[Source]) -> None:
    """Bring the shipped sources up to date: add, change, and disable those that are shipped no longer.

    What is remembered of a source stays; where its address changed, validators and a proven redirect are forgotten. A
    source that a user disabled stays disabled: `enabled` is only written on the first insert.
    """
    rows = [row_of(source, SHIPPED) for source in catalog]
    stored = {row.id: row for row in tx.execute(select(*(sources.c[name] for name in ("id", *_CATALOG))))}
    insert_new(tx, sources, [row for row in rows if row["id"] not in stored])
    for row in rows:
        if row["id"] in stored:
            _bring_up(tx, row, stored[row["id"]])
    tx.execute(
        update(sources)
        .where(sources.c.added_by == SHIPPED, sources.c.id.not_in([row["id"] for row in rows]), sources.c.enabled)
        .values(enabled=False, paused_reason="no longer shipped")
    )


def _bring_up(tx: Connection, row: dict[str, Any], stored: "Row[Any]") -> None:
    changes = {name: row[name] for name in _CATALOG if name != "enabled" and row[name] != getattr(stored, name)}
    if "url" in changes:
        changes |= {"etag": "", "last_modified": "", "moved_url": "", "error_streak": 0, "next_poll_at": None}
        changes |= {"paused_reason": ""}
    if changes:
        tx.execute(update(sources).where(sources.c.id == row["id"]).values(**changes))


def add(tx: Connection, source: Source, *, added_by: str) -> bool:
    """Add a user's source; False where its id or its address is there already."""
    taken = or_(sources.c.id == source.id, sources.c.url == source.url, sources.c.moved_url == source.url)
    if tx.execute(select(sources.c.id).where(taken)).first():
        return False
    tx.execute(sources.insert().values(**row_of(source, added_by)))
    return True


def remove(tx: Connection, source_id: str) -> None:
    """Remove a source that a user added; a shipped one is disabled, since it would come back at the next start."""
    found = tx.execute(select(sources.c.added_by).where(sources.c.id == source_id)).scalar_one_or_none()
    if found is None:
        raise NotFoundError(f"There is no source {source_id!r}. `straitwatch sources` lists them.")
    if found == SHIPPED:
        tx.execute(update(sources).where(sources.c.id == source_id).values(enabled=False, paused_reason="removed"))
    else:
        tx.execute(delete(sources).where(sources.c.id == source_id))


def pause(tx: Connection, source_id: str, reason: str) -> None:
    """Stop polling a source until `resume`; raises NotFoundError."""
    _change(tx, source_id, enabled=False, paused_reason=reason or "paused")


def resume(tx: Connection, source_id: str) -> None:
    """Poll a source again, at once; raises NotFoundError."""
    _change(tx, source_id, enabled=True, paused_reason="", error_streak=0, next_poll_at=None)


def poll_soon(tx: Connection, *, now: datetime) -> None:
    """Make sources that wait after failures due at once: for when the network is back."""
    tx.execute(update(sources).where(sources.c.error_streak > 0, sources.c.next_poll_at > now).values(next_poll_at=now))


def due(tx: Connection, now: datetime, limit: int, *, worker: str = "", lease: timedelta = LEASE) -> list[str]:
    """Claim up to `limit` sources that are due, the longest overdue first, and give their ids.

    A claim ends with `save_memory`, or by itself after `lease` where the worker died. On PostgreSQL several workers
    claim beside each other (SKIP LOCKED); on SQLite the caller's transaction is the lock. A claim that ends later than
    any could is one of a clock that was ahead, and void.
    """
    absurd = now + lease + SKEW
    free = or_(sources.c.claimed_until.is_(None), sources.c.claimed_until <= now, sources.c.claimed_until > absurd)
    is_due = or_(sources.c.next_poll_at.is_(None), sources.c.next_poll_at <= now)
    query = (
        select(sources.c.id)
        .where(and_(sources.c.enabled, sources.c.paused_reason == "", is_due, free))
        .order_by(case((sources.c.next_poll_at.is_(None), 0), else_=1), sources.c.next_poll_at, sources.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite leaves it out
    )
    ids: list[str] = list(tx.execute(query).scalars())
    if ids:
        tx.execute(update(sources).where(sources.c.id.in_(ids)).values(claimed_by=worker, claimed_until=now + lease))
    return ids


def next_due_at(tx: Connection, *, now: datetime) -> datetime | None:
    """Give when the next source is due (`now` for one that was never polled), or None where none is enabled."""
    active = (sources.c.enabled, sources.c.paused_reason == "")
    times = tx.execute(
        select(func.count(), func.count(sources.c.next_poll_at), func.min(sources.c.next_poll_at)).where(*active)
    ).one()
    number, planned, earliest = times
    if not number:
        return None
    return now if planned < number else earliest


def load(tx: Connection, source_id: str) -> tuple[Source, SourceMemory]:
    """Give a source and what is remembered of it; raises NotFoundError."""
    row = tx.execute(select(sources).where(sources.c.id == source_id)).first()
    if row is None:
        raise NotFoundError(f"There is no source {source_id!r}. `straitwatch sources` lists them.")
    return _source(row), _memory(row)


def save_memory(tx: Connection, source_id: str, memory: SourceMemory) -> None:
    """Store what is remembered after a poll, and end the claim. `enabled` belongs to the users and is not written."""
    values: dict[str, Any] = {name: getattr(memory, name) for name in _REMEMBERED if name != "enabled"}
    values["state"] = dict(memory.state)
    tx.execute(update(sources).where(sources.c.id == source_id).values(**values, claimed_by="", claimed_until=None))


def release(tx: Connection, source_ids: Sequence[str]) -> None:
    """Give claimed sources back without having polled them, as at shutdown."""
    tx.execute(update(sources).where(sources.c.id.in_(source_ids)).values(claimed_by="", claimed_until=None))


def hold_until(tx: Connection, source_ids: Sequence[str], until: datetime) -> None:
    """Keep claimed sources for a while and no longer: their poll could not be stored, and is not repeated at once."""
    tx.execute(update(sources).where(sources.c.id.in_(source_ids)).values(claimed_until=until))


def mark_told(tx: Connection, source_id: str, *, now: datetime) -> None:
    """Remember that the owner was told of a source's trouble; see `bot.ingest.health.trouble`."""
    tx.execute(update(sources).where(sources.c.id == source_id).values(silence_reported_at=now))


def all_sources(tx: Connection) -> list[StoredSource]:
    """Give all sources by tier and name. Their `state` is left out: it can be large and nobody lists it."""
    columns = [column for column in sources.c if column.name != "state"]
    rows = tx.execute(select(*columns).order_by(sources.c.tier, sources.c.name))
    return [StoredSource(source=_source(row), memory=_memory(row), added_by=row.added_by) for row in rows]


def _change(tx: Connection, source_id: str, **values: object) -> None:
    if not tx.execute(update(sources).where(sources.c.id == source_id).values(**values)).rowcount:
        raise NotFoundError(f"There is no source {source_id!r}. `straitwatch sources` lists them.")


def row_of(source: Source, added_by: str) -> dict[str, Any]:
    """Give the columns of a source that was never polled."""
    row = {name: getattr(source, name) for name in _CATALOG if name not in {"poll_seconds", "options", "enabled"}}
    return {
        **row,
        "id": source.id,
        "kind": source.kind.value,
        "poll_seconds": int(source.poll_every.total_seconds()),
        "options": {name: value for name, value in source.options.items() if name != "enabled"},
        "enabled": source.options.get("enabled", True) is not False,
        "added_by": added_by,
        "state": {},
    }


def _source(row: "Row[Any]") -> Source:
    return Source(
        id=row.id,
        name=row.name,
        url=row.url,
        kind=SourceKind(row.kind),
        tier=row.tier,
        publisher=row.publisher,
        lang=row.lang,
        poll_every=timedelta(seconds=row.poll_seconds),
        fetch_pages=row.fetch_pages,
        known_by=row.known_by,
        licence=row.licence,
        options=row.options,
    )


def _memory(row: "Row[Any]") -> SourceMemory:
    stored = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    values = {name: stored[name] for name in _REMEMBERED if name in stored}
    return SourceMemory(**values)
