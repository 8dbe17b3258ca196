"""Fixture files: scenarios on a virtual clock."""

from datetime import UTC, datetime, timedelta

import pytest

from rules.__main__ import main
from rules.fixtures import Told, run
from rules.loading import RuleFaults

FIXTURE = """
chats:
  desk: [gallium, 'title:"export ban"', chip_shortage_wave]
tests:
  - name: two items
    start: 2026-03-01T00:00:00+01:00
    items:
      - {at: 2h, title: Gallium export ban, story: one}
      - {at: 1h, title: Metals, text: gallium, fields: {severity: low}}
    expect:
      - {chat: desk, rule: gallium, at: 1h}
      - {chat: desk, title: EXPORT, count: 2}
    forbid:
      - {chat: desk, rule: chip_shortage_wave}
"""


@pytest.fixture
def fixture(tmp_path):
    def fixture(text=FIXTURE, *replacements):
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "fixture.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return fixture


def test_items_run_in_order_of_time_and_each_chat_is_told_what_it_asked_for(fixture):
    outcome = run([fixture()])[0]
    assert outcome.faults == ()
    start = datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert [(told.rule, told.at - start) for told in outcome.told] == [
        ("gallium", timedelta(hours=1)),
        ("gallium", timedelta(hours=2)),
        ('title:"export ban"', timedelta(hours=2)),
    ]


def test_an_alert_that_does_not_come_is_a_fault_that_tells_what_came(fixture):
    fault = run([fixture(FIXTURE, ("rule: gallium, at: 1h", "rule: gallium, at: 3h"))])[0].faults[0]
    assert "expected an alert in desk of gallium at 3h, it did not come" in fault.message
    assert "gallium at 1h: Metals" in fault.remedy
    assert fault.place.line == 11


def test_a_wrong_count_and_a_forbidden_alert_are_faults(fixture):
    faults = run([fixture(FIXTURE, ("count: 2", "count: 3"), ("rule: chip_shortage_wave}", "at: 2h}"))])[0].faults
    assert "expected 3" in faults[0].message
    assert [fault.message.startswith("two items: forbidden") for fault in faults[1:]] == [True, True]


def test_a_simulation_may_be_injected(fixture):
    def simulate(scenario):
        return [Told(chat="desk", rule="gallium", at=scenario.items[0].at, title="export")] * 2

    assert run([fixture()], simulate)[0].faults == ()


FAULTY = {
    "no tests": (("tests:", "texts:"), "no key 'texts'"),
    "unknown chat": (("{chat: desk, rule: gallium", "{chat: dask, rule: gallium"), "no chat 'dask'"),
    "bad query": (("[gallium,", "['(gallium',"), "never closed"),
    "unknown rule": (("chip_shortage_wave]", "chip_shortage_wav]"), "no rule 'chip_shortage_wav'"),
    "bad time": (("at: 2h", "at: two"), "not a time since the start"),
    "bad start": (("2026-03-01T00:00:00+01:00", "2026-03-01"), "not a time with a zone"),
    "empty item": (("title: Metals, text: gallium,", ""), "item without text"),
    "bad field": (("severity: low", "severity: lo"), "no value 'lo'"),
    "bad count": (("count: 2", "count: two"), "not a number"),
    "missing rule file": (("chats:", "rules: [none.yaml]\nchats:"), "cannot be read"),
    "rules is text": (("chats:", "rules: none.yaml\nchats:"), "rules is text"),
    "items is text": (("    items:\n", "    items: x\n    forget:\n"), "items is text"),
    "chat is text": (("[gallium, 'title:\"export ban\"', chip_shortage_wave]", "gallium"), "desk is text"),
}


@pytest.mark.parametrize(("replacement", "message"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_fixture_is_refused_with_its_place(fixture, replacement, message):
    with pytest.raises(RuleFaults) as caught:
        run([fixture(FIXTURE, replacement)])
    assert any(message in fault.message for fault in caught.value.faults)


def test_a_file_of_another_shape_is_refused(fixture):
    with pytest.raises(RuleFaults, match="holds no tests"):
        run([fixture("- a")])
    with pytest.raises(RuleFaults, match="holds no tests"):
        run([fixture("chats: {}")])


def test_the_command_line_runs_fixtures(fixture, capsys):
    assert main(["test", str(fixture())]) == 0
    assert "passed  two items" in capsys.readouterr().out
    assert main(["test", str(fixture(FIXTURE, ("count: 2", "count: 9")))]) == 1
    assert "1 tests, 1 failed" in capsys.readouterr().out
