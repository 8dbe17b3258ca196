"""What a digest is made of before anybody is asked what he wants: the raw material of one period. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.alerting.periods import Period
from bot.domain import AlertReason, Article, Assessment, Direction, Severity, Stage, Story, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """A stored alert with what its story said at that moment."""

    id: str
    story_id: str
    reason: AlertReason
    was: str
    direction: Direction
    stage: Stage
    severity: Severity
    topics: tuple[Topic, ...]
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """Proof that the watch works, or that it does not: items of the period, and sources as they stand now."""

    read: int
    flagged: int
    dropped: int
    sources: int
    healthy: int  # by bot.ingest.health
    answering: int = 0  # the healthy ones, and those that answer without bringing anything new
    failing: tuple[str, ...] = ()  # names, the longest unreachable first
    newest_at: datetime | None = None

    @property
    def broken(self) -> bool:
        """Tell whether silence proves nothing: nothing was read, or fewer than half of the sources answer."""
        return self.read == 0 or max(self.healthy, self.answering) * 2 < self.sources or self.sources == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One article as it was assessed; in a story where it was flagged, without one where it was not."""

    article: Article
    assessment: Assessment
    story: Story | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything about a period that is the same for all chats.

    `alerts` reach back five weeks further than the period, for comparison; `stories` are those with a material alert
    in the period, `dated` those with a date ahead. `known_since` is the time of the oldest article in the archive.
    """

    period: Period
    alerts: tuple[AlertRow, ...]
    stories: Mapping[str, Story]
    dated: Mapping[str, Story]
    near: tuple[Reported, ...]  # not flagged, the most probable first
    pipe: Pipe
    known_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """What is a chat's own: alerts sent, votes given, and the periods without a digest, each with its note."""

    sent: int = 0
    useful: int = 0
    useless: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    snoozed: frozenset[tuple[str, str]] = frozenset()  # (what, value), as in the table of snoozes


NOTHING = Personal()
