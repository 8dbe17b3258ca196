"""Let a story grow by one article: Story + Article + Assessment -> Story. Pure.

A story says what its best evidence says: the highest stage that a credible source reports, the direction that most
weight speaks for, and the severity that its corroboration permits.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from bot.analysis.decisions import STAGE_ORDER
from bot.domain import (
    Article,
    Assessment,
    Direction,
    Severity,
    SourceKind,
    Stage,
    Story,
    StoryArticle,
    Topic,
    derive_id,
)

# Weight of a source's word by tier: an official text outweighs any number of retellings.
TIER_WEIGHT = {1: 4.0, 2: 2.0, 3: 1.5, 4: 1.0, 5: 0.5}
OFFICIAL_KINDS = frozenset(
    {
        SourceKind.FEDERAL_REGISTER,
        SourceKind.PUBLIC_INSPECTION,
        SourceKind.EUR_LEX,
        SourceKind.MOFCOM,
        SourceKind.SCREENING_LIST,
        SourceKind.SDN_LIST,
    }
)


def begin(
    article: Article, assessment: Assessment, *, official: bool, now: datetime, follows: str | None = None
) -> Story:
    """Open a story with its first article; its id derives from the article's, so that a replay opens the same story."""
    member = _member(article, assessment, official=official, copy_of=None)
    return Story(
        id=derive_id("story", article.id),
        headline=article.title,
        topics=assessment.topics,
        direction=assessment.direction,
        stage=assessment.stage,
        severity=assessment.severity,
        probability=assessment.probability,
        issuers=assessment.issuers,
        targets=assessment.targets,
        entities=assessment.entities,
        goods=assessment.goods,
        instruments=assessment.instruments,
        effective_on=assessment.effective_on,
        expires_on=assessment.expires_on,
        comment_due_on=assessment.comment_due_on,
        articles=(member,),
        first_at=now,
        last_at=now,
        follows=follows,
    )


def grow(
    story: Story, article: Article, assessment: Assessment, *, official: bool, copy_of: str | None, now: datetime
) -> Story:
    """Add an article; a syndicated copy is kept as a link but adds no evidence. Adding one twice changes nothing."""
    if any(member.article_id == article.id for member in story.articles):
        return story
    member = _member(article, assessment, official=official, copy_of=copy_of)
    members = (*story.articles, member)
    if copy_of is not None:
        return replace(story, articles=members, last_at=now)
    grown = replace(
        story,
        articles=members,
        topics=_topics(story.topics, assessment.topics),
        direction=_direction(members),
        stage=_stage(members),
        probability=max(story.probability, assessment.probability),
        issuers=_joined(story.issuers, assessment.issuers),
        targets=_joined(story.targets, assessment.targets),
        entities=_joined(story.entities, assessment.entities),
        goods=_joined(story.goods, assessment.goods),
        instruments=_joined(story.instruments, assessment.instruments),
        effective_on=_date(story.effective_on, assessment.effective_on, official=official),
        expires_on=_date(story.expires_on, assessment.expires_on, official=official),
        comment_due_on=_date(story.comment_due_on, assessment.comment_due_on, official=official),
        last_at=now,
    )
    return replace(grown, severity=_severity(grown), headline=_headline(grown))


def _member(article: Article, assessment: Assessment, *, official: bool, copy_of: str | None) -> StoryArticle:
    return StoryArticle(
        article_id=article.id,
        source_id=article.source_id,
        publisher=article.publisher,
        tier=article.tier,
        url=article.url,
        title=article.title,
        at=article.at,
        stage=assessment.stage,
        direction=assessment.direction,
        severity=assessment.severity,
        potential=assessment.potential,
        official=official,
        copy_of=copy_of,
    )


def _direction(members: Iterable[StoryArticle]) -> Direction:
    """Let the sources vote with their weight: of two clear directions the heavier wins, near a tie it is mixed."""
    votes: dict[Direction, float] = defaultdict(float)
    for member in members:
        if member.copy_of is None:
            votes[member.direction] += TIER_WEIGHT[member.tier]
    clear = {name: weight for name, weight in votes.items() if name is not Direction.UNCLEAR}
    if not clear:
        return Direction.UNCLEAR
    ranked = sorted(clear, key=lambda name: (-clear[name], name.value))
    first, *rest = ranked
    opposed = {first, *rest[:1]} == {Direction.TIGHTENING, Direction.EASING}
    return Direction.MIXED if opposed and clear[rest[0]] >= 0.8 * clear[first] else first


def _stage(members: Iterable[StoryArticle]) -> Stage:
    """Take the furthest stage that an official or wire source, or two publishers, report; else the first one's."""
    members = [member for member in members if member.copy_of is None]
    backers: dict[Stage, set[str]] = {}
    for member in members:
        backers.setdefault(member.stage, set()).add(member.publisher)
    believed = [members[0].stage]
    believed += [member.stage for member in members if member.tier <= 2 or len(backers[member.stage]) >= 2]
    return max(believed, key=lambda stage: STAGE_ORDER[stage])


def _headline(story: Story) -> str:
    """Take the headline of the most readable source that reports the story's stage: a wire's before a gazette's."""
    current = [member for member in story.articles if member.stage is story.stage and member.copy_of is None]
    if not current or any(member.title == story.headline for member in current):
        return story.headline
    order = (2, 3, 1, 4, 5)
    return min(current, key=lambda member: (order.index(member.tier), member.at)).title


def _severity(story: Story) -> Severity:
    """Lift the corroboration cap once two independent publisher families, or a tier-1 source, report the story."""
    own = [member for member in story.articles if member.copy_of is None]
    corroborated = len({member.publisher for member in own}) >= 2 or any(member.tier == 1 for member in own)
    levels = [member.potential if corroborated and member.tier <= 3 else member.severity for member in own]
    return max([story.severity, *levels])


def _topics(known: tuple[Topic, ...], new: tuple[Topic, ...]) -> tuple[Topic, ...]:
    return tuple(dict.fromkeys((*known, *new)))[:4]


def _joined(known: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *new)))[:12]


def _date(known: date | None, new: date | None, *, official: bool) -> date | None:
    return new if new is not None and (known is None or official) else known
