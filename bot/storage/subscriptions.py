"""Subscriptions and snoozes as rows; every function is scoped by chat, so that no chat can reach another's."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select

from bot.domain import Mode, Severity, Subscription
from bot.storage.revisions import audience_changed
from bot.storage.schema import chats, snoozes, subscriptions
from bot.storage.upsert import upsert


def save_subscription(tx: Connection, subscription: Subscription) -> None:
    """Store a subscription, new or changed; raises sqlalchemy.exc.IntegrityError where the chat has that name."""
    row = {
        "id": subscription.id,
        "chat_key": subscription.chat_key,
        "name": subscription.name,
        "query": subscription.query,
        "level": None if subscription.level is None else int(subscription.level),
        "mode": None if subscription.mode is None else subscription.mode.value,
        "paused": subscription.paused,
        "created_at": subscription.created_at,
    }
    upsert(tx, subscriptions, [row])
    audience_changed(tx)


def load_subscription(tx: Connection, chat_key: str, subscription_id: str) -> Subscription | None:
    """Give one subscription of a chat, or None where this chat has none of that id."""
    row = tx.execute(
        select(subscriptions).where(subscriptions.c.chat_key == chat_key, subscriptions.c.id == subscription_id)
    )
    found = row.mappings().first()
    return None if found is None else subscription_of(found)


def subscriptions_of(tx: Connection, chat_key: str) -> list[Subscription]:
    """Give a chat's subscriptions, the oldest first."""
    rows = tx.execute(
        select(subscriptions)
        .where(subscriptions.c.chat_key == chat_key)
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
    )
    return [subscription_of(row) for row in rows.mappings()]


def active_subscriptions(tx: Connection) -> list[Subscription]:
    """Give the subscriptions that are not paused, of all chats that we may write to: what routing asks for."""
    rows = tx.execute(
        select(subscriptions)
        .join(chats, chats.c.key == subscriptions.c.chat_key)
        .where(subscriptions.c.paused.is_(False), chats.c.disabled_reason == "")
        .order_by(subscriptions.c.chat_key, subscriptions.c.created_at, subscriptions.c.id)
    )
    return [subscription_of(row) for row in rows.mappings()]


def delete_subscription(tx: Connection, chat_key: str, subscription_id: str) -> bool:
    """Delete one subscription of a chat; returns whether there was one."""
    done = tx.execute(
        delete(subscriptions).where(subscriptions.c.chat_key == chat_key, subscriptions.c.id == subscription_id)
    )
    audience_changed(tx)
    return done.rowcount == 1


def snooze(tx: Connection, chat_key: str, *, what: str, value: str, until: datetime) -> None:
    """Silence a story, rule, topic or entity in one chat until a time; a later call replaces the time."""
    upsert(tx, snoozes, [{"chat_key": chat_key, "what": what, "value": value, "until": until}])
    audience_changed(tx)


def snoozes_of(tx: Connection, chat_keys: Sequence[str], *, now: datetime) -> dict[str, frozenset[tuple[str, str]]]:
    """Give by chat what is silenced now, as (what, value)."""
    rows = tx.execute(
        select(snoozes.c.chat_key, snoozes.c.what, snoozes.c.value).where(
            snoozes.c.chat_key.in_(chat_keys), snoozes.c.until > now
        )
    )
    found: dict[str, set[tuple[str, str]]] = {}
    for chat_key, what, value in rows:
        found.setdefault(chat_key, set()).add((what, value))
    return {chat_key: frozenset(pairs) for chat_key, pairs in found.items()}


def end_snooze(tx: Connection, chat_key: str, *, what: str, value: str) -> bool:
    """End a snooze early; returns whether there was one."""
    where = (snoozes.c.chat_key == chat_key, snoozes.c.what == what, snoozes.c.value == value)
    audience_changed(tx)
    return tx.execute(delete(snoozes).where(*where)).rowcount == 1


def prune_snoozes(tx: Connection, *, now: datetime) -> int:
    """Delete snoozes that are over; returns how many."""
    return tx.execute(delete(snoozes).where(snoozes.c.until <= now)).rowcount


def subscription_of(row: RowMapping) -> Subscription:
    """Build a subscription from its row."""
    return Subscription(
        id=row["id"],
        chat_key=row["chat_key"],
        name=row["name"],
        query=row["query"],
        level=None if row["level"] is None else Severity(row["level"]),
        mode=None if row["mode"] is None else Mode(row["mode"]),
        paused=row["paused"],
        created_at=row["created_at"],
    )
