"""Transactions with translated failures: a full disk, a lock that lasts or a lost connection is a `StorageError`."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from bot.errors import StorageError
from bot.redaction import redact
from bot.storage.database import reading


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that commits at the end; raises StorageError where the database cannot be used just now."""
    try:
        with engine.begin() as tx:
            yield tx
    except (OperationalError, InterfaceError) as error:
        raise StorageError(_told(error)) from error


@contextmanager
def looking(engine: Engine) -> Iterator[Connection]:
    """Open a connection for reading; raises StorageError where the database cannot be used just now."""
    try:
        with reading(engine) as tx:
            yield tx
    except (OperationalError, InterfaceError) as error:
        raise StorageError(_told(error)) from error


def _told(error: OperationalError | InterfaceError) -> str:
    first_line = redact(str(error.orig)).strip().partition("\n")[0]
    return f"database: {first_line}. It is tried again; look at disk space, file rights and the server"
