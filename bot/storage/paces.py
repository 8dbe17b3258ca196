"""When the pace slots were last used, as rows, so that a restart keeps Telegram's limits."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, select

from bot.storage.schema import paces
from bot.storage.upsert import upsert


def load_paces(tx: Connection) -> dict[str, tuple[float, ...]]:
    """Give all slots: by key the times, in seconds since the epoch."""
    return {key: tuple(times) for key, times in tx.execute(select(paces.c.key, paces.c.times))}


def save_paces(tx: Connection, changed: Mapping[str, Sequence[float]]) -> None:
    """Store the slots that changed."""
    upsert(tx, paces, [{"key": key, "times": list(times)} for key, times in changed.items()])


def drop_paces(tx: Connection, keys: Sequence[str]) -> None:
    """Forget slots whose window is over."""
    if keys:
        tx.execute(delete(paces).where(paces.c.key.in_(keys)))
