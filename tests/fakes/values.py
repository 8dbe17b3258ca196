"""Ready-made values of the vocabulary, so that a test states only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.domain import (
    Alert,
    AlertReason,
    Article,
    Assessment,
    Chat,
    ChatKind,
    Delivery,
    DeliveryKind,
    Direction,
    Severity,
    Stage,
    Story,
    StoryArticle,
    Subscription,
    Topic,
)

NOW = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)


def article(**changes: Any) -> Article:
    """Make an article of a wire."""
    plain = Article(
        id="a1",
        source_id="wire",
        publisher="wire",
        tier=2,
        lang="en",
        url="https://wire.example/1",
        title="Country bans exports of gallium",
        summary="The ministry said exports of gallium are banned from Monday.",
        published_at=NOW,
        fetched_at=NOW,
    )
    return replace(plain, **changes)


def assessment(**changes: Any) -> Assessment:
    """Make the assessment of a flagged tightening."""
    plain = Assessment(
        article_id="a1",
        probability=0.9,
        flagged=True,
        reason="the classifier is sure",
        topics=(Topic.EXPORT_CONTROL,),
        direction=Direction.TIGHTENING,
        stage=Stage.ANNOUNCED,
        severity=Severity.MEDIUM,
        potential=Severity.HIGH,
    )
    return replace(plain, **changes)


def member(**changes: Any) -> StoryArticle:
    """Make a story's article."""
    plain = StoryArticle(
        article_id="a1",
        source_id="wire",
        publisher="wire",
        tier=2,
        url="https://wire.example/1",
        title="Country bans exports of gallium",
        at=NOW,
        stage=Stage.ANNOUNCED,
        direction=Direction.TIGHTENING,
        severity=Severity.MEDIUM,
        potential=Severity.HIGH,
    )
    return replace(plain, **changes)


def story(**changes: Any) -> Story:
    """Make a story of one article."""
    plain = Story(
        id="s1",
        headline="Country bans exports of gallium",
        topics=(Topic.EXPORT_CONTROL,),
        direction=Direction.TIGHTENING,
        stage=Stage.ANNOUNCED,
        severity=Severity.MEDIUM,
        probability=0.9,
        articles=(member(),),
        first_at=NOW,
        last_at=NOW,
    )
    return replace(plain, **changes)


def alert(**changes: Any) -> Alert:
    """Make the alert of a new story."""
    return replace(Alert(id="al1", story_id="s1", reason=AlertReason.NEW_STORY, decided_at=NOW), **changes)


def chat(**changes: Any) -> Chat:
    """Make a private chat with the default settings."""
    return replace(Chat(key="42", telegram_id=42, kind=ChatKind.PRIVATE, created_at=NOW), **changes)


def subscription(**changes: Any) -> Subscription:
    """Make a subscription to everything."""
    plain = Subscription(id="sub1", chat_key="42", name="Everything", query="probability:>=0", created_at=NOW)
    return replace(plain, **changes)


def delivery(**changes: Any) -> Delivery:
    """Make an alert that is owed to chat 42."""
    values = {"id": "d1", "chat_key": "42", "kind": DeliveryKind.ALERT, "subject": "s1", "payload": {"story_id": "s1"}}
    return Delivery(**{**values, "priority": 10, "not_before": NOW, "created_at": NOW, **changes})
