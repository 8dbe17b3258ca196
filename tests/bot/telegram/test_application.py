import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.errors import ConfigurationError, StorageError
from bot.settings import Settings
from bot.storage.chats import add_chat
from bot.telegram.application import Services, build_application, serve
from bot.telegram.errors import TokenRefusedError
from bot.telegram.webhook import WebhookFront
from tests.fakes import bot_api_faults as faults
from tests.fakes.bot_api import BotApi
from tests.fakes.conversations import FixedClock
from tests.fakes.conversations import house as open_house
from tests.fakes.values import chat

SECRET = "a-secret-of-the-webhook"


@dataclass
class Served:
    api: BotApi
    engine: Any
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)


@contextlib.asynccontextmanager
async def serving(api, engine, **settings):
    served = Served(api=api, engine=engine)
    made = Settings(telegram_token=api.token, telegram_api=api.url, _env_file=None, **{"owner_id": 42, **settings})
    services = Services(clock=FixedClock(), wake=served.woken.set)
    application = build_application(made, engine, services)
    task = asyncio.create_task(serve(application, made, served.stop))
    try:
        yield served
    finally:
        served.stop.set()
        await asyncio.wait_for(task, 20)


async def test_updates_come_by_long_polling(api, engine):
    async with serving(api, engine):
        api.push_message(42, "/help")
        await api.until(lambda: bool(api.texts(42)))
    assert "What I can do" in api.texts(42)[0]


async def test_commands_are_listed_by_scope_right_and_language(api, engine):
    async with serving(api, engine):
        await api.until(lambda: len(api.commands) == 8)

    def names(scope, lang=""):
        return {one["command"] for one in api.commands[json.dumps([scope, lang], sort_keys=True)]}

    assert "topics" in names({"type": "all_private_chats"})
    assert "broadcast" not in names({"type": "all_private_chats"})
    assert "topics" not in names({"type": "all_group_chats"})
    assert "topics" in names({"type": "all_chat_administrators"})
    assert "manage" not in names({"type": "all_chat_administrators"})
    assert "broadcast" in names({"type": "chat", "chat_id": 42}, "de")


async def test_the_updates_of_one_chat_are_dealt_with_in_order(api, engine):
    async with serving(api, engine):
        for number in range(10):
            api.push_message(42, f"/search word{number}")
        await api.until(lambda: len(api.texts(42)) == 10)
    assert [text.split("\n")[0] for text in api.texts(42)] == [f"Search: word{number}" for number in range(10)]


async def test_a_burst_of_a_thousand_commands_does_not_keep_others_waiting(api, engine):
    async with serving(api, engine, allowed_ids=(43,)):
        for _ in range(1000):
            api.push_message(42, "/latest")
        api.push_message(43, "/help")
        await api.until(lambda: bool(api.texts(43)) and len(api.texts(42)) >= 31)
    assert "What I can do" in api.texts(43)[0]
    assert len(api.texts(42)) == 31
    assert "wait" in api.texts(42)[-1]


async def test_a_second_instance_is_reported_and_polling_rests(api, engine):
    with engine.begin() as tx:
        add_chat(tx, chat())
    with capture_logs() as logs:
        async with serving(api, engine) as served:
            await api.until(lambda: bool(api.commands))
            api.fail(faults.conflict(), method="getUpdates")
            await asyncio.wait_for(served.woken.wait(), 10)
    assert any(entry["event"] == "second_instance" for entry in logs)
    with engine.begin() as tx:
        from bot.storage.schema import deliveries

        (row,) = tx.execute(deliveries.select()).mappings()
    assert "Another process" in row["payload"]["text"]


async def test_a_refused_token_stops_the_start(engine):
    async with BotApi() as api:
        made = Settings(telegram_token="1:" + "x" * 35, telegram_api=api.url, _env_file=None)
        application = build_application(made, engine, Services(clock=FixedClock()))
        with pytest.raises(TokenRefusedError):
            await serve(application, made, asyncio.Event())


async def test_a_telegram_that_cannot_be_reached_is_asked_again(api, engine):
    api.fail(faults.server_error(502), method="getMe")
    async with serving(api, engine):
        api.push_message(42, "/help")
        await api.until(lambda: bool(api.texts(42)))
    assert len(api.sent("getMe")) == 2


async def test_a_webhook_needs_a_secret(api, engine):
    made = Settings(
        telegram_token=api.token, telegram_api=api.url, webhook_url="https://bot.example/hook", _env_file=None
    )
    application = build_application(made, engine, Services(clock=FixedClock()))

    async def host(front, listen, stop):
        await stop.wait()

    with pytest.raises(ConfigurationError, match="WEBHOOK_SECRET"):
        await serve(application, made, asyncio.Event(), host=host)


async def test_updates_come_by_webhook(api, engine):
    made = Settings(
        telegram_token=api.token, telegram_api=api.url, owner_id=42, webhook_url="https://bot.example/hook",
        webhook_secret=SECRET, _env_file=None,
    )  # fmt: skip
    application = build_application(made, engine, Services(clock=FixedClock()))
    api.push_message(42, "/help")
    (update,) = api._updates
    api._updates.clear()
    stop, statuses = asyncio.Event(), []

    async def host(front, listen, stop):
        assert listen == "127.0.0.1:8081"
        statuses.append(await post(front, json.dumps(update).encode()))
        await stop.wait()

    task = asyncio.create_task(serve(application, made, stop, host=host))
    await api.until(lambda: bool(api.texts(42)))
    assert api.webhook["secret_token"] == SECRET
    stop.set()
    await task
    assert statuses == [200]


async def post(front, body, *, secret=SECRET, path="/hook", method="POST"):
    sent = []
    headers = [] if secret is None else [(b"x-telegram-bot-api-secret-token", secret.encode())]
    scope = {"type": "http", "path": path, "method": method, "headers": headers}

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await front(scope, receive, send)
    return sent[0]["status"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"secret": "wrong"}, 403),
        ({"secret": None}, 403),
        ({"secret": ""}, 403),
        ({"secret": "x" * 257}, 403),
        ({"path": "/other"}, 404),
        ({"method": "GET"}, 405),
        ({"body": b"{"}, 400),
        ({"body": b"[]"}, 400),
        ({"body": b"x" * 1_000_001}, 413),
    ],
)
async def test_the_webhook_lets_only_telegram_in_and_logs_no_secret(tmp_path, given, status):
    async with open_house(tmp_path) as house:
        front = WebhookFront(house.application, path="/hook", secret=SECRET)
        with capture_logs() as logs:
            assert await post(front, **{"body": b"{}", **given}) == status
        assert SECRET not in str(logs)
        assert str(given.get("secret") or "wrong") not in str(logs).replace("wrong or missing", "")
        assert house.application.update_queue.empty()


async def test_a_bug_in_a_handler_is_told_with_a_reference_and_no_traceback(tmp_path, monkeypatch):
    def broken(chat, now, preview):
        raise ZeroDivisionError("secret details of 123456789:CANARY-token-that-must-never-be-logged")

    async with open_house(tmp_path, digest_now=broken) as house:
        with capture_logs() as logs:
            shown = await house.say(42, "/digest")
    (entry,) = [entry for entry in logs if entry["event"] == "command_failed"]
    assert entry["reference"] in shown.text
    assert "secret details" not in shown.text
    assert "secret details" in entry["trace"]
    assert "CANARY" not in str(logs)


async def test_a_database_that_cannot_be_used_is_told_politely(tmp_path):
    def broken(chat, now, preview):
        raise StorageError("disk is full")

    async with open_house(tmp_path, digest_now=broken) as house:
        assert "database cannot be used" in (await house.say(42, "/digest")).text


@pytest.mark.parametrize("fault", ["blocked", "flood", "markup", "gone", "too long", "unsent", "unknown"])
async def test_an_answer_that_telegram_refuses_is_dealt_with(tmp_path, fault):
    async with open_house(tmp_path) as house:
        await house.say(42, "/subscribe sanctions")
        match fault:
            case "blocked":
                house.api.fail(faults.forbidden(), method="sendMessage")
                await house.say(42, "/help")
                assert house.chat("42").disabled_reason
                await house.say(42, "/start")
                assert house.chat("42").disabled_reason == ""
            case "flood":
                house.api.fail(faults.flood(3), method="sendMessage")
                assert "What I can do" in (await house.say(42, "/help")).text
            case "markup":
                house.api.fail(faults.bad_request("can't parse entities: x"), method="sendMessage")
                shown = await house.say(42, "/help")
                assert "parse_mode" not in shown.parameters
            case "too long":
                house.api.fail(faults.bad_request("message is too long"), method="sendMessage")
                await house.say(42, "/help")
                assert "/broadcast" in "".join(house.api.texts(42)[-2:])
            case "unsent":
                await house.api.stop()
                house.api.push_message(42, "/help")
                await house.deliver()
                await house.api.start()
                assert "Subscribed" in (await house.say(42, "/subscribe sanctions")).text
            case "unknown":
                house.api.fail(faults.not_ok(), method="sendMessage")
                await house.say(42, "/help")
                house.api.fail(faults.not_ok(), method="answerCallbackQuery")
                await house.press(await house.say(42, "/topics"), "All")
                assert house.rules("42")[0].query == "topic:*"
            case _:
                shown = await house.say(42, "/topics")
                shown.deleted = True
                again = await house.press(shown, "All")
                assert again.message_id != shown.message_id
        assert not house.failures


async def test_an_answer_follows_a_group_to_its_new_id_and_a_closed_topic_to_general(tmp_path):
    async with open_house(tmp_path) as house:
        for group in (-1001, -1002):
            house.api.add_chat(group, "supergroup", title="Desk", forum=True, threads={5})
            house.api.set_member(group, 42, "creator")
        await house.say(-1001, "/start", user_id=42)
        house.api.fail(faults.migrated(-1009), chat_id=-1001)
        await house.say(-1001, "/subscribe sanctions", user_id=42)
        assert "Subscribed" in house.api.chat(-1009).last.text
        assert len(house.rules("-1009")) == 1
        await house.say(-1002, "/start", user_id=42, thread_id=5)
        house.api.chat(-1002).closed_threads.add(5)
        shown = await house.say(-1002, "/subscribe sanctions", user_id=42, thread_id=5)
        assert shown.thread_id is None
        assert len(house.rules("-1002:5")) == 1
        assert not house.failures
