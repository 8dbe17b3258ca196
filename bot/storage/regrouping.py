"""What hangs on a story when it is merged into another or split: messages, alerts, what is owed, snoozes, followers.

Every function works inside the caller's transaction. The message of the story that stays is kept and edited on.
"""

from sqlalchemy import Connection, select, update

from bot.domain import DeliveryKind, DeliveryState
from bot.storage.revisions import audience_changed
from bot.storage.schema import alerts, deliveries, messages, snoozes, stories
from bot.storage.upsert import insert_new

_OPEN = (DeliveryState.DUE.value, DeliveryState.HELD.value)


def absorb(tx: Connection, *, kept: str, gone: str) -> None:
    """Hand all that hangs on story `gone` to `kept`; its articles are moved by saving the grown `kept`."""
    tx.execute(update(stories).where(stories.c.id == gone).values(merged_into=kept))
    tx.execute(update(stories).where(stories.c.merged_into == gone).values(merged_into=kept))
    _follow(tx, kept=kept, gone=gone)
    _messages(tx, kept=kept, gone=gone)
    _owed(tx, kept=kept, gone=gone)
    tx.execute(update(alerts).where(alerts.c.story_id == gone).values(story_id=kept))
    silenced = tx.execute(select(snoozes).where(snoozes.c.what == "story", snoozes.c.value == gone)).mappings().all()
    if silenced:
        insert_new(tx, snoozes, [{**row, "value": kept} for row in silenced])
        audience_changed(tx)


def mark_split(tx: Connection, *, story_id: str, split_from: str) -> None:
    """Remember that a user took a story out of another, so that grouping does not put it back."""
    tx.execute(update(stories).where(stories.c.id == story_id).values(split_from=split_from))


def _follow(tx: Connection, *, kept: str, gone: str) -> None:
    rows = tx.execute(select(stories.c.id, stories.c.payload).where(stories.c.follows == gone)).all()
    for story_id, payload in rows:
        target = None if story_id == kept else kept
        tx.execute(
            update(stories)
            .where(stories.c.id == story_id)
            .values(follows=target, payload={**payload, "follows": target})
        )


def _messages(tx: Connection, *, kept: str, gone: str) -> None:
    """Let each chat have one message that is edited: that of `kept` where it has one, else that of `gone`."""
    shown = select(messages.c.chat_key).where(messages.c.story_id == kept, messages.c.root.is_(True))
    second = messages.c.chat_key.in_(list(tx.scalars(shown)))
    tx.execute(update(messages).where(messages.c.story_id == gone, second).values(root=False))
    tx.execute(update(messages).where(messages.c.story_id == gone).values(story_id=kept))


def _owed(tx: Connection, *, kept: str, gone: str) -> None:
    """Drop first messages that are still owed where the chat has, or is owed, the message of `kept`."""
    sent = tx.scalars(select(messages.c.chat_key).where(messages.c.story_id == kept))
    owed = tx.scalars(
        select(deliveries.c.chat_key).where(
            deliveries.c.subject == kept,
            deliveries.c.kind == DeliveryKind.ALERT.value,
            deliveries.c.state.in_((*_OPEN, DeliveryState.SENT.value)),
        )
    )
    told = sorted({*sent, *owed})
    mine = (deliveries.c.subject == gone, deliveries.c.kind == DeliveryKind.ALERT.value)
    tx.execute(
        update(deliveries)
        .where(*mine, deliveries.c.chat_key.in_(told), deliveries.c.state.in_(_OPEN), deliveries.c.intent_at.is_(None))
        .values(state=DeliveryState.CANCELLED.value, last_error="merged into a story that this chat has")
    )
    tx.execute(update(deliveries).where(*mine).values(subject=kept))
