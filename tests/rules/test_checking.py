"""What a check of rule files reports."""

import json

import pytest

from rules.__main__ import main
from rules.checking import check, rendered
from rules.loading import shipped

RULE = """
rules:
  - id: {id}
    title: Gallium
    description: Gallium is banned.
    status: {status}
    topic: critical_minerals
    level: high
    query: {query}
    falsepositives: []
    references: []
    examples:
      hit: [{hit}]
      miss: [{miss}]
"""


def rule(**values):
    return RULE.format(
        **{"id": "gallium", "status": "test", "query": "gallium ban*", "hit": "Gallium ban", "miss": "Nickel"} | values
    )


@pytest.fixture
def checked(tmp_path):
    def checked(*texts):
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
        return check([tmp_path])

    return checked


def test_a_sound_file_has_neither_faults_nor_warnings(checked):
    report = checked(rule())
    assert report.sound
    assert (report.rules, report.examples, report.warnings) == (1, 2, ())


def test_a_hit_that_is_missed_is_a_fault_at_the_example(checked):
    fault = checked(rule(hit="Germanium ban")).faults[0]
    assert "misses its hit example: Germanium ban" in fault.message
    assert (fault.place.line, fault.place.column) == (13, 13)


def test_a_miss_that_is_hit_is_a_fault_that_names_the_words(checked):
    fault = checked(rule(miss="A ban on gallium")).faults[0]
    assert "matches its miss example" in fault.message
    assert "ban, gallium" in fault.remedy


NEVER = {"never": "gallium -gallium", "always": "gallium OR -gallium"}


@pytest.mark.parametrize("query", NEVER.values(), ids=NEVER)
def test_a_rule_that_never_or_always_matches_is_a_fault_at_its_query(checked, query):
    fault = checked(rule(query=query)).faults[0]
    assert "never match" in fault.message or "every article" in fault.message
    assert (fault.place.line, fault.place.column) == (9, 12)


def test_rules_that_ask_the_same_are_warned_about(checked):
    report = checked(rule(), rule(id="other", query="(gallium AND ban*)"))
    assert report.sound
    assert ["asks the same as rule gallium" in warning.message for warning in report.warnings] == [True]


WARNED = {
    "costly": ({"query": "-nickel", "hit": "Tin"}, "costly"),
    "note": ({"query": "gallium or ban", "hit": "Gallium or ban"}, "searched as a word"),
    "stable with few examples": ({"status": "stable"}, "stable with 1 hit"),
}


@pytest.mark.parametrize(("values", "message"), WARNED.values(), ids=WARNED)
def test_doubtful_rules_are_warned_about(checked, values, message):
    report = checked(rule(**values))
    assert report.sound
    assert message in report.warnings[0].message


def test_the_same_text_as_hit_and_miss_is_reported(checked):
    assert not checked(rule(miss="Gallium ban")).sound


def test_json_carries_every_place(checked):
    report = json.loads(rendered(checked(rule(status="stabel")), "json"))
    fault = report["faults"][0]
    assert report["sound"] is False
    assert (fault["line"], fault["column"]) == (6, 13)
    assert "Did you mean stable?" in fault["remedy"]


def test_github_commands_escape_what_would_break_them(checked):
    line = rendered(checked(rule(hit='"100% tin"')), "github")
    assert line.startswith("::error file=")
    assert ",line=13,col=13::" in line
    assert "100%25 tin" in line


def test_the_text_report_ends_with_the_counts(checked):
    assert rendered(checked(rule())).endswith("1 rules, 2 examples: 0 faults, 0 warnings")


def test_the_shipped_catalog_is_sound():
    assert rendered(check([shipped()]), "text").count("fault") == 1


def test_the_command_line_checks_and_exits_with_a_status(tmp_path, capsys):
    path = tmp_path / "rules.yaml"
    path.write_text(rule(hit="Tin"), encoding="utf-8")
    assert main(["check", str(path)]) == 1
    assert f"{path}:13:13: rule gallium misses its hit example" in capsys.readouterr().out
    assert main(["check"]) == 0


def test_the_command_line_matches_a_text(capsys):
    assert main(["match", "Beijing requires licences for gallium shipments"]) == 0
    assert "gallium_germanium_antimony: licences, gallium" in capsys.readouterr().out
    assert main(["match", "Gallium", "--query", "gall*"]) == 0
    assert "gall*: Gallium" in capsys.readouterr().out
    assert main(["match", "x", "--query", "topik:a"]) == 1
    assert "^^^^^" in capsys.readouterr().out
    assert main(["match", "Nothing of note"]) == 0
    assert "No rule matches" in capsys.readouterr().out


def test_the_command_line_explains_rules_and_queries(capsys):
    assert main(["explain", "chip_shortage_wave"]) == 0
    assert "fires once 3 articles matched within 72 hours" in capsys.readouterr().out
    query = (
        '+nvidia~1 h20 -title:"a b"~2 /x.y/ severity:>=high entity:"a b*" tier:1 probability:{0.2 TO 0.9] age:* OR -ab*'
    )
    assert main(["explain", query]) == 0
    shown = capsys.readouterr().out
    for part in (
        "any of:",
        "not:",
        '"nvidia" with up to 1 letters wrong',
        "severity is high or critical",
        "a word like ab*",
    ):
        assert part in shown
    assert main(["explain", "--", "-nickel"]) == 0
    assert "costly" in capsys.readouterr().out
    assert main(["explain", "(a"]) == 1
    assert "never closed" in capsys.readouterr().out


def test_the_command_line_reports_broken_files_without_a_traceback(tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text("rules: *a", encoding="utf-8")
    assert main(["match", "x", "--rules", str(path)]) == 1
    assert "alias *a is not allowed" in capsys.readouterr().out
