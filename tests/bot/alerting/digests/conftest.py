import shutil
from datetime import UTC, datetime, timedelta

import pytest

from bot.alerting.charting import ChartSpec
from bot.storage.database import open_engine
from tests.fakes.weeks import add_sources, add_stories, add_unflagged, open_world

END = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOW = END + timedelta(seconds=30)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"


class DrawsAtOnce:
    """Draws without a process: each picture is a few bytes that depend on the spec."""

    def __init__(self) -> None:
        self.drawn: list[ChartSpec] = []

    async def draw(self, specs):
        self.drawn += specs
        return [PNG + repr(spec).encode() for spec in specs]


@pytest.fixture
def charts():
    return DrawsAtOnce()


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Two databases as files: an empty one, and one with two weeks of thirty stories and 41 of 42 sources well."""
    folder = tmp_path_factory.mktemp("worlds")
    open_world(f"sqlite:///{folder}/empty.sqlite3").dispose()
    engine = open_world(f"sqlite:///{folder}/world.sqlite3")
    with engine.begin() as tx:
        add_sources(tx, 42, healthy=41, now=NOW)
        for week in range(2):
            start = END - timedelta(days=7 * (week + 1))
            add_stories(tx, 30, start=start, end=start + timedelta(days=7), seed=week)
        add_unflagged(tx, 20, start=END - timedelta(days=7), end=END)
    engine.dispose()
    return folder


@pytest.fixture
def empty(files, tmp_path):
    yield from _copy(files / "empty.sqlite3", tmp_path)


@pytest.fixture
def world(files, tmp_path):
    yield from _copy(files / "world.sqlite3", tmp_path)


def _copy(file, folder):
    path = shutil.copy(file, folder)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()
