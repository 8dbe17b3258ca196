"""What the tests of fetching and polling share: one feed server, a fetcher that reaches it, and short sources."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

import pytest

from bot.domain import Source, SourceKind
from bot.ingest.fetching import Fetcher
from tests.fakes.feed_server import FeedServer


@pytest.fixture(scope="session")
def shared_server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.fixture
def server(shared_server: FeedServer) -> FeedServer:
    shared_server.requests.clear()
    return shared_server


@pytest.fixture
async def fetcher(server: FeedServer) -> AsyncIterator[Fetcher]:
    async with Fetcher(
        contact="ops@straitwatch.test",
        guard=server.guard,
        resolve=server.resolve,
        host_gap=timedelta(0),
        deadline=timedelta(seconds=1),
        max_bytes=1024 * 1024,
    ) as made:
        yield made


@pytest.fixture
def source_at(server: FeedServer) -> Callable[..., Source]:
    def make(path: str, **changes: object) -> Source:
        values = {
            "id": "paper",
            "name": "The Paper",
            "url": server.url(path, host="paper.test"),
            "kind": SourceKind.FEED,
            "tier": 3,
            "publisher": "The Paper",
            **changes,
        }
        return Source(**values)

    return make
