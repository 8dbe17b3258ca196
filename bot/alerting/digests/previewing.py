"""The digest on request: of the time up to now, or a preview of the next one. Nothing is booked as sent."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from bot.alerting.charting import ChartMaker
from bot.alerting.digests.pictures import Pictures
from bot.alerting.digests.planning import ask, open_press, owe
from bot.alerting.digests.templating import Templates
from bot.alerting.periods import Period, next_due, period_ending
from bot.alerting.quiet import zone_of
from bot.alerting.routing import PRIORITY
from bot.domain import Chat, Delivery, DeliveryKind, DeliveryState
from bot.telegram.composing import finished
from bot.telegram.messages import Outgoing


async def digest_now(
    engine: Engine,
    chat: Chat,
    *,
    now: datetime,
    charts: ChartMaker,
    pictures: Path,
    templates: Path | None = None,
    preview: bool = False,
) -> Delivery:
    """Give the digest of the week (or day) up to now as a delivery, which the caller enqueues.

    A preview covers what the next digest covers so far. Neither counts as the period's digest; asked twice within a
    minute, it is the same delivery. Raises StorageError.
    """
    period = running_period(chat, now=now, preview=preview)
    press = await asyncio.to_thread(open_press, engine, period, [chat.key], now, Templates(templates))
    (asked,) = await asyncio.to_thread(ask, engine, [chat], press.rules, period, now)
    await press.draw([chat], charts, Pictures(pictures))
    payload = await asyncio.to_thread(press.payload, replace(asked, preview=preview))
    delivery = owe(chat, period.key, payload, now=now)
    return replace(delivery, priority=PRIORITY[DeliveryKind.NOTICE], state=DeliveryState.DUE, not_before=now)


def compose_now(
    engine: Engine,
    chat: Chat,
    *,
    now: datetime,
    charts: ChartMaker,
    pictures: Path,
    templates: Path | None = None,
    preview: bool = False,
) -> Outgoing:
    """Give the same as messages, for a caller on a thread of its own that answers by itself. Raises StorageError."""
    delivery = asyncio.run(
        digest_now(engine, chat, now=now, charts=charts, pictures=pictures, templates=templates, preview=preview)
    )
    found: Any = delivery.payload["parts"]
    return Outgoing(parts=tuple(finished(part) for part in found))


def running_period(chat: Chat, *, now: datetime, preview: bool) -> Period:
    """Give the period up to now: since the last digest was due for a preview, else the last week or day."""
    start = now - timedelta(days=1 if chat.digest_daily else 7)
    if preview:
        upcoming = next_due(chat, now=now)
        ending = period_ending(chat, upcoming.astimezone(zone_of(chat.zone)).date())
        start = ending.start if ending is not None else start
    return Period(key=f"now:{now:%Y%m%d%H%M}", start=min(start, now), end=now)
