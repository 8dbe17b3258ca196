"""Who may read: the token, the sessions that a login gives, and how often somebody may guess. Pure but for chance."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

SESSION = timedelta(days=7)
TRIES = 5  # wrong tokens that one address may send in `WITHIN`
WITHIN = timedelta(minutes=1)
REMEMBERED = 10_000  # addresses whose wrong tokens are remembered


class Door:
    """Checks the token and the sessions made from it. Another token ends every session."""

    def __init__(self, token: str) -> None:
        self._digest = hashlib.sha256(token.encode()).digest()
        self._key = hashlib.sha256(b"straitwatch session\x00" + token.encode()).digest()

    def knows(self, token: str) -> bool:
        """Tell whether this is the token, in the same time for every wrong one."""
        return hmac.compare_digest(hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest(), self._digest)

    def admit(self, *, now: datetime) -> str:
        """Give a session that lasts `SESSION`: what the cookie holds instead of the token."""
        claim = f"{int((now + SESSION).timestamp())}.{secrets.token_hex(8)}"
        return f"{claim}.{self._sign(claim)}"

    def remembers(self, session: str, *, now: datetime) -> bool:
        """Tell whether a session was given here and has not ended."""
        claim, _, signature = session.rpartition(".")
        if not claim or not hmac.compare_digest(self._sign(claim).encode(), signature.encode("utf-8", "replace")):
            return False
        return int(claim.partition(".")[0]) > now.timestamp()  # signed, therefore a number

    def _sign(self, claim: str) -> str:
        return hmac.new(self._key, claim.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


class Throttle:
    """Counts wrong tokens by address; an IPv6 network of a customer (/64) counts as one address."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, list[datetime]] = OrderedDict()

    def wait(self, address: str, *, now: datetime) -> int:
        """Give how many seconds this address must wait before its next try; 0 for none."""
        recent = self._recent(_group(address), now)
        return 0 if len(recent) < TRIES else max(1, int((recent[0] + WITHIN - now).total_seconds()) + 1)

    def wrong(self, address: str, *, now: datetime) -> None:
        """Remember a wrong token."""
        key = _group(address)
        self._wrong[key] = [*self._recent(key, now), now][-TRIES:]
        self._wrong.move_to_end(key)
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [at for at in self._wrong.get(key, []) if abs(now - at) < WITHIN]


def token_in(header: str) -> str | None:
    """Give the token of an Authorization header: a bearer's, or a basic password under any name; None for others."""
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return decoded.partition(":")[2]


def way_back(path: str) -> str:
    """Give the path on this page to return to after a login; `/` for anything that could lead elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path and len(path) <= 4_000
    return path if plain and path.startswith("/") and not path.startswith(("//", "/login")) else "/"


def _group(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> 64)
    return str(parsed)
