"""Where the page may listen, and what is refused with a remedy."""

import socket

import pytest

from bot.errors import ConfigurationError
from bot.web.listening import check_place, open_socket, read_place, try_place
from tests.fakes.pages import TOKEN


@pytest.mark.parametrize(
    ("listen", "host", "port", "loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.8.9.1:1", "127.8.9.1", 1, True),
        (" localhost:8080 ", "localhost", 8080, True),
        ("[::1]:8080", "::1", 8080, True),
        (":8080", "127.0.0.1", 8080, True),
        ("8080", "127.0.0.1", 8080, True),
        ("0.0.0.0:8080", "0.0.0.0", 8080, False),
        ("[::]:8080", "::", 8080, False),
        ("192.168.1.5:80", "192.168.1.5", 80, False),
        ("watch.example:443", "watch.example", 443, False),
        ("localhost.example:80", "localhost.example", 80, False),
    ],
)
def test_addresses_are_read(listen, host, port, loopback):
    place = read_place(listen)
    assert (place.host, place.port, place.loopback) == (host, port, loopback)


@pytest.mark.parametrize(
    "listen", ["", "localhost", "127.0.0.1:", "a:b", "::1:80", "[::1:80", "1:99999", "a b:80", "http://x:80"]
)
def test_what_is_no_address_is_refused_with_a_remedy(listen):
    with pytest.raises(ConfigurationError, match="STRAITWATCH_WEB_LISTEN") as refused:
        read_place(listen)
    assert "127.0.0.1:8080" in str(refused.value)


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "192.168.1.5:8080", "watch.example:8080"])
def test_an_open_page_on_a_public_address_is_refused(listen):
    with pytest.raises(ConfigurationError, match="can be reached from other machines") as refused:
        check_place(listen, "")
    assert "STRAITWATCH_WEB_TOKEN" in str(refused.value)
    assert check_place(listen, TOKEN).port == 8080


def test_a_token_that_can_be_guessed_is_refused_and_not_shown():
    with pytest.raises(ConfigurationError, match="can be guessed") as refused:
        check_place("127.0.0.1:8080", "hunter2hunter2")
    assert "hunter2" not in str(refused.value)


def test_a_taken_port_is_a_configuration_fault():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigurationError, match="cannot listen on 127"):
            try_place(f"127.0.0.1:{other.getsockname()[1]}", "")


def test_a_place_that_was_tried_is_free_afterwards():
    listener = open_socket(read_place("127.0.0.1:0"))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    try_place(address, "")
    open_socket(read_place(address)).close()


def test_a_host_that_is_not_ours_is_a_configuration_fault():
    with pytest.raises(ConfigurationError, match="cannot listen on 192"):
        open_socket(read_place("192.0.2.1:0"))
