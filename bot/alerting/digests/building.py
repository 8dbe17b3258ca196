"""Build a chat's digest from a period's material: choose, rank, compare. Pure: values in, one frozen value out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice

from bot.alerting.digests.matching import Matches
from bot.alerting.digests.material import AlertRow, Material
from bot.alerting.digests.sunsets import Sunset
from bot.alerting.digests.told import Asked, Told
from bot.alerting.digests.values import (
    Change,
    DateAhead,
    DateKind,
    Digest,
    Entry,
    NearMiss,
    Trend,
)
from bot.alerting.quiet import zone_of
from bot.analysis.decisions import STAGE_ORDER
from bot.domain import AlertReason, Severity, Story, Topic

AHEAD = timedelta(days=30)
BASELINE = timedelta(days=28)
_NEAR_MISSES = 3


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
        self._stories = {**material.dated, **material.stories}
        ranked = sorted(material.stories.values(), key=rank)
        self._places = {story.id: place for place, story in enumerate(ranked)}
        self._entries: dict[tuple[str, tuple[str, ...]], Entry] = {}
        self._trends: dict[Severity, tuple[Trend, ...]] = {}
        self._ahead: dict[date, dict[str, tuple[DateAhead, ...]]] = {}

    def build(self, asked: Asked) -> Digest:
        """Build the digest of one chat.

        A story is shown where a rule that is not paused matches it and it reaches that rule's level (the chat's, where
        the rule has none). A chat without any rule is shown everything at its level.
        """
        chat, material, now = asked.chat, self._material, self._now
        told = Told(asked, self._stories, self._matches)
        known_zone = zone_of(chat.zone).key
        shown = sorted(told.shown.keys() & self._places.keys(), key=self._places.__getitem__)
        return Digest(
            chat_key=chat.key,
            period=material.period,
            zone=known_zone,
            unknown_zone="" if known_zone == chat.zone else chat.zone,
            level=chat.level,
            late=not asked.preview and material.period.late(now),
            daily=chat.digest_daily,
            preview=asked.preview,
            entries=tuple(self._entry(story_id, told.shown[story_id]) for story_id in shown),
            dates=self._dates(told, now.astimezone(zone_of(chat.zone)).date()),
            trends=self._trends_at(chat.level),
            rules=tuple(told.report(one, material.stories) for one in asked.subscriptions),
            near=tuple(_near(material, told)),
            highest=material.near[0].assessment.probability if material.near else None,
            pipe=material.pipe,
            personal=asked.personal,
            ruleless=not asked.subscriptions,
            made_at=now,
        )

    def _trends_at(self, level: Severity) -> tuple[Trend, ...]:
        if level not in self._trends:
            self._trends[level] = trends(self._material, level)
        return self._trends[level]

    def _entry(self, story_id: str, rules: tuple[str, ...]) -> Entry:
        key = (story_id, rules)
        if key not in self._entries:
            own = self._own.get(story_id, ())
            told_before = {AlertReason.NEW_STORY, AlertReason.MORE_SOURCES}
            changes = [Change(reason=one.reason, was=one.was) for one in own if one.reason not in told_before]
            self._entries[key] = Entry(
                story=self._stories[story_id],
                new=any(alert.reason is AlertReason.NEW_STORY for alert in own),
                changes=tuple(changes),
                rules=rules,
            )
        return self._entries[key]

    def _dates(self, told: Told, today: date) -> tuple[DateAhead, ...]:
        if today not in self._ahead:
            found = {story.id: tuple(dates_of(story, today)) for story in self._stories.values()}
            self._ahead[today] = {story_id: dates for story_id, dates in found.items() if dates}
        ahead = self._ahead[today]
        stories = (one for story_id in told.shown.keys() & ahead.keys() for one in ahead[story_id])
        calendar = calendar_dates(self._sunsets, today)
        return tuple(sorted([*stories, *calendar], key=lambda one: (one.on, one.verify, one.title, one.kind, one.id)))


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
    known = timedelta() if material.known_since is None else period.start - material.known_since
    stretches = max(int(min(known, BASELINE) / length), 0)
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


def _near(material: Material, told: Told) -> Iterator[NearMiss]:
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
