"""From a week of stories to messages in a chat: planned, sent through the real sender to the fake Bot API, resumed."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.alerting.digests.planning import plan_due
from bot.alerting.digests.previewing import compose_now, digest_now, running_period
from bot.domain import DeliveryState
from bot.storage.outbox import enqueue
from bot.telegram.notifier import TelegramTarget, make_bot, make_request
from tests.fakes import bot_api_faults as faults
from tests.fakes.bot_api import BotApi
from tests.fakes.sending import JumpClock, make_sender, state_of
from tests.fakes.values import chat, subscription
from tests.fakes.weeks import add_chats

END = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOW = END + timedelta(seconds=30)


@pytest.fixture
async def api():
    async with BotApi() as api:
        yield api


@pytest.fixture
async def target(api):
    bot = make_bot(api.token, api=api.url, request=make_request(read_timeout=0.3))
    await bot.initialize()
    yield TelegramTarget(bot)
    await bot.shutdown()


@pytest.fixture
def joined(world):
    with world.begin() as tx:
        add_chats(tx, [chat(created_at=END - timedelta(days=3))], [subscription(query="changes")])
    return world


async def plan(engine, tmp_path, charts, now=NOW):
    return await plan_due(engine, now=now, charts=charts, pictures=tmp_path / "pictures")


async def test_a_week_arrives_as_a_picture_with_caption_and_its_text_once(joined, tmp_path, charts, api, target):
    clock = JumpClock(NOW)
    for minutes in range(3):
        await plan(joined, tmp_path, charts, NOW + timedelta(minutes=minutes))
        await make_sender(joined, target, clock).drain()
    first, *rest = api.chat(42).messages
    assert first.photo is not None
    assert first.photo.startswith(b"\x89PNG")
    assert "The week to 23 Nov 2026" in first.text
    assert "A quiet week" not in first.text
    assert 1 <= len(rest) <= 5
    assert all(message.photo is None for message in rest)
    assert "41 of 42 sources healthy" in rest[-1].text


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.server_error(500), id="server-error"),
        pytest.param(faults.reset(accepted=False), id="connection-reset"),
        pytest.param(faults.flood(60), id="too-many-requests"),
    ],
)
async def test_a_digest_that_was_interrupted_is_resumed_and_no_part_is_sent_twice(  # noqa: PLR0917 - fixtures
    joined, tmp_path, charts, api, target, fault
):
    clock = JumpClock(NOW)
    await plan(joined, tmp_path, charts)
    api.fail(fault, method="sendMessage")
    sender = make_sender(joined, target, clock)
    await sender.drain()
    clock.pass_by(minutes=10)
    await sender.drain()
    texts = [message.text for message in api.chat(42).messages]
    assert len(texts) == len(set(texts)) > 1
    assert sum(message.photo is not None for message in api.chat(42).messages) == 1


async def test_a_picture_that_is_gone_leaves_its_caption(joined, tmp_path, charts, api, target):
    await plan(joined, tmp_path, charts)
    for path in (tmp_path / "pictures").glob("*.png"):
        path.unlink()
    await make_sender(joined, target, JumpClock(NOW)).drain()
    assert "The week to 23 Nov 2026" in api.texts(42)[0]


async def test_the_digest_on_request_is_sent_and_does_not_count_as_the_weeks(joined, tmp_path, charts, api, target):
    owed = await digest_now(joined, chat(), now=NOW, charts=charts, pictures=tmp_path / "pictures")
    with joined.begin() as tx:
        assert enqueue(tx, [owed, owed]) == 1
    await make_sender(joined, target, JumpClock(NOW)).drain()
    assert state_of(joined, owed).state is DeliveryState.SENT
    assert (await plan(joined, tmp_path, charts)).planned == 1


def test_a_preview_is_composed_on_the_callers_thread_and_says_what_it_is(joined, tmp_path, charts) -> None:
    made = compose_now(joined, chat(), now=NOW, charts=charts, pictures=tmp_path / "pictures", preview=True)
    assert "Preview of the next digest" in made.parts[0].plain
    assert made.parts[0].photo is not None


def test_a_preview_covers_the_time_since_the_last_digest_and_the_digest_now_a_whole_week() -> None:
    now = END + timedelta(days=2)
    assert running_period(chat(), now=now, preview=True).start == END
    assert running_period(chat(), now=now, preview=False).start == now - timedelta(days=7)
    assert running_period(chat(digest_daily=True), now=now, preview=False).start == now - timedelta(days=1)
