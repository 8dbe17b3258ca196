"""Merge two stories into one, or take an article out of its story: grow the story anew from the articles it keeps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.analysis.growth import begin, grow
from bot.domain import Story, derive_id
from bot.errors import InputError, NotFoundError
from bot.storage import regrouping, stories
from bot.storage.stories import Grouped


def merge(tx: Connection, one: str, other: str, *, now: datetime) -> tuple[Story, Story]:
    """Merge two stories; returns the one that stays, as it was and as it is now, with all articles of both.

    The story that was told first stays, with its id and its message. Raises NotFoundError for an unknown id and
    InputError where both are one story already.
    """
    first, second = sorted((_load(tx, one), _load(tx, other)), key=lambda story: (story.first_at, story.id))
    if first.id == second.id:
        raise InputError(f"{one} and {other} are one story already")
    rows = stories.load_grouped(tx, [*stories.articles_of(tx, first.id), *stories.articles_of(tx, second.id)])
    grown = regrow(first, rows, now=now)
    regrouping.absorb(tx, kept=first.id, gone=second.id)
    follows = first.follows or second.follows
    grown = replace(grown, follows=None if follows in {first.id, second.id} else follows)
    stories.save_story(tx, grown, now=now)
    return first, grown


def split(tx: Connection, story_id: str, article_id: str, *, now: datetime) -> tuple[Story, Story]:
    """Take an article out into a story of its own; returns the story that stays and the new one.

    The message stays with the old story. Raises NotFoundError for an unknown story, and InputError where the article
    is not in it or is all that it has.
    """
    story = _load(tx, story_id)
    ids = stories.articles_of(tx, story.id)
    if article_id not in ids:
        raise InputError(f"article {article_id} is not in story {story.id}. See: straitwatch stories show {story.id}")
    if len(ids) == 1:
        raise InputError(f"article {article_id} is all that story {story.id} has. There is nothing to split")
    rows = stories.load_grouped(tx, ids)
    kept = regrow(story, [row for row in rows if row.article.id != article_id], now=now)
    taken = next(row for row in rows if row.article.id == article_id)
    new = begin(taken.article, taken.assessment, official=taken.member.official, now=now)
    new = replace(new, id=derive_id("story", article_id, "split from", story.id))
    stories.save_story(tx, new, now=now)
    stories.save_story(tx, kept, now=now)
    regrouping.mark_split(tx, story_id=new.id, split_from=story.id)
    return kept, new


def regrow(story: Story, rows: Sequence[Grouped], *, now: datetime) -> Story:
    """Grow a story anew from articles in order of arrival, under its old id; pure. `rows` must not be empty.

    An article that repeats one which is not in the story counts as a source of its own.
    """
    present = {row.article.id for row in rows}
    first, *others = rows
    grown = begin(first.article, first.assessment, official=first.member.official, now=story.first_at)
    grown = replace(grown, id=story.id, follows=story.follows, headline=_headline(story, rows))
    for row in others:
        copy_of = row.member.copy_of if row.member.copy_of in present else None
        official = row.member.official
        grown = grow(grown, row.article, row.assessment, official=official, copy_of=copy_of, now=now)
    return replace(grown, last_at=now)


def _headline(story: Story, rows: Sequence[Grouped]) -> str:
    titles = [row.article.title for row in rows]
    return story.headline if story.headline in titles else titles[0]


def _load(tx: Connection, story_id: str) -> Story:
    found = stories.load_stories(tx, [story_id]).get(story_id)
    if found is None:
        raise NotFoundError(f"no story {story_id!r}. See: straitwatch stories list")
    return found
