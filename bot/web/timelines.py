"""How a story came about: its articles and the changes that were told in one order, and its stages. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bot.domain import AlertReason, Severity, Stage, Story, StoryArticle
from bot.storage.browsing import Step
from bot.telegram.strings import DIRECTIONS, SEVERITIES, STAGES

_T = TypeVar("_T")
_REASONS = {
    AlertReason.NEW_STORY: "First told",
    AlertReason.STAGE_CHANGED: "Stage changed",
    AlertReason.DIRECTION_CHANGED: "Direction changed",
    AlertReason.SEVERITY_RAISED: "Severity raised",
    AlertReason.CONFIRMED: "Confirmed",
    AlertReason.MORE_SOURCES: "More sources",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One point of a timeline: an article (`article` is set), or something that was told (`title` and `change`)."""

    at: datetime
    article: StoryArticle | None = None
    title: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stage or direction that a story has had since a time; the last one is the present one."""

    words: str
    since: datetime


def timeline(story: Story, steps: Sequence[Step]) -> list[Entry]:
    """Give articles and told changes, the earliest first; an article stands before what it caused."""
    entries = [Entry(at=article.at, article=article) for article in story.articles]
    entries += [Entry(at=step.decided_at, title=_REASONS[step.reason], change=change_of(step)) for step in steps]
    return sorted(entries, key=lambda entry: (entry.at, entry.article is None))


def change_of(step: Step) -> str:
    """Say what an alert told: the earlier and the later value where one changed."""
    match step.reason:
        case AlertReason.STAGE_CHANGED:
            now, named = STAGES[step.stage], {stage.value: words for stage, words in STAGES.items()}
        case AlertReason.DIRECTION_CHANGED:
            now, named = DIRECTIONS[step.direction], {way.value: words for way, words in DIRECTIONS.items()}
        case AlertReason.SEVERITY_RAISED:
            now, named = SEVERITIES[step.severity], {level.word: words for level, words in SEVERITIES.items()}
        case AlertReason.MORE_SOURCES:
            return f"{step.was} publishers before" if step.was.isdigit() and step.was != "1" else ""
        case _:
            told = (SEVERITIES[step.severity], DIRECTIONS[step.direction], STAGES[step.stage])
            return " · ".join(words for words in told if words)
    was = named.get(step.was, step.was)
    return " → ".join(words for words in (was, now) if words)


def stages(story: Story, steps: Iterable[Step]) -> list[Passage]:
    """Give the stages that a story went through, each with the time from which it was told."""
    told = [(step.stage, step.decided_at) for step in steps]
    return _passages([*told, (story.stage, story.last_at)], {**STAGES, Stage.NONE: ""})


def directions(story: Story, steps: Iterable[Step]) -> list[Passage]:
    """Give the directions that a story took, each with the time from which it was told."""
    told = [(step.direction, step.decided_at) for step in steps]
    return _passages([*told, (story.direction, story.last_at)], DIRECTIONS)


def severities(story: Story, steps: Iterable[Step]) -> list[Passage]:
    """Give the levels that a story had, each with the time from which it was told."""
    told: list[tuple[Severity, datetime]] = [(step.severity, step.decided_at) for step in steps]
    return _passages([*told, (story.severity, story.last_at)], SEVERITIES)


def by_tier(articles: Sequence[StoryArticle]) -> list[tuple[int, list[StoryArticle]]]:
    """Give the articles of each tier, the official document first and then by time; tiers without one are left out."""
    ordered = sorted(articles, key=lambda one: (one.tier, not one.official, one.copy_of is not None, one.at))
    tiers = dict.fromkeys(one.tier for one in ordered)
    return [(tier, [one for one in ordered if one.tier == tier]) for tier in tiers]


def _passages(told: Sequence[tuple[_T, datetime]], words: Mapping[_T, str]) -> list[Passage]:
    found: list[Passage] = []
    for value, at in told:
        if words[value] and (not found or found[-1].words != words[value]):
            found.append(Passage(words=words[value], since=at))
    return found
