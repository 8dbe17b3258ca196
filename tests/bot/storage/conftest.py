"""The storage tests run on SQLite and on a real PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.storage.database import open_engine
from tests.fakes.databases import Postgres, empty, sqlite


@pytest.fixture(scope="session")
def postgres_engine(postgres_server: Postgres) -> Iterator[Engine]:
    engine = open_engine(postgres_server.fresh())
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        with sqlite(tmp_path) as made:
            yield made
    else:
        shared = request.getfixturevalue("postgres_engine")
        empty(shared)
        yield shared
