"""Ask a chat's rules about stories that are stored: for /latest, samples and backtests. Reads, and keeps nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.alerting.audience import Audience, story_document
from bot.alerting.routing import Wanted
from bot.domain import Subscription
from bot.storage import history
from bot.storage.stories import alerts_of
from bot.storage.subscriptions import subscriptions_of
from bot.telegram.commands.turns import Answer, Turn
from bot.telegram.messages import MatchedRule, Part
from bot.telegram.rendering import alert_message
from rules.query import Query

if TYPE_CHECKING:
    from bot.storage.history import Told

SAMPLED = 150  # stories that a sample is looked for in


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A stored story with the rules of a chat that match it."""

    told: "Told"
    rules: tuple[MatchedRule, ...]


def matching(stored: Iterable["Told"], subscriptions: Sequence[Subscription], *, now: datetime) -> list[Hit]:
    """Give the stories that any of the subscriptions matches, in the given order."""
    audience = Audience(chats={}, subscriptions=subscriptions, snoozes=[])
    found = []
    for told in stored:
        wanted = audience.wanted(told.story, told.article, told.assessment, now=now)
        rules = tuple(MatchedRule(name=one.subscription.name, words=one.words[:8]) for one in wanted)
        if rules:
            found.append(Hit(told=told, rules=rules))
    return found


def wanting(stored: Iterable["Told"], subscriptions: Sequence[Subscription], *, now: datetime) -> list[Wanted]:
    """Give the subscriptions that match any of the stories, as routing takes them."""
    audience = Audience(chats={}, subscriptions=subscriptions, snoozes=[])
    return [one for told in stored for one in audience.wanted(told.story, told.article, told.assessment, now=now)]


def answering(stored: Iterable["Told"], query: Query, *, now: datetime) -> list["Told"]:
    """Give the stories that a query matches, in the given order."""
    return [
        told for told in stored if query.root.test(story_document(told.story, told.article, told.assessment, now=now))
    ]


def sample(turn: Turn) -> Answer | None:
    """Show the last story that the chat's rules match as the alert that it would have been."""
    stored = history.latest(turn.tx, limit=SAMPLED)
    hits = matching(stored, subscriptions_of(turn.tx, turn.chat.key), now=turn.now)
    loud = [hit for hit in hits if hit.told.story.severity >= turn.chat.level] or hits
    if not loud:
        text = turn.t("Nothing has matched so far. I write as soon as something does.")
        return Answer(parts=_plain(text))
    hit = loud[0]
    alerts = alerts_of(turn.tx, hit.told.story.id)
    if not alerts:
        return None
    card = alert_message(hit.told.story, alerts[-1], hit.rules, turn.chat, turn.words, turn.now)
    intro = turn.t("This is how it looks. The last story that matches:")
    return Answer(parts=_plain(intro), sequel=Answer(parts=card.parts))


def _plain(text: str) -> tuple[Part, ...]:
    from bot.telegram.commands.turns import say  # noqa: PLC0415 - short name for one use

    return say(text)
