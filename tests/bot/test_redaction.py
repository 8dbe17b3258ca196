import html
import io
import json
import logging
from pathlib import Path

import pytest
import structlog

from bot.redaction import Redactor, guard_logging, print_redacted, redact

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
    assert guard_logging(root) is guard_logging(root)
    root.info("plain %s", TOKEN)
    try:
        int(f"https://api.telegram.org/bot{TOKEN}/x")
    except ValueError:
        root.exception("failed for %s", TOKEN, stack_info=True)
    assert TOKEN not in out.getvalue()
    assert "ValueError" in out.getvalue()
    assert logging.getLogger("httpx").level == logging.WARNING


def test_structured_events_are_redacted_however_deep_their_values_are():
    line = structlog.processors.JSONRenderer()(None, "info", {"event": "x", "all": [{"url": Path(f"/{TOKEN}/")}]})
    assert Redactor().rendered(None, "info", line) == line.replace(TOKEN, "123456789:***")


@pytest.mark.parametrize(
    "written", ["a b&c/ü'\"", "a%20b%26c%2F%C3%BC%27%22", "a+b%26c%2F%C3%BC%27%22", "a%20b%26c%2f%c3%bc%27%22"]
)
def test_a_known_secret_is_found_in_every_spelling(written):
    redactor = Redactor()
    redactor.learn("a b&c/ü'\"", "${KEY}")
    assert redactor(f"<{written}>") == "<${KEY}>"
    assert redactor(json.dumps(written)) == '"${KEY}"'
    assert redactor(html.escape(written)) == "${KEY}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /feed?a=1&api_key=abc&b=2", "GET /feed?a=1&api_key=***&b=2"),
        ("?key=${ACME_KEY}", "?key=${ACME_KEY}"),
        ("https://me:${PASS}@x.test/", "https://me:${PASS}@x.test/"),
        ("?keywords=tariff&author=smith", "?keywords=tariff&author=smith"),
    ],
)
def test_keys_of_addresses_go_and_references_stay(text, shown):
    assert redact(text) == shown


def test_short_words_are_not_looked_for():
    redactor = Redactor(["a", ""])
    assert redactor("a banana") == "a banana"


def test_a_traceback_that_nobody_caught_shows_no_secret(capsys):
    root = logging.getLogger()
    handler = logging.StreamHandler()
    root.addHandler(handler)
    try:
        guard_logging(root, Redactor(["p4ssphrase-of-the-feed"]))
        error = RuntimeError(f"https://api.telegram.org/bot{TOKEN}/getMe")
        error.__cause__ = ValueError("p4ssphrase-of-the-feed")
        print_redacted(type(error), error, None)
    finally:
        root.removeHandler(handler)
    shown = capsys.readouterr().err
    assert "RuntimeError: https://api.telegram.org/bot123456789:***/getMe" in shown
    assert "ValueError: ***" in shown
