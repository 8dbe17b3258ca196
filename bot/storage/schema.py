"""The tables, as SQLAlchemy Core. Owns column names and types; migrations are made from this file.

Times are stored as UTC (`UtcDateTime`), values that are only shown as JSON. Every id is a string that is derived
from content, so that writing the same thing twice is a conflict and not a second row.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time on both engines; a naive one is refused, since it could mean any zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; SQLite keeps no zone, so it is taken off there."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} for the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC time."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text from outside on both engines: without NUL, which PostgreSQL refuses, and without half characters."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Take out what cannot be stored, so that no feed can make its own poll fail for ever."""
        del dialect
        if value is None or (value.isascii() and "\x00" not in value):
            return value
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _at(name: str, *, nullable: bool = True, index: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=nullable, index=index)


# Sources: the shipped ones are upserted at start, users' own are added at run time; the rest is health and identity.
sources = Table(
    "sources",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("url", PlainText, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("tier", Integer, nullable=False),
    Column("publisher", PlainText, nullable=False),
    Column("lang", PlainText, nullable=False),
    Column("poll_seconds", Integer, nullable=False),
    Column("fetch_pages", Boolean, nullable=False, server_default="0"),
    Column("known_by", PlainText, nullable=False),
    Column("licence", PlainText, nullable=False, server_default=""),
    Column("options", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("paused_reason", PlainText, nullable=False, server_default=""),
    Column("added_by", String(64), nullable=False, server_default="shipped"),
    Column(
        "moved_url", PlainText, nullable=False, server_default=""
    ),  # polled instead of `url` after a proven redirect
    # conditional GET: never newer than the stored articles, since both are committed together
    Column("etag", PlainText, nullable=False, server_default=""),
    Column("last_modified", PlainText, nullable=False, server_default=""),
    Column(
        "state", JSON, nullable=False
    ),  # what a kind remembers between polls (list digests, cursors, redirect proof)
    _at("next_poll_at", index=True),
    _at("first_polled_at"),
    _at("last_polled_at"),
    _at("last_success_at"),
    _at("last_new_at"),
    _at("newest_item_at"),  # the latest date of an item: a feed that answers with old items only was left behind
    _at("last_full_at"),
    Column("last_status", PlainText, nullable=False, server_default=""),
    Column("error_streak", Integer, nullable=False, server_default="0"),
    Column("polls", Integer, nullable=False, server_default="0"),
    Column("items_seen", Integer, nullable=False, server_default="0"),
    Column("items_new", Integer, nullable=False, server_default="0"),
    Column("items_undated", Integer, nullable=False, server_default="0"),
    Column("mean_gap_seconds", Float, nullable=False, server_default="0"),  # habit: mean time between new items
    _at("silence_reported_at"),
    Column("claimed_by", String(64), nullable=False, server_default=""),
    _at("claimed_until"),
)

articles = Table(
    "articles",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("source_id", PlainText, nullable=False),
    Column("publisher", PlainText, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("lang", PlainText, nullable=False),
    Column("url", PlainText, nullable=False),
    Column("url_key", String(32), nullable=False, index=True),  # digest of the canonical address
    Column("title", PlainText, nullable=False),
    Column("summary", PlainText, nullable=False),
    Column("text", PlainText, nullable=False),
    Column("guid", PlainText, nullable=False),
    Column("instruments", JSON, nullable=False),
    _at("published_at"),
    Column("fetched_at", UtcDateTime, nullable=False, index=True),
)

# Dedup memory: every identity an item was ever seen under. Outlives the feed's own window: pruned by last_seen_at.
sightings = Table(
    "sightings",
    metadata,
    Column("source_id", PlainText, primary_key=True),
    Column("key", String(48), primary_key=True),  # "guid:…", "url:…", "title:…", "text:…" digests
    Column("article_id", String(32), nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False, index=True),
)

# Why an item went no further; one row an item and reason, for /missed and the counts.
drops = Table(
    "drops",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("source_id", PlainText, nullable=False),
    Column("url", PlainText, nullable=False),
    Column("url_key", String(32), nullable=False, index=True),
    Column("title", PlainText, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("detail", PlainText, nullable=False, server_default=""),
    Column("dropped_at", UtcDateTime, nullable=False, index=True),
)

assessments = Table(
    "assessments",
    metadata,
    Column("article_id", String(32), ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("probability", Float, nullable=False),
    Column("flagged", Boolean, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("main_topic", String(32), nullable=False, server_default=""),
    Column("direction", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("payload", JSON, nullable=False),  # the whole Assessment
    Column("model_version", String(64), nullable=False),
    Column("rules_version", String(64), nullable=False),
    Column("assessed_at", UtcDateTime, nullable=False, index=True),
)

stories = Table(
    "stories",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("headline", PlainText, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("direction", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("probability", Float, nullable=False),
    Column("payload", JSON, nullable=False),  # issuers, targets, entities, goods, instruments, dates, stage history
    Column("follows", String(32)),
    Column("merged_into", String(32)),
    Column("split_from", String(32)),  # by hand: the two are never united again by themselves
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
)

story_articles = Table(
    "story_articles",
    metadata,
    Column("article_id", String(32), ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("story_id", String(32), ForeignKey("stories.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("payload", JSON, nullable=False),  # the StoryArticle
    Column("added_at", UtcDateTime, nullable=False, index=True),
)

# When an article matched a rule that asks for several articles within a time; pruned with the articles.
rule_hits = Table(
    "rule_hits",
    metadata,
    Column("rule_id", String(120), primary_key=True),
    Column("article_id", String(32), ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("hit_at", UtcDateTime, nullable=False, index=True),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("story_id", String(32), nullable=False, index=True),
    Column("reason", String(32), nullable=False),
    Column("was", String(64), nullable=False, server_default=""),
    Column("direction", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False, index=True),
)

# How many articles were read, flagged, sent and dropped, by day and reason: the digest's proof that the pipe works.
counts = Table(
    "counts",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("what", String(64), primary_key=True),  # "read", "flagged", "dropped:undated", "silent:below_level", …
    Column("n", Integer, nullable=False),
)

chats = Table(
    "chats",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("telegram_id", BigInteger, nullable=False, index=True),
    Column("thread_id", BigInteger),
    Column("kind", String(16), nullable=False),
    Column("title", PlainText, nullable=False, server_default=""),
    Column("lang", PlainText, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("level", Integer, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("batch_minutes", Integer, nullable=False),
    Column("silent_below", Integer, nullable=False),
    Column("quiet_from", String(5), nullable=False, server_default=""),
    Column("quiet_to", String(5), nullable=False, server_default=""),
    Column("digest_on", Boolean, nullable=False),
    Column("digest_daily", Boolean, nullable=False),
    Column("digest_weekday", Integer, nullable=False),
    Column("digest_time", String(5), nullable=False),
    Column("link_previews", Boolean, nullable=False),
    _at("paused_until"),
    Column("disabled_reason", PlainText, nullable=False, server_default=""),
    Column("suspect_since", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("chat_key", String(64), nullable=False, index=True),
    Column("name", PlainText, nullable=False),
    Column("query", PlainText, nullable=False),
    Column("level", Integer),
    Column("mode", String(16)),
    Column("paused", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("chat_key", "name"),
)

snoozes = Table(
    "snoozes",
    metadata,
    Column("chat_key", String(64), primary_key=True),
    Column("what", String(16), primary_key=True),  # story, rule, topic, entity
    Column("value", PlainText, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
)

# The outbox. Claimed by one conditional UPDATE on (attempts, not_before), which is lease and back-off at once.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("chat_key", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime, nullable=False),
    Column("intent_at", UtcDateTime),  # set and committed before the request is written: the row may be in flight
    Column("progress", JSON, nullable=False),  # message ids of the parts already accepted, so that a digest resumes
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("last_error", PlainText, nullable=False, server_default=""),
    Index("ix_deliveries_due", "state", "priority", "not_before", "created_at"),
    Index("ix_deliveries_chat", "chat_key", "subject"),
    Index("ix_deliveries_sent", "sent_at"),  # when anything left last: asked at every look at the watch's health
    Index("ix_deliveries_turn", "chat_key", "state", "priority"),  # whether an earlier one waits: asked for each claim
)

# Which Telegram message shows which story in which chat: edits and replies need it after a restart.
messages = Table(
    "messages",
    metadata,
    Column("chat_key", String(64), primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    Column("story_id", String(32), nullable=False, index=True),
    Column("alert_id", String(32), nullable=False, server_default=""),
    Column("root", Boolean, nullable=False),  # the story's first message, the one that is edited
    Column("sent_at", UtcDateTime, nullable=False),
)

# When each pace slot was last used; survives restarts, so that a restart cannot break Telegram's limits.
paces = Table(
    "paces",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("times", JSON, nullable=False),
)

digests = Table(
    "digests",
    metadata,
    Column("chat_key", String(64), primary_key=True),
    Column("period", String(16), primary_key=True),  # "2026-W47" or "2026-11-24"
    Column("planned_at", UtcDateTime, nullable=False),
    Column("note", PlainText, nullable=False, server_default=""),
)

feedback = Table(
    "feedback",
    metadata,
    Column("chat_key", String(64), primary_key=True),
    Column("story_id", String(32), primary_key=True),
    Column("user_hash", String(32), primary_key=True),
    Column("alert_id", String(32), nullable=False, server_default=""),
    Column("article_id", String(32), nullable=False, server_default=""),
    Column("vote", Integer, nullable=False),  # 1 or -1
    Column("reason", String(32), nullable=False, server_default=""),
    Column("created_at", UtcDateTime, nullable=False),
)

# Server-side state of buttons and conversations, by short id with a lifetime (callback_data holds 64 bytes at most).
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("chat_key", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

# Who may use the bot: owner, allowed users and chats, invite codes (stored as digests).
access = Table(
    "access",
    metadata,
    Column("kind", String(16), primary_key=True),  # owner, user, chat, invite, updates
    Column("value", PlainText, primary_key=True),
    Column("note", PlainText, nullable=False, server_default=""),
    Column("expires_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
)

# Small facts about the installation: schema notes, last start, dead-man state, leases of scheduler and sender.
leases = Table(
    "leases",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("holder", PlainText, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
)
