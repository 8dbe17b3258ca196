"""The doctor finds what is wrong and says what to do; a replay proves a past decision and compares it with today's."""

import asyncio
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from bot.app import now
from bot.cli import app
from bot.domain import ChatKind, Source, SourceKind
from bot.storage import access, stories
from bot.storage import articles as article_rows
from bot.storage import sources as source_rows
from bot.storage.chats import save_chat
from bot.storage.database import open_engine
from bot.storage.upgrading import upgrade
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer
from tests.fakes.values import article, assessment, chat


@pytest.fixture(scope="module")
def loaded():
    """The shipped model and rules, read once: each reading costs more than a second."""
    from bot.app import load_assessor
    from bot.settings import Settings

    return load_assessor(Settings(_env_file=None))


@pytest.fixture
def straitwatch(monkeypatch, tmp_path, loaded):
    """Run the command as a user would; gives (exit code, output)."""
    monkeypatch.setattr("bot.app.load_assessor", lambda _: loaded)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", f"sqlite:///{tmp_path / 'x.sqlite3'}")
    monkeypatch.setenv("STRAITWATCH_TELEGRAM_API", "http://127.0.0.1:9")

    def run(*arguments: str) -> tuple[int, str]:
        found = CliRunner().invoke(app, list(arguments))
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exc_info
        return found.exit_code, found.output

    return run


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def test_a_fresh_installation_is_in_order(straitwatch) -> None:
    code, output = straitwatch("doctor")
    assert code == 0, output
    for line in ("database: ", "not made yet", "token: none is set", "model: ", "rules: ", "disk: "):
        assert line in output


def test_bad_settings_are_listed_all_at_once(straitwatch, monkeypatch) -> None:
    monkeypatch.setenv("STRAITWATCH_ZONE", "Europe/Nowhere")
    monkeypatch.setenv("STRAITWATCH_RETENTION_DAYS", "1")
    code, output = straitwatch("doctor")
    assert code == 1
    assert "BAD STRAITWATCH_ZONE" in output
    assert "BAD STRAITWATCH_RETENTION_DAYS" in output


async def test_rights_in_every_chat_are_asked_for(straitwatch, engine, monkeypatch) -> None:
    async with BotApi() as api:
        monkeypatch.setenv("STRAITWATCH_TELEGRAM_TOKEN", api.token)
        monkeypatch.setenv("STRAITWATCH_TELEGRAM_API", api.url)
        api.add_chat(42, "private")
        api.add_chat(-100200, "supergroup", title="Desk")
        api.add_chat(-100300, "supergroup", title="Left")
        api.set_member(-100200, api.bot_id, "member")
        with engine.begin() as tx:
            access.make_owner(tx, 42, now=now())
            save_chat(tx, chat(title="Owner"))
            for key, title in ((-100200, "Desk"), (-100300, "Left")):
                save_chat(tx, chat(key=str(key), telegram_id=key, kind=ChatKind.SUPERGROUP, title=title))
        code, output = await asyncio.to_thread(straitwatch, "doctor")
    assert code == 1
    assert "ok  token: works, of @straitwatch_test_bot" in output
    assert "ok  chat Owner" in output
    assert "ok  chat Desk: the bot is member" in output
    assert "BAD chat Left: the bot is not in it (left)\n      -> Add the bot again" in output
    assert api.token.partition(":")[2] not in output


async def test_a_refused_token_is_told_with_its_remedy(straitwatch, monkeypatch) -> None:
    async with BotApi() as api:
        monkeypatch.setenv("STRAITWATCH_TELEGRAM_TOKEN", "123456789:" + "A" * 35)
        monkeypatch.setenv("STRAITWATCH_TELEGRAM_API", api.url)
        code, output = await asyncio.to_thread(straitwatch, "doctor")
    assert code == 1
    assert "BAD token: Telegram refuses it\n      -> Copy it again from @BotFather" in output


def test_sources_are_tried_on_demand(straitwatch, engine, monkeypatch) -> None:
    monkeypatch.setenv("STRAITWATCH_ALLOW_PRIVATE_NETWORKS", "true")
    with FeedServer() as feeds:
        feeds.serve("/good", rss([Entry(title="One", link="https://x.test/1", at=now())]))
        with engine.begin() as tx:
            for name, path in (("good", "/good"), ("bad", "/404?key=secretkey")):
                one = Source(id=name, name=name, url=feeds.url(path), kind=SourceKind.FEED, tier=2, publisher=name)
                source_rows.add(tx, one, added_by="cli")
        code, output = straitwatch("doctor", "--fetch")
    assert code == 1
    assert "ok  source good" in output
    assert "BAD source bad" in output
    assert "secretkey" not in output


def test_a_stored_failure_and_an_old_schema_are_found(straitwatch, engine, tmp_path) -> None:
    with engine.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    code, output = straitwatch("doctor")
    assert code == 1
    assert "BAD database" in output
    assert "schema 9999 is newer" in output


def test_a_clock_that_is_wrong_is_found(straitwatch, monkeypatch) -> None:
    from tests.fakes.feed_server import Reply

    with FeedServer() as feeds:
        feeds.serve("/", Reply(body=b"hello", headers={"Date": "Mon, 06 Jan 2020 10:00:00 GMT"}))
        monkeypatch.setenv("STRAITWATCH_TELEGRAM_API", feeds.url("/"))
        code, output = straitwatch("doctor")
    assert code == 1
    assert "BAD clock" in output
    assert "set-ntp" in output


def _tell(engine, *, model_version: str) -> str:
    """Store a story of two articles with the alert of the first; gives the alert's id."""
    from bot.analysis.decisions import decide
    from bot.analysis.growth import begin, grow

    first_at = now() - timedelta(hours=3)
    title = "Commerce department adds twelve chipmakers to the Entity List"
    read = [
        article(id="a1", title=title, url="https://x.test/1", fetched_at=first_at, published_at=first_at),
        article(id="a2", title=f"{title}, again", url="https://y.test/2", publisher="other", fetched_at=now()),
    ]
    judged = [assessment(article_id=one.id, model_version=model_version) for one in read]
    story = begin(read[0], judged[0], official=False, now=first_at)
    alert = decide(None, story, now=first_at)
    with engine.begin() as tx:
        article_rows.add_articles(tx, read)
        stories.save_assessments(tx, judged, now=first_at)
        stories.save_story(tx, grow(story, read[1], judged[1], official=False, copy_of=None, now=now()), now=now())
        stories.save_alerts(tx, [(alert, story)])
    return alert.id


def test_a_replay_rebuilds_the_decision_from_what_was_known_then(straitwatch, engine) -> None:
    code, output = straitwatch("replay", _tell(engine, model_version="model-of-then"))
    assert code == 0, output
    assert "model model-of-then" in output
    assert "rebuilt  from what is stored: the same, new_story" in output
    assert "https" not in output
    assert ", again" not in output  # it came later
    assert "today    model 2" in output


def test_a_replay_of_an_unknown_alert_says_where_to_look(straitwatch, engine) -> None:
    from bot.errors import NotFoundError

    found = CliRunner().invoke(app, ["replay", "nosuch"])
    assert isinstance(found.exception, NotFoundError)
    assert "straitwatch stories" in str(found.exception)
