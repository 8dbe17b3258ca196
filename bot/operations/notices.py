"""Owe the owner a word when something is wrong with the watch itself: each trouble at most once a day."""

from datetime import datetime

from sqlalchemy import Connection

from bot.alerting.notices import notice
from bot.domain import derive_id
from bot.ingest.health import trouble
from bot.operations.vitals import Check
from bot.storage.chats import owner_chats
from bot.storage.outbox import enqueue
from bot.storage.sources import all_sources, mark_told


def tell_owners(tx: Connection, what: str, text: str, *, now: datetime) -> int:
    """Owe every owner a notice about `what`, unless one was owed today; returns how many are new."""
    about = f"watch {what} {now.date()}"
    return enqueue(tx, [notice(chat.key, about, {"text": text}, now=now) for chat in owner_chats(tx)])


def tell_check(tx: Connection, check: Check, *, worker: str, now: datetime) -> int:
    """Tell the owners of a check that failed: what, where, and what to do."""
    return tell_owners(tx, check.name, f"⚠ {check.name}: {check.text}. {check.remedy}. ({worker})", now=now)


def tell_sources(tx: Connection, *, now: datetime) -> int:
    """Tell the owners once of each source in trouble: silent, stale, gone, or failing for a day; returns how many."""
    found = [(one.source, text) for one in all_sources(tx) if (text := trouble(one.memory, now)) is not None]
    if not found:
        return 0
    for source, _ in found:
        mark_told(tx, source.id, now=now)
    lines = [f"{source.name} ({source.id}): {text}" for source, text in found[:10]]
    more = [f"and {len(found) - 10} more"] if len(found) > 10 else []
    named = derive_id(*(source.id for source, _ in found))
    tell_owners(tx, f"sources {named}", "\n".join(["Sources in trouble:", *lines, *more, "More: /sources"]), now=now)
    return len(found)
