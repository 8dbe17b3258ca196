"""Which of a period's stories a chat is shown, by its rules, levels and snoozes. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.alerting.digests.matching import Matches
from bot.alerting.digests.material import NOTHING, Personal
from bot.alerting.digests.values import RuleReport
from bot.domain import Chat, Severity, Story, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """For whom a digest is made, and how: the chat, its rules, what is its own, and whether it is a preview."""

    chat: Chat
    subscriptions: Sequence[Subscription]
    personal: Personal = NOTHING
    preview: bool = False


class Told:
    """One chat's view of the stories. `shown` gives the stories that it is shown, each with the rules that matched."""

    def __init__(self, asked: Asked, stories: Mapping[str, Story], matches: Matches) -> None:
        self._chat = asked.chat
        self._stories = stories
        self._matches = matches
        self._all = not asked.subscriptions
        self._snoozed = asked.personal.snoozed
        self._active = [one for one in asked.subscriptions if not one.paused and not self._asleep("rule", one.id)]
        self.shown = self._choose()

    def _choose(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, tuple[str, ...]] = {}
        if self._all:
            level = self._chat.level
            names = {story_id: () for story_id, story in self._stories.items() if story.severity >= level}
        for one in self._active:
            level = self._level(one)
            for story_id in self._matches.stories.get(one.query, ()):
                if self._stories[story_id].severity >= level:
                    names[story_id] = (*names.get(story_id, ()), one.name)
        if self._snoozed:
            names = {story_id: rules for story_id, rules in names.items() if not self._sleeps(self._stories[story_id])}
        return names

    def near(self, article_id: str) -> bool:
        """Tell whether an unflagged article would have been the chat's."""
        return self._all or any(article_id in self._matches.near.get(one.query, ()) for one in self._active)

    def report(self, one: Subscription, of_period: Collection[str]) -> RuleReport:
        """Say what a rule did with the stories of the period."""
        broken = self._matches.broken.get(one.query, "")
        if one.paused or broken:
            return RuleReport(name=one.name, paused=one.paused, broken=broken)
        matched = [id_ for id_ in self._matches.stories.get(one.query, ()) if id_ in of_period]
        asleep = self._asleep("rule", one.id)
        awake = [self._stories[id_] for id_ in matched if not asleep and not self._sleeps(self._stories[id_])]
        level = self._level(one)
        below = sum(story.severity < level for story in awake)
        return RuleReport(name=one.name, hits=len(awake) - below, suppressed=below, snoozed=len(matched) - len(awake))

    def _sleeps(self, story: Story) -> bool:
        if not self._snoozed:
            return False
        return (
            self._asleep("story", story.id)
            or any(self._asleep("topic", topic.value) for topic in story.topics)
            or any(self._asleep("entity", entity) for entity in story.entities)
        )

    def _asleep(self, what: str, value: str) -> bool:
        return (what, value) in self._snoozed

    def _level(self, one: Subscription) -> Severity:
        return self._chat.level if one.level is None else one.level
