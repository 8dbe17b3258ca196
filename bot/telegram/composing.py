"""Compose what a delivery sends from what the database knows at that moment: the latest state of its story."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain import Chat, Delivery, DeliveryKind, derive_id
from bot.storage.callbacks import get_callback, put_callback
from bot.storage.posts import batch_post, owed_news, root_post, still_owed
from bot.storage.stories import load_alert, load_stories
from bot.telegram.messages import MatchedRule, Outgoing, Part
from bot.telegram.rendering import alert_message, batch, change_reply, notice, story_edit
from bot.telegram.strings import Translator, strings

if TYPE_CHECKING:
    from sqlalchemy import Connection

Composer = Callable[["Connection", Delivery, Chat], Outgoing]
BUTTONS_LIVE_FOR = timedelta(days=90)
REPEAT = "possible_repeat"  # payload key that the sender sets where an earlier attempt may have arrived


class StoryComposer:
    """The composer of all kinds of deliveries; `clock` gives the time that dates are told by.

    Alerts carry `{"story_id", "alert_id", "rules": [{"name", "words"}]}`, batches a list of these below `"alerts"`,
    changes and edits `"article_id"`, which brought the news, instead of rules, digests finished parts `{"parts":
    [{"html", "plain", "photo_b64" | "photo_path"}]}`, notices `{"text", "title"}` or `{"parts"}`.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def __call__(self, tx: "Connection", delivery: Delivery, chat: Chat) -> Outgoing:
        """Compose one delivery inside the caller's transaction, which also stores the state of its buttons."""
        payload: Mapping[str, Any] = delivery.payload
        if "parts" in payload:
            return Outgoing(
                parts=tuple(finished(part) for part in payload["parts"]), silent=bool(payload.get("silent"))
            )
        if delivery.kind is DeliveryKind.BATCH:
            return self._batch(tx, delivery, payload, chat)
        if delivery.kind in {DeliveryKind.NOTICE, DeliveryKind.DIGEST}:
            silent = bool(payload.get("silent"))
            return notice(str(payload.get("text", "")), title=str(payload.get("title", "")), silent=silent)
        return self._story(tx, delivery, payload, chat)

    def _story(self, tx: "Connection", delivery: Delivery, payload: Mapping[str, Any], chat: Chat) -> Outgoing:
        story_id = str(payload["story_id"])
        news = _news(tx, delivery, [story_id])
        story = load_stories(tx, [story_id]).get(story_id)
        alert = load_alert(tx, str(payload["alert_id"]))
        if story is None or alert is None:
            return Outgoing(skip="the story is no longer stored")
        now, words = self._clock(), strings(chat.lang)
        post = root_post(tx, chat.key, story.id)
        if delivery.kind is DeliveryKind.CHANGE and post is None:
            if still_owed(tx, chat.key, story.id):
                return Outgoing(skip="the first message is yet to leave, and will show the latest state")
            post = batch_post(tx, chat.key, story.id)
        if delivery.kind is DeliveryKind.EDIT:
            if post is None:
                return Outgoing(skip="no message to edit: the alert itself will show the latest state")
            rules, short = _remember(tx, chat, payload, post.alert_id or alert.id, now)
            edit = story_edit(story, alert, rules, words, now, message_id=post.message_id, short_id=short)
            return replace(edit, tells=news)
        rules, short = _remember(tx, chat, payload, alert.id, now)
        if delivery.kind is DeliveryKind.CHANGE and post is not None:
            cause = str(payload.get("article_id", ""))
            return change_reply(story, alert, chat, words, now, cause=cause, reply_to=post.message_id, short_id=short)
        repeat = bool(payload.get(REPEAT))
        whole = alert_message(story, alert, rules, chat, words, now, short_id=short, repeat=repeat)
        return replace(whole, tells=news)

    def _batch(self, tx: "Connection", delivery: Delivery, payload: Mapping[str, Any], chat: Chat) -> Outgoing:
        asked = [str(item["story_id"]) for item in payload["alerts"]]
        news = _news(tx, delivery, asked)
        found = load_stories(tx, asked)
        cards = [(found[item["story_id"]], _rules(item)) for item in payload["alerts"] if item["story_id"] in found]
        if not cards:
            return Outgoing(skip="the stories are no longer stored")
        words: Translator = strings(chat.lang)
        return replace(batch(cards, chat, words, self._clock()), tells=news)


def _news(tx: "Connection", delivery: Delivery, story_ids: list[str]) -> tuple[str, ...]:
    """Give what else is owed about these stories, which this delivery tells too; ask before the stories are read.

    A silent edit tells no change that is held, such as over quiet hours. A message whose first part has left tells
    nothing of it: that part may show an older state.
    """
    if delivery.message_ids:
        return ()
    kinds = [DeliveryKind.EDIT] if delivery.kind is DeliveryKind.EDIT else [DeliveryKind.EDIT, DeliveryKind.CHANGE]
    return tuple(one for one in owed_news(tx, delivery.chat_key, story_ids, kinds) if one != delivery.id)


def short_id(chat_key: str, alert_id: str) -> str:
    """Give the id under which the buttons of an alert find their state: the same for every edit of the message."""
    return derive_id("button", chat_key, alert_id)[:12]


def _remember(
    tx: "Connection", chat: Chat, payload: Mapping[str, Any], alert_id: str, now: datetime
) -> tuple[tuple[MatchedRule, ...], str]:
    """Store what the buttons stand for; an edit carries no rules, and takes those of the alert that it edits."""
    short = short_id(chat.key, alert_id)
    known = get_callback(tx, short, chat_key=chat.key, now=now) or {}
    rules = payload.get("rules") or known.get("rules", [])
    state = {"story_id": payload["story_id"], "alert_id": alert_id, "rules": rules}
    put_callback(tx, short, chat_key=chat.key, payload=state, expires_at=now + BUTTONS_LIVE_FOR)
    return _rules(state), short


def _rules(payload: Mapping[str, Any]) -> tuple[MatchedRule, ...]:
    return tuple(
        MatchedRule(name=str(rule["name"]), words=tuple(str(word) for word in rule.get("words", ())))
        for rule in payload.get("rules", ())
    )


def finished(part: Mapping[str, Any]) -> Part:
    """Read a part that was laid out when its delivery was planned; a picture that is gone leaves its caption."""
    photo = None
    if part.get("photo_b64"):
        photo = base64.b64decode(part["photo_b64"])
    elif part.get("photo_path") and (path := Path(part["photo_path"])).is_file():
        photo = path.read_bytes()
    return Part(html=str(part["html"]), plain=str(part["plain"]), photo=photo)
