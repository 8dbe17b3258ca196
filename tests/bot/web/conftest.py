import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette

from bot.storage.database import open_engine
from tests.fakes.databases import sqlite
from tests.fakes.pages import furnish, make_app


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with three stories and three sources, for tests that only read."""
    with sqlite(tmp_path_factory.mktemp("furnished")) as opened:
        with opened.begin() as tx:
            furnish(tx)
        with opened.connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield opened


@pytest.fixture(scope="session")
def page(furnished: Engine) -> Starlette:
    """The page over that database, without a token."""
    return make_app(furnished)


@pytest.fixture
def engine(furnished: Engine, tmp_path: Path) -> Iterator[Engine]:
    """A copy of that database for a test that writes."""
    shutil.copy(str(furnished.url.database), tmp_path / "test.sqlite3")
    opened = open_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    yield opened
    opened.dispose()
