"""Transactions by what they are for. Where the database cannot be used just now, they raise `StorageError`."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from bot.storage.database import reading


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that commits at the end; raises StorageError where the database cannot be used just now."""
    with engine.begin() as tx:
        yield tx


@contextmanager
def looking(engine: Engine) -> Iterator[Connection]:
    """Open a connection for reading; raises StorageError where the database cannot be used just now."""
    with reading(engine) as tx:
        yield tx
