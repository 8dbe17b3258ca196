from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Engine

from bot.telegram.notifier import TelegramTarget, make_bot, make_request
from tests.fakes.bot_api import BotApi
from tests.fakes.sending import JumpClock, open_database


@pytest.fixture
def engine(tmp_path) -> Iterator[Engine]:
    engine = open_database(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as api:
        yield api


@pytest.fixture
async def target(api: BotApi) -> AsyncIterator[TelegramTarget]:
    bot = make_bot(api.token, api=api.url, request=make_request(read_timeout=0.3))
    await bot.initialize()
    yield TelegramTarget(bot)
    await bot.shutdown()


@pytest.fixture
def clock() -> JumpClock:
    return JumpClock()
