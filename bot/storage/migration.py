"""Move a chat to the id that Telegram gave it when the group became a supergroup, everywhere in one transaction."""

from sqlalchemy import Connection, Table, delete, or_, select, update

from bot.crashpoints import reached
from bot.domain import ChatKind
from bot.storage.revisions import audience_changed
from bot.storage.schema import (
    access,
    callbacks,
    chats,
    deliveries,
    digests,
    feedback,
    messages,
    paces,
    snoozes,
    subscriptions,
)

# What makes a row of a table the same thing in the old and in the new chat; such rows are kept once.
_UNIQUE: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (subscriptions, ("name",)),
    (snoozes, ("what", "value")),
    (messages, ("message_id",)),
    (digests, ("period",)),
    (feedback, ("story_id", "user_hash")),
    (deliveries, ()),
    (callbacks, ()),
)


def migrate_chat(tx: Connection, old_id: int, new_id: int) -> int:
    """Rewrite every row of Telegram chat `old_id` to `new_id`; returns how many chats moved.

    Where the new id is already subscribed, its settings win and the old chat's subscriptions join them. Doing it again
    changes nothing, so two sends that learn of the move at once do no harm.
    """
    moved = 0
    for key, thread in tx.execute(select(chats.c.key, chats.c.thread_id).where(chats.c.telegram_id == old_id)).all():
        new_key = str(new_id) if key == str(old_id) else f"{new_id}:{key.partition(':')[2] or thread}"
        _move_rows(tx, key, new_key)
        reached("migrate_half")
        if tx.scalar(select(chats.c.key).where(chats.c.key == new_key)) is None:
            values = {"key": new_key, "telegram_id": new_id, "kind": ChatKind.SUPERGROUP.value}
            tx.execute(update(chats).where(chats.c.key == key).values(values))
        else:
            tx.execute(delete(chats).where(chats.c.key == key))
        moved += 1
    _move_access(tx, str(old_id), str(new_id))
    tx.execute(delete(paces).where(or_(paces.c.key == f"chat:{old_id}", paces.c.key == f"hold:{old_id}")))
    audience_changed(tx)
    return moved


def _move_rows(tx: Connection, old: str, new: str) -> None:
    for table, same in _UNIQUE:
        if same:
            there = table.alias("there")
            twice = (
                select(there.c.chat_key)
                .where(there.c.chat_key == new, *(there.c[name] == table.c[name] for name in same))
                .exists()
            )
            tx.execute(delete(table).where(table.c.chat_key == old, twice))
        tx.execute(update(table).where(table.c.chat_key == old).values(chat_key=new))


def _move_access(tx: Connection, old: str, new: str) -> None:
    known = tx.scalar(select(access.c.value).where(access.c.kind == "chat", access.c.value == new))
    if known is None:
        tx.execute(update(access).where(access.c.kind == "chat", access.c.value == old).values(value=new))
    else:
        tx.execute(delete(access).where(access.c.kind == "chat", access.c.value == old))
