import pytest

from rules.cues import load_reader


@pytest.fixture(scope="session")
def reader():
    return load_reader()
