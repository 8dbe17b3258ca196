"""Bring a database to the schema of this version, and refuse one that is newer or damaged. Owns Alembic."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, text

from bot.errors import StorageError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Apply all missing migrations in one transaction; returns the revisions before and after.

    Raises StorageError with the remedy when the database is newer than this version, damaged, unreachable, or cannot
    be written; nothing is changed then.
    """
    from alembic import command  # noqa: PLC0415 - costs 0.3 s at start, needed once
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    config, known = _config()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # two processes that start together must not both migrate
            connection.execute(text("SELECT pg_advisory_xact_lock(7716341)"))
        before = MigrationContext.configure(connection).get_current_revision()
        if before is not None and before not in known:
            raise StorageError(
                f"{engine.url.render_as_string(hide_password=True)}: the database has schema {before}, which this "
                "version does not know. Install the newer Straitwatch that made it, or restore an older backup."
            )
        if before != known[0]:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        after = MigrationContext.configure(connection).get_current_revision()
    return before, str(after)


def examine_schema(engine: Engine) -> tuple[str, str]:
    """Give the state of a database in words, and what to do about it or nothing; changes nothing.

    Raises StorageError where it cannot be opened or written.
    """
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - as above

    _, known = _config()
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        return "not made yet", ""
    with engine.begin() as connection:  # on SQLite this takes the write lock, so a read-only file is found out
        found = MigrationContext.configure(connection).get_current_revision()
        if engine.dialect.name == "sqlite":
            verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if verdict != "ok":
                return f"damaged ({verdict})", "Restore a backup: straitwatch db restore FILE --overwrite"
    if found is None:
        return "not made yet", ""
    if found not in known:
        return f"schema {found} is newer than this version", "Install the newer Straitwatch that made it"
    if found != known[0]:
        return f"schema {found}, this version has {known[0]}", "Run `straitwatch db upgrade`, after a backup"
    return f"schema {found}", ""


def head() -> str:
    """Give the revision that this version's code expects."""
    _, known = _config()
    return known[0]


def _config() -> tuple["Config", list[str]]:
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    return config, revisions
