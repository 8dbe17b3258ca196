"""Keep secrets out of logs, errors and whatever is stored: known ones by value, others by what they look like."""

import contextlib
import html
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
LEAST = 6  # characters: replacing shorter secrets would garble every text and hide nothing

# A token is "<bot id>:<secret>"; in a request's path it follows "bot". Shorter secrets than Telegram's 35 are caught as
# well, since half a token in a log is still half a token.
_TOKEN = re.compile(r"(?<!\d)(\d{5,16})(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)  # no \b: "bot" may stand before
_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)(?!\$\{\w+\}@)[^@\s/]+(?=@)", re.IGNORECASE)
_PARAMETER = re.compile(
    r"([?&;](?:[\w.-]*[_-])?(?:key|apikey|token|secret|auth|passw(?:or)?d|pwd|signature|sig)=)"
    r"(?!\$\{\w+\})[^&\s#\"'<>()\[\]{}]+",
    re.IGNORECASE,
)
_CHATTY = ("httpx", "httpcore", "telegram", "telegram.ext")


def redact(text: str) -> str:
    """Give `text` without bot tokens, passwords and keys of addresses; bot ids and references (`${NAME}`) stay."""
    return _PARAMETER.sub(rf"\1{HIDDEN}", _PASSWORD.sub(rf"\1{HIDDEN}", _TOKEN.sub(rf"\1:{HIDDEN}", text)))


class Redactor:
    """Knows the secrets of one process by value, and finds them in any spelling that a server or library may use."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._shown: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self.learn_all(secrets)

    def learn_all(self, secrets: Iterable[str]) -> None:
        """Show none of these from now on."""
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str, shown: str = HIDDEN) -> None:
        """Show `secret` as `shown` from now on; what is shorter than six characters is not looked for."""
        if len(secret) < LEAST:
            return
        written = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
        written |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
        fresh = {one.lower(): shown for one in written}
        if fresh.items() <= self._shown.items():
            return
        self._shown |= fresh
        longest_first = sorted(self._shown, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def replace(self, text: str) -> str:
        """Replace the known secrets only: for addresses that are still to be asked for."""
        if self._pattern is None or not text:
            return text
        return self._pattern.sub(lambda found: self._shown.get(found[0].lower(), HIDDEN), text)

    def __call__(self, text: str) -> str:
        """Replace known secrets, then all that looks like one."""
        return redact(self.replace(text))

    def rendered(self, logger: object, method: str, line: Any) -> str:
        """Redact a line of structlog: a processor that stands after the renderer, when nothing is nested any more."""
        del logger, method
        return self(str(line))


class RedactingFilter(logging.Filter):
    """Rewrites each record of the standard library's logging, its traceback included, before a handler formats it."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        super().__init__()
        self.redactor = redactor or Redactor()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, redacted."""
        record.msg = self.redactor(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.redactor(record.exc_text)
        if record.stack_info:
            record.stack_info = self.redactor(record.stack_info)
        return True


def process_redactor(root: logging.Logger | None = None) -> Redactor:
    """Give the redactor of this process: the one on the root logger's handlers, or a new one where none is set up."""
    handlers = (root or logging.getLogger()).handlers
    return next(
        (one.redactor for handler in handlers for one in handler.filters if isinstance(one, RedactingFilter)),
        Redactor(),
    )


def guard_logging(root: logging.Logger, redactor: Redactor | None = None) -> Redactor:
    """Put a filter on all handlers of `root`, and silence the loggers that print whole request addresses.

    Called once by the composition root, after the handlers are set. Filters of a logger do not reach its children's
    records, those of a handler do. Gives the redactor in use, to be taught secrets that become known later.
    """
    redactor = redactor or process_redactor(root)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in root.handlers:
        if not any(isinstance(one, RedactingFilter) for one in handler.filters):
            handler.addFilter(RedactingFilter(redactor))
    return redactor


def guard_tracebacks() -> None:
    """Print what nobody caught, in any thread, without secrets. Chained and local values are never printed raw."""

    def unpacked(given: Any) -> None:
        print_redacted(given.exc_type, given.exc_value or given.exc_type(), given.exc_traceback)

    sys.excepthook = print_redacted
    threading.excepthook = sys.unraisablehook = unpacked


def print_redacted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback to standard error, redacted: what Python's own hook does, and secrets left out."""
    text = process_redactor()("".join(traceback.format_exception(kind, error, trace)))
    with contextlib.suppress(OSError, ValueError):  # standard error may be closed
        sys.stderr.write(text)
