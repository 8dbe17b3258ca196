"""The migrations make exactly the schema of the code, from every released version, with the data kept."""

import pytest
from sqlalchemy import inspect, text

from bot.errors import StorageError
from bot.storage.database import open_engine
from bot.storage.schema import metadata
from bot.storage.upgrading import MIGRATIONS, head, upgrade

RELEASED = sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
_SOURCE = """
    INSERT INTO sources (id, name, url, kind, tier, publisher, lang, poll_seconds, known_by, options, enabled, state)
    VALUES ('s', 'Ökonomie', 'https://x.test', 'feed', 2, 'x', 'de', 900, 'link', '{"a": 1}', true, '{}')
"""


@pytest.fixture(autouse=True)
def _for_real(monkeypatch, migrated_once):
    """Here every database is made by its migrations."""
    from alembic import command

    monkeypatch.setattr(command, "upgrade", migrated_once)


@pytest.fixture
def blank(request, tmp_path, database, postgres_server):
    """An engine on a database without tables."""
    address = (
        postgres_server.empty() if database.startswith("postgresql") else f"sqlite:///{tmp_path / 'blank.sqlite3'}"
    )
    engine = open_engine(address)
    yield engine
    engine.dispose()


def _bring_to(engine, revision: str) -> None:
    from alembic import command

    from bot.storage.upgrading import _config

    config, _ = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_migrations_and_schema_agree(blank) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    upgrade(blank)
    with blank.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.mark.parametrize("version", RELEASED)
def test_an_upgrade_from_a_released_version_keeps_the_data(blank, version) -> None:
    _bring_to(blank, version)
    with blank.begin() as tx:
        tx.execute(text(_SOURCE))
    before, after = upgrade(blank)
    assert (before, after) == (version, head())
    with blank.connect() as connection:
        assert connection.execute(text("SELECT name FROM sources")).scalars().all() == ["Ökonomie"]


def test_upgrading_twice_changes_nothing(blank) -> None:
    assert upgrade(blank) == (None, head())
    assert upgrade(blank) == (head(), head())


def test_a_schema_of_a_newer_version_is_refused_and_left_alone(blank) -> None:
    upgrade(blank)
    with blank.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    tables = inspect(blank).get_table_names()
    with pytest.raises(StorageError, match="newer Straitwatch"):
        upgrade(blank)
    assert inspect(blank).get_table_names() == tables
