import socket
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest.addresses import AddressGuard

GUARD = AddressGuard()

DENIED = (
    *(
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
    ),
    *("100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1"),
    *("2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0"),
    *("ff02::1", "5f00::1", "4000::1"),
)


@pytest.mark.parametrize("address", DENIED)
def test_special_addresses_are_refused(address: str) -> None:
    assert GUARD.refuse_address(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "2a00:1450::5"]
)
def test_public_addresses_pass(address: str) -> None:
    assert GUARD.refuse_address(address) is None


def test_one_private_address_condemns_a_host() -> None:
    assert GUARD.refuse_any(["1.1.1.1", "10.0.0.1"])
    assert GUARD.refuse_any([]) == "the host has no address"


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001", "0", "127\u30020\u30020\u30021"])
def test_spellings_of_loopback_are_refused_by_what_they_resolve_to(host: str) -> None:
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host.replace("\u3002", "."), 80, type=socket.SOCK_STREAM)]
    assert GUARD.refuse_any(found)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://news.test/feed",
        "gopher://news.test/",
        "javascript:alert(1)",
        "http:127.0.0.1/",
        "http:///127.0.0.1/",
        "http://news.test:22/",
        "http://news.test:8080/",
        "https://news.test:99999/",
        "http://news.test:port/",
        "http://example.com\\@127.0.0.1/",
        "http://news.test/a b",
        "http://[::1/",
        "//news.test/feed",
        "",
    ],
)
def test_addresses_that_are_not_fetched(url: str) -> None:
    assert GUARD.refuse_url(url)


@pytest.mark.parametrize("url", ["https://news.test/feed", "http://news.test:80/", "https://news.test:443/?a[]=b"])
def test_web_addresses_may_be_looked_up(url: str) -> None:
    assert GUARD.refuse_url(url) is None


def test_the_demo_may_open_loopback_and_its_port_only() -> None:
    guard = AddressGuard(allowed_networks=["127.0.0.1/32"], allowed_ports=[8123])
    assert guard.refuse_address("127.0.0.1") is None
    assert guard.refuse_address("127.0.0.2")
    assert guard.refuse_url("http://127.0.0.1:8123/") is None
    assert guard.refuse_url("http://127.0.0.1:8124/")


@given(st.ip_addresses())
def test_nothing_passes_that_the_standard_library_knows_to_be_private(address: object) -> None:
    if ip_address(str(address)).is_private:
        assert GUARD.refuse_address(str(address))
