"""The sender against the fake Bot API through the real library: every row of F1, A2 and A3 that concerns sending."""

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.domain import Alert, AlertReason, ChatKind, DeliveryKind, DeliveryState, Stage
from bot.redaction import guard_logging
from bot.storage import outbox
from bot.storage.chats import enable, load_chat, save_chat
from bot.storage.schema import access, messages, metadata
from bot.storage.stories import save_alerts, save_story
from bot.telegram.composing import StoryComposer
from bot.telegram.errors import TokenRefusedError
from bot.telegram.pacing import Pacer
from tests.fakes import bot_api_faults as faults
from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.sending import make_sender, open_database, owe, state_of
from tests.fakes.values import NOW, alert, chat, member, story

GROUP = chat(key="-1007", telegram_id=-1007, kind=ChatKind.SUPERGROUP, title="Desk")
TOPIC = chat(key="-1008:5", telegram_id=-1008, thread_id=5, kind=ChatKind.SUPERGROUP, title="Forum")


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
async def test_an_alert_outlives_every_passing_failure(engine, api, target, clock, fault, copies, pause):
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
