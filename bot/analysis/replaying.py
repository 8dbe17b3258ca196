"""Decide a story again, article by article, from given assessments: to prove or compare a past decision. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.analysis.decisions import decide
from bot.analysis.growth import begin, grow
from bot.domain import Alert, Article, Assessment, Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An article as a story heard it: with its assessment, whether it is an official text, and whose copy it is."""

    article: Article
    assessment: Assessment
    official: bool = False
    copy_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """An alert with the story as it stood then."""

    alert: Alert
    story: Story


def replay(story_id: str, heard: Sequence[Heard]) -> list[Decided]:
    """Give the alerts that these articles lead to, in their order of arrival; what is not flagged is left out."""
    story: Story | None = None
    decided = []
    for one in heard:
        if not one.assessment.flagged:
            continue
        now = one.article.fetched_at
        if story is None:
            opened = begin(one.article, one.assessment, official=one.official, now=now)
            after = replace(opened, id=story_id)  # it may have been opened by an article that is forgotten by now
        else:
            after = grow(story, one.article, one.assessment, official=one.official, copy_of=one.copy_of, now=now)
        verdict = decide(story, after, now=now)
        if isinstance(verdict, Alert):
            decided.append(Decided(alert=verdict, story=after))
        story = after
    return decided
