"""Every example of docs/rules.md does what the page says."""

import re
from pathlib import Path

import pytest

from rules.checking import check
from rules.examples import Examples
from rules.fixtures import run
from rules.query import CHAT, FILE, Document, QueryError, evaluate, parse
from rules.reading import Table, tree
from rules.vocabulary import FIELDS, TOPICS

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
QUERIES = [body.rstrip("\n").split("\n") for kind, body in BLOCKS if kind == "query"]


def document(line):
    """Read "{field: value} title"; the pseudo-field text gives the body."""
    found = re.fullmatch(r"(\{.*?\}) (.*)", line)
    if not found:
        return Document.of(title=line, text="", fields={})
    title, text, table = found.group(2), "", tree(found.group(1), "page")
    assert isinstance(table, Table)
    if "text" in table.entries:
        text = table.entries.pop("text").text
        table.keys.pop("text")
    faults = []
    fields = Examples(faults).fields_of(table)
    assert not faults
    return Document.of(title=title, text=text, fields=fields)


@pytest.mark.parametrize("block", QUERIES, ids=[block[0] for block in QUERIES])
def test_the_query_matches_as_the_page_says(block):
    query, *lines = block
    assert lines
    for line in lines:
        sign, text = line[0], line[2:]
        if sign == "!":
            with pytest.raises(QueryError, match=re.escape(text)):
                parse(query)
        else:
            assert (evaluate(parse(query), document(text)) is not None) is (sign == "+"), line


def test_the_rule_file_on_the_page_is_sound(tmp_path):
    for number, (_, body) in enumerate(block for block in BLOCKS if block[0] == "yaml"):
        path = tmp_path / f"{number}.yaml"
        path.write_text(body, encoding="utf-8")
        report = check([path])
        assert report.faults == ()
        assert report.warnings == ()


def test_the_fixture_on_the_page_passes(tmp_path):
    bodies = [body for kind, body in BLOCKS if kind == "fixture"]
    assert bodies
    for number, body in enumerate(bodies):
        path = tmp_path / f"{number}.yaml"
        path.write_text(body, encoding="utf-8")
        assert [outcome.faults for outcome in run([path])] == [()]


def test_the_page_names_every_field_and_topic_and_the_examples_of_the_table_parse():
    for name in [*FIELDS, *TOPICS]:
        assert f"`{name}`" in PAGE
    rows = re.findall(r"^\| `\w+`.*\| `([^|]*)` \|$", PAGE, flags=re.MULTILINE)
    assert len(rows) >= 15
    for example in rows:
        parse(example, filters={"opinion_piece": parse("opinion")})


def test_the_caps_of_the_page_are_those_of_the_program():
    for label, name in {
        "characters": "length",
        "brackets inside brackets": "nesting",
        "distance of a phrase": "slop",
    }.items():
        assert f"| {label} | {getattr(CHAT, name):,} | {getattr(FILE, name):,} |" in PAGE
    assert f"| words, phrases and conditions | {CHAT.clauses} | {FILE.clauses} |" in PAGE
