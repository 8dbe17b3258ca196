"""The sender against the fake Bot API through the real library: every row of F1, A2 and A3 that concerns sending."""

import asyncio
import random
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from bot.alerting.routing import PRIORITY
from bot.domain import ChatKind, DeliveryKind, DeliveryState, Severity
from bot.storage import outbox
from bot.storage.chats import enable, load_chat, save_chat
from bot.storage.schema import access, chats, deliveries, metadata
from bot.storage.subscriptions import save_subscription, subscriptions_of
from bot.telegram.clocks import SystemClock
from bot.telegram.composing import StoryComposer
from bot.telegram.errors import TokenRefusedError
from bot.telegram.notifier import TelegramTarget, make_bot, make_request
from bot.telegram.pacing import Pacer
from bot.telegram.sender import Sender
from tests.fakes import bot_api_faults as faults
from tests.fakes.bot_api import BotApi
from tests.fakes.sending import make_sender, owe, state_of
from tests.fakes.values import NOW, chat, subscription

pytestmark = pytest.mark.long

GROUP = chat(key="-1007", telegram_id=-1007, kind=ChatKind.GROUP, title="Desk")
TOPIC = chat(key="-1008:5", telegram_id=-1008, thread_id=5, kind=ChatKind.SUPERGROUP, title="Forum")
OWNER = chat(key="7", telegram_id=7)


@pytest.fixture
def owner(engine):
    with engine.begin() as tx:
        save_chat(tx, OWNER)
        tx.execute(access.insert().values(kind="owner", value="7", created_at=NOW))
    return OWNER


async def take_turns(sender, clock, number, **apart):
    for _ in range(number):
        await sender._turn()
        await asyncio.gather(*sender._flying)
        clock.pass_by(**apart)


async def test_what_is_owed_arrives_once_and_is_marked_sent(engine, api, target, clock):
    owed = owe(engine, chat(), "one", "two", "three")
    sender = make_sender(engine, target, clock)
    assert await sender.drain() == 3
    assert await sender.drain() == 0
    assert api.texts(42) == ["one", "two", "three"]
    done = state_of(engine, owed[0])
    assert done.state is DeliveryState.SENT
    assert done.message_ids == (api.chat(42).messages[0].message_id,)


@pytest.mark.parametrize(
    ("fault", "copies", "pause"),
    [
        pytest.param(faults.flood(1), 1, 1, id="T1-429-one-second"),
        pytest.param(faults.flood(35), 1, 35, id="T1-429-half-a-minute"),
        pytest.param(faults.flood(3600), 1, 3600, id="T1-429-one-hour"),
        pytest.param(faults.flood_unstated(), 1, 30, id="T2-429-without-parameters"),
        pytest.param(faults.server_error(500), 1, 5, id="D8-500-json"),
        pytest.param(faults.server_error(504, "Gateway Timeout"), 1, 5, id="D8-504-json"),
        pytest.param(faults.html_page(502), 1, 5, id="D8-502-html"),
        pytest.param(faults.html_page(200), 1, 5, id="D8-200-html"),
        pytest.param(faults.not_ok(), 1, 5, id="D8-200-not-ok"),
        pytest.param(faults.conflict(), 1, 5, id="D11-409"),
        pytest.param(faults.hang(accepted=False), 1, 5, id="D5-no-answer-not-sent"),
        pytest.param(faults.hang(accepted=True), 2, 5, id="D5-no-answer-but-sent"),
        pytest.param(faults.reset(accepted=False), 1, 5, id="D7-reset-not-sent"),
        pytest.param(faults.reset(accepted=True), 2, 5, id="D7-reset-but-sent"),
        pytest.param(faults.not_ok(accepted=True), 2, 5, id="D8-200-not-ok-but-sent"),
    ],
)
async def test_an_alert_outlives_every_passing_failure(  # noqa: PLR0917 - fixtures
    engine, api, target, clock, fault, copies, pause
):
    owed = owe(engine, chat(), "alert")
    api.fail(fault, method="sendMessage")
    sender = make_sender(engine, target, clock)
    await sender.drain()
    assert state_of(engine, owed[0]).state is DeliveryState.DUE
    clock.pass_by(seconds=pause * 0.9)
    await sender.drain()
    assert len(api.sent()) == 1, "it must wait as long as it was told to"
    clock.pass_by(seconds=pause * 0.8 + 2)
    await sender.drain()
    assert api.texts(42) == ["alert"] * copies
    assert state_of(engine, owed[0]).state is DeliveryState.SENT


async def test_with_no_connection_nothing_is_lost_and_no_budget_is_used(engine, api, target, clock):
    owed = owe(engine, chat(), "one", "two")
    sender = make_sender(engine, target, clock)
    await api.stop()
    await take_turns(sender, clock, 5, minutes=2)
    assert sender.desk.counts["unsent"] >= 4
    assert state_of(engine, owed[0]).attempts == 0
    await api.start()
    clock.pass_by(minutes=2)
    await sender.drain()
    assert api.texts(42) == ["one", "two"]


async def test_a_full_connection_pool_means_not_sent(engine, api, clock):
    request = make_request(connections=1, read_timeout=1, connect_timeout=0.2)
    bot = make_bot(api.token, api=api.url, request=request)
    await bot.initialize()
    slow, fast = owe(engine, chat(), "slow", priority=1) + owe(engine, chat(key="43", telegram_id=43), "fast")
    api.fail(faults.hang(accepted=True), chat_id=42)
    sender = make_sender(engine, TelegramTarget(bot), clock)
    await sender._turn()
    await asyncio.gather(*sender._flying)
    assert sender.desk.counts["unsent"] == 1
    assert state_of(engine, fast).attempts == 0
    assert state_of(engine, slow).state is DeliveryState.DUE
    await bot.shutdown()


async def test_a_refused_message_is_parked_with_its_reason_and_the_others_flow_in_order(engine, clock, owner):
    names = [f"message {number:03}" for number in range(100)]
    owed = owe(engine, chat(), *names)
    parts = [{"html": "<b>broken", "plain": ""}]  # no markup, and no text to fall back to
    bad = owe(engine, chat(), "bad", payload={"parts": parts}, created_at=NOW + timedelta(microseconds=50))[0]
    async with BotApi(strict=False) as api:
        bot = make_bot(api.token, api=api.url)
        await bot.initialize()
        sender = make_sender(engine, TelegramTarget(bot), clock)
        for _ in range(4):
            await sender.drain()
            clock.pass_by(minutes=1)
        await bot.shutdown()
    assert api.texts(42) == names
    assert state_of(engine, owed[-1]).state is DeliveryState.SENT
    parked = state_of(engine, bad)
    assert parked.state is DeliveryState.PARKED
    assert "empty" in parked.last_error
    assert "given up" in api.texts(7)[0]


async def test_a_payload_that_cannot_be_rendered_is_parked_at_once(engine, api, target, clock):
    bad, good = owe(engine, chat(), "bad", payload={}) + owe(engine, chat(key="43", telegram_id=43), "good")
    await make_sender(engine, target, clock).drain()
    assert state_of(engine, bad).state is DeliveryState.PARKED
    assert api.texts(43) == ["good"]
    assert state_of(engine, good).state is DeliveryState.SENT


async def test_a_held_chat_keeps_its_order_and_holds_nobody_else(engine, api, target, clock):
    owe(engine, chat(), "a1", "a2")
    owe(engine, chat(key="43", telegram_id=43), "b1", "b2")
    api.fail(faults.flood(100), chat_id=42)
    sender = make_sender(engine, target, clock)
    await sender.drain()
    assert api.texts(42) == []
    assert api.texts(43) == ["b1", "b2"]
    owe(engine, chat(), "urgent", priority=10)
    assert await sender._turn() == 0
    assert api.texts(42) == [], "the whole chat is held, whatever the urgency"
    clock.pass_by(seconds=120)
    await sender.drain()
    assert api.texts(42) == ["urgent", "a1", "a2"]


async def test_many_chats_refused_at_once_hold_everybody(engine, api, target, clock):
    for number in range(3):
        owe(engine, chat(key=str(100 + number), telegram_id=100 + number), "x")
        api.fail(faults.flood(50), chat_id=100 + number)
    sender = make_sender(engine, target, clock)
    await sender.drain()
    owe(engine, chat(), "other")
    assert await sender._turn() == 0
    clock.pass_by(seconds=60)
    await sender.drain()
    assert api.texts(42) == ["other"]


async def test_a_slow_chat_does_not_block_the_others(engine, api, target, clock):
    owe(engine, chat(), "slow")
    api.fail(faults.hang(accepted=False), chat_id=42)
    for number in range(20):
        owe(engine, chat(key=str(100 + number), telegram_id=100 + number), "quick")
    sender = make_sender(engine, target, clock)
    running = asyncio.create_task(sender.drain())
    await api.until(lambda: len(api.sent()) == 21)
    assert all(api.texts(100 + number) == ["quick"] for number in range(20))
    running.cancel()
    await asyncio.gather(running, *sender._flying, return_exceptions=True)


async def test_alerts_leave_ahead_of_digests(engine, api, target, clock):
    for number in range(5):
        key = str(100 + number)
        owe(engine, chat(key=key, telegram_id=int(key)), f"digest {number}", kind=DeliveryKind.DIGEST, priority=70)
    owe(engine, chat(), "alert", created_at=NOW + timedelta(seconds=1))
    await make_sender(engine, target, clock, concurrency=1).drain()
    assert api.sent()[0].parameters["text"] == "alert"


@pytest.mark.parametrize(
    "why",
    [
        "bot was blocked by the user",
        "user is deactivated",
        "bot was kicked from the group chat",
        "bot was kicked from the supergroup chat",
        "bot was kicked from the channel chat",
        "bot is not a member of the channel chat",
        "bot is not a member of the supergroup chat",
        "bot can't initiate conversation with a user",
        "bot can't send messages to bots",
        "the group chat was deleted",
    ],
)
async def test_a_chat_that_shut_us_out_is_disabled_and_comes_back_when_it_lets_us_in(  # noqa: PLR0917 - fixtures
    engine, api, target, clock, owner, why
):
    owed = owe(engine, GROUP, "one", "two")
    with engine.begin() as tx:
        save_subscription(tx, subscription(chat_key=GROUP.key))
    api.fail(faults.forbidden(why), chat_id=GROUP.telegram_id, times=None)
    sender = make_sender(engine, target, clock)
    await sender.drain()
    assert len([request for request in api.sent() if request.chat_id == GROUP.telegram_id]) == 1, "no second try"
    with engine.connect() as tx:
        assert why in load_chat(tx, GROUP.key).disabled_reason
        assert len(subscriptions_of(tx, GROUP.key)) == 1
    assert [state_of(engine, one).state for one in owed] == [DeliveryState.PARKED] * 2
    assert "Desk" in api.texts(7)[0]
    api.heal()
    with engine.begin() as tx:
        assert enable(tx, GROUP.telegram_id, now=clock.now()) == 2
    await sender.drain()
    assert api.texts(GROUP.telegram_id) == ["one", "two"]


@pytest.mark.parametrize("why", ["something new that Telegram made up", "wrong file identifier", "STICKERSET_INVALID"])
async def test_a_bad_request_never_disables_a_chat(engine, api, target, clock, why):
    owed = owe(engine, chat(), "one")
    api.fail(faults.bad_request(why), times=None)
    sender = make_sender(engine, target, clock)
    for _ in range(4):
        await sender.drain()
        clock.pass_by(minutes=1)
    assert state_of(engine, owed[0]).state is DeliveryState.PARKED
    with engine.connect() as tx:
        assert load_chat(tx, "42").disabled_reason == ""


@pytest.mark.parametrize(
    "why",
    [
        "chat not found",
        "group chat was deactivated",
        "not enough rights to send text messages to the chat",
        "have no rights to send a message",
        "CHAT_WRITE_FORBIDDEN",
        "need administrator rights in the channel chat",
        "SLOWMODE_WAIT_30",
    ],
)
async def test_a_chat_that_seems_gone_is_disabled_after_a_day_and_not_before(  # noqa: PLR0917 - fixtures
    engine, api, target, clock, owner, why
):
    owe(engine, GROUP, "one", created_at=NOW)
    api.fail(faults.bad_request(why), chat_id=GROUP.telegram_id, times=None)
    sender = make_sender(engine, target, clock)
    tries = 0
    while clock.now() < NOW + timedelta(hours=23):
        await sender.drain()
        clock.pass_by(hours=1)
        tries += 1
    with engine.connect() as tx:
        assert load_chat(tx, GROUP.key).disabled_reason == ""
    clock.pass_by(hours=5)
    await sender.drain()
    with engine.connect() as tx:
        assert load_chat(tx, GROUP.key).disabled_reason
    assert len([one for one in api.sent() if one.chat_id == GROUP.telegram_id]) >= 3
    assert "no longer write to Desk" in api.texts(7)[0]


async def test_a_suspicion_ends_with_the_next_message_that_arrives(engine, api, target, clock):
    owe(engine, GROUP, "one")
    api.fail(faults.bad_request("chat not found"), chat_id=GROUP.telegram_id)
    sender = make_sender(engine, target, clock)
    await sender.drain()
    clock.pass_by(hours=2)
    await sender.drain()
    assert api.texts(GROUP.telegram_id) == ["one"]
    with engine.connect() as tx:
        assert tx.scalar(select(chats.c.suspect_since).where(chats.c.key == GROUP.key)) is None


async def test_a_group_that_became_a_supergroup_is_healed_and_its_messages_follow(engine, api, target, clock):
    new_id = -1001234567890123
    owe(engine, GROUP, "one", "two")
    with engine.begin() as tx:
        save_subscription(tx, subscription(chat_key=GROUP.key))
    api.fail(faults.migrated(new_id), chat_id=GROUP.telegram_id, times=None)
    await make_sender(engine, target, clock).drain()
    assert api.texts(new_id) == ["one", "two"]
    with engine.connect() as tx:
        assert load_chat(tx, GROUP.key) is None
        moved = load_chat(tx, str(new_id))
        assert (moved.telegram_id, moved.kind) == (new_id, ChatKind.SUPERGROUP)
        assert len(subscriptions_of(tx, str(new_id))) == 1


async def test_refused_markup_goes_out_as_plain_text_once_and_is_counted(engine, api, target, clock):
    text = {"html": "<b>1 &lt; 2</b>", "plain": "1 < 2"}
    owe(engine, chat(), "x", payload={"parts": [text]})
    api.fail(faults.bad_request('can\'t parse entities: unsupported start tag "x" at byte offset 3'))
    sender = make_sender(engine, target, clock)
    await sender.drain()
    assert api.texts(42) == ["1 < 2"]
    assert api.chat(42).last.entities == []
    assert sender.desk.counts["bad_markup"] == 1


async def test_a_message_that_telegram_finds_too_long_is_split_and_nothing_is_left_out(engine, api, target, clock):
    words = " ".join(f"word{number}" for number in range(400))
    owe(engine, chat(), "x", payload={"parts": [{"html": words, "plain": words}]})
    api.fail(faults.bad_request("message is too long"), times=2)
    await make_sender(engine, target, clock).drain()
    assert " ".join(api.texts(42)).split() == words.split()
    assert len(api.texts(42)) > 1


@pytest.mark.parametrize(
    "why",
    [
        "message thread not found",
        "TOPIC_CLOSED",
        "Topic_deleted",
        "MESSAGE THREAD NOT FOUND",
        "the chat is not a forum",
    ],
)
async def test_a_closed_topic_falls_back_to_general_and_says_so(  # noqa: PLR0917 - fixtures
    engine, api, target, clock, owner, why
):
    api.add_chat(TOPIC.telegram_id, "supergroup", title="Forum", forum=True, threads={5})
    owe(engine, TOPIC, "one", "two")
    api.fail(faults.bad_request(why), chat_id=TOPIC.telegram_id)
    await make_sender(engine, target, clock).drain()
    shown = api.chat(TOPIC.telegram_id).messages
    assert [message.text for message in shown[:2]] == ["one", "two"]
    assert [message.thread_id for message in shown] == [None] * 3
    assert "General topic" in shown[2].text
    assert "Forum" in api.texts(7)[0]
    with engine.connect() as tx:
        assert load_chat(tx, TOPIC.key).thread_id is None


async def test_a_topic_gets_its_messages_in_its_thread(engine, api, target, clock):
    api.add_chat(TOPIC.telegram_id, "supergroup", title="Forum", forum=True, threads={5})
    owe(engine, TOPIC, "one")
    await make_sender(engine, target, clock).drain()
    assert api.chat(TOPIC.telegram_id).last.thread_id == 5


@pytest.mark.parametrize("fault", [faults.unauthorized(), faults.not_found()], ids=["401", "404"])
async def test_a_revoked_token_stops_the_sender_and_keeps_the_queue(engine, api, target, clock, fault):
    owed = owe(engine, chat(), *(f"message {number}" for number in range(5)))
    owe(engine, chat(key="43", telegram_id=43), "other")
    api.fail(fault, method="sendMessage", times=None)
    with pytest.raises(TokenRefusedError, match="queue is kept") as caught:
        await make_sender(engine, target, clock).drain()
    assert api.token not in str(caught.value)
    assert state_of(engine, owed[0]).attempts == 0
    api.heal()  # a new token was set, and the process started again
    await make_sender(engine, target, clock).drain()
    assert api.texts(42) == [f"message {number}" for number in range(5)]


@pytest.mark.parametrize("fault", [faults.server_error(502), faults.server_error(500)], ids=["502", "500"])
async def test_what_waited_for_telegram_leaves_within_two_minutes_of_its_return(engine, api, target, clock, fault):
    for number in range(20):
        owe(engine, chat(key=str(number), telegram_id=100 + number), "alert", created_at=NOW)
    api.fail(fault, times=None)
    sender = make_sender(engine, target, clock)
    await take_turns(sender, clock, 30, minutes=2)  # an hour
    assert not [text for number in range(20) for text in api.texts(100 + number)]
    api.heal()
    await take_turns(sender, clock, 24, seconds=5)
    assert [api.texts(100 + number) for number in range(20)] == [["alert"]] * 20


async def test_an_outage_in_the_middle_of_much_traffic_costs_its_time_and_no_quarter_of_an_hour(
    engine, api, target, clock
):
    owe(engine, chat(), "before")
    sender = make_sender(engine, target, clock)
    await sender.drain()
    for number in range(48):
        owe(engine, chat(key=str(number), telegram_id=100 + number), "alert", created_at=clock.now())
    api.fail(faults.server_error(500), times=None)
    await sender._turn()
    await asyncio.gather(*sender._flying)
    api.heal()
    clock.pass_by(seconds=40)
    await take_turns(sender, clock, 12, seconds=5)
    assert [api.texts(100 + number) for number in range(48)] == [["alert"]] * 48


async def test_a_message_that_alone_fails_is_not_hastened_again_and_again(engine, api, target, clock):
    owe(engine, chat(), "alert")
    api.fail(faults.server_error(500), method="sendMessage", times=None)
    sender = make_sender(engine, target, clock)
    await take_turns(sender, clock, 12 * 15, minutes=4)  # half a day
    assert 10 < len(api.sent("sendMessage")) < 70


async def test_while_telegram_never_answers_an_alert_is_not_sent_again_and_again(engine, api, target, clock):
    owed = owe(engine, chat(), "alert")
    api.fail(faults.hang(accepted=True), times=None)
    sender = make_sender(engine, target, clock)
    for _ in range(6):
        await sender.drain()
        clock.pass_by(minutes=20)
    assert api.texts(42) == ["alert"], "only a question that changes nothing is repeated"
    assert state_of(engine, owed[0]).state is DeliveryState.DUE
    api.heal()
    await sender.drain()
    assert len(api.texts(42)) == 2
    assert state_of(engine, owed[0]).state is DeliveryState.SENT


async def test_an_alert_that_is_never_answered_is_repeated_once_marked_and_then_given_up(
    engine, api, target, clock, owner
):
    owed = owe(engine, chat(), "alert")
    api.fail(faults.hang(accepted=True), chat_id=42, times=None)
    sender = make_sender(engine, target, clock)
    for number in range(12):
        owe(engine, chat(key="43", telegram_id=43), f"other {number}")
        await sender.drain()
        clock.pass_by(seconds=50)
    assert len(api.texts(42)) == 2
    done = state_of(engine, owed[0])
    assert done.state is DeliveryState.PARKED
    assert done.last_error.startswith("may have arrived")


async def test_a_doubt_outlives_other_failures_in_between(engine, api, target, clock):
    owed = owe(engine, chat(), "alert")
    sender = make_sender(engine, target, clock)
    api.fail(faults.hang(accepted=True), chat_id=42)
    for fault in (faults.flood(30), faults.server_error(500)):
        await sender.drain()
        clock.pass_by(minutes=2)
        api.fail(fault, chat_id=42)
    await sender.drain()
    assert state_of(engine, owed[0]).last_error.startswith("may have arrived")
    clock.pass_by(minutes=2)
    await sender.drain()
    assert len(api.texts(42)) == 2


@pytest.mark.parametrize(
    "fault",
    [
        faults.hang(accepted=True),
        faults.reset(accepted=True),
        faults.html_page(502, accepted=True),
        faults.not_ok(accepted=True),
    ],
    ids=["hang", "reset", "502", "not-ok"],
)
async def test_a_digest_part_in_doubt_is_not_repeated_and_the_rest_follows(engine, api, target, clock, fault):
    parts = [{"html": text, "plain": text} for text in ("first", "second", "third")]
    owed = owe(engine, chat(), "week", kind=DeliveryKind.DIGEST, payload={"parts": parts})
    api.fail(fault, method="sendMessage")
    await make_sender(engine, target, clock).drain()
    assert api.texts(42) == ["first", "second", "third"]
    assert state_of(engine, owed[0]).message_ids[0] == outbox.UNKNOWN_MESSAGE


async def test_a_digest_resumes_at_its_first_unsent_part(engine, api, target, clock):
    parts = [{"html": text, "plain": text} for text in ("first", "second", "third")]
    owe(engine, chat(), "week", kind=DeliveryKind.DIGEST, payload={"parts": parts})
    sender = make_sender(engine, target, clock)
    failed = []

    def fail_second(method, parameters):
        if parameters.get("text") == "first" and not failed:
            failed.append(True)
            api.fail(faults.server_error(500))

    api.on_request = fail_second
    await sender.drain()
    assert api.texts(42) == ["first"]
    clock.pass_by(minutes=1)
    await sender.drain()
    assert api.texts(42) == ["first", "second", "third"]
    assert [bool(message.silent) for message in api.chat(42).messages] == [False, True, True]


async def test_a_picture_goes_out_with_its_caption_and_a_lost_picture_leaves_the_text(
    engine, api, target, clock, tmp_path
):
    (tmp_path / "week.png").write_bytes(b"picture")
    parts = [
        {"html": "<b>Week 47</b>", "plain": "Week 47", "photo_path": str(tmp_path / "week.png")},
        {"html": "no chart", "plain": "no chart", "photo_path": str(tmp_path / "gone.png")},
    ]
    owe(engine, chat(), "week", kind=DeliveryKind.DIGEST, payload={"parts": parts})
    await make_sender(engine, target, clock).drain()
    first, second = api.chat(42).messages
    assert (first.text, first.photo) == ("Week 47", b"picture")
    assert (second.text, second.photo) == ("no chart", None)


async def test_a_second_process_waits_until_the_first_gives_up_its_lease(engine, api, target, clock):
    owe(engine, chat(), "one")
    first = make_sender(engine, target, clock, holder="first")
    second = make_sender(engine, target, clock, holder="second")
    assert await first._turn() == 1
    await asyncio.gather(*first._flying)
    owe(engine, chat(key="43", telegram_id=43), "two")
    assert await second._turn() == 0
    clock.pass_by(seconds=16)  # the first died without a word
    assert await second._turn() == 1
    await asyncio.gather(*second._flying)
    assert await first._turn() == 0
    assert (api.texts(42), api.texts(43)) == (["one"], ["two"])


async def test_stopping_lets_messages_in_flight_finish_and_releases_the_lease(engine, api, target, clock):
    owed = owe(engine, chat(), "one")
    sender = make_sender(engine, target, clock)
    stop = asyncio.Event()
    api.on_request = lambda method, _: stop.set() if method == "sendMessage" else None
    await sender.run(stop)
    assert state_of(engine, owed[0]).state is DeliveryState.SENT
    owe(engine, chat(), "two")
    other = make_sender(engine, target, clock, holder="other")
    await other.drain()
    assert api.texts(42) == ["one", "two"]


def wait_briefly(engine):
    """Let a connection wait 20 ms for a lock instead of 30 s."""
    event.listen(engine, "checkout", lambda connection, *_: connection.execute("PRAGMA busy_timeout=20"))


async def test_without_a_writable_database_nothing_is_sent_and_afterwards_everything(engine, api, target, clock):
    owed = owe(engine, chat(), "one")
    wait_briefly(engine)
    sender = make_sender(engine, target, clock)
    with engine.begin() as tx:  # somebody holds the write lock
        save_chat(tx, chat(key="99", telegram_id=99))
        await sender._turn()
    assert sender.desk.counts["storage_trouble"] == 1
    assert api.sent() == []
    await sender.drain()
    assert api.texts(42) == ["one"]
    assert state_of(engine, owed[0]).state is DeliveryState.SENT


async def test_an_outcome_that_cannot_be_stored_is_stored_later_and_nothing_is_sent_twice(engine, api, target, clock):
    owed = owe(engine, chat(), "one")
    wait_briefly(engine)
    sender = make_sender(engine, target, clock, tenure=timedelta(hours=1))  # no renewal meanwhile, which would fail
    locks = []

    def lock(method, parameters):
        if method == "sendMessage":
            locks.append(engine.connect())
            locks[0].begin()

    api.on_request = lock
    running = asyncio.create_task(sender.drain())
    while sender.desk.counts["storage_trouble"] < 3 and not running.done():  # noqa: ASYNC110 - the sender has no event for its failures
        await asyncio.sleep(0)
    locks[0].close()
    api.on_request = None
    await running
    assert api.texts(42) == ["one"]
    assert state_of(engine, owed[0]).state is DeliveryState.SENT


async def test_the_pace_is_kept_over_a_restart(engine, api, target, clock):
    group = chat(key="-1009", telegram_id=-1009, kind=ChatKind.SUPERGROUP)
    owe(engine, group, *(f"message {number}" for number in range(30)))
    first = make_sender(engine, target, clock, pacer=Pacer())
    for _ in range(20):
        await first._turn()
        await asyncio.gather(*first._flying)
    assert len(api.texts(-1009)) == 20
    await first._land()
    second = make_sender(engine, target, clock, pacer=Pacer(), holder="second")
    assert await second._turn() == 0
    clock.pass_by(seconds=59)
    assert await second._turn() == 0
    clock.pass_by(seconds=2)
    assert await second._turn() == 1
    await asyncio.gather(*second._flying)


async def test_a_quiet_level_arrives_without_a_sound(engine, api, target, clock):
    owe(
        engine,
        chat(silent_below=Severity.HIGH),
        "one",
        payload={"parts": [{"html": "x", "plain": "x"}], "silent": True},
    )
    await make_sender(engine, target, clock).drain()
    assert api.chat(42).last.silent


async def test_the_token_is_in_no_log_and_no_row_whatever_fails(  # noqa: PLR0917 - fixtures
    engine, api, target, clock, caplog, capsys
):
    everything = [
        faults.flood(1),
        faults.forbidden(),
        faults.bad_request("x"),
        faults.server_error(),
        faults.html_page(502),
        faults.html_page(200),
        faults.not_ok(),
        faults.hang(accepted=False),
        faults.reset(accepted=False),
        faults.conflict(),
    ]
    sender = make_sender(engine, target, clock)
    for number, fault in enumerate(everything):
        owe(engine, chat(key=str(number + 100), telegram_id=number + 100), "x")
        api.fail(fault, chat_id=number + 100)
        await sender.drain()
    secret = api.token.partition(":")[2]
    printed = capsys.readouterr()
    assert secret not in caplog.text + printed.out + printed.err
    with engine.connect() as tx:
        rows = [str(row) for table in metadata.sorted_tables for row in tx.execute(select(table))]
    assert not [row for row in rows if secret in row]


async def test_threads_and_the_real_clock_do_as_well(engine, api, target):
    owe(engine, chat(), "one")
    sender = Sender(engine, target, StoryComposer(SystemClock().now), Pacer(), chance=random.Random(1))
    stop = asyncio.Event()
    running = asyncio.create_task(sender.run(stop))
    await api.until(lambda: bool(api.texts(42)))
    stop.set()
    await running
    assert api.texts(42) == ["one"]


async def test_an_alert_to_a_group_that_gets_much_does_not_wait_for_the_end_of_the_minute(engine, api, target, clock):
    sender = make_sender(engine, target, clock, pacer=Pacer())
    owe(engine, GROUP, *(f"notice {number:02}" for number in range(30)), priority=PRIORITY[DeliveryKind.NOTICE])
    begun = clock.now()
    while len(api.texts(GROUP.telegram_id)) < 16:
        await sender._round()
        await asyncio.gather(*sender._flying)
    owe(engine, GROUP, "alert", priority=PRIORITY[DeliveryKind.ALERT], created_at=clock.now())
    await sender._round()
    await asyncio.gather(*sender._flying)
    assert api.texts(GROUP.telegram_id)[16:] == ["alert"]
    assert clock.now() - begun < timedelta(seconds=5)
    await sender.drain()
    assert len(api.texts(GROUP.telegram_id)) == 31


async def test_each_alert_is_reported_once_it_was_carried_but_no_other_kind_and_no_repeat(engine, target, clock, api):
    reported: list[str] = []

    async def note(delivery_id: str) -> None:
        with engine.connect() as tx:
            found = outbox.load_delivery(tx, delivery_id)
        assert found is not None
        assert found.state is DeliveryState.SENT
        reported.append(delivery_id)

    (alert,) = owe(engine, chat(), "alert")
    owe(engine, chat(), "digest", kind=DeliveryKind.DIGEST)
    (doubtful,) = owe(engine, GROUP, "doubtful")
    with engine.begin() as tx:
        tx.execute(update(deliveries).where(deliveries.c.id == doubtful.id).values(intent_at=NOW))
    sender = make_sender(engine, target, clock, on_alert=note)
    assert await sender.drain() == 3
    assert reported == [alert.id]
