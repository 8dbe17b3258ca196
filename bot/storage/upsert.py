"""Insert-or-ignore and insert-or-update, which SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert


def insert_new(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose primary key is not there yet; returns how many were new.

    Counted by what is returned: SQLAlchemy keeps no row count of an INSERT on PostgreSQL.
    """
    return len(insert_new_keys(tx, table, rows))


def insert_new_keys(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Insert the rows whose primary key is not there yet, and give the keys of those that were new, in any order."""
    if not rows:
        return []
    # Given as a list of rows, the statement is compiled once and kept; SQLAlchemy sends them in batches.
    statement = _insert_new(tx.dialect.name, table)
    return [tuple(row) for row in tx.execute(statement, [dict(row) for row in rows])]


def upsert(
    tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: Mapping[str, str] | None = None
) -> None:
    """Insert the rows, or update all given columns of those whose primary key is there already.

    All rows give the same columns; one statement is made and run for each of them. `keep` names columns that stay as
    they are while another column does: `{"added_at": "story_id"}` keeps when a row came as long as it does not move.
    """
    if rows:
        kept = tuple(sorted((keep or {}).items()))
        tx.execute(_upsert(tx.dialect.name, table, tuple(rows[0]), kept), [dict(row) for row in rows])


def add_up(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], column: str) -> None:
    """Add each row's `column` to the counter of its key, starting at it where there is none; in the order given."""
    if rows:
        tx.execute(_add_up(tx.dialect.name, table, column), [{**row, "more": row[column]} for row in rows])


# The statements depend on the shape alone: made once each, since making one takes longer than running it.


@cache
def _insert_new(dialect: str, table: Table) -> ReturningInsert[*tuple[Any, ...]]:
    return _insert(dialect, table).on_conflict_do_nothing().returning(*table.primary_key.columns)


@cache
def _upsert(
    dialect: str, table: Table, columns: tuple[str, ...], keep: tuple[tuple[str, str], ...]
) -> sqlite.Insert | postgresql.Insert:
    keys = [column.name for column in table.primary_key]
    statement = _insert(dialect, table)
    changes: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in columns if name not in keys}
    for kept, while_same in keep:
        same = table.c[while_same] == statement.excluded[while_same]
        changes[kept] = case((same, table.c[kept]), else_=statement.excluded[kept])
    if not changes:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


@cache
def _add_up(dialect: str, table: Table, column: str) -> sqlite.Insert | postgresql.Insert:
    keys = [column_.name for column_ in table.primary_key]
    total = table.c[column] + bindparam("more")
    return _insert(dialect, table).on_conflict_do_update(index_elements=keys, set_={column: total})


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
