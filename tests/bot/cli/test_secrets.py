"""A secret that a source refers to and that is not there stops the start, and the doctor says the same."""

import pytest

CATALOG = "- {id: acme, name: Acme, url: 'https://x.test/f?key=${ACME_KEY}', kind: feed, tier: 2, publisher: x}\n"


@pytest.fixture
def straitwatch(straitwatch, monkeypatch, tmp_path):
    """Run the command with a source that refers to a secret."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sources.yaml").write_text(CATALOG, encoding="utf-8")
    given = {
        "sources_file": tmp_path / "sources.yaml",
        "database_url": f"sqlite:///{tmp_path / 'x.sqlite3'}",
        "telegram_api": "http://127.0.0.1:9",
    }
    return lambda *arguments: straitwatch(*arguments, **given)


@pytest.mark.parametrize(("command", "code"), [("run", 2), ("worker", 2), ("doctor", 1)])
def test_a_missing_secret_is_one_fault_with_place_and_remedy(straitwatch, command, code) -> None:
    found, shown = straitwatch(command)
    shown = " ".join(shown.split())
    assert found == code
    assert shown.count("the secret ACME_KEY is not set") == 1
    assert "source acme" in shown
    assert "ACME_KEY_FILE to a file that holds it" in shown
    assert "Traceback" not in shown


def test_the_doctor_is_content_once_it_is_there(straitwatch, monkeypatch) -> None:
    monkeypatch.setenv("ACME_KEY", "5e7c1a9b0d")
    code, shown = straitwatch("doctor")
    assert code == 0, shown
    assert "5e7c1a9b0d" not in shown
