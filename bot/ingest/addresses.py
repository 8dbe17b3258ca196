"""Which hosts may be reached: only public addresses on the web's own ports. Pure.

What counts is the address that is connected to, never the text of the host: `127.1`, `0x7f000001` and a public name
that resolves to a private address all end at the same check. The standard library's `is_private` and `is_global` miss
NAT64, 6to4, IPv4-compatible and carrier-grade ranges, therefore the ranges are listed here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

WEB_PORTS = frozenset({80, 443})

# IANA special-purpose registries for IPv4; everything from 224.0.0.0 on is multicast, reserved or broadcast.
DENIED_4: tuple[str, ...] = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
)
# IPv6 is the other way round: only global unicast 2000::/3 is reachable, without these parts of it. Mapped, NAT64,
# unique-local, link-local and multicast addresses lie outside of it and are refused whatever they embed.
GLOBAL_6 = "2000::/3"
DENIED_6: tuple[str, ...] = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGuard:
    """Decides which addresses and ports may be connected to.

    `allowed_networks` and `allowed_ports` widen it for the demo and for tests on loopback; production leaves them
    empty.
    """

    allowed_networks: Collection[str] = ()
    allowed_ports: Collection[int] = ()

    def refuse_url(self, url: str) -> str | None:
        """Say why `url` may not be requested at all, or None if its host may be looked up."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its text repeats parts of the address, which may be a password
            return "not an address: its host or port cannot be read"
        if parts.scheme not in {"http", "https"}:
            return f"only http and https are fetched, not {parts.scheme or 'nothing'}:"
        if not parts.hostname:
            return "the address names no host"
        if "\\" in parts.netloc or any(c.isspace() for c in url):
            return "the address holds a backslash or a space"
        return self.refuse_port(port or (443 if parts.scheme == "https" else 80))

    def refuse_port(self, port: int) -> str | None:
        """Say why `port` may not be connected to, or None."""
        if port in WEB_PORTS or port in self.allowed_ports:
            return None
        return f"port {port} is neither 80 nor 443"

    def refuse_address(self, text: str) -> str | None:
        """Say why the address `text` may not be connected to, or None."""
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            return f"{text!r} is no address"
        if any(_within(address, network) for network in self.allowed_networks):
            return None
        return None if _is_public(address) else f"{text} is not a public address"

    def refuse_any(self, addresses: Sequence[str]) -> str | None:
        """Say why a host with these addresses may not be reached; one bad address condemns the host."""
        if not addresses:
            return "the host has no address"
        return next((reason for reason in map(self.refuse_address, addresses) if reason), None)


def _within(address: IPv4Address | IPv6Address, network: str) -> bool:
    parsed = ip_network(network)
    return parsed.version == address.version and address in parsed


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(_within(address, network) for network in DENIED_4)
    return _within(address, GLOBAL_6) and not any(_within(address, network) for network in DENIED_6)
