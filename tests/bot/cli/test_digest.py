import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import icalendar
import pytest
import typer
from typer.testing import CliRunner

from bot.cli.digest import digest, export_
from bot.errors import ConfigurationError, InputError, NotFoundError
from tests.fakes.values import chat, subscription
from tests.fakes.weeks import add_chats, add_sources, add_stories, open_world

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database with a week of stories up to now, since the commands ask the clock."""
    path = tmp_path_factory.mktemp("cli") / "world.sqlite3"
    engine, now = open_world(f"sqlite:///{path}"), datetime.now(UTC)
    with engine.begin() as tx:
        add_sources(tx, 3, healthy=3, now=now)
        add_stories(tx, 30, start=now - timedelta(days=7), end=now)
        add_chats(tx, [chat(created_at=now - timedelta(days=60))], [subscription(query="changes")])
    engine.dispose()
    return path


@pytest.fixture
def run(database, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", f"sqlite:///{database}")
    app = typer.Typer()
    app.command("digest")(digest)
    app.command("export")(export_)

    def _run(*arguments):
        result = CliRunner().invoke(app, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return _run


def test_a_digest_is_written_in_every_form(run, tmp_path) -> None:
    for form in ("html", "md", "json", "text"):
        run("digest", "--chat", "42", "--format", form, "--out", str(tmp_path / form))
    assert "data:image/png;base64," in (tmp_path / "html").read_text()
    assert (tmp_path / "md").read_text().startswith("# The week to ")
    assert json.loads((tmp_path / "json").read_text())["chat_key"] == "42"
    assert "The week to" in (tmp_path / "text").read_text()
    assert not list(tmp_path.glob("*.part"))


def test_without_a_chat_everything_is_shown(run) -> None:
    assert "No alert rules: everything at or above your level is shown." in run("digest").stdout


def test_the_digest_of_a_past_week_is_that_weeks(run) -> None:
    assert "9 Nov 2026 08:00 – 16 Nov 2026 08:00" in run("digest", "--chat", "42", "--week", "2026-W47").stdout
    assert "The day to 16 Nov 2026" in run("digest", "--chat", "42", "--week", "2026-11-16").stdout


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        pytest.param(["digest", "--chat", "7"], NotFoundError, "Known chats: 42", id="unknown-chat"),
        pytest.param(["digest", "--week", "2026-W99"], InputError, "Write 2026-W47", id="no-such-week"),
        pytest.param(["digest", "--week", "2126-W01"], InputError, "lies ahead", id="week-ahead"),
        pytest.param(["digest", "--format", "pdf"], InputError, "html, md, json or text", id="unknown-form"),
        pytest.param(["digest", "--out", "no/such/folder"], InputError, "--out no/such/folder", id="no-folder"),
        pytest.param(["export", "--format", "rss"], InputError, "Use atom or ics", id="unknown-export"),
        pytest.param(["export", "--format", "atom", "--level", "x"], InputError, "informational", id="unknown-level"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_remedy(run, arguments, error, text) -> None:
    with pytest.raises(error, match=text):
        run(*arguments)


def test_templates_are_checked_before_sunday(run, tmp_path, monkeypatch) -> None:
    assert "All templates are in order" in run("digest", "--check-template").stdout
    (tmp_path / "text.j2").write_text("{{ sheet.title }\n")
    monkeypatch.setenv("STRAITWATCH_TEMPLATES_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"text\.j2:1"):
        run("digest", "--check-template")


def test_alerts_are_exported_as_atom_and_dates_as_a_calendar(run, tmp_path) -> None:
    run("export", "--format", "atom", "--out", str(tmp_path / "alerts.atom"))
    run("export", "--format", "ics", "--out", str(tmp_path / "dates.ics"))
    feed = ET.fromstring((tmp_path / "alerts.atom").read_bytes())
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) > 10
    assert icalendar.Calendar.from_ical((tmp_path / "dates.ics").read_bytes()).walk("VEVENT")
