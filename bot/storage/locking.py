"""Locks that processes share: held until the end of a transaction, and gone with the process that held them."""

from sqlalchemy import Connection, func, select

_GROUPING = 7716342  # any number that no other lock of ours has; the migrations' is one less


def lock_grouping(tx: Connection) -> None:
    """Group stories alone until this transaction ends, so that two processes cannot make two stories of one event.

    To be called before the transaction's first write: whoever waits here must hold nothing that the others wait for.
    On SQLite every writing transaction is alone anyway.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_GROUPING)))
