"""Which items of a poll are new, and why the others are not. Pure.

An item is known by any of its keys: its guid, its link, and its text or title with the day. A publisher that changes
all guids at once, or puts a session into every link, therefore repeats nothing.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit

from bot.domain import Article, derive_id
from bot.ingest.cleaning import canonical
from bot.ingest.items import Item
from bot.ingest.memory import SourceMemory, was_cut
from bot.ingest.polled import Candidate, Drop, Polled, Selection, Sighting

FRESHNESS = timedelta(hours=72)
FIRST_WINDOW = timedelta(hours=24)
CLOCK_SKEW = timedelta(hours=26)  # times without a zone and documents dated for tomorrow's issue are no errors
FLOOD_ITEMS = 10
LATE = timedelta(hours=6)  # some feeds are written anew a few times a day, with all that came since
DAY = timedelta(days=1)
OWN_TITLE = 25  # characters from which a title is taken to be one item's own
OWN_TEXT = 80  # the same for a summary


def keys_of(items: Sequence[Item], home: str = "") -> list[tuple[str, ...]]:
    """Give each item's keys, strongest first; what several items of the poll share identifies none of them.

    Titles count only where they are long enough to be one item's own, and together with the day and the text, since a
    column may carry one title for years.
    """
    shared = _Shared(
        guids=Counter(item.guid for item in items if item.guid),
        places=Counter(canonical(item.url) for item in items if item.url),
        titles=Counter(_words(item.title) for item in items),
        front=canonical(home) if home else "",
    )
    return [_keys(item, shared) for item in items]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    guids: Mapping[str, int]
    places: Mapping[str, int]
    titles: Mapping[str, int]
    front: str  # the feed's own home page, to which some feeds link every item


def _keys(item: Item, shared: _Shared) -> tuple[str, ...]:
    if item.identity:
        return (_key("guid", item.identity),)
    found: list[str] = []
    if item.guid and shared.guids[item.guid] == 1:
        is_link = item.guid.startswith(("http://", "https://"))
        found.append(_key("guid", canonical(item.guid) if is_link else item.guid))
    if item.url:
        place = canonical(item.url)
        parts = urlsplit(f"//{place}")
        if shared.places[place] == 1 and place != shared.front and (parts.path or parts.query):
            found.append(link_key(item.url))
    title, text = _words(item.title), _words(item.summary)[:2000]
    day = str(item.published_at.date()) if item.published_at else ""
    if len(text) >= OWN_TEXT:
        found.append(_key("text", f"{title}|{day}|{text}"))
    elif not found or (shared.titles[title] == 1 and len(title) >= OWN_TITLE):
        found.append(_key("title", f"{title}|{day}"))
    return tuple(found)


def link_key(url: str) -> str:
    """Give the key under which a link is remembered, however it is written."""
    return _key("url", canonical(url))


def _words(text: str) -> str:
    return re.sub(r"\W+", " ", text).casefold().strip()


def _key(name: str, value: str) -> str:
    return f"{name}:{derive_id(value)}"


def select(
    polled: Polled,
    known: Mapping[str, str],
    *,
    now: datetime,
    freshness: timedelta = FRESHNESS,
    first_window: timedelta = FIRST_WINDOW,
) -> Selection:
    """Sort the items of one poll into new, known and dropped.

    `known` maps keys to article ids for this source. On a source's first poll only items of the last `first_window`
    pass. An item without a date counts as new only where the source's option `undated` is `accept` and the item turned
    up between two polls.
    """
    limits = _Limits(
        now=now,
        first=polled.first,
        freshness=freshness,
        first_window=first_window,
        accept_undated=polled.source.options.get("undated") == "accept",
    )
    unknown: list[tuple[Candidate, Drop | None]] = []
    sightings: dict[str, Sighting] = {}
    for candidate in polled.items:
        article = candidate.article
        earlier = next((known[key] for key in candidate.keys if key in known), None)
        earlier = earlier or next((sightings[key].article_id for key in candidate.keys if key in sightings), None)
        for key in candidate.keys:
            sighting = Sighting(source_id=article.source_id, key=key, article_id=earlier or article.id)
            sightings.setdefault(key, sighting)
        if not earlier:
            unknown.append((candidate, _refuse(article, limits)))
    held = _flooding(unknown, polled)
    new = [one.article for one, drop in unknown if drop is None and one.article.id not in held]
    drops = [drop for _, drop in unknown if drop]
    drops += [_hold(one.article, now) for one, drop in unknown if drop is None and one.article.id in held]
    return Selection(
        new=tuple(sorted(new, key=lambda article: article.at)),
        sightings=tuple(sightings.values()),
        drops=tuple(drops),
        known=len(polled.items) - len(unknown),
        flood=bool(held),
        memory=_remember(polled.memory, now, unseen=len(unknown), new=len(new), drops=drops),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    now: datetime
    first: bool
    freshness: timedelta
    first_window: timedelta
    accept_undated: bool


def _refuse(article: Article, limits: _Limits) -> Drop | None:
    at, now = article.published_at, limits.now
    if not article.title:
        return _drop(article, now, "no_text", "the item has neither a title nor a text")
    if not article.url:
        return _drop(article, now, "no_link", "the item has no usable http(s) link")
    if at is None:
        if limits.first or not limits.accept_undated:
            return _drop(article, now, "undated", "the item has no date, so that nothing shows it to be new")
        return None
    written = f"{at:%Y-%m-%d %H:%M} UTC"
    if at > now + CLOCK_SKEW:
        return _drop(article, now, "future", f"the item is dated {written}, which is yet to come")
    if limits.first and at < now - limits.first_window:
        return _drop(article, now, "before_first_poll", f"published {written}, before the source was watched")
    if at < now - limits.freshness:
        return _drop(article, now, "old", f"published {written}, older than {_span(limits.freshness)}")
    return None


def _flooding(unknown: Sequence[tuple[Candidate, Drop | None]], polled: Polled) -> Collection[str]:
    """Find items that are unknown although they should have been seen: dated well before the last good poll.

    An issue of a gazette, all of it dated by the day or for one hour, comes out at any time of that day.
    """
    total, seen_at = len(polled.items), polled.before.last_success_at
    if (
        polled.first
        or was_cut(polled.before)
        or seen_at is None
        or len(unknown) * 2 <= total
        or len(unknown) < FLOOD_ITEMS
    ):
        return ()
    hours = Counter(one.article.published_at.time() for one, _ in unknown if one.article.published_at)
    by_day = {time(), *(hour for hour, times in hours.items() if times * 2 > len(unknown))}
    overdue = [
        one.article.id
        for one, drop in unknown
        if (drop is None or drop.reason in {"old", "undated"})
        and ((at := one.article.published_at) is None or at + (DAY if at.time() in by_day else LATE) < seen_at)
    ]
    return frozenset(overdue) if len(overdue) * 2 > total else ()


def _remember(memory: SourceMemory, now: datetime, *, unseen: int, new: int, drops: Sequence[Drop]) -> SourceMemory:
    undated = sum(drop.reason == "undated" for drop in drops)
    memory = replace(
        memory,
        items_seen=memory.items_seen + unseen,
        items_undated=memory.items_undated + undated,
        items_new=memory.items_new + new,
    )
    if not unseen:
        return memory
    if memory.last_new_at is None:
        return replace(memory, last_new_at=now)
    gap = (now - memory.last_new_at).total_seconds()
    mean = memory.mean_gap_seconds * 0.9 + gap * 0.1 if memory.mean_gap_seconds else gap
    return replace(memory, last_new_at=now, mean_gap_seconds=mean, silence_reported_at=None)


def _hold(article: Article, now: datetime) -> Drop:
    return _drop(article, now, "flood", "the source changed most of its items at once; old ones were held back")


def _drop(article: Article, now: datetime, reason: str, detail: str) -> Drop:
    return Drop(
        source_id=article.source_id,
        url=article.url,
        title=article.title,
        reason=reason,
        detail=detail,
        dropped_at=now,
    )


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:g} hours" if hours < 96 else f"{hours / 24:g} days"
