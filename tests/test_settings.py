from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.settings import env_example, load_settings

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith("STRAITWATCH_") or name == "DATABASE_URL"]:
        monkeypatch.delenv(name)


def test_the_example_file_is_what_the_settings_say() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()


def test_the_example_file_holds_nothing_but_defaults(tmp_path) -> None:
    active = tmp_path / ".env"
    lines = env_example().splitlines()
    active.write_text("\n".join(line.removeprefix("# ") for line in lines if "=" in line), encoding="utf-8")
    found = load_settings(active)
    plain = load_settings(None)
    for name in type(plain).model_fields:
        given = getattr(found, name)
        if given not in (None, Path()):
            assert given == getattr(plain, name), name


def test_all_faults_are_listed_at_once_with_place_and_remedy(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("STRAITWATCH_TELEGRAM_TOKEN", "not a token")
    monkeypatch.setenv("STRAITWATCH_ZONE", "Mars/Base")
    monkeypatch.setenv("STRAITWATCH_FETCH_TIMEOUT", "soon")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path / "none.env")
    text = str(caught.value)
    assert len(caught.value.faults) == 3
    for name in ("STRAITWATCH_TELEGRAM_TOKEN", "STRAITWATCH_ZONE", "STRAITWATCH_FETCH_TIMEOUT"):
        assert name in text
    assert "@BotFather" in text
    assert "not a token" not in text, "what was given as a token may be one: it is never repeated"


def test_a_missing_file_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("STRAITWATCH_RULES_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="nowhere does not exist"):
        load_settings(None)


def test_the_platforms_own_database_name_is_understood(monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@localhost/x")
    assert load_settings(None).database_url == "postgresql://u@localhost/x"
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", "sqlite:///own.sqlite3")
    assert load_settings(None).database_url == "sqlite:///own.sqlite3"


def test_the_token_is_never_shown(monkeypatch) -> None:
    token = "123456789:" + "A" * 35
    monkeypatch.setenv("STRAITWATCH_TELEGRAM_TOKEN", token)
    found = load_settings(None)
    assert found.token == token
    assert token not in repr(found) + str(found)


def test_the_token_may_come_from_a_file(monkeypatch, tmp_path) -> None:
    secret = tmp_path / "token"
    secret.write_text("123456789:" + "B" * 35 + "\n", encoding="utf-8")
    monkeypatch.setenv("STRAITWATCH_TELEGRAM_TOKEN_FILE", str(secret))
    assert load_settings(None).token == "123456789:" + "B" * 35
