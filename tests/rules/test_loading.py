"""Rule files: what is loaded, and how faults are located."""

from datetime import timedelta

import pytest

from rules.loading import RuleFaults, load, parse_duration, shipped

GOOD = """
filters:
  - id: stock_talk
    query: title:("stocks to buy" OR webinar)
rules:
  - id: gallium_ban
    title: Gallium ban
    description: Somebody bans gallium.
    status: test
    topic: critical_minerals
    level: high
    query: |
      gallium (ban* OR
        curb*)
      -filter:stock_talk
    falsepositives: [reviews]
    references: []
    within: 72h
    at_least: 3 articles
    examples:
      hit:
        - Gallium banned
        - {title: Metals, text: gallium curbs, fields: {direction: tightening, topic: [sanctions], tier: 1}}
      miss: [Nickel]
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="rules.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def faults(*paths):
    with pytest.raises(RuleFaults) as caught:
        load(paths)
    return caught.value.faults


def test_a_rule_carries_everything_that_was_written(write):
    catalog = load([write(GOOD)])
    rule = catalog.rules[0]
    assert (rule.id, rule.status, rule.topic, rule.level) == ("gallium_ban", "test", "critical_minerals", "high")
    assert rule.within == timedelta(hours=72)
    assert rule.at_least == 3
    assert rule.falsepositives == ("reviews",)
    assert rule.references == ()
    assert [example.title for example in rule.hit] == ["Gallium banned", "Metals"]
    assert rule.hit[1].fields == {"direction": "tightening", "topic": ["sanctions"], "tier": 1.0}
    assert (rule.place.line, rule.place.column) == (6, 5)
    assert catalog.get("gallium_ban") is rule
    assert "stock_talk" in catalog.filters


def test_the_version_follows_the_content(write):
    first = load([write(GOOD)]).version
    assert load([write(GOOD)]).version == first
    assert load([write(GOOD.replace("72h", "3d"))]).version != first


def test_the_shipped_rules_load():
    catalog = load([shipped()])
    assert len(catalog.rules) >= 8
    assert all(len(rule.hit) >= 3 and len(rule.miss) >= 3 for rule in catalog.rules)


FAULTY = {
    "fault inside a block query": ("curb*)", "curb*) topik:x", 14, 16, "no field 'topik'"),
    "unknown key": ("    status: test", "    state: test", 9, 5, "no key 'state'"),
    "boolean surprise": ("    status: test", "    status: test\n    no: 1", 10, 5, "no key 'no'"),
    "status yes": ("status: test", "status: yes", 9, 13, "status has no value 'yes'"),
    "wrong topic": ("critical_minerals", "critical_mineral", 10, 12, "no value 'critical_mineral'"),
    "list instead of text": ("title: Gallium ban", "title: [a]", 7, 12, "title is a list"),
    "text instead of list": ("[reviews]", "reviews", 16, 21, "falsepositives is text"),
    "mapping in a list of texts": ("[reviews]", "[{a: b}]", 16, 22, "is a mapping"),
    "empty title": ("title: Gallium ban", "title:", 7, 11, "title is empty"),
    "bad id": ("id: gallium_ban", "id: Gallium Ban", 6, 9, "is not an id"),
    "bad duration": ("72h", "3 moons", 18, 13, "not a duration"),
    "bad count": ("3 articles", "one", 19, 15, "not a number of articles"),
    "count of one": ("3 articles", "1", 19, 15, "not a number of articles"),
    "lonely within": ("    at_least: 3 articles\n", "", 18, 5, "stands alone"),
    "no misses": ("miss: [Nickel]", "miss: []", 24, 13, "no miss examples"),
    "bad example": ("[Nickel]", "[[Nickel]]", 24, 14, "an example is a list"),
    "bad example key": ("text: gallium curbs", "body: gallium curbs", 23, 27, "no key 'body'"),
    "bad example field": ("direction: tightening", "direktion: tightening", 23, 57, "no key 'direktion'"),
    "bad example value": ("direction: tightening", "direction: up", 23, 68, "no value 'up'"),
    "bad example number": ("tier: 1", "tier: one", 23, 106, "wants a number"),
    "unknown filter": ("-filter:stock_talk", "-filter:stocks", 15, 15, "no filter 'stocks'"),
    "bad filter": ("webinar)", "webinar", 4, 18, "never closed"),
}


@pytest.mark.parametrize("case", FAULTY.values(), ids=FAULTY)
def test_a_fault_is_located(write, case):
    old, new, line, column, message = case
    assert old in GOOD
    found = faults(write(GOOD.replace(old, new, 1)))
    assert message in found[0].message
    assert (found[0].place.line, found[0].place.column) == (line, column)
    assert found[0].remedy


def test_all_faults_of_all_files_are_reported_at_once(write):
    one = write(GOOD.replace("status: test", "status: x").replace("level: high", "level: y"), "one.yaml")
    two = write(GOOD.replace("gallium_ban", "other").replace("stock_talk", "talk2").replace("72h", "soon"), "two.yaml")
    found = faults(one, two)
    assert len(found) == 3
    assert {fault.place.file for fault in found} == {str(one), str(two)}


def test_an_id_may_be_used_once_over_all_files(write):
    found = faults(write(GOOD, "one.yaml"), write(GOOD, "two.yaml"))
    assert {fault.message for fault in found} == {"id 'stock_talk' twice", "id 'gallium_ban' twice"}
    assert "one.yaml:6" in next(fault.remedy for fault in found if "gallium" in fault.message)


HOSTILE = {
    "alias bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nrules: [*b, *b]", "anchor &a"),
    "alias": ("rules: *x", "alias *x"),
    "tag": ("rules: !!python/object/apply:os.system [ls]", "tag "),
    "deep nesting": ("rules: " + "[" * 500 + "]" * 500, "nested more than 10 deep"),
    "deep mapping": ("".join(f"{' ' * n}a:\n" for n in range(30)), "nested more than 10 deep"),
    "many values": ("rules: [" + "a," * 100_001 + "]", "more than 100,000 values"),
    "too large": (b"#" * 2_000_001, "bytes"),
    "not UTF-8": (b"rules:\n  - \xff\xfe", "not UTF-8"),
    "control character": ("rules:\n  - \x00", "not valid YAML"),
    "two documents": ("rules: []\n---\nrules: []", "second document"),
    "key twice": ("rules: []\nrules: []", "key 'rules' twice"),
    "list as a key": ("? [a]\n: b", "as a key"),
    "a list as file": ("- a", "the file holds a list"),
    "text as file": ("hello", "the file holds text"),
    "rules is text": ("rules: all", "rules is text"),
    "rule is text": ("rules: [all]", "an entry of rules is text"),
    "unclosed": ("rules: [", "not valid YAML"),
    "tab": ("rules:\n\t- id: x", "not valid YAML"),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_and_broken_files_are_refused_with_one_fault(write, text, message):
    found = faults(write(text))
    assert len(found) == 1
    assert message in found[0].message
    assert found[0].remedy


def test_a_missing_file_is_a_fault(tmp_path):
    assert "cannot be read" in faults(tmp_path / "none.yaml")[0].message


def test_an_empty_file_defines_nothing(write):
    assert load([write("# nothing yet\n")]).rules == ()


@pytest.mark.parametrize(
    ("text", "hours"), [("90m", 1.5), ("72h", 72), ("3d", 72), ("2w", 336), ("0h", None), ("1y", None)]
)
def test_durations(text, hours):
    assert parse_duration(text) == (None if hours is None else timedelta(hours=hours))
