"""How long alerts were on their way, read from what is stored of an article, its alert and its delivery."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, func, select

from bot.alerting.quiet import deliver_at
from bot.domain import DeliveryKind, DeliveryState, Mode
from bot.storage.chats import chat_of
from bot.storage.outbox import delivery_of
from bot.storage.schema import alerts, articles, chats, deliveries, story_articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """The way of one alert to one chat. `fetched_at` is the start of the poll that brought the article."""

    tier: int
    published_at: datetime  # or `fetched_at`, where the source states no time
    fetched_at: datetime
    accepted_at: datetime

    @property
    def since_publication(self) -> float:
        """Give the seconds from publication until Telegram accepted the message; never negative."""
        return max(0.0, (self.accepted_at - self.published_at).total_seconds())

    @property
    def inside(self) -> float:
        """Give the seconds from the poll until Telegram accepted the message: what we can do something about."""
        return max(0.0, (self.accepted_at - self.fetched_at).total_seconds())


def alert_lag(tx: Connection, delivery_id: str) -> Lag | None:
    """Give the lag of a sent alert; None for what is no alert, was not sent, or waited because its chat wished so.

    The article meant is the one that made us tell: of the alert's story, from the poll in which the alert was decided.
    """
    row = (
        tx.execute(
            select(deliveries, *(column.label(f"to_{column.name}") for column in chats.c))
            .join(chats, chats.c.key == deliveries.c.chat_key)
            .where(
                deliveries.c.id == delivery_id,
                deliveries.c.kind == DeliveryKind.ALERT.value,
                deliveries.c.state == DeliveryState.SENT.value,
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    delivery, chat = delivery_of(row), chat_of(row, prefix="to_")
    asked_to_wait = deliver_at(chat, Mode.AT_ONCE, now=delivery.created_at) > delivery.created_at
    if delivery.sent_at is None or delivery.payload.get("batched") or asked_to_wait:
        return None
    article = tx.execute(_trigger(str(delivery.payload.get("alert_id", "")))).first()
    if article is None:
        return None
    return Lag(tier=article.tier, published_at=article.at, fetched_at=article.fetched_at, accepted_at=delivery.sent_at)


def _trigger(alert_id: str) -> Select[tuple[int, datetime, datetime]]:
    at = func.coalesce(articles.c.published_at, articles.c.fetched_at, type_=articles.c.fetched_at.type)
    return (
        select(articles.c.tier, articles.c.fetched_at, at.label("at"))
        .join(story_articles, story_articles.c.article_id == articles.c.id)
        .join(
            alerts,
            (alerts.c.story_id == story_articles.c.story_id) & (alerts.c.decided_at == articles.c.fetched_at),
        )
        .where(alerts.c.id == alert_id)
        .order_by(at)
        .limit(1)
    )
