"""Everybody who asked to be told, with their rules indexed: which subscriptions want this story? Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.alerting.routing import Snooze, Wanted
from bot.domain import Article, Assessment, Chat, Story, Subscription
from rules.matching import RuleSet
from rules.query import Document, QueryError, parse


class Audience:
    """A snapshot of chats, snoozes and compiled subscriptions; replaced as a whole when one of them changes."""

    def __init__(
        self, *, chats: Mapping[str, Chat], subscriptions: Iterable[Subscription], snoozes: Sequence[Snooze]
    ) -> None:
        self.chats = chats
        self.snoozes = snoozes
        self._subscriptions: dict[str, Subscription] = {}
        self.broken: dict[str, QueryError] = {}  # stored rules that this version's language refuses
        rule_set = RuleSet()
        for one in subscriptions:
            if one.paused:
                continue
            try:
                rule_set = rule_set.add(one.id, parse(one.query))
            except QueryError as error:
                self.broken[one.id] = error
            else:
                self._subscriptions[one.id] = one
        self._rule_set = rule_set

    def wanted(self, story: Story, article: Article, assessment: Assessment, *, now: datetime) -> list[Wanted]:
        """Give the subscriptions whose query matches the story as it stands, with the words that matched."""
        document = story_document(story, article, assessment, now=now)
        return [
            Wanted(
                subscription=self._subscriptions[found.key],
                words=tuple(dict.fromkeys(span.word for span in found.hits)),
            )
            for found in self._rule_set.match(document)
        ]


def story_document(story: Story, article: Article, assessment: Assessment, *, now: datetime) -> Document:
    """Give a story as the rule language sees it: words of the newest article, fields of the story as a whole."""
    return Document.of(
        title=article.title,
        text=article.body,
        fields={
            "topic": [topic.value for topic in story.topics],
            "direction": story.direction.value,
            "stage": story.stage.value,
            "severity": story.severity.word,
            "probability": story.probability,
            "entity": list(story.entities),
            "goods": list(story.goods),
            "issuer": list(story.issuers),
            "target": list(story.targets),
            "instrument": list(story.instruments),
            "eccn": list(assessment.eccns),
            "source": article.source_id,
            "publisher": article.publisher,
            "publishers": len(story.publishers),
            "tier": min(member.tier for member in story.articles),
            "lang": article.lang,
            "age": (now - article.at).total_seconds() / 3600,
        },
    )
