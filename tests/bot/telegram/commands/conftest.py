import os

import certifi
import pytest

from tests.fakes.conversations import house as open_house


@pytest.fixture(scope="session", autouse=True)
def one_certificate(tmp_path_factory):
    """Two HTTP clients a test need not read all certificates of the world to speak to loopback."""
    first, end, _ = certifi.contents().partition("-----END CERTIFICATE-----")
    path = tmp_path_factory.mktemp("tls") / "one.pem"
    path.write_text(first[first.index("-----BEGIN") :] + end + "\n")
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(path)
    yield
    if before is None:
        del os.environ["SSL_CERT_FILE"]
    else:
        os.environ["SSL_CERT_FILE"] = before


@pytest.fixture
async def house(tmp_path):
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def unowned(tmp_path):
    async with open_house(tmp_path, owner_id=0) as opened:
        yield opened
