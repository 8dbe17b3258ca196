"""Keep secrets out of logs and errors: the one place that knows what a bot token looks like."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

# A token is "<bot id>:<secret>"; in a request's path it follows "bot". Shorter secrets than Telegram's 35 are caught as
# well, since half a token in a log is still half a token.
_TOKEN = re.compile(r"(?<!\d)(\d{5,16})(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)  # no \b: "bot" may stand before
_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^@\s/]+(?=@)", re.IGNORECASE)
_CHATTY = ("httpx", "httpcore", "telegram", "telegram.ext")


def redact(text: str) -> str:
    """Give `text` with every bot token and every password of an address replaced; the bot's id stays readable."""
    return _PASSWORD.sub(r"\1***", _TOKEN.sub(r"\1:***", text))


class RedactingFilter(logging.Filter):
    """Rewrites each record of the standard library's logging, its traceback included, before a handler formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, redacted."""
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def redact_event(logger: object, method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Redact an event of structlog: a processor that stands last before the renderer."""
    del logger, method
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def guard_logging(root: logging.Logger) -> None:
    """Put the filter on all handlers of `root`, and silence the loggers that print whole request addresses.

    Called once by the composition root, after the handlers are set. Filters of a logger do not reach its children's
    records, those of a handler do.
    """
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in root.handlers:
        if not any(isinstance(one, RedactingFilter) for one in handler.filters):
            handler.addFilter(RedactingFilter())
