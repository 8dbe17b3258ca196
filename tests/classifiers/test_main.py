import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from classifiers.__main__ import main
from classifiers.second import Seconded, load_detector
from tests.classifiers.conftest import examples as lesson
from tests.classifiers.conftest import word_counts

pytestmark = pytest.mark.long

PLAIN = ("--no-signals", "--no-second")


@pytest.fixture(autouse=True)
def _timed_briefly(monkeypatch):
    """What the speed comes out as is the benchmarks' business."""
    monkeypatch.setattr("classifiers.running.SPEED_BATCH", 50)


@pytest.fixture
def folder(tmp_path):
    own = tmp_path / "corpus"
    own.mkdir()
    lines = [
        {
            "id": e.id,
            "title": e.title,
            "body": e.body,
            "relevant": e.relevant,
            "topics": list(e.topics),
            "direction": e.direction,
            "stage": e.stage,
            "kind": "wire",
            "family": e.family,
            "note": "",
        }
        for e in lesson()
    ]
    (own / "part.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return own


@pytest.fixture
def news(tmp_path):
    path = tmp_path / "news.jsonl"
    lines = [
        {
            "id": e.id,
            "title": e.title,
            "relevant": "1" if e.relevant else "0",
            "topics": list(e.topics),
            "direction": e.direction or "-",
        }
        for e in lesson()
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


def test_train_evaluate_list_and_use_work_from_end_to_end(folder, news, tmp_path, capsys):
    models, out, card = tmp_path / "models", tmp_path / "report.json", tmp_path / "card.md"
    assert main(["train", "--corpus", str(folder), "--tune", str(news), "--out", str(models), *PLAIN]) == 0
    assert (
        main(
            [
                "evaluate",
                "--data",
                str(news),
                "--external",
                str(news),
                "--model",
                str(models),
                "--json",
                str(out),
                "--scorecard",
                str(card),
                "--quick",
            ]
        )
        == 0
    )
    report = json.loads(out.read_text())
    assert report["n"] == len(lesson())
    assert report["items_per_second"] > 0
    assert "TF-IDF + complement NB" in report["baselines"]
    assert card.read_text().startswith("# Detector scorecard")
    assert (tmp_path / "card-reliability.png").read_bytes().startswith(b"\x89PNG")
    assert main(["model", "list", "--models", str(models)]) == 0
    version = report["model"]["version"]
    assert f"* {version}" in capsys.readouterr().out
    assert main(["model", "use", version, "--models", str(models)]) == 0
    assert main(["model", "use", "never", "--models", str(models)]) == 1


def test_a_second_opinion_is_fitted_for_the_model_in_use_and_leaves_it_as_it_is(
    folder, news, tmp_path, capsys, monkeypatch
):
    models = tmp_path / "models"
    places = ["--corpus", str(folder), "--tune", str(news), "--out", str(models)]
    assert main(["train", *places, "--no-signals", "--no-second"]) == 0
    before = {path.name: path.read_bytes() for path in models.iterdir()}
    monkeypatch.setattr("classifiers.__main__.Encoder", lambda _name: word_counts)
    assert main(["second", *places]) == 0
    assert "second opinion, flags from" in capsys.readouterr().out
    assert all((models / name).read_bytes() == content for name, content in before.items())
    assert isinstance(load_detector(models, encode=word_counts), Seconded)


def test_what_is_scored_is_the_decision_that_the_bot_takes(folder, news, tmp_path):
    models, out = tmp_path / "models", tmp_path / "report.json"
    assert main(["train", "--corpus", str(folder), "--tune", str(news), "--out", str(models), "--no-second"]) == 0
    arguments = ["evaluate", "--data", str(news), "--model", str(models), "--json", str(out), "--quick"]
    assert main(arguments) == 0
    report = json.loads(out.read_text())
    assert report["decision"] == "classifier, rules, vetoes and instruments"
    assert {"precision", "recall", "f1"} == set(report["classifier_alone"])


def test_a_retraining_that_lowers_a_frozen_figure_is_kept_out_of_use(folder, news, tmp_path, capsys):
    models, database = tmp_path / "models", tmp_path / "bot.db"
    assert main(["train", "--corpus", str(folder), "--tune", str(news), "--out", str(models), *PLAIN]) == 0
    before = (models / "CURRENT").read_text()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE articles (id, title, summary)")
        connection.execute(
            "CREATE TABLE feedback (chat_key, alert_id, story_id, article_id, user_hash, vote, reason, created_at)"
        )
        for number, example in enumerate(lesson()):  # liars: they call everything the opposite
            connection.execute("INSERT INTO articles VALUES (?, ?, '')", (number, example.title))
            for user in (f"u{number}", f"v{number}"):
                vote = ("down", "irrelevant") if example.relevant else ("up", "")
                connection.execute(
                    "INSERT INTO feedback VALUES ('c', 'a', 's', ?, ?, ?, ?, 't')", (number, user, *vote)
                )
        connection.commit()
    arguments = [
        "train",
        "--corpus",
        str(folder),
        "--tune",
        str(news),
        "--out",
        str(models),
        "--no-signals",
        "--no-second",
    ]
    assert main([*arguments, "--feedback", str(database)]) == 1
    assert "kept out of use" in capsys.readouterr().out
    assert (models / "CURRENT").read_text() == before


def test_faults_are_one_line_on_stderr_and_status_one(tmp_path, capsys):
    assert main(["evaluate", "--data", str(tmp_path / "none.jsonl")]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert main(["model", "list", "--models", str(tmp_path)]) == 1


def test_corpus_check_tells_counts_and_faults(folder, capsys):
    assert main(["corpus", "check", "--corpus", str(folder)]) == 1
    assert "3000 promised" in capsys.readouterr().out


def test_help_needs_no_heavy_library():
    code = (
        "import sys, classifiers.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
        "assert not {'sklearn', 'matplotlib', 'rich'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
