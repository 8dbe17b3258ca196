"""Rule fixtures played through the whole pipeline: the real classifier, the real grouping, nothing sent."""

import pytest

from bot.rehearsal import Rehearsal
from bot.settings import Settings
from rules.fixtures import run

CHATS = """
chats:
  desk: [gallium, 'topic:export_control publishers:>=2']
"""


@pytest.fixture(scope="module")
def rehearsal():
    return Rehearsal(Settings(_env_file=None))


@pytest.fixture
def play(rehearsal, tmp_path):
    def play(items, wishes="forbid: [{chat: desk, at: 900h}]", head=CHATS):
        path = tmp_path / "fixture.yaml"
        path.write_text(f"{head}\ntests:\n  - name: t\n    items:\n{items}\n    {wishes}\n", encoding="utf-8")
        rehearsal.silent.clear()
        return run([path], rehearsal)[0]

    return play


def told(outcome):
    return [(alert.rule, alert.title) for alert in outcome.told]


BAN = "topic: export_control, stage: announced, direction: tightening, severity: high"


def item(at, title, fields, story=""):
    return f"      - {{at: {at}, title: '{title}', fields: {{{fields}}}{f', story: {story}' if story else ''}}}"


def test_a_story_is_told_once_and_its_change_once_more(play):
    steps = [
        item("0h", "Ministry bans exports of gallium", BAN, "g"),
        item("1h", "Gallium ban: what we know", BAN, "g"),
        item("2h", "Gallium ban in force", BAN.replace("announced", "in_force"), "g"),
    ]
    outcome = play("\n".join(steps), "expect: [{chat: desk, rule: gallium, count: 2}]")
    assert outcome.faults == ()
    assert told(outcome) == [("gallium", "Ministry bans exports of gallium"), ("gallium", "Gallium ban in force")]


def test_a_rule_on_publishers_fires_with_the_second_house(play):
    steps = [
        item("0h", "Ministry bans exports of tungsten", BAN + ", publisher: one", "w"),
        item("1h", "Tungsten exports banned by ministry", BAN + ", publisher: two", "w"),
    ]
    outcome = play("\n".join(steps))
    assert told(outcome) == [("topic:export_control publishers:>=2", "Tungsten exports banned by ministry")]


def test_stories_of_different_names_stay_apart(play):
    steps = [item(f"{n}h", "Ministry bans exports of gallium", BAN, f"s{n}") for n in range(2)]
    assert len(play("\n".join(steps)).told) == 2


def test_without_names_the_grouping_decides(play):
    text = "The ministry banned exports of gallium and germanium to three countries from Monday, it said."
    steps = [f"      - {{at: {n}h, title: Ministry bans exports of gallium, text: '{text}'}}" for n in range(2)]
    assert told(play("\n".join(steps))) == [("gallium", "Ministry bans exports of gallium")]


def test_what_is_not_flagged_tells_nobody_and_says_why(play, rehearsal):
    outcome = play(item("0h", "Gallium anniversary gala draws a crowd", "tier: 3"))
    assert outcome.told == ()
    assert "not flagged, " in rehearsal.silent[0]


def test_a_rule_on_several_articles_counts_them(play):
    head = "chats: {chips: [chip_shortage_wave]}"
    steps = [
        item("0h", "DRAM shortage worsens", "topic: shortage_price"),
        item("20h", "Helium shortage threatens chip plants", "topic: shortage_price"),
        item("30h", "Substrate lead times stretch", "topic: shortage_price"),
    ]
    outcome = play("\n".join(steps), "expect: [{chat: chips, rule: chip_shortage_wave, at: 30h, count: 1}]", head)
    assert outcome.faults == ()


def test_the_command_plays_the_pipeline_and_lists_who_was_told_nothing(tmp_path, monkeypatch, capsys):
    from bot.cli import main

    monkeypatch.chdir(tmp_path)
    fixture = f"{CHATS}\ntests:\n  - name: t\n    items:\n{item('0h', 'Gallium gala', 'tier: 3')}\n"
    (tmp_path / "f.yaml").write_text(fixture + "    expect: [{chat: desk}]\n", encoding="utf-8")
    for options, code, shown in (((), 1, "told nobody  t: Gallium gala: not flagged"), (("--matching",), 0, "passed")):
        monkeypatch.setattr("sys.argv", ["straitwatch", "rules", "test", "f.yaml", *options])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == code
        assert shown in capsys.readouterr().out
