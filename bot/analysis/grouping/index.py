"""The window of recent stories, kept in step with the database: one a process, used under the pipeline's lock."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.analysis.grouping.mending import merge
from bot.analysis.grouping.placing import Placement
from bot.analysis.grouping.traits import Traits, traits_of
from bot.analysis.grouping.window import Window
from bot.domain import Article, Assessment, Story
from bot.storage import stories

OVERLAP = timedelta(minutes=5)  # other processes commit a little after the time that their rows bear
TIDY_EVERY = timedelta(hours=1)


class StoryIndex:
    """Places articles into stories; its articles are those of the last `window`, by publication."""

    def __init__(self, *, window: timedelta = timedelta(days=7)) -> None:
        self._span = window
        self._window = Window()
        self._loaded_at: datetime | None = None
        self._tidied_at: datetime | None = None
        self._placed: tuple[Traits, Placement] | None = None  # the article placed last is the one added next

    def refresh(self, tx: Connection, *, now: datetime) -> None:
        """Load what was added since the last call (all of the window at first), and forget what left the window."""
        if self._loaded_at == now:
            return
        since = now - self._span if self._loaded_at is None else self._loaded_at - OVERLAP
        lately = stories.grouped_since(tx, since)
        changed = [article_id for article_id, story_id in lately if self._window.story_of(article_id) != story_id]
        for row in stories.load_grouped(tx, changed):
            if self._window.story_of(row.article.id) is None:
                self._window.add(row.story_id, traits_of(row.article, row.assessment), follows=row.follows)
            else:  # united or split by hand, or by another process
                self._window.move(row.article.id, row.story_id)
            if row.split_from is not None:
                self._window.keep_apart(row.story_id, row.split_from)
        self._loaded_at = now
        if self._tidied_at is None or now - self._tidied_at >= TIDY_EVERY:
            self._window.forget(now - self._span)
            self._tidied_at = now

    def place(self, article: Article, assessment: Assessment) -> Placement:
        """Decide where a flagged article belongs; see `Window.place`."""
        traits = traits_of(article, assessment)
        placement = self._window.place(traits)
        self._placed = (traits, placement)
        return placement

    def add(self, story_id: str, article: Article, assessment: Assessment) -> None:
        """Note that an article was put into a story, and, where `place` said so, which story that one follows."""
        if self._placed and self._placed[0].article_id == article.id:
            traits, placement = self._placed
            self._window.add(story_id, traits, follows=placement.follows)
        else:
            self._window.add(story_id, traits_of(article, assessment))

    def unite(self, tx: Connection, before: Story | None, after: Story, *, now: datetime) -> tuple[Story | None, Story]:
        """Merge the story that has just grown with those that it now proves to be one with; stores the result.

        Takes and gives the story before and after its growth, so that the decision what to tell sees one change. Most
        of the time both come back as they are.
        """
        while others := self._window.unions(after.id):
            other = others[0]
            if stories.merged_into(tx, [other]).get(other) == after.id:  # by a process whose clock is far behind
                self._window.unite(after.id, other)
                continue
            earlier, merged = merge(tx, after.id, other, now=now)
            self._window.unite(merged.id, other if merged.id == after.id else after.id)
            before = before if merged.id == after.id else earlier
            after = merged
        return before, after

    def forget_all(self) -> None:
        """Start anew: the next `refresh` loads the whole window."""
        self._window = Window()
        self._loaded_at = self._tidied_at = self._placed = None
