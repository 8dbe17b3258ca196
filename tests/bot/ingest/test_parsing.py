import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import Source, SourceKind
from bot.ingest.fetching import Failure, FailureKind, Request, Response
from bot.ingest.items import Parsed
from bot.ingest.parsing import RETIRE_ABOVE_KB, InlineParsers, ParserPool
from tests.fakes.feed_faults import NOW, Entry, rss, series

pytestmark = pytest.mark.long

SOURCE = Source(
    id="paper", name="The Paper", url="https://paper.test/feed", kind=SourceKind.FEED, tier=3, publisher="The Paper"
)
# what the defusing does not see through: an author behind a nested element, quadratic in feedparser
QUADRATIC = rss([Entry(extra=f"<author><x/>a@{'a.' * 60_000}!</author>")])


def response(body: bytes) -> Response:
    return Response(request=Request(url=SOURCE.url), url=SOURCE.url, status=200, body=body)


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    async with ParserPool(size=1, cpu_seconds=1) as made:
        yield made


async def test_the_pool_reads_what_this_process_would(pool: ParserPool) -> None:
    body = response(rss(series(3), head="<ttl>60</ttl>"))
    there = await pool.parse(SOURCE, body, {"seen": [1]}, at=NOW)
    here = await InlineParsers().parse(SOURCE, body, {"seen": [1]}, at=NOW)
    assert there == here
    assert isinstance(there, Parsed)
    assert len(there.items) == 3
    assert there.ttl_minutes == 60


async def test_a_parser_that_burns_its_allowance_is_replaced(pool: ParserPool) -> None:
    burnt = await pool.parse(SOURCE, response(QUADRATIC), {}, at=NOW)
    assert isinstance(burnt, Failure)
    assert burnt.kind is FailureKind.PARSER
    assert "CPU" in burnt.text
    assert isinstance(await pool.parse(SOURCE, response(rss(series(1))), {}, at=NOW), Parsed)


async def test_a_parser_serves_on_however_large_this_process_is(pool: ParserPool) -> None:
    ballast = b"x" * (RETIRE_ABOVE_KB + 50_000) * 1024
    used = []
    for _ in range(2):
        assert isinstance(await pool.parse(SOURCE, response(rss(series(1))), {}, at=NOW), Parsed)
        used += [process._process.pid for process in pool._idle if process]
    assert len(ballast) > RETIRE_ABOVE_KB * 1024
    assert len(used) == 2
    assert len(set(used)) == 1


async def test_a_parser_that_hangs_is_stopped_by_the_clock() -> None:
    async with ParserPool(size=1, cpu_seconds=30, deadline=timedelta(seconds=0.3)) as pool:
        stopped = await pool.parse(SOURCE, response(QUADRATIC), {}, at=NOW)
    assert isinstance(stopped, Failure)
    assert "stopped" in stopped.text


async def test_a_cancelled_job_leaves_a_pool_that_works(pool: ParserPool) -> None:
    job = asyncio.create_task(pool.parse(SOURCE, response(QUADRATIC), {}, at=NOW))
    await asyncio.sleep(0.1)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert isinstance(await pool.parse(SOURCE, response(rss(series(1))), {}, at=NOW), Parsed)


async def test_what_is_no_feed_is_refused_in_words(pool: ParserPool) -> None:
    refused = await pool.parse(SOURCE, response(b"<!doctype html><html></html>"), {}, at=NOW)
    assert isinstance(refused, Failure)
    assert refused.kind is FailureKind.NOT_A_FEED
    assert refused.text == "the answer is a web page, not a feed"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
async def test_the_parser_process_sees_no_secret(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "12345:canary")
    assert isinstance(await pool.parse(SOURCE, response(rss(series(1))), {}, at=NOW), Parsed)
    (process,) = [one for one in pool._idle if one]
    assert b"canary" not in environment_of(process._process.pid)
