"""Insert-or-ignore and insert-or-update, which SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, case
from sqlalchemy.dialects import postgresql, sqlite


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
    statement = _insert(tx, table).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return [tuple(row) for row in tx.execute(statement, [dict(row) for row in rows])]


def upsert(
    tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: Mapping[str, str] | None = None
) -> None:
    """Insert the rows, or update all given columns of those whose primary key is there already.

    All rows give the same columns; one statement is made and run for each of them. `keep` names columns that stay as
    they are while another column does: `{"added_at": "story_id"}` keeps when a row came as long as it does not move.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = _insert(tx, table)
    changes: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    for kept, while_same in (keep or {}).items():
        same = table.c[while_same] == statement.excluded[while_same]
        changes[kept] = case((same, table.c[kept]), else_=statement.excluded[kept])
    if changes:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    else:
        statement = statement.on_conflict_do_nothing()
    tx.execute(statement, [dict(row) for row in rows])


def add_up(tx: Connection, table: Table, row: Mapping[str, Any], column: str) -> None:
    """Add `row[column]` to the counter of that key, starting at it where there is none."""
    keys = [column_.name for column_ in table.primary_key]
    statement = _insert(tx, table).values(dict(row))
    total = table.c[column] + row[column]
    tx.execute(statement.on_conflict_do_update(index_elements=keys, set_={column: total}))


def _insert(tx: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)
