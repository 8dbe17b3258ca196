"""A word of our own to a chat, beside its alerts: one delivery, content-derived, so that it is owed once. Pure."""

from collections.abc import Mapping
from datetime import datetime

from bot.alerting.routing import PRIORITY
from bot.domain import Delivery, DeliveryKind, derive_id


def notice(chat_key: str, about: str, payload: Mapping[str, object], *, now: datetime) -> Delivery:
    """Owe a chat a notice `about` something; with the same chat and `about` it is the same notice, owed once.

    `payload` is `{"text", "title"}` or finished `{"parts"}`, as the composer takes them.
    """
    return Delivery(
        id=derive_id("delivery", chat_key, DeliveryKind.NOTICE.value, about),
        chat_key=chat_key,
        kind=DeliveryKind.NOTICE,
        subject=derive_id("notice", about),
        payload=payload,
        priority=PRIORITY[DeliveryKind.NOTICE],
        not_before=now,
        created_at=now,
    )
