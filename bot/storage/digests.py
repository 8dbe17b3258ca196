"""The ledger of digests as rows: who may be due, what was planned, and what is a chat's own in a period.

The key (chat, period) makes each digest single: whoever inserts the row plans the digest, in the same transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, select

from bot.alerting.digests.material import Personal
from bot.alerting.periods import Period
from bot.domain import Chat, ChatKind, DeliveryKind, DeliveryState, Subscription
from bot.storage.chats import chat_of
from bot.storage.schema import chats, deliveries, digests, feedback, meta, subscriptions
from bot.storage.subscriptions import snoozes_of, subscription_of
from bot.storage.upsert import insert_new_keys, upsert

KEYS_AT_ONCE = 500
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_RUN = "digests_planned"  # key in `meta`


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When digests are due: what thousands of chats have in common."""

    zone: str
    weekday: int
    time: str
    daily: bool

    def chat(self) -> Chat:
        """Give a chat that is due at these times and was always there, for the pure functions that ask for one."""
        return Chat(
            key="",
            telegram_id=0,
            kind=ChatKind.PRIVATE,
            zone=self.zone,
            digest_weekday=self.weekday,
            digest_time=self.time,
            digest_daily=self.daily,
            created_at=_ALWAYS,
        )


def open_slots(tx: Connection) -> dict[Slot, list[tuple[str, datetime]]]:
    """Give the chats that want a digest and that we may write to, by slot, each with the time since it is there."""
    columns = (
        chats.c.key,
        chats.c.zone,
        chats.c.digest_weekday,
        chats.c.digest_time,
        chats.c.digest_daily,
        chats.c.created_at,
    )
    rows = tx.execute(select(*columns).where(chats.c.digest_on, chats.c.disabled_reason == "").order_by(chats.c.key))
    found: defaultdict[Slot, list[tuple[str, datetime]]] = defaultdict(list)
    for key, zone, weekday, time, daily, created_at in rows:
        found[Slot(zone=zone, weekday=weekday, time=time, daily=daily)].append((key, created_at))
    return dict(found)


def planned(tx: Connection, periods: Collection[str]) -> set[tuple[str, str]]:
    """Give which of these periods are planned or skipped already, as (chat key, period)."""
    rows = tx.execute(select(digests.c.chat_key, digests.c.period).where(digests.c.period.in_(sorted(periods))))
    return {(chat_key, period) for chat_key, period in rows}


def claim(tx: Connection, chat_keys: Iterable[str], period: str, *, now: datetime, note: str = "") -> list[str]:
    """Book a period for chats, and give those for which it was not booked before: theirs is the digest to plan.

    A chat that is gone by now gets nothing.
    """
    wanted = list(chat_keys)
    there = set(tx.scalars(select(chats.c.key).where(chats.c.key.in_(wanted))))
    rows = [{"chat_key": key, "period": period, "planned_at": now, "note": note} for key in wanted if key in there]
    new = {chat_key for chat_key, _ in insert_new_keys(tx, digests, rows)}
    return [key for key in wanted if key in new]


def last_run_at(tx: Connection) -> datetime | None:
    """Give when digests were last planned, to ten minutes; None before the first time."""
    value = tx.scalar(select(meta.c.value).where(meta.c.key == _RUN))
    return None if value is None else datetime.fromisoformat(value["at"])


def note_run(tx: Connection, *, now: datetime) -> None:
    """Note that digests are being planned."""
    upsert(tx, meta, [{"key": _RUN, "value": {"at": now.isoformat()}}])


def load_chats(tx: Connection, chat_keys: Sequence[str]) -> dict[str, Chat]:
    """Give chats by key."""
    rows = tx.execute(select(chats).where(chats.c.key.in_(chat_keys))).mappings()
    return {row["key"]: chat_of(row) for row in rows}


def rules_of(tx: Connection, chat_keys: Sequence[str]) -> dict[str, list[Subscription]]:
    """Give the subscriptions of chats, paused ones as well, the oldest first."""
    rows = tx.execute(
        select(subscriptions)
        .where(subscriptions.c.chat_key.in_(chat_keys))
        .order_by(subscriptions.c.chat_key, subscriptions.c.created_at, subscriptions.c.id)
    ).mappings()
    found: defaultdict[str, list[Subscription]] = defaultdict(list)
    for row in rows:
        found[row["chat_key"]].append(subscription_of(row))
    return found


def personal(
    tx: Connection, chat_keys: Sequence[str], period: Period, *, notes: Collection[str], now: datetime
) -> dict[str, Personal]:
    """Give what is each chat's own in a period: alerts sent, votes, snoozes, and digests skipped since the last one.

    `notes` are the reasons for skipping that are worth telling.
    """
    sent = _sent(tx, chat_keys, period)
    votes = _votes(tx, chat_keys, period)
    skipped = _skipped(tx, chat_keys, notes)
    snoozed = snoozes_of(tx, chat_keys, now=now)
    return {
        key: Personal(
            sent=sent.get(key, 0),
            useful=votes.get((key, 1), 0),
            useless=votes.get((key, -1), 0),
            skipped=tuple(skipped.get(key, ())),
            snoozed=snoozed.get(key, frozenset()),
        )
        for key in chat_keys
    }


def prune(tx: Connection, *, before: datetime) -> int:
    """Forget digests planned before a time, which must lie more than nine days back; returns how many."""
    return tx.execute(delete(digests).where(digests.c.planned_at < before)).rowcount


def _sent(tx: Connection, chat_keys: Sequence[str], period: Period) -> dict[str, int]:
    rows = tx.execute(
        select(deliveries.c.chat_key, func.count())
        .where(
            deliveries.c.chat_key.in_(chat_keys),
            deliveries.c.kind == DeliveryKind.ALERT.value,
            deliveries.c.state == DeliveryState.SENT.value,
            deliveries.c.created_at >= period.start,
            deliveries.c.created_at < period.end,
        )
        .group_by(deliveries.c.chat_key)
    )
    return {chat_key: int(number) for chat_key, number in rows}


def _votes(tx: Connection, chat_keys: Sequence[str], period: Period) -> dict[tuple[str, int], int]:
    rows = tx.execute(
        select(feedback.c.chat_key, feedback.c.vote, func.count())
        .where(
            feedback.c.chat_key.in_(chat_keys),
            feedback.c.created_at >= period.start,
            feedback.c.created_at < period.end,
        )
        .group_by(feedback.c.chat_key, feedback.c.vote)
    )
    return {(chat_key, vote): int(number) for chat_key, vote, number in rows}


def _skipped(tx: Connection, chat_keys: Sequence[str], notes: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    last = (
        select(digests.c.chat_key, func.max(digests.c.planned_at).label("at"))
        .where(digests.c.chat_key.in_(chat_keys), digests.c.note == "")
        .group_by(digests.c.chat_key)
        .subquery()
    )
    rows = tx.execute(
        select(digests.c.chat_key, digests.c.period, digests.c.note)
        .outerjoin(last, last.c.chat_key == digests.c.chat_key)
        .where(
            digests.c.chat_key.in_(chat_keys),
            digests.c.note.in_(notes),
            (last.c.at.is_(None)) | (digests.c.planned_at > last.c.at),
        )
        .order_by(digests.c.chat_key, digests.c.planned_at, digests.c.period)
    )
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for chat_key, period, note in rows:
        found[chat_key].append((period, note))
    return found
