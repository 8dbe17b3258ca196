"""Back up, restore and move whole databases: online for SQLite, table by table between the engines."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import StorageError
from bot.storage.database import open_engine, parse_url, reading
from bot.storage.schema import leases, metadata
from bot.storage.upgrading import head, upgrade

ROWS_AT_ONCE = 1000
Progress = Callable[[str, int], None]


def backup(engine: Engine, target: Path, on_progress: Progress | None = None) -> int:
    """Write a SQLite file with everything, while the watch runs; returns its size in bytes.

    A SQLite database is copied by its own online backup, a PostgreSQL one table by table in one snapshot. The file is
    written beside `target` and renamed when it is whole and its integrity is checked, so that `target` never holds half
    a backup. Raises StorageError where it cannot be written.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        if engine.dialect.name == "sqlite":
            _online_backup(str(engine.url.database), partial)
        else:
            copy(engine, f"sqlite:///{partial}", on_progress)
        with closing(sqlite3.connect(partial)) as made:
            made.execute("PRAGMA journal_mode=DELETE")  # one file without companions, which read-only media can hold
        _check(partial)
        partial.replace(target)
    except (OSError, sqlite3.Error, StorageError) as error:
        _remove(partial)
        raise StorageError(f"{target}: backup failed: {error}. Check the free space and the folder's rights") from error
    return target.stat().st_size


def restore(source: Path, address: str, *, overwrite: bool = False) -> dict[str, int]:
    """Bring a backup into the database at `address`; returns rows by table. A backup of an older schema is upgraded.

    With `overwrite`, what the target holds is replaced, and a damaged SQLite file is put aside first. Raises
    StorageError where the file is no whole backup of a schema that this version knows, where the target holds news
    already, or where a watch uses it. Nothing is changed then: all rows are written in one transaction.
    """
    if not source.is_file():
        raise StorageError(f"{source}: no such file. Name a file that `straitwatch db backup` wrote")
    _check(source)
    with tempfile.TemporaryDirectory(prefix="straitwatch-restore-") as folder:
        working = Path(folder) / "backup.sqlite3"  # the backup itself is never touched
        try:
            _online_backup(str(source), working)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"{source}: cannot be read: {error}. Check file rights, and space in {folder}"
            ) from error
        origin = open_engine(f"sqlite:///{working}")
        try:
            upgrade(origin)
            if overwrite:
                _put_damaged_aside(address)
            target = open_engine(address)
            try:
                return copy_rows(origin, target, overwrite=overwrite)
            finally:
                target.dispose()
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
    copied: dict[str, int] = {}
    with _snapshot(origin) as source:
        _refuse_other_schema(source)
        upgrade(target)
        try:
            with target.begin() as tx:
                _refuse_occupied(tx, overwrite=overwrite)
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


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a connection that sees one moment of the whole database, whatever is written meanwhile."""
    if engine.dialect.name != "sqlite":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(engine) as source:
        yield source


def _refuse_other_schema(source: Connection) -> None:
    found = source.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if _has_schema(source) else None
    if found != head():
        raise StorageError(
            f"{source.engine.url.render_as_string(hide_password=True)}: schema {found or 'missing'}, this version has "
            f"{head()}. Bring it up to date with `straitwatch db upgrade` first"
        )


def _has_schema(source: Connection) -> bool:
    return bool(inspect(source).has_table("alembic_version"))


def _refuse_occupied(tx: Connection, *, overwrite: bool) -> None:
    place = tx.engine.url.render_as_string(hide_password=True)
    used_by = tx.scalar(select(leases.c.holder).where(leases.c.until > datetime.now(UTC)).limit(1))
    if used_by is not None:
        raise StorageError(
            f"{place}: {used_by} works on this database. Stop every `straitwatch run` and `worker` first"
        )
    occupied = any(tx.scalar(select(func.count()).select_from(metadata.tables[name])) for name in ("articles", "chats"))
    if occupied and not overwrite:
        raise StorageError(f"{place}: holds news or chats already. Give an empty database, or add --overwrite")


def _put_damaged_aside(address: str) -> None:
    """Rename a SQLite file that cannot be read any more, with its companions, to make room for a sound one."""
    url = parse_url(address)
    if url.get_backend_name() != "sqlite" or not url.database or not Path(url.database).is_file():
        return
    path = Path(url.database)
    try:
        with closing(sqlite3.connect(path)) as connection:
            if connection.execute("PRAGMA quick_check").fetchone()[0] == "ok":
                return
    except sqlite3.DatabaseError:
        pass
    for name in (path.name, path.name + "-wal", path.name + "-shm"):
        if path.with_name(name).exists():
            path.with_name(name).replace(path.with_name(f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}"))


def _batches(rows: Any) -> Iterator[list[dict[str, Any]]]:
    while batch := rows.fetchmany(ROWS_AT_ONCE):
        yield [dict(row) for row in batch]


def _online_backup(database: str, target: Path) -> None:
    if not Path(database).is_file():  # connecting would make an empty one
        raise FileNotFoundError(f"{database} does not exist")
    with closing(sqlite3.connect(database)) as origin, closing(sqlite3.connect(target)) as made:
        origin.backup(made, pages=2000)


def _remove(partial: Path) -> None:
    for name in (partial.name, partial.name + "-wal", partial.name + "-shm", partial.name + "-journal"):
        partial.with_name(name).unlink(missing_ok=True)


def _check(path: Path) -> None:
    remedy = "Name a whole file that `straitwatch db backup` wrote"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise StorageError(f"{path}: not a database or damaged ({error}). {remedy}") from error
    if verdict != "ok":
        raise StorageError(f"{path}: damaged ({verdict}). {remedy}")
    missing = {"alembic_version", "articles", "chats", "deliveries"} - tables
    if missing:
        raise StorageError(f"{path}: tables are missing ({', '.join(sorted(missing)[:3])}). {remedy}")
