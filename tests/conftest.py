"""What every test stands on: databases of both kinds, how deep hypothesis looks, and what need not take time."""

import faulthandler
import gc
import logging
import os
import resource
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import certifi
import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from sqlalchemy import inspect

from bot.redaction import RedactingFilter
from bot.storage import database as databases
from tests.fakes.databases import Postgres, postgres

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
WITH_MODEL = (
    *("tests/bot/analysis/", "tests/bot/cli/", "tests/bot/operations/test_watching", "tests/bot/test_re"),
    *("tests/bot/test_rounds", "tests/classifiers/", "tests/rules/", "tests/test_canary", "tests/test_watch"),
)
HANGING = 300  # seconds after which a run shows where each thread stands, and again after as many
WITH_SERVER = ("tests/test_kill_points", "tests/test_several_processes")  # all of them use a fork server as well
MOST_MEMORY = 4 * 1024**3  # bytes of a test process and of each child: a runaway is a MemoryError, not a dead machine

# Slowness of a busy machine is no fault of the code. `quick` tries the same examples every time, so that what is red
# is red for everybody; `deep` looks elsewhere on every run, and keeps what it found.
BUSY = [HealthCheck.too_slow]
settings.register_profile("quick", max_examples=40, derandomize=True, deadline=None, suppress_health_check=BUSY)
settings.register_profile("deep", max_examples=1000, deadline=None, suppress_health_check=BUSY)
if os.environ.get("DEEP_TESTS"):
    settings.load_profile("deep")
else:
    settings.load_profile("quick")
    # Else examples hold constants of whatever modules were imported before the test, which no two runs have in common.
    providers._get_local_constants = lambda: providers._local_constants


def pytest_configure() -> None:
    # pytest's own watch starts a thread a test, a fortieth of the suite's time.
    faulthandler.dump_traceback_later(HANGING, repeat=True, file=os.dup(2))
    if find_spec("sniffio") is None:  # httpcore asks for it several times a request, and each time all of sys.path
        sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY if hard < 0 else min(MOST_MEMORY, hard), hard))


# Parts of every secret that the fakes and tests use: the token of the Bot API server, that of the web page, and what
# `tests/test_canary.py` hides. No test may log or print one, whatever it is about.
CANARIES = ("CANARY-token-that-must-never", "canaryCANARY", "t0ken-of-the-test-page", "c4nary")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail whatever test or fixture logged or printed a secret, with where it stood."""
    report = yield
    shown = "".join(text for _, text in report.sections)
    found = next((canary for canary in CANARIES if canary in shown), None)
    if found is not None and report.passed:
        at = shown.index(found)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} ({call.when}) shows a secret: ...{shown[max(0, at - 200) : at + 60]}..."
    if report.passed and "PYTEST_XDIST_WORKER" in os.environ:
        report.sections = []  # what a test that passed has printed need not be sent from process to process
    return report


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What a command sets up for its process ends with the test that ran it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    structlog.reset_defaults()  # it may write to what was captured of that test, and is closed by now
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    for handler in handlers:
        handler.filters[:] = [one for one in handler.filters if not isinstance(one, RedactingFilter)]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what shares something costly into one stretch each, so that one process pays for it.

    xdist deals the list out in as many stretches as there are processes, and takes from the ends to even them out:
    tests on PostgreSQL start the first, tests with the shipped model and rules the second; long ones come before short.
    """
    server, model, rest = [], [], []
    for item in sorted(items, key=lambda item: item.get_closest_marker("long") is None):
        on_server = item.get_closest_marker("postgres") is not None or item.nodeid.startswith(WITH_SERVER)
        (server if on_server else model if item.nodeid.startswith(WITH_MODEL) else rest).append(item)
    before = max(len(items) // 2 - len(server), 0)
    items[:] = [*server, *rest[:before], *model, *rest[before:]]


def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: there is always a test that waits for a server or another process."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Take what was imported out of the garbage collector's sight: walking it is a third of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # a test makes little that refers to itself


@pytest.fixture(scope="session", autouse=True)
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """HTTP clients that speak to loopback need not read all certificates of the world, 15 ms a client."""
    first, end, _ = certifi.contents().partition("-----END CERTIFICATE-----")
    path = tmp_path_factory.mktemp("tls") / "one.pem"
    path.write_text(first[first.index("-----BEGIN") :] + end + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_power_cuts() -> Iterator[None]:
    """SQLite does not wait for the disk: no test pulls the plug, and a kill loses nothing committed."""
    prepare = databases._prepare_sqlite

    def prepare_for_tests(connection: Any, record: Any) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF").close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "_prepare_sqlite", prepare_for_tests)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """What SQLAlchemy made of a statement serves all databases of a kind; the product opens one, a test run thousands.

    They share the dialect, since it is part of a statement's key, once one of them has connected.
    """
    create, first = databases.create_engine, {}

    def create_for_tests(url: Any, **options: Any) -> Any:
        engine = create(url, **options)
        known = first.setdefault(engine.name, engine)
        if getattr(known.dialect, "server_version_info", None) is None:
            first[engine.name] = engine
        elif known is not engine:
            engine.dialect = engine.pool._dialect = known.dialect
            engine._compiled_cache = known._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "create_engine", create_for_tests)
        yield


@pytest.fixture(scope="session", autouse=True)
def migrated_once() -> Iterator[Callable[..., None]]:
    """Alembic makes the first SQLite database; the others get what it made. test_upgrading has it make all."""
    from alembic import command

    upgrade, made = command.upgrade, list[str]()

    def upgrade_for_tests(config: Any, revision: str) -> None:
        connection = config.attributes["connection"]
        blank = connection.dialect.name == "sqlite" and not inspect(connection).get_table_names()
        if blank and made:
            for statement in made:
                connection.exec_driver_sql(statement)
            return
        upgrade(config, revision)
        if blank and revision == "head":
            made.extend(connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").scalars())
            head = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
            made.append(f"INSERT INTO alembic_version VALUES ('{head}')")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "upgrade", upgrade_for_tests)
        yield upgrade


@pytest.fixture(scope="session", autouse=True)
def pages_and_certificates_once() -> Iterator[None]:
    """The page's templates are compiled once a process, and what a client trusts is read once."""
    import httpx._transports.default as transports
    import jinja2

    from bot.web import rendering

    class Kept(jinja2.BytecodeCache):
        made: ClassVar[dict[str, bytes]] = {}

        def load_bytecode(self, bucket: Any) -> None:
            if bucket.key in self.made:
                bucket.bytecode_from_string(self.made[bucket.key])

        def dump_bytecode(self, bucket: Any) -> None:
            self.made[bucket.key] = bucket.bytecode_to_string()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "Environment", partial(jinja2.Environment, bytecode_cache=Kept()))
        patch.setattr(transports, "create_ssl_context", cache(transports.create_ssl_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def loaded_once() -> Iterator[None]:
    """The shipped model, cues, rules and languages are read once a process; what a test names itself is read anew."""
    import classifiers.second
    import rules.__main__
    import rules.cues
    import rules.entries
    import rules.loading
    import rules.scenarios
    from bot.analysis.languages import LanguageReader

    shipped = [rules.loading.shipped()]
    parse = rules.entries.parse
    parse_once = cache(lambda text, limits: parse(text, limits=limits, filters={}))
    identifier = cache(LanguageReader.__dict__["_identifier"].func)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers.second, "load_detector", _once(classifiers.second.load_detector, [(), (None,)]))
        patch.setattr(rules.cues, "load_reader", _once(rules.cues.load_reader, [()]))
        load = _once(rules.loading.load, [(shipped,)])
        for user in (rules.loading, rules.__main__, rules.scenarios):
            patch.setattr(user, "load", load)
        patch.setattr(
            rules.entries,
            "parse",
            lambda text, *, limits, filters: (
                parse(text, limits=limits, filters=filters) if "filter:" in text else parse_once(text, limits)
            ),
        )
        patch.setattr(LanguageReader, "_identifier", property(lambda _: identifier(None)))
        yield


def _once(load: Callable[..., Any], shipped: list[tuple[Any, ...]]) -> Callable[..., Any]:
    """Keep what `load` gives for arguments that mean the shipped files."""
    kept: list[Any] = []

    def load_once(*arguments: Any, **options: Any) -> Any:
        if options or arguments not in shipped:
            return load(*arguments, **options)
        if not kept:
            kept.append(load(*arguments))
        return kept[0]

    return load_once


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of this test's own; on PostgreSQL it has the schema already."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.fresh()
