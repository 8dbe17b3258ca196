"""Insert-or-ignore and insert-or-update, which SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose primary key is not there yet; returns how many were new."""
    if not rows:
        return 0
    statement = _insert(tx, table).on_conflict_do_nothing()
    return max(tx.execute(statement, [dict(row) for row in rows]).rowcount, 0)


def upsert(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, or update all given columns of those whose primary key is there already."""
    keys = [column.name for column in table.primary_key]
    for row in rows:
        changes = {name: value for name, value in row.items() if name not in keys}
        statement = _insert(tx, table).values(dict(row))
        if changes:
            tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes))
        else:
            tx.execute(statement.on_conflict_do_nothing())


def add_up(tx: Connection, table: Table, row: Mapping[str, Any], column: str) -> None:
    """Add `row[column]` to the counter of that key, starting at it where there is none."""
    keys = [column_.name for column_ in table.primary_key]
    statement = _insert(tx, table).values(dict(row))
    total = table.c[column] + row[column]
    tx.execute(statement.on_conflict_do_update(index_elements=keys, set_={column: total}))


def _insert(tx: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)
