"""The composition root: settings -> live objects -> start -> stop. Nothing else makes long-lived objects."""

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine

from bot.analysis.assessment import Assessor
from bot.domain import Chat, ChatKind, Severity, Source, Subscription, Topic, derive_id
from bot.errors import ConfigurationError, Fault, StorageError
from bot.redaction import guard_logging, process_redactor
from bot.settings import Settings
from bot.storage.database import open_engine
from bot.storage.upgrading import upgrade

if TYPE_CHECKING:
    from bot.ingest.discovery import Discovery
    from bot.ingest.fetching import Fetcher
    from bot.ingest.keyring import Keyring
    from bot.pipeline import Pipeline

TERMINAL_KEY = "terminal"
_MODEL_REMEDY = {
    False: "The shipped one comes back with a reinstallation",
    True: "Without STRAITWATCH_MODEL_FILE the shipped one is used",
}
EVERYTHING = f"topic:({' OR '.join(topic.value for topic in Topic)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every command that thinks or remembers needs: checked, loaded and open."""

    settings: Settings
    engine: Engine
    sources: tuple[Source, ...]
    assessor: Assessor


def now() -> datetime:
    """Give the present time in UTC: the one clock of the running product."""
    return datetime.now(UTC)


def set_up_logging(settings: Settings) -> None:
    """Send structured logs to standard error, as text or JSON, with every secret redacted."""
    level = getattr(logging, settings.log_level.upper())
    redactor = process_redactor()
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", force=True)
    logging.getLogger("apscheduler").setLevel(max(level, logging.WARNING))
    guard_logging(logging.getLogger(), redactor)
    redactor.learn_all(settings.secrets())
    render: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
            redactor.rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def load_assessor(settings: Settings) -> Assessor:
    """Load model, cues and rules; raises ConfigurationError with the faults of all three."""
    faults: list[Fault] = []
    assessor = _load_assessor(settings, faults)
    if assessor is None:
        raise ConfigurationError(faults)
    return assessor


def _load_assessor(settings: Settings, faults: list[Fault]) -> Assessor | None:
    from classifiers.errors import ClassifierError  # noqa: PLC0415 - scikit-learn costs a second at start
    from classifiers.second import load_detector  # noqa: PLC0415
    from rules.cues import load_reader  # noqa: PLC0415
    from rules.gazetteers import GazetteerError  # noqa: PLC0415
    from rules.loading import RuleFaults, shipped  # noqa: PLC0415
    from rules.loading import load as load_rules  # noqa: PLC0415

    model = cues = catalog = None
    try:
        model = load_detector(settings.model_file)
    except ClassifierError as error:
        faults.append(Fault(place="model", problem=str(error), remedy=_MODEL_REMEDY[bool(settings.model_file)]))
    try:
        cues = load_reader()
    except GazetteerError as error:
        faults.append(Fault(place="gazetteer", problem=str(error), remedy="Reinstall, or mend the file"))
    try:
        catalog = load_rules([shipped(), *([settings.rules_dir] if settings.rules_dir else [])])
    except RuleFaults as error:
        faults += [
            Fault(place=str(fault.place), problem=fault.message, remedy=fault.remedy or "Run `straitwatch rules check`")
            for fault in error.faults
        ]
    if model is None or cues is None or catalog is None:
        return None
    return Assessor(model=model, cues=cues, catalog=catalog, precision=settings.precision)


def open_house(settings: Settings) -> House:
    """Load and open everything; raises ConfigurationError listing all faults of sources, rules, model and database."""
    from bot.ingest.catalog import load_catalog  # noqa: PLC0415 - YAML and the catalog, not for --help

    faults: list[Fault] = []
    sources: tuple[Source, ...] = ()
    engine: Engine | None = None
    try:
        sources = load_catalog(settings.sources_file)
    except ConfigurationError as error:
        faults += error.faults
    faults += catalog_faults(settings, sources)
    assessor = _load_assessor(settings, faults)
    try:
        engine = open_engine(settings.database_url)
        upgrade(engine)
    except ConfigurationError as error:
        faults += error.faults
    except StorageError as error:
        raise StorageError("\n".join([*map(str, faults), str(error)])) from error
    if faults or engine is None or assessor is None:
        raise ConfigurationError(faults)
    return House(settings=settings, engine=engine, sources=sources, assessor=assessor)


def source_secrets(settings: Settings, sources: Iterable[Source]) -> "Keyring":
    """Make the keyring that puts secrets into the requests of `sources`, which come from the operator's file."""
    from bot.ingest.keyring import Keyring  # noqa: PLC0415 - not for --help

    return Keyring(sources, read=settings.secret, redactor=process_redactor())


def catalog_faults(settings: Settings, sources: Iterable[Source]) -> list[Fault]:
    """List the secrets that `sources` refer to and that are not there."""
    return source_secrets(settings, sources).faults(str(settings.sources_file or "sources.yaml"))


def make_fetcher(
    settings: Settings, sources: Iterable[Source] = (), *, loopback_ports: Sequence[int] = ()
) -> "Fetcher":
    """Make the fetcher; the catalog's `sources` may use the secrets that they name, nothing else may.

    `loopback_ports` opens ports of 127.0.0.1 for the demonstration's own server.
    """
    from bot.ingest.addresses import AddressGuard  # noqa: PLC0415 - httpx, not for --help
    from bot.ingest.fetching import Fetcher  # noqa: PLC0415

    networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128") if loopback_ports else ()
    ports: Sequence[int] = loopback_ports
    if settings.allow_private_networks:
        networks, ports = ("0.0.0.0/0", "::/0"), range(1, 65536)
    return Fetcher(
        contact=settings.contact,
        deadline=timedelta(seconds=settings.fetch_timeout),
        max_bytes=settings.fetch_max_bytes,
        guard=AddressGuard(allowed_networks=networks, allowed_ports=ports),
        keyring=source_secrets(settings, sources),
        at_once=settings.fetch_concurrency,
        host_gap=timedelta(0) if loopback_ports else timedelta(seconds=1),
    )


async def find_feeds(settings: Settings, url: str) -> "Discovery":
    """Look for the feeds behind an address that a user gave, under the same guards as every poll."""
    from bot.ingest.discovery import discover  # noqa: PLC0415 - httpx, not for --help
    from bot.ingest.parsing import ParserPool  # noqa: PLC0415

    async with make_fetcher(settings) as fetcher, ParserPool(size=1) as parsers:
        return await discover(url, fetcher, parsers, now=now())


def make_open_fetcher(settings: Settings) -> "Fetcher":
    """Make a fetcher for addresses that the operator set, which may be anywhere; never for those of users or news."""
    from bot.ingest.addresses import AddressGuard  # noqa: PLC0415 - httpx, not for --help
    from bot.ingest.fetching import Fetcher  # noqa: PLC0415

    guard = AddressGuard(allowed_networks=("0.0.0.0/0", "::/0"), allowed_ports=range(1, 65536))
    return Fetcher(contact=settings.contact, guard=guard, deadline=timedelta(seconds=20))


async def fetch_ping(settings: Settings) -> str:
    """Call the dead-man switch once, wherever the operator put it; gives the problem, or nothing."""
    from bot.ingest.fetching import Request  # noqa: PLC0415 - httpx, not for --help

    async with make_open_fetcher(settings) as fetcher:
        response = await fetcher.fetch(Request(url=settings.ping_url))
    return "" if response.failure is None else process_redactor()(response.failure.text)


@contextlib.asynccontextmanager
async def open_pipeline(
    house: House,
    *,
    clock: Callable[[], datetime] = now,
    loopback_ports: Sequence[int] = (),
    first_window: timedelta = timedelta(hours=24),
) -> AsyncIterator["Pipeline"]:
    """Open fetcher and parsers around a pipeline, and close them again."""
    from bot.analysis.grouping import StoryIndex  # noqa: PLC0415 - for commands that poll only
    from bot.ingest.parsing import ParserPool  # noqa: PLC0415
    from bot.pipeline import Pipeline  # noqa: PLC0415

    fetcher_of_all = make_fetcher(house.settings, house.sources, loopback_ports=loopback_ports)
    async with fetcher_of_all as fetcher, ParserPool() as parsers:
        pipeline = Pipeline(
            engine=house.engine,
            fetcher=fetcher,
            parsers=parsers,
            assessor=house.assessor,
            index=StoryIndex(),
            clock=clock,
            freshness=timedelta(hours=house.settings.freshness_hours),
            first_window=first_window,
        )
        try:
            yield pipeline
        finally:
            await asyncio.to_thread(pipeline.close)


def terminal_chat(settings: Settings, *, at: datetime) -> tuple[Chat, Subscription]:
    """Make the chat that is this terminal, subscribed to every topic from the set level on."""
    chat = Chat(
        key=TERMINAL_KEY,
        telegram_id=0,
        kind=ChatKind.TERMINAL,
        title="this terminal",
        zone=settings.zone,
        level=Severity.of(settings.terminal_level),
        created_at=at,
    )
    subscription = Subscription(
        id=derive_id("subscription", TERMINAL_KEY, "everything"),
        chat_key=TERMINAL_KEY,
        name="Everything",
        query=EVERYTHING,
        created_at=at,
    )
    return chat, subscription


def message_ids() -> "itertools.count[int]":
    """Give ids for terminal messages that grow over restarts, since they start at the clock."""
    return itertools.count(int(time.time()) % 100_000_000 * 10)


def worker_name() -> str:
    """Name this process for leases: host, process and start, so that a restart is another worker."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{int(time.time()) % 100_000}"


def model_place(settings: Settings) -> Path:
    """Give the file or folder that the model is loaded from."""
    from classifiers.storing import SHIPPED  # noqa: PLC0415 - numpy, not for --help

    return settings.model_file or SHIPPED / "CURRENT"


def data_folder(settings: Settings) -> Path:
    """Give the folder for files beside the database: that of the SQLite file, else ./data."""
    from bot.storage.database import parse_url  # noqa: PLC0415 - already loaded wherever this is called

    url = parse_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).parent
    return Path("data")
