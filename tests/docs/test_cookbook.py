"""Every recipe of docs/cookbook.md matches what it promises, and leaves out what it promises."""

import re
from pathlib import Path

import pytest

from rules.loading import load, shipped
from rules.query import CHAT, Document, evaluate, parse
from rules.vocabulary import FIELDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")
RECIPES = [
    (title, body.rstrip("\n").split("\n"))
    for title, body in re.findall(
        r"^### \d+\. (.+?)\n(?:(?!^###).)*?^```recipe\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL
    )
]


def _document(line: str) -> Document:
    """Read `{field: value, other: [one, two]} title | text`."""
    found = re.fullmatch(r"(?:\{(.*?)\} )?(.*?)(?: \| (.*))?", line)
    assert found is not None
    fields: dict[str, object] = {}
    for name, listed, single in re.findall(r"(\w+): (?:\[([^\]]*)\]|([^,\]]+))", found[1] or ""):
        assert name in FIELDS, f"there is no field {name}"
        values = [value.strip() for value in listed.split(",")] if listed else [single.strip()]
        whole = [float(value) if FIELDS[name].kind == "number" else value for value in values]
        fields[name] = whole if listed else whole[0]
    return Document.of(title=found[2], text=found[3] or "", fields=fields)


@pytest.mark.parametrize(("title", "block"), RECIPES, ids=[title for title, _ in RECIPES])
def test_the_recipe_finds_and_leaves_out_what_it_says(title: str, block: list[str]) -> None:
    del title
    query = parse(block[0], limits=CHAT)
    for line in block[1:]:
        assert line[:2] in {"+ ", "- "}, line
        assert (evaluate(query, _document(line[2:])) is not None) is (line[0] == "+"), line


@pytest.mark.parametrize(("title", "block"), RECIPES, ids=[title for title, _ in RECIPES])
def test_the_recipe_can_be_typed_in_a_chat_and_shows_both_sides(title: str, block: list[str]) -> None:
    del title
    assert parse(block[0], limits=CHAT).cost == "indexed", "a chat may hold few rules that are tried on every article"
    assert sum(line.startswith("+ ") for line in block) >= 2
    assert sum(line.startswith("- ") for line in block) >= 2


def test_there_are_twenty_recipes_under_different_names() -> None:
    assert len(RECIPES) >= 20
    assert len({title for title, _ in RECIPES}) == len(RECIPES) == PAGE.count("```recipe\n")


def test_rules_of_the_catalog_that_a_recipe_names_exist() -> None:
    known = {rule.id for rule in load([shipped()]).rules}
    named = {
        rule_id
        for _, block in RECIPES
        for values in re.findall(r"\brule:\(?([\w ]+)", block[0])
        for rule_id in values.split(" OR ")
    }
    assert named
    assert named <= known
