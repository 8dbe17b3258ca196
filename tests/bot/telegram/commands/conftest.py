import pytest

from tests.fakes.conversations import house as open_house


@pytest.fixture
async def house(tmp_path):
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def unowned(tmp_path):
    async with open_house(tmp_path, owner_id=0) as opened:
        yield opened
