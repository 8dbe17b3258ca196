"""The digest as a value: all that the renderers know. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.alerting.digests.material import Personal, Pipe
from bot.alerting.periods import Period
from bot.domain import AlertReason, Severity, Story, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a story did in the period: the alert's reason and the earlier value."""

    reason: AlertReason
    was: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One story of the period. `new` where it was first told in it; `rules` names the chat's rules that it matched."""

    story: Story
    new: bool
    changes: tuple[Change, ...] = ()
    rules: tuple[str, ...] = ()


class DateKind(StrEnum):
    """What happens on a date ahead."""

    EFFECTIVE = "effective"
    EXPIRES = "expires"
    COMMENTS = "comments"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateAhead:
    """A date within the next 30 days. `verify` marks one of the shipped calendar, which nobody has confirmed."""

    on: date
    kind: DateKind
    title: str
    url: str = ""
    id: str = ""  # of the story, or of the calendar's entry
    verify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Stories of a topic in the period, against the mean of the four weeks before; None while too little is known."""

    topic: Topic
    count: int
    usual: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """What one of the chat's rules did: stories told, and stories that it matched but that stayed below the level."""

    name: str
    hits: int = 0
    suppressed: int = 0
    snoozed: int = 0
    paused: bool = False
    broken: str = ""  # why this version cannot read the rule


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """An item that the chat's rules match but that was not flagged, with its probability, 0 to 1."""

    title: str
    url: str
    publisher: str
    probability: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One period for one chat. `entries` are ranked; `near` and `trends` as well."""

    chat_key: str
    period: Period
    zone: str
    level: Severity
    late: bool = False
    daily: bool = False
    preview: bool = False
    entries: tuple[Entry, ...] = ()
    dates: tuple[DateAhead, ...] = ()
    trends: tuple[Trend, ...] = ()
    rules: tuple[RuleReport, ...] = ()
    near: tuple[NearMiss, ...] = ()
    highest: float | None = None  # the highest probability of an item that was not flagged
    pipe: Pipe
    personal: Personal
    unknown_zone: str = ""
    ruleless: bool = False  # the chat has no rules: it is shown everything at its level
    made_at: datetime

    @property
    def quiet(self) -> bool:
        """Tell whether there is nothing to tell."""
        return not self.entries
