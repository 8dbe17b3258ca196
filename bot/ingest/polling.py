"""One poll of one source: from the request to cleaned candidates, and to what is remembered of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import Article, Source, derive_id
from bot.ingest import cadence
from bot.ingest.cleaning import redact
from bot.ingest.fetching import REDIRECTS, Failure, FailureKind, Fetcher, Request, Response
from bot.ingest.identity import CLOCK_SKEW, keys_of
from bot.ingest.items import Item, Parsed
from bot.ingest.keyring import headers_for
from bot.ingest.kinds import KINDS
from bot.ingest.memory import CUT, NO_ITEMS, SourceMemory, was_cut
from bot.ingest.parsing import Parsers
from bot.ingest.polled import Candidate, Polled
from bot.ingest.references import has_reference, literal_secret, may_carry, origin

FULL_EVERY = timedelta(hours=24)  # servers whose validators never change are asked without them once a day
MOVE_PROOFS = 3  # a permanent redirect is believed after so many polls
MOVE_AFTER = timedelta(hours=24)  # and so long
MAX_STEPS = 4  # requests of one poll


async def poll(source: Source, memory: SourceMemory, fetcher: Fetcher, parsers: Parsers, *, now: datetime) -> Polled:
    """Poll once. Never raises for what the source or the network does; see `Polled.failure`."""
    if memory.moved_url:
        source = replace(source, url=memory.moved_url)
    course = _Course(source=source, memory=memory, now=now)
    state: Mapping[str, Any] = _mapping(memory.state.get("kind"))
    request = _asking(source, KINDS[source.kind].request(source, state, now))
    if not course.full:
        request = replace(request, etag=memory.etag, last_modified=memory.last_modified)
    first = response = await fetcher.fetch(request)
    items: list[Item] = []
    for step in range(MAX_STEPS):
        if step:
            response = await fetcher.fetch(request)
        failure = judge(response) or course.doubt(response)
        if failure:
            return course.failed(response, failure)
        if step == 0 and course.is_unchanged(response):
            return course.unchanged(response)
        found = await parsers.parse(source, response, state, at=now)
        if isinstance(found, Failure):
            return course.failed(response, replace(found, text=fetcher.keyring.redact(found.text)))
        found = fetcher.keyring.veil_parsed(source, found)
        items.extend(found.items)
        state = state if found.state is None else found.state
        if not found.follow:
            return course.succeeded(first, replace(found, items=tuple(items), state=state))
        request = _asking(source, found.follow)
    text = f"more than {MAX_STEPS} requests for one poll"
    return course.failed(response, Failure(kind=FailureKind.PARSER, text=text))


def _asking(source: Source, wanted: Mapping[str, Any]) -> Request:
    """Make a request with the headers that the source wants, and over them those of its kind."""
    return Request(**{**wanted, "headers": headers_for(source, wanted.get("headers") or {})})


def judge(response: Response) -> Failure | None:
    """Say what is wrong with a response before it is read, or None."""
    status = response.status
    if response.failure:
        return response.failure
    if status == 410:
        return Failure(kind=FailureKind.GONE, text="gone for good (410)")
    if status in {429, 503}:
        return Failure(kind=FailureKind.BUSY, text=f"asked us to wait ({status})")
    if status in REDIRECTS:
        return Failure(kind=FailureKind.REDIRECTS, text=f"redirect without a target ({status})")
    if status not in {200, 304}:
        return Failure(kind=FailureKind.STATUS, text=f"answered {status}")
    if status == 200 and not response.body.strip():
        return Failure(kind=FailureKind.NOT_A_FEED, text="the answer is empty")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """One poll under way: what every outcome needs to become a Polled."""

    source: Source
    memory: SourceMemory
    now: datetime

    @property
    def full(self) -> bool:
        last = self.memory.last_full_at
        return last is None or self.now - last >= FULL_EVERY

    def doubt(self, response: Response) -> Failure | None:
        if response.status == 304 and self.full:
            return Failure(kind=FailureKind.STATUS, text="answered 304, although nothing was said to be known")
        return None

    def is_unchanged(self, response: Response) -> bool:
        return response.status == 304 or (not self.full and self.memory.state.get("body") == _digest(response))

    def unchanged(self, response: Response) -> Polled:
        after = replace(self._answered(response, self.memory.state), last_status="unchanged")
        return self._polled(after)

    def succeeded(self, response: Response, parsed: Parsed) -> Polled:
        wishes = {"ttl_minutes": parsed.ttl_minutes, "skip_hours": parsed.skip_hours, "skip_days": parsed.skip_days}
        state = {**self.memory.state, "kind": dict(parsed.state or {}), "body": _digest(response), "wishes": wishes}
        items = candidates_of(self.source, parsed, self.now)
        status = "1 item" if len(items) == 1 else f"{len(items)} items"
        if not items and self.memory.items_seen:
            status = NO_ITEMS
        # Of an answer that was cut off no validator is believed: "unchanged" would hide what was not read. Nor was it
        # the first poll, unless the feed comes like this every time: the rest of it is no news and no flood.
        whole, before = parsed.whole, self.memory
        began = whole or was_cut(before)
        state[CUT] = not whole
        after = replace(
            self._answered(response, state),
            etag=_validator(response, "etag") if whole else before.etag,
            last_modified=_validator(response, "last-modified") if whole else before.last_modified,
            last_full_at=self.now if self.full and whole else before.last_full_at,
            first_polled_at=before.first_polled_at or (self.now if began else None),
            newest_item_at=_newest(items, self.memory.newest_item_at, self.now),
            last_status=status,
        )
        return self._polled(after, items=items, notes=parsed.notes)

    def failed(self, response: Response, failure: Failure) -> Polled:
        streak = self.memory.error_streak + 1
        elsewhere = f" [{redact(response.url)}]" if response.url != response.request.url else ""
        gone = failure.kind is FailureKind.GONE
        after = replace(
            self.memory,
            next_poll_at=cadence.after_failure(
                every=self.source.poll_every,
                now=self.now,
                streak=streak,
                kind=failure.kind,
                headers=response.headers if response.status >= 400 else {},
                seed=self.source.id,
            ),
            last_polled_at=self.now,
            last_status=(failure.text + elsewhere)[:200],
            error_streak=streak,
            polls=self.memory.polls + 1,
            paused_reason="its publisher says that it is gone for good (410)" if gone else "",
        )
        return self._polled(after, failure=failure)

    def _answered(self, response: Response, state: Mapping[str, object]) -> SourceMemory:
        wishes = _mapping(state.get("wishes"))
        return replace(
            _after_redirects(self.memory, response, self.now, state),
            next_poll_at=cadence.after_success(
                every=self.source.poll_every,
                now=self.now,
                headers=response.headers,
                ttl_minutes=wishes.get("ttl_minutes"),
                skip_hours=wishes.get("skip_hours") or (),
                skip_days=wishes.get("skip_days") or (),
                seed=f"{self.source.id}:{self.memory.polls}",
                crowded=cadence.is_crowded(
                    self.memory.next_poll_at, error_streak=self.memory.error_streak, now=self.now
                ),
            ),
            first_polled_at=self.memory.first_polled_at or self.now,
            last_polled_at=self.now,
            last_success_at=self.now,
            error_streak=0,
            silence_reported_at=None if self.memory.error_streak else self.memory.silence_reported_at,
            polls=self.memory.polls + 1,
        )

    def _polled(
        self,
        after: SourceMemory,
        *,
        items: tuple[Candidate, ...] = (),
        notes: tuple[str, ...] = (),
        failure: Failure | None = None,
    ) -> Polled:
        return Polled(
            source=self.source,
            before=self.memory,
            memory=after,
            items=items,
            status=after.last_status,
            failure=failure,
            notes=notes,
            polled_at=self.now,
        )


def _after_redirects(
    memory: SourceMemory, response: Response, now: datetime, state: Mapping[str, object]
) -> SourceMemory:
    """Count the proofs of a permanent redirect; after enough of them over enough time the new address is used."""
    target = response.moved_to
    strayed = has_reference(target) and not may_carry(origin(response.request.url), origin(target))
    if strayed or literal_secret(target):
        target = ""  # a secret stays with the host that the sources file gives it to, and none is stored
    rest = {name: value for name, value in state.items() if name != "moving"}
    if not target:
        return replace(memory, state=rest)
    moving = _mapping(memory.state.get("moving"))
    if moving.get("to") != target:
        moving = {"to": target, "since": now.isoformat(), "times": 0}
    times, since = int(moving["times"]) + 1, datetime.fromisoformat(str(moving["since"]))
    if times >= MOVE_PROOFS and now - since >= MOVE_AFTER:
        return replace(memory, state=rest, moved_url=target)
    return replace(memory, state={**rest, "moving": {**moving, "times": times}})


def candidates_of(source: Source, parsed: Parsed, now: datetime) -> tuple[Candidate, ...]:
    """Turn items into articles with their keys; an id comes from the source and its strongest key."""
    pairs = zip(parsed.items, keys_of(parsed.items, parsed.home), strict=True)
    return tuple(Candidate(article=_article(source, item, keys, now), keys=keys) for item, keys in pairs)


def _newest(items: tuple[Candidate, ...], before: datetime | None, now: datetime) -> datetime | None:
    times = [at for item in items if (at := item.article.published_at) and at <= now + CLOCK_SKEW]
    return max([*times, before] if before else times, default=None)


def _article(source: Source, item: Item, keys: tuple[str, ...], now: datetime) -> Article:
    published_at = item.published_at
    if published_at and now < published_at <= now + CLOCK_SKEW:
        published_at = now  # a clock or a time zone that is off must not put an article into the future
    return Article(
        id=derive_id(source.id, keys[0]),
        source_id=source.id,
        publisher=item.publisher or source.publisher,
        tier=source.tier,
        lang=item.lang or source.lang,
        url=item.url,
        title=item.title,
        summary=item.summary,
        text=item.text,
        guid=item.guid,
        published_at=published_at,
        fetched_at=now,
        instruments=item.instruments,
    )


def _validator(response: Response, name: str) -> str:
    """Give a validator verbatim, or nothing where it could not be sent back in a header, or holds a secret."""
    value = response.headers.get(name, "")
    fit = value.isascii() and value.isprintable() and len(value) <= 1000 and not has_reference(value)
    return value if fit else ""


def _digest(response: Response) -> str:
    return hashlib.blake2b(response.body, digest_size=8).hexdigest()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
