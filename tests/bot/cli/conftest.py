from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command in this process logs to the output of its test, which is closed afterwards."""
    yield
    structlog.reset_defaults()
