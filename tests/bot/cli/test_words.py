"""What commands say is said once, and only where it helps."""

import pytest

from bot import app
from bot.cli.rules import explain
from bot.errors import ConfigurationError
from bot.settings import Settings


@pytest.mark.parametrize(
    ("asked", "hinted"),
    [("gallium AND export", False), ("gallium", False), ('"entity list"', False), ("us-entity_list", True)],
)
def test_a_query_is_explained_without_talk_of_rules_with_similar_names(asked, hinted, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    explain(asked)
    assert ("There is also a rule" in capsys.readouterr().out) is hinted


def test_a_model_that_cannot_be_read_names_one_remedy_each(tmp_path):
    (tmp_path / "model.json").write_text("{}", encoding="utf-8")
    settings = Settings(_env_file=None, model_file=tmp_path / "model.json")
    with pytest.raises(ConfigurationError) as refused:
        app.load_assessor(settings)
    assert str(refused.value).count("train") == 1
    assert "Without STRAITWATCH_MODEL_FILE the shipped one is used" in str(refused.value)
