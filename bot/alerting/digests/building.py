"""Build a chat's digest from a period's material: choose, rank, compare. Pure: values in, one frozen value out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from bot.alerting.digests.matching import Matches
from bot.alerting.digests.material import NOTHING, AlertRow, Material, Personal
from bot.alerting.digests.sunsets import Sunset
from bot.alerting.digests.values import (
    Change,
    DateAhead,
    DateKind,
    Digest,
    Entry,
    NearMiss,
    RuleReport,
    Trend,
)
from bot.alerting.quiet import zone_of
from bot.analysis.decisions import STAGE_ORDER
from bot.domain import AlertReason, Chat, Severity, Story, Subscription, Topic

AHEAD = timedelta(days=30)
BASELINE = timedelta(days=28)
_NEAR_MISSES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """For whom a digest is made, and how: the chat, its rules, and what is said about the making."""

    chat: Chat
    subscriptions: Sequence[Subscription]
    personal: Personal = NOTHING
    preview: bool = False


def build(asked: Asked, material: Material, matches: Matches, sunsets: Sequence[Sunset], *, now: datetime) -> Digest:
    """Build the digest of `material.period` for one chat; where there are many, make one `Builder` for all of them."""
    return Builder(material, matches, sunsets, now=now).build(asked)


class Builder:
    """Builds the digests of one period; what does not depend on the chat is worked out once."""

    def __init__(self, material: Material, matches: Matches, sunsets: Sequence[Sunset], *, now: datetime) -> None:
        self._material = material
        self._matches = matches
        self._sunsets = sunsets
        self._now = now
        self._own = _own_alerts(material)
        self._ranked = sorted(material.stories.values(), key=rank)
        self._dated = [story for story in {**material.stories, **material.dated}.values() if _has_date(story)]
        self._trends: dict[Severity, tuple[Trend, ...]] = {}

    def build(self, asked: Asked) -> Digest:
        """Build the digest of one chat.

        A story is shown where a rule that is not paused matches it and it reaches that rule's level (the chat's, where
        the rule has none). A chat without any rule is shown everything at its level.
        """
        chat, period, now = asked.chat, self._material.period, self._now
        told = _Told(asked, self._matches)
        known_zone = zone_of(chat.zone).key
        return Digest(
            chat_key=chat.key,
            period=period,
            zone=known_zone,
            unknown_zone="" if known_zone == chat.zone else chat.zone,
            level=chat.level,
            late=not asked.preview and period.late(now),
            daily=chat.digest_daily,
            preview=asked.preview,
            entries=tuple(self._entry(story, told) for story in self._ranked if told.shows(story)),
            dates=self._dates(told, now.astimezone(zone_of(chat.zone)).date()),
            trends=self.trends(chat.level),
            rules=tuple(told.report(one, self._ranked) for one in asked.subscriptions),
            near=tuple(_near(self._material, told)),
            highest=self._material.near[0].assessment.probability if self._material.near else None,
            pipe=self._material.pipe,
            personal=asked.personal,
            ruleless=not asked.subscriptions,
            made_at=now,
        )

    def trends(self, level: Severity) -> tuple[Trend, ...]:
        """Give the topics' trends at a level."""
        if level not in self._trends:
            self._trends[level] = trends(self._material, level)
        return self._trends[level]

    def _entry(self, story: Story, told: "_Told") -> Entry:
        own = self._own.get(story.id, ())
        return Entry(
            story=story,
            new=any(alert.reason is AlertReason.NEW_STORY for alert in own),
            changes=tuple(
                Change(reason=alert.reason, was=alert.was)
                for alert in own
                if alert.reason is not AlertReason.NEW_STORY and alert.reason is not AlertReason.MORE_SOURCES
            ),
            rules=told.rules(story),
        )

    def _dates(self, told: "_Told", today: date) -> tuple[DateAhead, ...]:
        stories = (ahead for story in self._dated if told.shows(story) for ahead in dates_of(story, today))
        calendar = calendar_dates(self._sunsets, today)
        return tuple(sorted([*stories, *calendar], key=lambda ahead: (ahead.on, ahead.verify, ahead.title)))


def rank(story: Story) -> tuple[object, ...]:
    """Give the sorting key of a story: severity, progress of the stage, independent publishers, then the latest."""
    return (
        -story.severity,
        -STAGE_ORDER[story.stage],
        -len(story.publishers),
        -story.last_at.timestamp(),
        story.id,
    )


def trends(material: Material, level: Severity) -> tuple[Trend, ...]:
    """Compare the stories of each topic with their mean over the four weeks before, in stretches of the same length.

    Stretches from before the archive began do not count; without any there is nothing to compare with. Stories below
    `level` are left out. Ordered by how far a topic is from its mean.
    """
    period = material.period
    length = period.end - period.start
    known = BASELINE if material.known_since is None else period.start - material.known_since
    stretches = int(min(known, BASELINE) / length)
    current = Counter(topic for topic, _ in _told_in(material.alerts, level, period.start, period.end))
    begun = period.start - stretches * length
    before = Counter(
        topic
        for number in range(stretches)
        for topic, _ in _told_in(material.alerts, level, begun + number * length, begun + (number + 1) * length)
    )
    found = [
        Trend(topic=topic, count=current[topic], usual=before[topic] / stretches if stretches else None)
        for topic in Topic
        if current[topic] or before[topic]
    ]
    return tuple(sorted(found, key=lambda trend: (-abs(trend.count - (trend.usual or 0.0)), -trend.count, trend.topic)))


def _told_in(alerts: Iterable[AlertRow], level: Severity, start: datetime, end: datetime) -> set[tuple[Topic, str]]:
    """Give the stories with an alert in [start, end), each with each of its topics."""
    return {
        (topic, alert.story_id)
        for alert in alerts
        if start <= alert.decided_at < end and alert.severity >= level
        for topic in alert.topics
    }


class _Told:
    """What one chat is told: its rules against the period's matches."""

    def __init__(self, asked: Asked, matches: Matches) -> None:
        self._chat = asked.chat
        self._matches = matches
        self._all = not asked.subscriptions
        snoozed = asked.personal.snoozed
        self._snoozed_stories = frozenset(value for what, value in snoozed if what == "story")
        self._snoozed_topics = frozenset(value for what, value in snoozed if what == "topic")
        self._snoozed_entities = frozenset(value for what, value in snoozed if what == "entity")
        self._snoozed_rules = frozenset(value for what, value in snoozed if what == "rule")
        self._active = [one for one in asked.subscriptions if not one.paused and one.id not in self._snoozed_rules]
        self._names: defaultdict[str, list[Subscription]] = defaultdict(list)
        for one in self._active:
            for story_id in matches.stories.get(one.query, ()):
                self._names[story_id].append(one)

    def shows(self, story: Story) -> bool:
        if self.sleeps(story):
            return False
        if self._all:
            return story.severity >= self._chat.level
        return bool(self.rules(story))

    def sleeps(self, story: Story) -> bool:
        return (
            story.id in self._snoozed_stories
            or any(topic.value in self._snoozed_topics for topic in story.topics)
            or any(entity in self._snoozed_entities for entity in story.entities)
        )

    def rules(self, story: Story) -> tuple[str, ...]:
        return tuple(one.name for one in self._names.get(story.id, ()) if story.severity >= self._level(one))

    def near(self, article_id: str) -> bool:
        return self._all or any(article_id in self._matches.near.get(one.query, ()) for one in self._active)

    def report(self, one: Subscription, stories: Iterable[Story]) -> RuleReport:
        broken = self._matches.broken.get(one.query, "")
        if one.paused or broken:
            return RuleReport(name=one.name, paused=one.paused, broken=broken)
        ids = self._matches.stories.get(one.query, frozenset())
        matched = [story for story in stories if story.id in ids]
        asleep = one.id in self._snoozed_rules
        snoozed = sum(asleep or self.sleeps(story) for story in matched)
        below = sum(story.severity < self._level(one) for story in matched if not asleep and not self.sleeps(story))
        return RuleReport(name=one.name, hits=len(matched) - snoozed - below, suppressed=below, snoozed=snoozed)

    def _level(self, one: Subscription) -> Severity:
        return self._chat.level if one.level is None else one.level


def _near(material: Material, told: _Told) -> Iterator[NearMiss]:
    matched = (one for one in material.near if told.near(one.article.id))
    for one in islice(matched, _NEAR_MISSES):
        yield NearMiss(
            title=one.article.title,
            url=one.article.url,
            publisher=one.article.publisher,
            probability=one.assessment.probability,
            reason=one.assessment.reason,
        )


def _own_alerts(material: Material) -> dict[str, list[AlertRow]]:
    period = material.period
    found: defaultdict[str, list[AlertRow]] = defaultdict(list)
    for alert in material.alerts:
        if period.start <= alert.decided_at < period.end:
            found[alert.story_id].append(alert)
    return found


def _has_date(story: Story) -> bool:
    return bool(story.effective_on or story.expires_on or story.comment_due_on)


def dates_of(story: Story, today: date, *, ahead: timedelta = AHEAD) -> Iterator[DateAhead]:
    """Give a story's dates from today on, up to `ahead` from it."""
    dates = (
        (DateKind.EFFECTIVE, story.effective_on),
        (DateKind.EXPIRES, story.expires_on),
        (DateKind.COMMENTS, story.comment_due_on),
    )
    best = story.sources[0].url if story.sources else ""
    for kind, on in dates:
        if on is not None and today <= on <= today + ahead:
            yield DateAhead(on=on, kind=kind, title=story.headline, url=best, id=story.id)


def calendar_dates(sunsets: Iterable[Sunset], today: date, *, ahead: timedelta = AHEAD) -> Iterator[DateAhead]:
    """Give the shipped calendar's dates from today on, up to `ahead` from it."""
    for sunset in sunsets:
        if today <= sunset.on <= today + ahead:
            yield DateAhead(on=sunset.on, kind=sunset.kind, title=sunset.title, id=sunset.id, verify=True)
