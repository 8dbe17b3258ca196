"""The storage tests run on SQLite and on a real PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.storage.database import open_engine
from tests.fakes.databases import Postgres, empty
from tests.fakes.sending import open_database


@pytest.fixture(scope="session")
def postgres_engine(postgres_server: Postgres) -> Iterator[Engine]:
    engine = open_engine(postgres_server.fresh())
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        made = open_database(tmp_path)
        yield made
        made.dispose()
    else:
        shared = request.getfixturevalue("postgres_engine")
        empty(shared)
        yield shared
