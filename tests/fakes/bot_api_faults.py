"""Ways in which Telegram and the network fail, to be played by the fake server (`BotApi.fail`)."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to a request instead of an answer. `accepted`: whether the message is in the chat all the same."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    accepted: bool = False
    then: str = "answer"  # or "hang": never answer; "reset": close the connection


def _error(status: int, description: str, **parameters: Any) -> Fault:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Fault(status=status, body=json.dumps(body).encode())


def flood(retry_after: int) -> Fault:
    """429 that says how long to wait."""
    return _error(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def flood_unstated() -> Fault:
    """429 without parameters."""
    return _error(429, "Too Many Requests")


def forbidden(why: str = "bot was blocked by the user") -> Fault:
    """403."""
    return _error(403, f"Forbidden: {why}")


def bad_request(why: str) -> Fault:
    """400."""
    return _error(400, f"Bad Request: {why}")


def migrated(new_id: int) -> Fault:
    """400 with the id of the supergroup that the group became."""
    return _error(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=new_id)


def unauthorized() -> Fault:
    """401: the token was revoked."""
    return _error(401, "Unauthorized")


def not_found() -> Fault:
    """404: so Telegram answers a malformed token."""
    return _error(404, "Not Found")


def conflict() -> Fault:
    """409: another process uses the token."""
    return _error(
        409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


def server_error(status: int = 500, description: str = "Internal Server Error", *, accepted: bool = False) -> Fault:
    """5xx in JSON."""
    fault = _error(status, description)
    return Fault(status=status, body=fault.body, accepted=accepted)


def html_page(status: int, *, accepted: bool = False) -> Fault:
    """A page of a proxy in between, with any status."""
    page = b"<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"
    return Fault(status=status, body=page, content_type="text/html", accepted=accepted)


def not_ok(*, accepted: bool = False) -> Fault:
    """Status 200 with `ok` false and no result."""
    return Fault(body=b'{"ok": false}', accepted=accepted)


def hang(*, accepted: bool) -> Fault:
    """No answer, ever."""
    return Fault(then="hang", accepted=accepted)


def reset(*, accepted: bool) -> Fault:
    """The connection is closed after the request was read."""
    return Fault(then="reset", accepted=accepted)
