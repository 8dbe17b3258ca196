"""Plan digests: find the chats whose period has ended, and owe each its digest exactly once.

    slots -> due -> gather (once a period) -> match (once a rule) -> draw (once a zone and level) -> build -> commit

The row in `digests` and the delivery are committed together, a few hundred chats at a time: a crash leaves chats
that are planned and chats that are not, never one in between.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Engine

from bot.alerting.charting import ChartMaker
from bot.alerting.digests.material import Personal
from bot.alerting.digests.phrases import PAUSED, SKIPPED, UNASKED, UNSUBSCRIBED
from bot.alerting.digests.pictures import Pictures
from bot.alerting.digests.press import Press
from bot.alerting.digests.templating import Templates
from bot.alerting.digests.told import Asked
from bot.alerting.notices import notice
from bot.alerting.periods import Period, due
from bot.alerting.quiet import quiet_end
from bot.alerting.routing import PRIORITY
from bot.crashpoints import reached
from bot.domain import Chat, Delivery, DeliveryKind, DeliveryState, Subscription, derive_id
from bot.errors import Fault
from bot.storage import digests as rows
from bot.storage.chats import owner_chats
from bot.storage.digest_material import gather, reports
from bot.storage.outbox import enqueue
from bot.storage.transactions import looking, writing
from bot.telegram.strings import strings

log = structlog.get_logger(__name__)
CHATS_AT_ONCE = 200  # chats in one transaction: short enough that an alert need not wait for the lock
QUERIES_AT_ONCE = 3_000  # different rules that are matched in one go
_NOTE_EVERY = timedelta(minutes=10)
PAUSE_FOR = timedelta(hours=24)  # a digest waits as long for the end of a pause


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """What one call planned. `faults` are templates that were replaced by the shipped ones; the owners are told."""

    planned: int = 0
    skipped: int = 0
    left: int = 0  # chats beyond the limit, which the next call takes up
    charts_failed: int = 0
    faults: tuple[Fault, ...] = ()


async def plan_due(
    engine: Engine,
    *,
    now: datetime,
    charts: ChartMaker,
    pictures: Path,
    templates: Path | None = None,
    limit: int = 20_000,
    at_once: int = CHATS_AT_ONCE,
) -> PlanReport:
    """Plan the digests of all chats whose period has ended, the longest due first; called every minute.

    Pictures are files in the folder `pictures`, shared between chats and deleted after ten days. Periods that ended
    24 hours ago or earlier are booked as skipped, and the next digest says so. `at_once` chats are committed together.
    Raises StorageError.
    """
    due_now, last_run_at = await asyncio.to_thread(_find_due, engine, now)
    report = PlanReport()
    room = limit
    for period, chat_keys in sorted(due_now.items(), key=lambda item: (item[0].end, item[0].key, item[0].start)):
        taken = chat_keys[:room]
        room -= len(taken)
        if period.missed(now):
            note = SKIPPED if last_run_at is None or last_run_at < period.end else UNASKED
            done = await asyncio.to_thread(_skip, engine, period, taken, now, note)
            report = replace(report, skipped=report.skipped + done)
        elif taken:
            for group in await asyncio.to_thread(_groups, engine, taken):
                press = await asyncio.to_thread(open_press, engine, period, group, now, Templates(templates))
                one = await _plan_period(
                    engine, period, group, press, now=now, charts=charts, pictures=Pictures(pictures), at_once=at_once
                )
                report = _sum(report, one)
        report = replace(report, left=report.left + len(chat_keys) - len(taken))
    if due_now:
        log.info("digests_planned", planned=report.planned, skipped=report.skipped, left=report.left)
        await asyncio.to_thread(Pictures(pictures).tidy, now)
    if report.faults:
        await asyncio.to_thread(_tell_owners, engine, report.faults, now)
    if not report.left and (last_run_at is None or abs(now - last_run_at) > _NOTE_EVERY):
        await asyncio.to_thread(_note_run, engine, now)  # at the end: a crash half-way must not look like a full run
    return report


def _sum(report: PlanReport, one: PlanReport) -> PlanReport:
    return replace(
        report,
        planned=report.planned + one.planned,
        skipped=report.skipped + one.skipped,
        charts_failed=report.charts_failed + one.charts_failed,
        faults=(*report.faults, *(fault for fault in one.faults if fault not in report.faults)),
    )


def _groups(engine: Engine, chat_keys: Sequence[str]) -> list[list[str]]:
    """Divide chats so that each group has a few thousand different rules at most: their matches fill the memory."""
    groups: list[list[str]] = [[]]
    queries: set[str] = set()
    for part in _parts(chat_keys, rows.KEYS_AT_ONCE):
        with looking(engine) as tx:
            queries |= {one.query for found in rows.rules_of(tx, part).values() for one in found}
        groups[-1].extend(part)
        if len(queries) > QUERIES_AT_ONCE:
            groups.append([])
            queries = set()
    return [group for group in groups if group]


def _find_due(engine: Engine, now: datetime) -> tuple[dict[Period, list[str]], datetime | None]:
    """Give the chats to plan by period, and when this was last asked; periods are equal only where their bounds are."""
    with looking(engine) as tx:
        last_run_at = rows.last_run_at(tx)
        slots = rows.open_slots(tx)
        found = [(period, slots[slot]) for slot in slots for period in due(slot.chat(), (), now=now)]
        planned = rows.planned(tx, {period.key for period, _ in found})
    by_period: defaultdict[Period, list[str]] = defaultdict(list)
    for period, chats in found:
        waiting = [key for key, since in chats if since < period.end and (key, period.key) not in planned]
        if waiting:
            by_period[period] += waiting
    return dict(by_period), last_run_at


def _tell_owners(engine: Engine, faults: Sequence[Fault], now: datetime) -> None:
    """Owe the owners a notice of templates that failed, the same one at most once a day."""
    for fault in faults:
        log.warning("template_replaced", fault=str(fault))
    with writing(engine) as tx:
        enqueue(
            tx,
            [
                notice(
                    owner.key,
                    f"template {fault.place} {now.date()}",
                    {
                        "title": strings(owner.lang).t("A digest template failed; the shipped one was used"),
                        "text": str(fault),
                    },
                    now=now,
                )
                for owner in owner_chats(tx)
                for fault in faults
            ],
        )


def _note_run(engine: Engine, now: datetime) -> None:
    with writing(engine) as tx:
        rows.note_run(tx, now=now)


def _skip(engine: Engine, period: Period, chat_keys: Sequence[str], now: datetime, note: str) -> int:
    done = 0
    for part in _parts(chat_keys, CHATS_AT_ONCE):
        with writing(engine) as tx:
            done += len(rows.claim(tx, part, period.key, now=now, note=note))
    return done


async def _plan_period(
    engine: Engine,
    period: Period,
    chat_keys: Sequence[str],
    press: Press,
    *,
    now: datetime,
    charts: ChartMaker,
    pictures: Pictures,
    at_once: int,
) -> PlanReport:
    planned = skipped = 0
    for part in _parts(chat_keys, at_once):
        chats = await asyncio.to_thread(_load, engine, part)
        await press.draw(chats, charts, pictures)
        owed = await asyncio.to_thread(_compose, engine, press, chats, period, now)
        done, paused = await asyncio.to_thread(_commit, engine, period, owed, now)
        planned, skipped = planned + done, skipped + paused
    return PlanReport(planned=planned, skipped=skipped, charts_failed=press.charts_failed, faults=press.faults)


def open_press(engine: Engine, period: Period, chat_keys: Sequence[str], now: datetime, templates: Templates) -> Press:
    """Gather a period and match the rules of these chats against it."""
    with looking(engine) as tx:
        rules: dict[str, list[Subscription]] = {}
        for part in _parts(chat_keys, rows.KEYS_AT_ONCE):
            rules.update(rows.rules_of(tx, part))
        material = gather(tx, period, now=now)
        return Press(material, rules, reports(tx, material), templates, now=now)


def _load(engine: Engine, chat_keys: Sequence[str]) -> list[Chat]:
    with looking(engine) as tx:
        found = rows.load_chats(tx, chat_keys)
    return [found[key] for key in chat_keys if key in found]


def ask(
    engine: Engine, chats: Sequence[Chat], rules: Mapping[str, Sequence[Subscription]], period: Period, now: datetime
) -> list[Asked]:
    """Give for whom digests of a period are made: the chats with their rules and what is their own."""
    with looking(engine) as tx:
        own = rows.personal(tx, [chat.key for chat in chats], period, notes=(PAUSED, SKIPPED), now=now)
    return [
        Asked(chat=chat, subscriptions=tuple(rules.get(chat.key, ())), personal=own.get(chat.key, Personal()))
        for chat in chats
    ]


def _compose(
    engine: Engine, press: Press, chats: Sequence[Chat], period: Period, now: datetime
) -> dict[str, list[tuple[str, Delivery | None]]]:
    """Give by note what each chat is owed: its digest, a hint where it asks for nothing, or nothing while paused."""
    owed: dict[str, list[tuple[str, Delivery | None]]] = {"": [], PAUSED: [], UNSUBSCRIBED: []}
    for asked in ask(engine, chats, press.rules, period, now):
        chat = asked.chat
        if chat.paused_until is not None and chat.paused_until - period.end > PAUSE_FOR:
            owed[PAUSED].append((chat.key, None))
        elif not asked.subscriptions:
            owed[UNSUBSCRIBED].append((chat.key, _hint(chat, now)))
        else:
            owed[""].append((chat.key, owe(chat, period.key, press.payload(asked), now=now)))
    return owed


def _hint(chat: Chat, now: datetime) -> Delivery:
    """Owe a chat that asks for nothing the hint how to ask, once and for all."""
    text = strings(chat.lang).t(
        "Your digest is due, but nothing is subscribed here yet, so there is nothing to send. "
        "/topics chooses what you are told about; /settings switches the digest off."
    )
    return notice(chat.key, "nothing subscribed", {"text": text, "silent": True}, now=now)


def _commit(
    engine: Engine, period: Period, owed: Mapping[str, Sequence[tuple[str, Delivery | None]]], now: datetime
) -> tuple[int, int]:
    """Book what each chat is owed; gives how many digests were planned, and how many chats get none."""
    booked = {}
    with writing(engine) as tx:
        for note, some in owed.items():
            deliveries = dict(some)
            claimed = rows.claim(tx, deliveries, period.key, now=now, note=note)
            if not note:
                reached("digest_claimed")
            enqueue(tx, [one for key in claimed if (one := deliveries[key]) is not None])
            booked[note] = len(claimed)
    planned = booked.pop("")
    return planned, sum(booked.values())


def owe(chat: Chat, subject: str, payload: dict[str, object], *, now: datetime) -> Delivery:
    """Owe a digest. It leaves at the hour that the chat chose, without a sound where that lies in its quiet hours."""
    at = max(now, chat.paused_until) if chat.paused_until else now
    return Delivery(
        id=derive_id("delivery", chat.key, DeliveryKind.DIGEST.value, subject),
        chat_key=chat.key,
        kind=DeliveryKind.DIGEST,
        subject=subject,
        payload={**payload, "silent": quiet_end(chat, at) is not None},
        priority=PRIORITY[DeliveryKind.DIGEST],
        state=DeliveryState.HELD if at > now else DeliveryState.DUE,
        not_before=at,
        created_at=now,
    )


def _parts(chat_keys: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (chat_keys[start : start + size] for start in range(0, len(chat_keys), size))
