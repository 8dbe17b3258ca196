"""The decision where an article belongs. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where an article belongs: `story_id`, or None to open a story of its own.

    `copy_of` names the article whose text this one repeats, `follows` the story whose next step it reports, `why` the
    ground in words, `similarity` how alike it is to the story (0 to 1; 1 for copies and shared documents).
    """

    story_id: str | None
    copy_of: str | None = None
    follows: str | None = None
    why: str
    similarity: float = 0.0
