"""Route a story's news to the chats that asked for it: matched subscriptions -> deliveries, or why not. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.alerting.quiet import deliver_at
from bot.domain import (
    Alert,
    Chat,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Mode,
    Severity,
    Story,
    Subscription,
    derive_id,
)

PRIORITY = {
    DeliveryKind.ALERT: 30,
    DeliveryKind.CHANGE: 31,  # behind the alert that it replies to
    DeliveryKind.BATCH: 35,  # late by choice, and still news
    DeliveryKind.NOTICE: 40,
    DeliveryKind.EDIT: 50,
    DeliveryKind.DIGEST: 70,
}
URGENT = PRIORITY[DeliveryKind.CHANGE]  # what is at most this may use the slots that pacing keeps for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A subscription that matched a story, with the words that made it match."""

    subscription: Subscription
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """What a chat does not want to hear of until a time; `what` is story, rule, topic or entity."""

    chat_key: str
    what: str
    value: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """The deliveries owed, and for each chat that asked but is not told, the reason."""

    deliveries: tuple[Delivery, ...] = ()
    silent: tuple[tuple[str, str], ...] = ()  # (chat key, reason)


def route(
    alert: Alert,
    story: Story,
    wanted: Iterable[Wanted],
    *,
    chats: Mapping[str, Chat],
    told: frozenset[str],
    snoozes: Sequence[Snooze],
    now: datetime,
    article_id: str = "",
) -> Routed:
    """Decide for each chat between a first message, a reply, a silent edit, and silence.

    `article_id` is the article that brought the news: a reply links it.

    `told` are the chats that already have this story's message, or are owed it. They follow the story whether or not
    their rules still match; the others get it as new, also when it begins to match only now (more publishers, a
    higher level).
    """
    by_chat: dict[str, list[Wanted]] = {}
    for one in wanted:
        by_chat.setdefault(one.subscription.chat_key, []).append(one)
    deliveries: list[Delivery] = []
    silent: list[tuple[str, str]] = []
    for key in sorted(set(by_chat) | told):
        chat = chats.get(key)
        if chat is None:
            continue
        active = {(s.what, s.value) for s in snoozes if s.chat_key == key and s.until > now}
        heard = _heard(chat, story, by_chat.get(key, []), active)
        reason = _why_silent(chat, story, by_chat.get(key, []), heard, active, told=key in told)
        if reason:
            silent.append((key, reason))
        elif key in told:
            deliveries.extend(_follow(chat, alert, story, article_id, now=now))
        else:
            deliveries.append(_first(chat, alert, story, heard, now=now))
    return Routed(deliveries=tuple(deliveries), silent=tuple(silent))


def _heard(chat: Chat, story: Story, asked: Sequence[Wanted], active: Collection[tuple[str, str]]) -> list[Wanted]:
    """Give the subscriptions that speak: neither muted nor with a level that the story does not reach."""
    awake = [one for one in asked if ("rule", one.subscription.id) not in active]
    return [one for one in awake if story.severity >= _level(chat, one.subscription)]


def _why_silent(
    chat: Chat,
    story: Story,
    asked: Sequence[Wanted],
    heard: Sequence[Wanted],
    active: Collection[tuple[str, str]],
    *,
    told: bool,
) -> str:
    if chat.disabled_reason:
        return "chat_disabled"
    if ("story", story.id) in active:
        return "snoozed_story"
    if told:
        return ""
    if any(("topic", topic.value) in active for topic in story.topics):
        return "snoozed_topic"
    if any(("entity", entity) in active for entity in story.entities):
        return "snoozed_entity"
    if not heard:
        muted = all(("rule", one.subscription.id) in active for one in asked)
        return "snoozed_rule" if muted else "below_level"
    if all(_mode(chat, one.subscription) is Mode.DIGEST_ONLY for one in heard):
        return "digest_only"
    return ""


def _level(chat: Chat, subscription: Subscription) -> Severity:
    return chat.level if subscription.level is None else subscription.level


def _mode(chat: Chat, subscription: Subscription) -> Mode:
    return chat.mode if subscription.mode is None else subscription.mode


def _first(chat: Chat, alert: Alert, story: Story, heard: Sequence[Wanted], *, now: datetime) -> Delivery:
    modes = {_mode(chat, one.subscription) for one in heard}
    mode = Mode.AT_ONCE if Mode.AT_ONCE in modes else Mode.BATCHED
    rules = [{"name": one.subscription.name, "words": list(one.words[:8])} for one in heard]
    payload = {"story_id": story.id, "alert_id": alert.id, "rules": rules, "batched": mode is Mode.BATCHED}
    return _delivery(chat, DeliveryKind.ALERT, story.id, payload, at=deliver_at(chat, mode, now=now), now=now)


def _follow(chat: Chat, alert: Alert, story: Story, article_id: str, *, now: datetime) -> list[Delivery]:
    payload = {"story_id": story.id, "alert_id": alert.id, "article_id": article_id}
    edit = _delivery(chat, DeliveryKind.EDIT, alert.id, payload, at=now, now=now)
    if not alert.material:
        return [edit]
    at = deliver_at(chat, Mode.AT_ONCE, now=now)
    return [_delivery(chat, DeliveryKind.CHANGE, alert.id, payload, at=at, now=now), edit]


def _delivery(
    chat: Chat, kind: DeliveryKind, subject: str, payload: Mapping[str, object], *, at: datetime, now: datetime
) -> Delivery:
    return Delivery(
        id=derive_id("delivery", chat.key, kind.value, subject),
        chat_key=chat.key,
        kind=kind,
        subject=subject,
        payload=payload,
        priority=PRIORITY[kind],
        state=DeliveryState.HELD if at > now else DeliveryState.DUE,
        not_before=at,
        created_at=now,
    )
