"""Everybody who asked to be told, with their rules indexed: which subscriptions want this story? Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.alerting.routing import Snooze, Wanted
from bot.domain import Article, Assessment, Chat, Story, Subscription
from rules.matching import RuleSet
from rules.query import Document, QueryError, parse


class Audience:
    """A snapshot of chats, snoozes and compiled subscriptions; replaced as a whole when one of them changes.

    `earlier` is the snapshot that this one replaces: rules that are in both are not compiled again.
    """

    def __init__(
        self,
        *,
        chats: Mapping[str, Chat],
        subscriptions: Iterable[Subscription],
        snoozes: Sequence[Snooze],
        earlier: "Audience | None" = None,
    ) -> None:
        self.chats = chats
        self.snoozes = snoozes
        self._subscriptions: dict[str, Subscription] = {}
        self.broken: dict[str, QueryError] = {}  # stored rules that this version's language refuses
        known, rule_set = earlier.compiled if earlier is not None else ({}, RuleSet())
        for one in subscriptions:
            if one.paused:
                continue
            before = known.get(one.id)
            if before is None or before.query != one.query:
                try:
                    rule_set = rule_set.add(one.id, parse(one.query))
                except QueryError as error:
                    self.broken[one.id] = error
                    continue
            self._subscriptions[one.id] = one
        for gone in known.keys() - self._subscriptions.keys():
            rule_set = rule_set.remove(gone)
        self._rule_set = rule_set

    @property
    def compiled(self) -> tuple[Mapping[str, Subscription], RuleSet]:
        """Give the subscriptions by id, and the rules compiled from them under the same ids."""
        return self._subscriptions, self._rule_set

    def wanted(
        self,
        story: Story,
        article: Article,
        assessment: Assessment,
        *,
        now: datetime,
        rules: Sequence[str] | None = None,
    ) -> list[Wanted]:
        """Give the subscriptions whose query matches the story as it stands, with the words that matched.

        `rules` are the rules of the catalog that fired, where not all that matched the article did.
        """
        document = story_document(story, article, assessment, now=now, rules=rules)
        return [
            Wanted(
                subscription=self._subscriptions[found.key],
                words=tuple(dict.fromkeys(span.word for span in found.hits)),
            )
            for found in self._rule_set.match(document)
        ]


def story_document(
    story: Story, article: Article, assessment: Assessment, *, now: datetime, rules: Sequence[str] | None = None
) -> Document:
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
            "rule": list(rules) if rules is not None else [match.rule_id for match in assessment.matches],
            "source": article.source_id,
            "publisher": article.publisher,
            "publishers": len(story.publishers),
            "tier": min(member.tier for member in story.articles),
            "lang": article.lang,
            "age": (now - article.at).total_seconds() / 3600,
        },
    )
