import sqlite3
from contextlib import closing

import pytest

from classifiers import feedback
from classifiers.errors import FeedbackError


def database(path, votes):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE articles (id TEXT, title TEXT, summary TEXT)")
        connection.execute(
            "CREATE TABLE feedback (chat_key TEXT, alert_id TEXT, story_id TEXT, article_id TEXT, user_hash TEXT,"
            " vote TEXT, reason TEXT, created_at TEXT)"
        )
        for number, (article, user, vote, reason) in enumerate(votes):
            connection.execute(
                "INSERT INTO articles SELECT ?, ?, '' WHERE NOT EXISTS (SELECT 1 FROM articles WHERE id = ?)",
                (article, f"title {article}", article),
            )
            connection.execute(
                "INSERT INTO feedback VALUES ('c', 'a', 's', ?, ?, ?, ?, ?)",
                (article, user, vote, reason, f"2026-01-01T00:00:{number:02}"),
            )
        connection.commit()
    return path


@pytest.mark.parametrize(
    ("votes", "wanted"),
    [
        ([("a", "u1", "up", ""), ("a", "u2", "up", "")], [True]),
        ([("a", "u1", "down", "irrelevant"), ("a", "u2", "down", "irrelevant")], [False]),
        ([("a", "u1", "up", "")], []),
        ([("a", "u1", "up", ""), ("a", "u1", "up", "")], []),
        ([("a", "u1", "up", ""), ("a", "u2", "down", "irrelevant")], []),
        ([("a", "u1", "down", "duplicate"), ("a", "u2", "down", "duplicate")], []),
        ([("a", "u1", "down", "irrelevant"), ("a", "u1", "up", ""), ("a", "u2", "up", "")], [True]),
    ],
    ids=["two up", "two irrelevant", "one voice", "one voice twice", "split", "another reason", "changed mind"],
)
def test_two_people_make_a_label(tmp_path, votes, wanted):
    found = feedback.examples_of(database(tmp_path / "bot.db", votes))
    assert [e.relevant for e in found] == wanted


def test_one_person_cannot_fill_the_lesson(tmp_path):
    votes = [(f"a{n}", user, "up", "") for n in range(30) for user in ("u1", "u2")]
    assert len(feedback.examples_of(database(tmp_path / "bot.db", votes))) == 10


def test_a_missing_or_foreign_database_is_named(tmp_path):
    with pytest.raises(FeedbackError, match="no such database"):
        feedback.examples_of(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("hello, this is no database at all, not even nearly" * 30)
    with pytest.raises(FeedbackError, match="cannot be read"):
        feedback.examples_of(tmp_path / "text.db")


def report(value, low):
    figure = {"value": value, "low": low, "high": 1.0}
    return {
        "relevance": {"average_precision": figure, "f1": figure},
        "topics": {"macro_f1": figure},
        "direction": {"accuracy": figure},
        "stage": {"macro_f1": figure},
    }


def test_the_gate_opens_within_the_interval_and_shuts_below_it():
    assert feedback.drops(report(0.9, 0.85), report(0.86, 0.8)) == []
    shut = feedback.drops(report(0.9, 0.85), report(0.84, 0.8))
    assert len(shut) == 5
    assert str(shut[0]) == "relevance average_precision would fall from 0.900 to 0.840, below 0.850"
