"""The doctor: look at every part that a watch needs, one after the other, and say what to do; changes nothing."""

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from bot import app
from bot.domain import Chat, DeliveryState, Source
from bot.errors import ConfigurationError, StorageError
from bot.ingest.health import FAILING_AFTER, HealthState, health
from bot.ingest.references import literal_secret
from bot.operations.vitals import LOW_DISK, Check
from bot.settings import Settings
from bot.storage.chats import all_chats, owner_chats
from bot.storage.database import open_engine
from bot.storage.outbox import summary
from bot.storage.sources import StoredSource, all_sources
from bot.storage.transactions import looking
from bot.storage.upgrading import examine_schema

if TYPE_CHECKING:
    from bot.ingest.fetching import Fetcher

SKEW = timedelta(seconds=60)  # more makes dates of news and leases of several machines doubtful


async def examine(settings: Settings, *, now: datetime, fetch: bool = False) -> list[Check]:
    """Examine everything; `fetch` asks every source once, without storing what it says."""
    checks, engine = _database(settings)
    checks.append(_disk(app.data_folder(settings)))
    checks += _detection(settings)
    catalog, found = _catalog(settings)
    checks += found
    chats: list[Chat] = []
    if engine is not None:
        try:
            chats, found = _stored(engine, now)
            checks += found
            checks += await _sources(settings, engine, catalog, now=now, fetch=fetch)
        except StorageError as error:
            checks.append(Check(name="database", good=False, text=str(error)))
        finally:
            engine.dispose()
    checks += await _telegram(settings, chats)
    checks.append(await _clock(settings))
    return checks


def _database(settings: Settings) -> tuple[list[Check], Engine | None]:
    try:
        engine = open_engine(settings.database_url)
        state, remedy = examine_schema(engine)
    except ConfigurationError as error:
        return [Check(name="database", good=False, text=str(fault)) for fault in error.faults], None
    except StorageError as error:
        return [Check(name="database", good=False, text=str(error))], None
    place = engine.url.render_as_string(hide_password=True)
    check = Check(name="database", good=not remedy, text=f"{place}: {state}", remedy=remedy)
    return [check], engine if state.startswith("schema") and not remedy else None


def _disk(folder: Path) -> Check:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    remedy = "" if free >= LOW_DISK else "Free some space, or lower STRAITWATCH_RETENTION_DAYS"
    return Check(name="disk", good=not remedy, text=f"{free / 1e9:.1f} GB free at {folder.resolve()}", remedy=remedy)


def _detection(settings: Settings) -> list[Check]:
    try:
        assessor = app.load_assessor(settings)
    except ConfigurationError as error:
        return [Check(name=f.place, good=False, text=f.problem, remedy=f.remedy) for f in error.faults]
    rules = len(assessor.catalog.rules)
    return [
        Check(name="model", good=True, text=f"{assessor.versions['model']} loads"),
        Check(name="rules", good=True, text=f"{rules} rules, version {assessor.versions['rules']}"),
    ]


def _catalog(settings: Settings) -> tuple[Sequence[Source], list[Check]]:
    """Read the sources file, and every secret that it refers to; what a faulty file refers to is granted to nobody."""
    from bot.ingest.catalog import load_catalog  # noqa: PLC0415 - YAML, not for --help

    catalog: Sequence[Source] = ()
    try:
        catalog = load_catalog(settings.sources_file)
        faults = app.catalog_faults(settings, catalog)
    except ConfigurationError as error:
        faults = list(error.faults)
    return catalog, [Check(name=one.place, good=False, text=one.problem, remedy=one.remedy) for one in faults]


def _stored(engine: Engine, now: datetime) -> tuple[list[Chat], list[Check]]:
    with looking(engine) as tx:
        chats, owners, owed = all_chats(tx, enabled_only=True), owner_chats(tx), summary(tx)
    parked, due = owed.counts.get(DeliveryState.PARKED, 0), owed.counts.get(DeliveryState.DUE, 0)
    late = owed.oldest_due_at is not None and now - owed.oldest_due_at > timedelta(minutes=15)
    text = f"{due} due, {parked} given up"
    remedy = "Start the watch, or see why messages do not leave: /delivery in the owner's chat" if late else ""
    checks = [Check(name="outbox", good=not late, text=text, remedy=remedy)]
    if not owners:
        checks.append(Check(name="owner", good=True, text="none yet: the first to send /start to the bot becomes it"))
    return chats, checks


async def _sources(
    settings: Settings, engine: Engine, catalog: Sequence[Source], *, now: datetime, fetch: bool
) -> list[Check]:
    with looking(engine) as tx:
        stored = [one for one in all_sources(tx) if one.memory.enabled]
    if fetch:
        return await _fetched(settings, catalog, stored, now)
    checks = [_clear_secret(one) for one in stored if literal_secret(one.source.url)]
    for one in stored:
        found = health(one.memory, now)
        if found.state in {HealthState.FAILING, HealthState.STALE, HealthState.SILENT, HealthState.PAUSED}:
            remedy = "Try all of them: straitwatch doctor --fetch"
            checks.append(Check(name=f"source {one.source.id}", good=False, text=found.text, remedy=remedy))
    return [*checks, Check(name="sources", good=True, text=f"{len(stored) - len(checks)} of {len(stored)} do well")]


def _clear_secret(one: StoredSource) -> Check:
    remedy = (
        f"Remove it (straitwatch sources remove {one.source.id}) and name it in your sources file (docs/sources.md)"
    )
    text = f"{literal_secret(one.source.url)}, stored before such addresses were refused"
    return Check(name=f"source {one.source.id}", good=False, text=text, remedy=remedy)


async def _fetched(
    settings: Settings, catalog: Sequence[Source], stored: Sequence[StoredSource], now: datetime
) -> list[Check]:
    import asyncio  # noqa: PLC0415 - only where sources are tried

    from bot.ingest.memory import SourceMemory  # noqa: PLC0415 - as above
    from bot.ingest.parsing import ParserPool  # noqa: PLC0415 - as above
    from bot.ingest.polling import poll  # noqa: PLC0415 - as above

    async with app.make_fetcher(settings, catalog) as fetcher, ParserPool() as parsers:
        polled = await asyncio.gather(*(poll(one.source, SourceMemory(), fetcher, parsers, now=now) for one in stored))
    checks = []
    for one, found in zip(stored, polled, strict=True):
        streak = one.memory.error_streak
        remedy = ""
        if found.failure is not None:
            often = f"; it failed {streak} times in a row" if streak >= FAILING_AFTER else ""
            remedy = (
                f"Open {_host(one.source.url)} in a browser{often}. Pause it: straitwatch sources pause {one.source.id}"
            )
        checks.append(Check(name=f"source {one.source.id}", good=not remedy, text=found.status, remedy=remedy))
    return checks


async def _telegram(settings: Settings, chats: list[Chat]) -> list[Check]:
    try:
        token = settings.token
    except OSError as error:
        remedy = "Make STRAITWATCH_TELEGRAM_TOKEN_FILE readable for this user"
        return [Check(name="token", good=False, text=f"its file cannot be read ({error.strerror})", remedy=remedy)]
    if not token:
        return [Check(name="token", good=True, text="none is set: alerts go to the terminal")]
    from bot.telegram.examining import examine_bot  # noqa: PLC0415 - only with a token
    from bot.telegram.notifier import make_bot  # noqa: PLC0415 - as above

    bot = make_bot(token, api=settings.telegram_api)
    try:
        answers = await examine_bot(bot, chats)
    finally:
        await bot.request.shutdown()  # the bot itself was never initialised, so its own shutdown would close nothing
    return [
        Check(name=one.subject, good=not one.problem, text=one.problem or one.text, remedy=one.remedy)
        for one in answers
    ]


async def _clock(settings: Settings) -> Check:
    async with app.make_open_fetcher(settings) as fetcher:
        skew = await _skew(fetcher, settings.telegram_api)
    if skew is None:
        return Check(name="clock", good=True, text="could not be compared: no server told its time")
    remedy = "Switch on time synchronisation, such as: timedatectl set-ntp true" if abs(skew) > SKEW else ""
    return Check(name="clock", good=not remedy, text=f"{abs(skew.total_seconds()):.0f} s off", remedy=remedy)


async def _skew(fetcher: "Fetcher", url: str) -> timedelta | None:
    from bot.ingest.fetching import Request  # noqa: PLC0415 - httpx, not for --help

    response = await fetcher.fetch(Request(url=url))
    try:
        told = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return app.now() - told if told.tzinfo is not None else None


def _host(url: str) -> str:
    from urllib.parse import urlsplit  # noqa: PLC0415 - a feed's address may hold a key: only its host is shown

    return urlsplit(url).hostname or "it"
