import io
import logging

import pytest

from bot.redaction import guard_logging, redact, redact_event

TOKEN = "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"https://api.telegram.org/bot{TOKEN}/sendMessage", "https://api.telegram.org/bot123456789:***/sendMessage"),
        (TOKEN, "123456789:***"),
        ("postgresql://me:secret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("https://user:pa%20ss@feed.example/x?y=1", "https://user:***@feed.example/x?y=1"),
        ("https://example.org:8080/a@b", "https://example.org:8080/a@b"),
        ("at 12:30 the price was 5:1", "at 12:30 the price was 5:1"),
    ],
)
def test_secrets_go_and_the_rest_stays(text, shown):
    assert redact(text) == shown


def test_no_record_of_any_logger_and_no_traceback_keeps_a_token():
    out = io.StringIO()
    root = logging.Logger("root")  # noqa: LOG001 - one of its own, so that no other test sees it
    root.addHandler(logging.StreamHandler(out))
    guard_logging(root)
    guard_logging(root)
    root.info("plain %s", TOKEN)
    try:
        int(f"https://api.telegram.org/bot{TOKEN}/x")
    except ValueError:
        root.exception("failed for %s", TOKEN, stack_info=True)
    assert TOKEN not in out.getvalue()
    assert "ValueError" in out.getvalue()
    assert logging.getLogger("httpx").level == logging.WARNING


def test_structured_events_are_redacted_as_well():
    assert redact_event(None, "info", {"event": TOKEN, "n": 1}) == {"event": "123456789:***", "n": 1}
