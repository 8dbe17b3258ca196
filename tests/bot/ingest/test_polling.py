from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import Source, SourceKind
from bot.ingest.fetching import FailureKind, Fetcher
from bot.ingest.identity import select
from bot.ingest.memory import NO_ITEMS, SourceMemory
from bot.ingest.parsing import InlineParsers
from bot.ingest.polled import Polled, Selection
from bot.ingest.polling import poll
from tests.fakes.feed_faults import NOW, Entry, Reply, rss, series
from tests.fakes.feed_server import FeedServer

SourceAt = Callable[..., Source]
PARSERS = InlineParsers()


async def polled(fetcher: Fetcher, source: Source, memory: SourceMemory | None = None, now: datetime = NOW) -> Polled:
    return await poll(source, memory or SourceMemory(), fetcher, PARSERS, now=now)


async def test_a_first_poll_remembers_validators_and_when_to_come_again(fetcher: Fetcher, source_at: SourceAt) -> None:
    first = await polled(fetcher, source_at("/feed/a"))
    assert first.first
    assert first.failure is None
    assert len(first.items) == 10
    assert first.memory.etag == '"/feed/a"'
    assert first.memory.last_full_at == first.memory.last_success_at == first.memory.first_polled_at == NOW
    assert first.memory.next_poll_at is not None
    assert (
        NOW + timedelta(minutes=7.5) <= first.memory.next_poll_at <= NOW + timedelta(minutes=24)
    )  # away from the rest
    assert first.items[0].article.publisher == "The Paper"
    assert first.items[0].article.fetched_at == NOW


async def test_an_unchanged_feed_is_asked_with_its_validator_and_costs_nothing(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt
) -> None:
    first = await polled(fetcher, source_at("/feed/a"))
    second = await polled(fetcher, source_at("/feed/a"), first.memory, NOW + timedelta(minutes=15))
    assert server.requests[1].headers["if-none-match"] == '"/feed/a"'
    assert second.status == "unchanged"
    assert second.items == ()
    assert second.memory.last_success_at == NOW + timedelta(minutes=15)
    assert second.memory.last_full_at == NOW


@pytest.mark.parametrize("path", ["/304-forever", "/lastmod-2041", "/etag-weak"])
async def test_validators_that_never_change_are_left_out_once_a_day(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt, path: str
) -> None:
    memory = (await polled(fetcher, source_at(path))).memory
    memory = (await polled(fetcher, source_at(path), memory, NOW + timedelta(hours=23))).memory
    assert {"if-none-match", "if-modified-since"} & set(server.requests[1].headers)
    full = await polled(fetcher, source_at(path), memory, NOW + timedelta(hours=24))
    assert not {"if-none-match", "if-modified-since"} & set(server.requests[2].headers)
    assert len(full.items) == 3


async def test_a_body_that_did_not_change_is_not_read_again(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt
) -> None:
    server.serve("/same", rss(series(2)))
    first = await polled(fetcher, source_at("/same"))
    second = await polled(fetcher, source_at("/same"), first.memory, NOW + timedelta(minutes=15))
    assert second.status == "unchanged"


async def test_validators_that_cannot_be_sent_back_are_not_kept(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt
) -> None:
    server.serve("/odd-etag", Reply(headers={"ETag": '"\xe4\xf6"', "Last-Modified": "x" * 2000}, body=rss(series(1))))
    first = await polled(fetcher, source_at("/odd-etag"))
    assert (first.memory.etag, first.memory.last_modified) == ("", "")


async def test_a_304_to_a_full_request_is_no_success(server: FeedServer, fetcher: Fetcher, source_at: SourceAt) -> None:
    server.serve("/always-304", Reply(status=304))
    assert (await polled(fetcher, source_at("/always-304"))).failure is not None


async def test_validators_are_forgotten_when_the_server_sends_none(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt
) -> None:
    server.serve("/drops-etag", Reply(headers={"ETag": '"1"'}, body=rss(series(1))), rss(series(2)))
    first = await polled(fetcher, source_at("/drops-etag"))
    second = await polled(fetcher, source_at("/drops-etag"), first.memory, NOW + timedelta(minutes=15))
    assert second.memory.etag == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_no_validator_of_an_answer_that_was_cut_off_is_believed(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt, encoding: str
) -> None:
    old, new = (rss(series(number)).decode().replace("utf-8", encoding).encode(encoding) for number in (2, 6))
    server.serve(
        "/cut",
        Reply(headers={"ETag": '"old"'}, body=old),
        Reply(headers={"ETag": '"new"'}, body=new[: len(new) // 4 * 2]),
        Reply(headers={"ETag": '"new"'}, body=new),
    )
    memory, seen = SourceMemory(), []
    for turn in range(3):
        found = await polled(fetcher, source_at("/cut"), memory, NOW + timedelta(minutes=15 * turn))
        memory = found.memory
        seen.append((memory.etag, len(found.items)))
    assert seen[0] == ('"old"', 2)
    assert seen[1][0] == '"old"'  # as old as what was read in full
    assert seen[2] == ('"new"', 6)


async def test_the_rest_of_a_first_answer_that_was_cut_off_is_neither_news_nor_a_flood(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt
) -> None:
    old = series(30, start=100)  # the newest an hour before, the oldest more than a day
    fresh = Entry(title="Ministry bans exports of gallium at once", link="https://news.test/x", at=NOW)
    whole = rss([*old, fresh])
    server.serve("/cut", whole[: len(whole) // 3], whole)
    memory, known, seen = SourceMemory(), {}, []
    for turn in range(2):
        now = NOW + timedelta(hours=1.5, minutes=15 * turn)
        found = await polled(fetcher, source_at("/cut"), memory, now)
        chosen = select(found, known, now=now)
        memory = chosen.memory
        known |= {one.key: one.article_id for one in chosen.sightings}
        seen.append(chosen)
    assert memory.first_polled_at is not None
    assert fresh.title in [article.title for article in seen[1].new]
    assert {drop.reason for drop in seen[1].drops} == {"before_first_poll"}


async def test_a_feed_that_never_ends_is_taken_as_it_is(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt
) -> None:
    server.serve("/endless", rss(series(5)).removesuffix(b"</channel></rss>"))
    first = await polled(fetcher, source_at("/endless"))
    second = await polled(fetcher, source_at("/endless"), first.memory, NOW + timedelta(minutes=15))
    assert (first.memory.first_polled_at, second.memory.first_polled_at) == (None, NOW + timedelta(minutes=15))
    assert first.memory.last_success_at == NOW


@pytest.mark.parametrize("path", ["/empty-200", "/login-html", "/404", "/500", "/410", "/429-junk", "/reset-midway"])
async def test_a_failing_poll_keeps_what_is_known(fetcher: Fetcher, source_at: SourceAt, path: str) -> None:
    memory = replace((await polled(fetcher, source_at("/feed/a"))).memory, items_seen=10)
    failed = await polled(fetcher, source_at(path), memory, NOW + timedelta(minutes=15))
    assert failed.failure is not None
    assert failed.items == ()
    assert failed.memory.etag == memory.etag
    assert failed.memory.state == memory.state
    assert failed.memory.last_success_at == NOW
    assert failed.memory.error_streak == 1
    assert failed.status == failed.memory.last_status != ""
    assert failed.memory.next_poll_at > NOW + timedelta(minutes=15)


async def test_a_source_that_was_down_for_days_resumes_alone(fetcher: Fetcher, source_at: SourceAt) -> None:
    memory, now = SourceMemory(), NOW
    while now < NOW + timedelta(days=5):
        memory = (await polled(fetcher, source_at("/500"), memory, now)).memory
        assert memory.next_poll_at is not None
        assert memory.next_poll_at - now <= timedelta(hours=24)
        now = memory.next_poll_at
    assert memory.error_streak > 5
    assert memory.paused_reason == ""
    up = await polled(fetcher, source_at("/feed/a"), memory, now)
    assert up.memory.error_streak == 0
    assert len(up.items) == 10


async def test_gone_for_good_pauses_and_says_so(fetcher: Fetcher, source_at: SourceAt) -> None:
    gone = await polled(fetcher, source_at("/410"))
    assert gone.failure is not None
    assert gone.failure.kind is FailureKind.GONE
    assert "410" in gone.memory.paused_reason
    missing = await polled(fetcher, source_at("/404"))
    assert missing.memory.paused_reason == ""


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [("/429-secs", 2, 3), ("/429-date", 60, 64), ("/429-past", 1, 2), ("/429-1e9", 1440, 1440), ("/503-ra", 60, 64)],
)
async def test_retry_after_is_obeyed(fetcher: Fetcher, source_at: SourceAt, path: str, least: int, most: int) -> None:
    waiting = await polled(fetcher, source_at(path))
    assert waiting.memory.next_poll_at is not None
    assert timedelta(minutes=least) <= waiting.memory.next_poll_at - NOW <= timedelta(minutes=most)


async def test_a_permanent_move_is_believed_after_three_polls_and_a_day(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt
) -> None:
    source, memory = source_at("/301-chain"), SourceMemory()
    target = server.url("/feed/moved", host="paper.test")
    for hours in (0, 1, 2, 3):
        memory = (await polled(fetcher, source, memory, NOW + timedelta(hours=hours))).memory
        assert memory.moved_url == ""
    memory = (await polled(fetcher, source, memory, NOW + timedelta(hours=25))).memory
    assert memory.moved_url == target
    server.requests.clear()
    await polled(fetcher, source, memory, NOW + timedelta(hours=26))
    assert [one.path for one in server.requests] == ["/feed/moved"]


@pytest.mark.parametrize("path", ["/302-temp", "/301-then-302"])
async def test_a_temporary_redirect_never_moves_a_source(fetcher: Fetcher, source_at: SourceAt, path: str) -> None:
    memory = SourceMemory()
    for days in range(5):
        memory = (await polled(fetcher, source_at(path), memory, NOW + timedelta(days=days))).memory
    assert memory.moved_url == ""


async def test_a_feed_that_shrinks_to_nothing_is_noted_and_not_forgotten(fetcher: Fetcher, source_at: SourceAt) -> None:
    first = await polled(fetcher, source_at("/shrinks-to-0"))
    later = await polled(
        fetcher, source_at("/shrinks-to-0"), replace(first.memory, items_seen=30), NOW + timedelta(hours=1)
    )
    assert later.failure is None
    assert later.status == NO_ITEMS


async def test_wishes_of_the_feed_and_its_server_are_kept(fetcher: Fetcher, source_at: SourceAt) -> None:
    waits = {
        path: (await polled(fetcher, source_at(path))).memory.next_poll_at
        for path in ("/ttl-1", "/maxage-1y", "/skiphours-all")
    }
    assert waits["/ttl-1"] < NOW + timedelta(minutes=24)
    assert waits["/maxage-1y"] == NOW + timedelta(hours=24)
    assert waits["/skiphours-all"] < NOW + timedelta(minutes=24)


async def test_the_newest_item_s_date_is_remembered(server: FeedServer, fetcher: Fetcher, source_at: SourceAt) -> None:
    old = datetime(2017, 5, 1, tzinfo=UTC)
    server.serve("/frozen", rss([Entry(at=old), Entry(title="x", link="/x", at=NOW + timedelta(days=900))]))
    assert (await polled(fetcher, source_at("/frozen"))).memory.newest_item_at == old


async def test_the_failure_of_a_redirect_names_where_it_led_without_secrets(
    server: FeedServer, fetcher: Fetcher, source_at: SourceAt
) -> None:
    place = server.url("/404", host="other.test").replace("http://", "http://me:hunter2@") + "?token=canary"
    server.serve("/away", Reply(status=302, headers={"Location": place}))
    failed = await polled(fetcher, source_at("/away"))
    assert "other.test" in failed.status
    assert "hunter2" not in failed.status
    assert "canary" not in failed.status


async def test_a_kind_may_ask_twice(server: FeedServer, fetcher: Fetcher, source_at: SourceAt) -> None:
    server.serve("/lastupdate.txt", f"1 a {server.url('/x.gkg.csv.zip', host='paper.test')}")
    server.serve("/x.gkg.csv.zip", b"not a zip")
    failed = await polled(fetcher, source_at("/lastupdate.txt", kind=SourceKind.GDELT))
    assert [one.path for one in server.requests] == ["/lastupdate.txt", "/x.gkg.csv.zip"]
    assert failed.failure is not None
    assert "zip" in failed.failure.text
    assert failed.memory.state == {}


@pytest.mark.parametrize("path", ["/guid-flip", "/session-guid"])
async def test_publishers_that_change_all_identities_repeat_nothing(
    fetcher: Fetcher, source_at: SourceAt, path: str
) -> None:
    known: dict[str, str] = {}
    memory, fresh = SourceMemory(), []
    for n in range(4):
        one = await polled(fetcher, source_at(path), memory, NOW + timedelta(minutes=15 * n))
        selection = select_into(one, known)
        memory = selection.memory
        fresh.append(len(selection.new))
    assert fresh[0] > 0
    assert fresh[1:] == [0, 0, 0]


def select_into(one: Polled, known: dict[str, str]) -> Selection:
    selection = select(one, known, now=one.polled_at)
    known.update((sighting.key, sighting.article_id) for sighting in selection.sightings)
    return selection
