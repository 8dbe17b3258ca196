"""The vocabulary of Straitwatch. Pure. Read this first: every other module speaks these words.

All values are frozen; times are aware UTC and named `*_at`; ids are derived from content, so that the same news has
the same id on every machine and after every restart.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, StrEnum


class Topic(StrEnum):
    """The thirteen labels; an article may carry several, the main one first."""

    EXPORT_CONTROL = "export_control"
    ENTITY_LISTING = "entity_listing"
    SANCTIONS = "sanctions"
    TARIFF_TRADE_MEASURE = "tariff_trade_measure"
    CRITICAL_MINERALS = "critical_minerals"
    INVESTMENT_SCREENING = "investment_screening"
    TECH_TRANSFER = "tech_transfer"
    LOGISTICS_DISRUPTION = "logistics_disruption"
    PRODUCTION_DISRUPTION = "production_disruption"
    SHORTAGE_PRICE = "shortage_price"
    SOURCING_SHIFT = "sourcing_shift"
    ENFORCEMENT = "enforcement"
    TRADE_DEAL = "trade_deal"


class Direction(StrEnum):
    """Which way a change moves; a disruption that worsens tightens."""

    TIGHTENING = "tightening"
    EASING = "easing"
    MIXED = "mixed"
    UNCLEAR = "unclear"


class Stage(StrEnum):
    """How far a measure has come; `NONE` for events that are no measures, such as disruptions and talks."""

    NONE = "none"
    RUMOUR = "rumour"
    PROPOSAL = "proposal"
    ANNOUNCED = "announced"
    IN_FORCE = "in_force"
    ENFORCEMENT = "enforcement"
    SUSPENDED = "suspended"
    REVERSED = "reversed"
    EXPIRED = "expired"


class Severity(IntEnum):
    """How much hangs on it, in Sigma's words; ordered, so that levels compare."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        """Give the level as it is written in rules, messages and the database."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Severity":
        """Read a level from its word; raises KeyError for anything else."""
        return cls[word.upper()]


class SourceKind(StrEnum):
    """How a source is fetched and parsed; each kind has one module in `bot/ingest/kinds`."""

    FEED = "feed"  # RSS or Atom, told apart by content
    JSON_FEED = "json_feed"
    FEDERAL_REGISTER = "federal_register"
    PUBLIC_INSPECTION = "public_inspection"
    GOVDELIVERY = "govdelivery"
    GOV_UK = "gov_uk"
    EUR_LEX = "eur_lex"
    PRESS_CORNER = "press_corner"
    MOFCOM = "mofcom"
    GDELT = "gdelt"
    USGS = "usgs"
    GDACS = "gdacs"
    SCREENING_LIST = "screening_list"
    SDN_LIST = "sdn_list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where news comes from. `tier`: 1 official, 2 wire, 3 trade press, 4 regional or aggregator, 5 analysis."""

    id: str
    name: str
    url: str
    kind: SourceKind
    tier: int
    publisher: str  # publisher family: editions of one house count once
    lang: str = "en"
    poll_every: timedelta = timedelta(minutes=15)
    fetch_pages: bool = False  # whether headline-only items are completed from their article page
    known_by: str = "user"  # live_checked, seen_in_code, memory, user
    licence: str = ""
    options: Mapping[str, object] = field(default_factory=dict)  # what only this kind needs, e.g. GDELT filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One item of one source, cleaned: plain text, absolute http(s) link, aware UTC times."""

    id: str
    source_id: str
    publisher: str
    tier: int
    lang: str
    url: str
    title: str
    summary: str = ""
    text: str = ""  # page text where it was fetched, else empty
    guid: str = ""
    published_at: datetime | None = None
    fetched_at: datetime
    instruments: tuple[str, ...] = ()  # ids that a typed source states itself, e.g. FR document number

    @property
    def body(self) -> str:
        """Give the longest text there is beneath the headline."""
        return self.text if len(self.text) > len(self.summary) else self.summary

    @property
    def at(self) -> datetime:
        """Give the time to sort by: publication, or fetching where the source states none."""
        return self.published_at or self.fetched_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that hit: its id and title, and the words with their place in the title or the text."""

    rule_id: str
    title: str
    words: tuple[str, ...] = ()
    spans: tuple[tuple[str, int, int], ...] = ()  # (field, start, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """All that we think of one article. `probability` is calibrated to the stream's prevalence, 0 to 1."""

    article_id: str
    probability: float
    flagged: bool
    reason: str  # which clause decided, in words that are shown to users
    topics: tuple[Topic, ...]
    direction: Direction
    stage: Stage
    severity: Severity  # of this article alone: high and critical need tier 1
    potential: Severity  # what it would be once a second independent publisher reports it
    issuers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    goods: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    eccns: tuple[str, ...] = ()
    effective_on: date | None = None
    expires_on: date | None = None
    comment_due_on: date | None = None
    matches: tuple[Match, ...] = ()
    terms: tuple[tuple[str, float], ...] = ()  # the classifier's strongest terms and their weights
    evidence: tuple[tuple[str, str, int, int], ...] = ()  # (what, field, start, end) of direction and stage words
    model_version: str = ""
    rules_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryArticle:
    """What a story keeps of each of its articles."""

    article_id: str
    source_id: str
    publisher: str
    tier: int
    url: str
    title: str
    at: datetime
    stage: Stage
    direction: Direction
    severity: Severity
    potential: Severity
    official: bool = False  # a document of the issuer itself (tier 1 with an instrument, or a typed official source)
    copy_of: str | None = None  # the article that this one is a syndicated copy of


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The articles that report one event. `follows` names the story whose next step this one is."""

    id: str
    headline: str
    topics: tuple[Topic, ...]
    direction: Direction
    stage: Stage
    severity: Severity
    probability: float
    issuers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    goods: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    effective_on: date | None = None
    expires_on: date | None = None
    comment_due_on: date | None = None
    articles: tuple[StoryArticle, ...] = ()  # in order of arrival
    first_at: datetime
    last_at: datetime
    follows: str | None = None

    @property
    def publishers(self) -> frozenset[str]:
        """Give the independent publisher families: copies of an agency's text count once."""
        return frozenset(article.publisher for article in self.articles if article.copy_of is None)

    @property
    def official(self) -> StoryArticle | None:
        """Give the official document of the story, if one was found."""
        return next((article for article in self.articles if article.official), None)

    @property
    def sources(self) -> tuple[StoryArticle, ...]:
        """Give one article a publisher family, the official document first, then by tier and time."""
        order = sorted(self.articles, key=lambda a: (not a.official, a.tier, a.copy_of is not None, a.at, a.article_id))
        seen: dict[str, StoryArticle] = {}
        for article in order:
            seen.setdefault(article.publisher, article)
        return tuple(seen.values())


class AlertReason(StrEnum):
    """Why a chat is told."""

    NEW_STORY = "new_story"
    STAGE_CHANGED = "stage_changed"
    DIRECTION_CHANGED = "direction_changed"
    SEVERITY_RAISED = "severity_raised"
    CONFIRMED = "confirmed"
    MORE_SOURCES = "more_sources"  # edits the earlier message silently


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The decision to tell about a story; `was` gives the attribute's earlier value where one changed."""

    id: str
    story_id: str
    reason: AlertReason
    decided_at: datetime
    was: str = ""

    @property
    def material(self) -> bool:
        """Tell whether the alert is worth a message of its own."""
        return self.reason is not AlertReason.MORE_SOURCES


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The decision to stay silent about an article, with the reason that /why and /missed show."""

    story_id: str | None
    reason: str


class Mode(StrEnum):
    """When a subscription delivers."""

    AT_ONCE = "at_once"
    BATCHED = "batched"
    DIGEST_ONLY = "digest_only"


class ChatKind(StrEnum):
    """What stands at the other end; `TERMINAL` is the screen of `straitwatch run` without a token."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A private chat, group, forum topic or channel, with its settings. `key` is `<telegram id>` or `<id>:<thread>`."""

    key: str
    telegram_id: int
    thread_id: int | None = None
    kind: ChatKind
    title: str = ""
    lang: str = "en"
    zone: str = "UTC"
    level: Severity = Severity.LOW
    mode: Mode = Mode.AT_ONCE
    batch_minutes: int = 60
    silent_below: Severity = Severity.MEDIUM  # delivered without sound below this level
    quiet_from: str = ""  # "22:00" local, or "" for none
    quiet_to: str = ""
    digest_weekday: int = 0  # Monday is 0, as in datetime.weekday
    digest_time: str = "08:00"
    digest_daily: bool = False
    digest_on: bool = True
    link_previews: bool = False
    paused_until: datetime | None = None
    disabled_reason: str = ""  # why Telegram refuses us there; empty while it works
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a chat asked for: a named alert rule, `query` in the rule language; level and mode default to the chat's."""

    id: str
    chat_key: str
    name: str
    query: str
    level: Severity | None = None
    mode: Mode | None = None
    paused: bool = False
    created_at: datetime


class DeliveryKind(StrEnum):
    """What a delivery carries; the order is the order of urgency."""

    ALERT = "alert"
    CHANGE = "change"  # a reply to the story's alert
    EDIT = "edit"  # a silent edit of the story's alert
    NOTICE = "notice"
    BATCH = "batch"
    DIGEST = "digest"


class DeliveryState(StrEnum):
    """Where a delivery stands in the outbox."""

    DUE = "due"
    HELD = "held"  # quiet hours, pause or batch: becomes due at `not_before`
    SENT = "sent"
    PARKED = "parked"  # given up with a reason; shown by /delivery
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message owed to one chat: the outbox row. `payload` is what rendering needs, as JSON-ready values."""

    id: str  # content-derived from chat, subject and kind: the same debt is never booked twice
    chat_key: str
    kind: DeliveryKind
    subject: str  # story id, digest period, or notice key
    payload: Mapping[str, object]
    priority: int  # lower leaves first
    state: DeliveryState = DeliveryState.DUE
    attempts: int = 0
    not_before: datetime
    created_at: datetime
    sent_at: datetime | None = None
    message_ids: tuple[int, ...] = ()
    last_error: str = ""


def derive_id(*parts: str) -> str:
    """Derive a 16-character hexadecimal id from parts; the separator cannot occur in cleaned text."""
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def utc(moment: datetime) -> datetime:
    """Turn an aware time into UTC; raises ValueError for a naive one, which could mean any zone."""
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {moment!r}: give it a time zone")
    return moment.astimezone(UTC)
