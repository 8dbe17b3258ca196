"""Articles, the keys under which they were seen, and the items that were dropped."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from bot.domain import Article, derive_id
from bot.ingest.cleaning import canonical
from bot.ingest.identity import link_key
from bot.ingest.polled import Drop, Sighting
from bot.storage.schema import articles, counts, drops, sightings, sources
from bot.storage.upsert import add_up, insert_new, insert_new_keys

KEYS_AT_ONCE = 900
TOUCH_EVERY = timedelta(hours=20)  # `last_seen_at` is exact to a day, so that an unchanged feed costs no writes


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundByUrl:
    """All that is stored about a link: articles that carry it, items with it that were dropped, and known articles.

    `known_as` are articles that an item with this link was taken for, since it had their id, text or title.
    """

    articles: tuple[Article, ...]
    drops: tuple[Drop, ...]
    known_as: tuple[Article, ...] = ()


def known_keys(tx: Connection, source_id: str, keys: Sequence[str]) -> dict[str, str]:
    """Give the article id for each key under which `source_id` showed it before."""
    found: dict[str, str] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = keys[start : start + KEYS_AT_ONCE]
        rows = tx.execute(
            select(sightings.c.key, sightings.c.article_id).where(
                sightings.c.source_id == source_id, sightings.c.key.in_(part)
            )
        )
        found.update((row.key, row.article_id) for row in rows)
    return found


def add_articles(tx: Connection, new: Iterable[Article]) -> int:
    """Store articles; those that are there already stay as they are. Gives how many were added."""
    return len(add_new(tx, new))


def add_new(tx: Connection, new: Iterable[Article]) -> frozenset[str]:
    """Store articles as `add_articles` does, and give the ids of those that were not there, even a moment ago."""
    rows = [
        {**_columns(article), "url_key": url_key(article.url), "instruments": list(article.instruments)}
        for article in new
    ]
    return frozenset(str(article_id) for (article_id,) in insert_new_keys(tx, articles, rows))


def _columns(row: Article | Drop) -> dict[str, Any]:
    """Give the fields by name; `asdict` would copy all of them deeply."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def set_text(tx: Connection, article_id: str, text: str) -> None:
    """Store the text of an article's page."""
    tx.execute(update(articles).where(articles.c.id == article_id).values(text=text))


def touch_sightings(tx: Connection, seen: Sequence[Sighting], *, now: datetime) -> None:
    """Remember keys as seen now: new ones are added, known ones refreshed once a day."""
    insert_new(
        tx,
        sightings,
        [
            {"source_id": one.source_id, "key": one.key, "article_id": one.article_id, "last_seen_at": now}
            for one in seen
        ],
    )
    by_source: dict[str, list[str]] = {}
    for one in seen:
        by_source.setdefault(one.source_id, []).append(one.key)
    for source_id, keys in by_source.items():
        for start in range(0, len(keys), KEYS_AT_ONCE):
            tx.execute(
                update(sightings)
                .where(
                    sightings.c.source_id == source_id,
                    sightings.c.key.in_(keys[start : start + KEYS_AT_ONCE]),
                    sightings.c.last_seen_at < now - TOUCH_EVERY,
                )
                .values(last_seen_at=now)
            )


def add_drops(tx: Connection, dropped: Iterable[Drop]) -> Counter[str]:
    """Store dropped items, one row an item and reason; gives by reason how many were not stored before."""
    rows = {derive_id(drop.source_id, drop.url or drop.title, drop.title, drop.reason): drop for drop in dropped}
    ids = list(rows)
    for start in range(0, len(ids), KEYS_AT_ONCE):
        stored = tx.execute(select(drops.c.id).where(drops.c.id.in_(ids[start : start + KEYS_AT_ONCE]))).scalars()
        for known in stored:
            del rows[known]
    insert_new(tx, drops, [{**_columns(drop), "id": key, "url_key": url_key(drop.url)} for key, drop in rows.items()])
    return Counter(drop.reason for drop in rows.values())


def count(tx: Connection, day: datetime, numbers: Mapping[str, int]) -> None:
    """Add to the counts of a day, by what is counted; `day` is any time of the UTC day.

    To be called last in a transaction: on PostgreSQL the counters are locked until it ends, in an order of their own,
    so that two processes cannot wait for each other.
    """
    rows = [{"day": day.date().isoformat(), "what": what, "n": n} for what, n in sorted(numbers.items()) if n]
    add_up(tx, counts, rows, "n")


def counted(tx: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """Give the counts of the UTC days from `since` to `until`, both included, summed by what was counted."""
    rows = tx.execute(
        select(counts.c.what, func.sum(counts.c.n))
        .where(counts.c.day >= since.date().isoformat(), counts.c.day <= until.date().isoformat())
        .group_by(counts.c.what)
    )
    return {what: int(n) for what, n in rows}


def load_articles(tx: Connection, ids: Collection[str]) -> dict[str, Article]:
    """Give the stored articles among `ids`."""
    wanted = list(ids)
    found: dict[str, Article] = {}
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        rows = tx.execute(select(articles).where(articles.c.id.in_(wanted[start : start + KEYS_AT_ONCE])))
        found.update((row["id"], article_of(row)) for row in rows.mappings())
    return found


def find_by_url(tx: Connection, url: str) -> FoundByUrl:
    """Give what is stored about a link, however it is written; the latest first."""
    key = url_key(url)
    kept = tx.execute(select(articles).where(articles.c.url_key == key).order_by(articles.c.fetched_at.desc()))
    left = tx.execute(select(drops).where(drops.c.url_key == key).order_by(drops.c.dropped_at.desc()))
    found = tuple(article_of(row) for row in kept.mappings())
    taken_for = tx.execute(
        select(sightings.c.article_id).where(
            sightings.c.source_id.in_(select(sources.c.id)), sightings.c.key == link_key(url)
        )
    ).scalars()
    known = load_articles(tx, set(taken_for) - {article.id for article in found})
    return FoundByUrl(
        articles=found,
        known_as=tuple(known.values()),
        drops=tuple(
            Drop(
                source_id=row.source_id,
                url=row.url,
                title=row.title,
                reason=row.reason,
                detail=row.detail,
                dropped_at=row.dropped_at,
            )
            for row in left
        ),
    )


def prune(tx: Connection, before: datetime, *, sightings_before: datetime | None = None) -> Mapping[str, int]:
    """Forget articles, drops and counts from before `before`, and keys that were last seen before `sightings_before`.

    Keys must outlive articles: an item that a feed still shows is refreshed daily and so never forgotten.
    """
    last = min(before, sightings_before or before)
    return {
        "articles": tx.execute(delete(articles).where(articles.c.fetched_at < before)).rowcount,
        "drops": tx.execute(delete(drops).where(drops.c.dropped_at < before)).rowcount,
        "sightings": tx.execute(delete(sightings).where(sightings.c.last_seen_at < last)).rowcount,
    }


def url_key(url: str) -> str:
    """Digest a link's canonical form: one key for all its spellings."""
    return derive_id(canonical(url)) if url else ""


def article_of(row: RowMapping) -> Article:
    """Build an article from its row, which may carry further columns of a join."""
    values = {name: row[name] for name in Article.__dataclass_fields__}
    return Article(**{**values, "instruments": tuple(values["instruments"])})
