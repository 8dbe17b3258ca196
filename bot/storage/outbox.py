"""The outbox: messages owed to chats, as rows. Owns claiming, and every change of a delivery's state.

A delivery is claimed by one conditional UPDATE on (`attempts`, `not_before`), which is lease and back-off at once: the
row becomes claimable again by itself when its sender dies. The same pair is the fence: whoever lost the lease cannot
change the row any more, except to say that the message was in fact sent.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Integer,
    RowMapping,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)

from bot.alerting.routing import URGENT
from bot.domain import Chat, ChatKind, Delivery, DeliveryKind, DeliveryState
from bot.storage.chats import chat_of
from bot.storage.schema import chats, deliveries
from bot.storage.transactions import looking, writing
from bot.storage.upsert import insert_new

UNKNOWN_MESSAGE = 0  # stands in `message_ids` for a part that may have been sent, but whose answer never came
_RIPE = and_(deliveries.c.state == DeliveryState.HELD.value, deliveries.c.not_before <= bindparam("now"))
_HELD_READY = select(deliveries.c.id).where(_RIPE).limit(1)
_OPEN = (DeliveryState.DUE.value, DeliveryState.HELD.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that is ours until `delivery.not_before`. Its `attempts` counts this attempt.

    `in_flight_at` is set where an earlier sender wrote the request and never told what became of it.
    """

    delivery: Delivery
    chat: Chat
    in_flight_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the outbox owes and what it gave up, for /delivery and the doctor."""

    counts: dict[DeliveryState, int]
    oldest_due_at: datetime | None
    last_sent_at: datetime | None
    parked: tuple[Delivery, ...]  # the latest ten


def enqueue(tx: Connection, owed: Iterable[Delivery]) -> int:
    """Book deliveries; one that is booked already stays as it is. Returns how many were new."""
    return insert_new(tx, deliveries, [_row(delivery) for delivery in owed])


def claim(
    engine: Engine,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    kinds: Collection[ChatKind],
    skip_ids: Collection[int] = (),
    urgent_only: Collection[int] = (),
    busy: Collection[str] = (),
) -> list[Claim]:
    """Claim up to `limit` deliveries that may leave now, the most urgent first, at most one a chat; see also `ripen`.

    Within a chat a message never overtakes an earlier one of its urgency, not even one that waits for its next attempt.
    `kinds` are the chats that this sender reaches, `skip_ids` the Telegram ids that pacing holds back, `urgent_only`
    those to which alerts and changes alone may leave, `busy` the chats that have a message in flight. Looks without a
    lock first, so that an idle sender never blocks a writer. Raises StorageError.
    """
    if limit < 1:
        return []
    asked = {"now": now, "kinds": _names(kinds), "room": limit}
    held_back = {"skip_ids": sorted(skip_ids), "urgent_only": sorted(urgent_only), "busy": sorted(busy)}
    held_back = {name: values for name, values in held_back.items() if values}
    with looking(engine) as tx:
        rows = tx.execute(_ready(frozenset(held_back)), {**asked, **held_back}).mappings().all()
    if not rows:
        return []
    until = now + lease
    with writing(engine) as tx:
        return [_claimed(row, until) for row in rows if _take(tx, row, until)]


@cache  # one a combination: built anew it would be half the cost of a look at the outbox
def _ready(held_back: frozenset[str]) -> Select[tuple[Any, ...]]:
    """Select what may leave, by parameters `now`, `kinds`, `room` and those named in `held_back`; see `claim`."""
    # Read in the order of `ix_deliveries_due`, so that the engine stops at the limit instead of sorting the queue; the
    # question whether an earlier one waits goes through `ix_deliveries_turn`.
    earlier = deliveries.alias("earlier")
    overtaken = (
        select(earlier.c.id)
        .where(
            earlier.c.chat_key == deliveries.c.chat_key,
            earlier.c.state == DeliveryState.DUE.value,
            earlier.c.priority <= deliveries.c.priority,
            _turn(earlier) < _turn(deliveries),
        )
        .exists()
    )
    chat_columns = [column.label(f"to_{column.name}") for column in chats.c]
    statement = (
        select(deliveries, *chat_columns)
        .join(chats, chats.c.key == deliveries.c.chat_key)
        .where(
            deliveries.c.state == DeliveryState.DUE.value,
            or_(deliveries.c.not_before <= bindparam("now"), _untried()),
            chats.c.disabled_reason == "",
            chats.c.kind.in_(bindparam("kinds", expanding=True)),
            ~overtaken,
        )
        .order_by(deliveries.c.priority, deliveries.c.not_before, deliveries.c.created_at)
        .limit(bindparam("room", type_=Integer))
    )
    if "skip_ids" in held_back:
        statement = statement.where(chats.c.telegram_id.not_in(bindparam("skip_ids", expanding=True)))
    if "urgent_only" in held_back:
        calm = chats.c.telegram_id.not_in(bindparam("urgent_only", expanding=True))
        statement = statement.where(or_(calm, deliveries.c.priority <= URGENT))
    if "busy" in held_back:
        statement = statement.where(deliveries.c.chat_key.not_in(bindparam("busy", expanding=True)))
    return statement


def _names(kinds: Collection[ChatKind]) -> list[str]:
    return sorted(kind.value for kind in kinds)


def _untried() -> ColumnElement[bool]:
    """Tell of a due delivery that it was never tried: it waits for nothing, whatever the clock said that dated it."""
    return and_(deliveries.c.attempts == 0, deliveries.c.last_error == "", deliveries.c.intent_at.is_(None))


def _turn(table: FromClause) -> ColumnElement[Any]:
    return tuple_(table.c.priority, table.c.created_at, table.c.id)


def _take(tx: Connection, row: RowMapping, until: datetime) -> bool:
    taken = tx.execute(
        update(deliveries)
        .where(
            deliveries.c.id == row["id"],
            deliveries.c.attempts == row["attempts"],
            deliveries.c.not_before == row["not_before"],
            deliveries.c.state == DeliveryState.DUE.value,
        )
        .values(attempts=row["attempts"] + 1, not_before=until)
    )
    return taken.rowcount == 1


def mark_intent(tx: Connection, held: Claim, *, now: datetime, until: datetime) -> Claim | None:
    """Say that the next part is about to be sent, and extend the lease; None where the claim was lost meanwhile.

    To be committed before the request is written: what is marked here and not marked sent may or may not have arrived.
    """
    done = tx.execute(update(deliveries).where(_fence(held)).values(intent_at=now, not_before=until))
    if done.rowcount != 1:
        return None
    return replace(held, delivery=replace(held.delivery, not_before=until), in_flight_at=now)


def mark_part(tx: Connection, held: Claim, message_id: int) -> Claim | None:
    """Note that one part of several was accepted (or must be taken as sent); None where the claim was lost."""
    progress = (*held.delivery.message_ids, message_id)
    done = tx.execute(
        update(deliveries).where(_fence(held)).values(progress=list(progress), intent_at=None, last_error="")
    )
    if done.rowcount != 1:
        return None
    return replace(held, delivery=replace(held.delivery, message_ids=progress, last_error=""), in_flight_at=None)


def mark_sent(tx: Connection, held: Claim, *, now: datetime, message_ids: tuple[int, ...]) -> None:
    """Close a delivery as sent; true even for one whose lease ran out, since the message is there."""
    tx.execute(
        update(deliveries)
        .where(deliveries.c.id == held.delivery.id)
        .values(
            state=DeliveryState.SENT.value,
            sent_at=now,
            progress=list(message_ids),
            intent_at=None,
            last_error="",
        )
    )


def mark_retry(tx: Connection, held: Claim, *, at: datetime, error: str, counted: bool, unknown: bool = False) -> bool:
    """Give a delivery back until `at`. `counted`: the attempt used up budget; `unknown`: it may have been sent."""
    attempts = held.delivery.attempts if counted else held.delivery.attempts - 1
    values: dict[str, Any] = {"not_before": at, "attempts": attempts, "last_error": error}
    if not unknown:
        values["intent_at"] = None
    return tx.execute(update(deliveries).where(_fence(held)).values(values)).rowcount == 1


def hasten(tx: Connection, waited: Mapping[str, datetime], *, now: datetime) -> int:
    """Let deliveries leave now that wait until the given times, by id; one that was claimed meanwhile is left alone."""
    done = 0
    for delivery_id, until in waited.items():
        waits = (deliveries.c.id == delivery_id, deliveries.c.not_before == until, deliveries.c.not_before > now)
        due = deliveries.c.state == DeliveryState.DUE.value
        done += tx.execute(update(deliveries).where(due, *waits).values(not_before=now)).rowcount
    return done


def park(tx: Connection, held: Claim, reason: str) -> bool:
    """Give up on a delivery with a reason that /delivery shows; `requeue` takes it up again."""
    return _close(tx, held, DeliveryState.PARKED, reason)


def cancel(tx: Connection, held: Claim, reason: str) -> bool:
    """Drop a claimed delivery that there is no longer a need for."""
    return _close(tx, held, DeliveryState.CANCELLED, reason)


def cancel_open(tx: Connection, *, chat_key: str, subject: str, reason: str) -> int:
    """Drop what is still owed to a chat about one subject, such as a snoozed story; returns how many rows."""
    done = tx.execute(
        update(deliveries)
        .where(
            deliveries.c.chat_key == chat_key,
            deliveries.c.subject == subject,
            deliveries.c.state.in_(_OPEN),
            deliveries.c.intent_at.is_(None),
        )
        .values(state=DeliveryState.CANCELLED.value, last_error=reason)
    )
    return done.rowcount


def cancel_told(tx: Connection, ids: Collection[str], *, reason: str) -> int:
    """Drop deliveries whose news another message told, unless one is on its way by now; returns how many."""
    if not ids:
        return 0
    free = (deliveries.c.id.in_(sorted(ids)), deliveries.c.state.in_(_OPEN), deliveries.c.intent_at.is_(None))
    done = tx.execute(update(deliveries).where(*free).values(state=DeliveryState.CANCELLED.value, last_error=reason))
    return done.rowcount


def requeue(tx: Connection, *, now: datetime, chat_key: str | None = None, ids: Collection[str] = ()) -> int:
    """Take parked deliveries up again: all, those of one chat, or the given ones; returns how many."""
    statement = update(deliveries).where(deliveries.c.state == DeliveryState.PARKED.value)
    if chat_key is not None:
        statement = statement.where(deliveries.c.chat_key == chat_key)
    if ids:
        statement = statement.where(deliveries.c.id.in_(sorted(ids)))
    return tx.execute(statement.values(state=DeliveryState.DUE.value, attempts=0, not_before=now)).rowcount


def summary(tx: Connection, chat_key: str | None = None) -> Summary:
    """Count the outbox of one chat, or of all."""
    scope = [] if chat_key is None else [deliveries.c.chat_key == chat_key]
    counted = tx.execute(select(deliveries.c.state, func.count()).where(*scope).group_by(deliveries.c.state))
    counts = {DeliveryState(state): number for state, number in counted}
    parked = tx.execute(
        select(deliveries)
        .where(*scope, deliveries.c.state == DeliveryState.PARKED.value)
        .order_by(deliveries.c.created_at.desc(), deliveries.c.id)
        .limit(10)
    ).mappings()
    due = select(func.min(deliveries.c.created_at)).where(*scope, deliveries.c.state == DeliveryState.DUE.value)
    return Summary(
        counts=counts,
        oldest_due_at=tx.scalar(due),
        last_sent_at=tx.scalar(select(func.max(deliveries.c.sent_at)).where(*scope)),
        parked=tuple(delivery_of(row) for row in parked),
    )


def held_ready(tx: Connection, *, now: datetime) -> bool:
    """Tell whether a held delivery's time has come; cheap, and without a lock."""
    return tx.execute(_HELD_READY, {"now": now}).first() is not None


def ripen(tx: Connection, *, now: datetime) -> int:
    """Make held deliveries due whose time has come: quiet hours, pauses and batches are over. Returns how many."""
    return tx.execute(update(deliveries).where(_RIPE).values(state=DeliveryState.DUE.value), {"now": now}).rowcount


def anything_ready(tx: Connection, *, now: datetime, kinds: Collection[ChatKind]) -> bool:
    """Tell whether a delivery could be claimed now, as far as the outbox goes: pacing may still hold it back."""
    if held_ready(tx, now=now):
        return True
    return tx.execute(_ready(frozenset()), {"now": now, "kinds": _names(kinds), "room": 1}).first() is not None


def load_delivery(tx: Connection, delivery_id: str) -> Delivery | None:
    """Give one delivery, or None."""
    row = tx.execute(select(deliveries).where(deliveries.c.id == delivery_id)).mappings().first()
    return None if row is None else delivery_of(row)


def prune(tx: Connection, *, before: datetime) -> int:
    """Delete sent and cancelled deliveries created before a time; owed and parked ones stay."""
    closed = (DeliveryState.SENT.value, DeliveryState.CANCELLED.value)
    statement = delete(deliveries).where(deliveries.c.state.in_(closed), deliveries.c.created_at < before)
    return tx.execute(statement).rowcount


def _fence(held: Claim) -> ColumnElement[bool]:
    return and_(
        deliveries.c.id == held.delivery.id,
        deliveries.c.attempts == held.delivery.attempts,
        deliveries.c.not_before == held.delivery.not_before,
        deliveries.c.state == DeliveryState.DUE.value,
    )


def _close(tx: Connection, held: Claim, state: DeliveryState, reason: str) -> bool:
    done = tx.execute(
        update(deliveries).where(_fence(held)).values(state=state.value, last_error=reason, intent_at=None)
    )
    return done.rowcount == 1


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "chat_key": delivery.chat_key,
        "kind": delivery.kind.value,
        "subject": delivery.subject,
        "payload": dict(delivery.payload),
        "priority": delivery.priority,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "not_before": delivery.not_before,
        "progress": list(delivery.message_ids),
        "created_at": delivery.created_at,
        "sent_at": delivery.sent_at,
        "last_error": delivery.last_error,
    }


def delivery_of(row: RowMapping) -> Delivery:
    """Build a delivery from its row."""
    return Delivery(
        id=row["id"],
        chat_key=row["chat_key"],
        kind=DeliveryKind(row["kind"]),
        subject=row["subject"],
        payload=row["payload"],
        priority=row["priority"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        not_before=row["not_before"],
        created_at=row["created_at"],
        sent_at=row["sent_at"],
        message_ids=tuple(row["progress"]),
        last_error=row["last_error"],
    )


def _claimed(row: RowMapping, until: datetime) -> Claim:
    delivery = replace(delivery_of(row), attempts=row["attempts"] + 1, not_before=until, state=DeliveryState.DUE)
    return Claim(delivery=delivery, chat=chat_of(row, prefix="to_"), in_flight_at=row["intent_at"])
