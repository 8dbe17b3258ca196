from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from bot.analysis.growth import begin
from bot.cli.stories import app
from bot.errors import NotFoundError, StorageError
from bot.storage import articles as article_rows
from bot.storage import stories
from bot.storage.database import open_engine
from bot.storage.schema import metadata
from tests.fakes.values import article, assessment


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Store two stories of one article each; gives their ids."""
    address = f"sqlite:///{tmp_path / 'stories.db'}"
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", address)
    monkeypatch.setenv("COLUMNS", "160")
    engine = open_engine(address)
    metadata.create_all(engine)
    now = datetime.now(UTC)
    ids = []
    with engine.begin() as tx:
        for number, title in enumerate(["Freedonia curbs [tin] exports", "Tin exports curbed in Freedonia"]):
            one = article(id=f"a{number}", publisher=f"p{number}", title=title)
            read = assessment(article_id=one.id)
            article_rows.add_articles(tx, [one])
            stories.save_assessments(tx, [read], now=now)
            story = begin(one, read, official=False, now=now)
            stories.save_story(tx, story, now=now)
            ids.append(story.id)
    engine.dispose()
    return ids


def _run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_stories_are_listed_and_shown_with_their_words_as_they_are(told) -> None:
    listed = _run("list")
    assert listed.exit_code == 0, listed.output
    assert "Freedonia curbs [tin] exports" in listed.output
    shown = _run("show", told[0])
    assert "official document: not found" in shown.output
    assert "Freedonia curbs [tin] exports" in shown.output


def test_two_stories_are_merged_and_split_again(told) -> None:
    merged = _run("merge", *told)
    assert merged.exit_code == 0, merged.output
    kept = merged.output.split("Merged into ")[1].split(";")[0]
    assert "independent publishers: 2" in _run("show", told[0]).output
    split = _run("split", kept, "a1")
    assert split.exit_code == 0, split.output
    assert "keeps 1 article and" in split.output


def test_an_unknown_story_is_refused_with_the_way_to_find_one(told) -> None:
    refused = _run("show", "nope")
    assert isinstance(refused.exception, NotFoundError)
    assert "straitwatch stories list" in str(refused.exception)


def test_a_database_without_tables_is_an_expected_failure(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    assert isinstance(_run("list").exception, StorageError)
