"""Back up, restore and move whole databases: online for SQLite, table by table between the engines."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import StorageError
from bot.storage.database import open_engine, reading
from bot.storage.schema import metadata
from bot.storage.upgrading import head, upgrade

ROWS_AT_ONCE = 1000
Progress = Callable[[str, int], None]


def backup(engine: Engine, target: Path, on_progress: Progress | None = None) -> int:
    """Write a SQLite file with everything, while the watch runs; returns its size in bytes.

    A SQLite database is copied by its own online backup, a PostgreSQL one table by table in one snapshot. The file is
    written beside `target` and renamed when it is whole and its integrity is checked, so that `target` never holds half
    a backup. Raises StorageError where it cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        if engine.dialect.name == "sqlite":
            _online_backup(str(engine.url.database), partial)
        else:
            copy(engine, f"sqlite:///{partial}", on_progress)
        _check(partial)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise StorageError(f"{target}: backup failed: {error}. Check the free space and the folder's rights") from error
    return target.stat().st_size


def restore(source: Path, address: str, *, overwrite: bool = False) -> dict[str, int]:
    """Bring a backup into the database at `address`; returns rows by table.

    Raises StorageError where the file is no whole backup of a schema that this version knows, or where the target
    holds chats already and `overwrite` is not given. Nothing is changed then.
    """
    if not source.is_file():
        raise StorageError(f"{source}: no such file. Name a file that `straitwatch db backup` wrote")
    _check(source)
    origin = open_engine(f"sqlite:///{source}")
    try:
        return copy_rows(origin, open_engine(address), overwrite=overwrite)
    finally:
        origin.dispose()


def copy(engine: Engine, address: str, on_progress: Progress | None = None) -> dict[str, int]:
    """Copy everything into the empty database at `address`, of either engine; returns rows by table."""
    target = open_engine(address)
    try:
        return copy_rows(engine, target, overwrite=False, on_progress=on_progress)
    finally:
        target.dispose()


def copy_rows(
    origin: Engine, target: Engine, *, overwrite: bool, on_progress: Progress | None = None
) -> dict[str, int]:
    """Copy all tables in one transaction of the target; see `restore` for what is refused."""
    upgrade(target)
    copied: dict[str, int] = {}
    try:
        with reading(origin) as source, target.begin() as tx:
            found = source.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if found != head():
                raise StorageError(
                    f"The backup has schema {found}, this version {head()}. Restore it with the version that wrote it, "
                    "then upgrade with `straitwatch db upgrade`"
                )
            occupied = tx.execute(select(func.count()).select_from(metadata.tables["articles"])).scalar_one()
            if occupied and not overwrite:
                raise StorageError("The target database holds news already. Give an empty one, or add --overwrite")
            for table in reversed(metadata.sorted_tables):
                tx.execute(table.delete())
            for table in metadata.sorted_tables:
                copied[table.name] = 0
                for rows in _batches(source.execute(select(table)).mappings()):
                    tx.execute(insert(table), rows)
                    copied[table.name] += len(rows)
                    if on_progress is not None:
                        on_progress(table.name, copied[table.name])
    except SQLAlchemyError as error:
        raise StorageError(f"Copying failed: {getattr(error, 'orig', error)}. Nothing was changed") from None
    return copied


def _batches(rows: Any) -> Iterator[list[dict[str, Any]]]:
    while batch := rows.fetchmany(ROWS_AT_ONCE):
        yield [dict(row) for row in batch]


def _online_backup(database: str, target: Path) -> None:
    origin = sqlite3.connect(database)
    copy_ = sqlite3.connect(target)
    try:
        origin.backup(copy_, pages=2000)
    finally:
        copy_.close()
        origin.close()


def _check(path: Path) -> None:
    remedy = "Name a whole file that `straitwatch db backup` wrote"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise StorageError(f"{path}: not a database or damaged ({error}). {remedy}") from error
    finally:
        connection.close()
    if verdict != "ok":
        raise StorageError(f"{path}: damaged ({verdict}). {remedy}")
    missing = {table.name for table in metadata.sorted_tables} - tables
    if missing:
        raise StorageError(f"{path}: tables are missing ({', '.join(sorted(missing)[:3])}). {remedy}")
