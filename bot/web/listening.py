"""Where the page listens: the address is read here, and an open page on a public one is refused."""

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from bot.errors import ConfigurationError, Fault

TOKEN_LEAST = 16  # characters: a token that may be guessed over the network must not be a word
_LISTEN, _TOKEN = "STRAITWATCH_WEB_LISTEN", "STRAITWATCH_WEB_TOKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A host and a port; `loopback` where only this machine can reach it."""

    host: str
    port: int
    loopback: bool

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_place(listen: str) -> Place:
    """Read `host:port`, `[v6]:port`, `:port` or `port`; raises ConfigurationError. Without a host it is loopback."""
    host, _, port = listen.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    remedy = "Write host:port, such as 127.0.0.1:8080 or [::1]:8080"
    if not (port.isascii() and port.isdigit() and 0 <= int(port) <= 65_535) or (":" in host and not bracketed):
        raise ConfigurationError([Fault(place=_LISTEN, problem=f"{listen!r} is no address", remedy=remedy)])
    host = host or "127.0.0.1"
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = host.lower() == "localhost"
        if not loopback and not all(part.isalnum() for part in host.replace("-", "x").split(".")):
            raise ConfigurationError([Fault(place=_LISTEN, problem=f"{host!r} is no host", remedy=remedy)]) from None
    return Place(host=host, port=int(port), loopback=loopback)


def check_place(listen: str, token: str) -> Place:
    """Read where to listen and refuse what would show the page to strangers; raises ConfigurationError."""
    place = read_place(listen)
    if not token and not place.loopback:
        remedy = f"Set {_TOKEN} to a long random text, or listen on 127.0.0.1:{place.port}"
        problem = f"{place} can be reached from other machines and the page asks for no token"
        raise ConfigurationError([Fault(place=_LISTEN, problem=problem, remedy=remedy)])
    if token and len(token) < TOKEN_LEAST:
        problem = f"a token of {len(token)} characters can be guessed"
        remedy = f"Use {TOKEN_LEAST} or more, such as: python -c 'import secrets; print(secrets.token_urlsafe())'"
        raise ConfigurationError([Fault(place=_TOKEN, problem=problem, remedy=remedy)])
    return place


def try_place(listen: str, token: str) -> None:
    """Refuse before anything starts what `check_place` and `open_socket` would refuse; raises ConfigurationError."""
    open_socket(check_place(listen, token)).close()


def open_socket(place: Place) -> socket.socket:
    """Listen at a place; raises ConfigurationError where it is taken or not ours."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise ConfigurationError([_refused(place, error)]) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigurationError([_refused(place, error)]) from error
    listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return listener


def _refused(place: Place, error: OSError) -> Fault:
    problem = f"cannot listen on {place} ({error.strerror or error})"
    return Fault(place=_LISTEN, problem=problem, remedy="Choose another port, or end the program that uses it")
