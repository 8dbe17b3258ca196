"""Regular expressions that stall backtracking engines: refused, or matched in time."""

import json
import time
from pathlib import Path

import pytest

from rules.query import FILE, Document, QueryError, evaluate, parse

OURS = {
    "nested plus": ("(x+x+)+y", "", "x", 30_000, "!"),
    "alternation of equals": ("^(a|a)*$", "", "a", 30_000, "!"),
    "optional star": ("(a?){20}a{20}b", "", "a", 30_000, "!"),
    "dot star chain": (".*.*.*=.*", "", "x", 30_000, ""),
    "words and spaces": (r"(\w+\s?)+$", "", "ab ", 20_000, "!"),
    "nested optional": ("((ab)?c?)+d", "", "abc", 20_000, "!"),
    "trailing spaces": (r"\s+$", "", " ", 50_000, "x"),
    "large count": ("(a{1,500}){1,500}", "", "a", 10_000, "b"),
    "back reference": (r"(a+)\1b", "", "a", 10_000, ""),
    "look-ahead": ("(?=(a+))a*b", "", "a", 10_000, ""),
}
FOREIGN = Path(__file__).parents[4] / "shared" / "data" / "redos-dev.json"


def milliseconds(pattern, text):
    """Return how long the query takes, or None when it is refused."""
    try:
        query = parse(f"/{pattern.replace('/', chr(92) + '/')}/", limits=FILE)
    except QueryError:
        return None
    document = Document.of(title="", text=text, fields={})
    started = time.process_time()
    evaluate(query, document)
    return 1e3 * (time.process_time() - started)


@pytest.mark.parametrize(("pattern", "prefix", "pump", "count", "suffix"), OURS.values(), ids=OURS)
def test_an_attack_is_refused_or_matched_in_time(pattern, prefix, pump, count, suffix):
    taken = milliseconds(pattern, prefix + pump * count + suffix)
    assert taken is None or taken < 50


@pytest.mark.skipif(not FOREIGN.exists(), reason="the collection of attacks lies outside the project")
def test_every_attack_of_the_collection_is_refused_or_matched_in_time():
    slow = {}
    for pair in json.loads(FOREIGN.read_text(encoding="utf-8")):
        taken = milliseconds(pair["regex"], pair["prefix"] + pair["pump"] * pair["n"] + pair["suffix"])
        if taken is not None and taken >= 50:
            slow[pair["id"]] = taken
    assert slow == {}


WORST = {
    "wildcards": "a*b*c*d*e*f*g* ab*cd*ef*",
    "fuzzy": "aaaaaaaaaaaaaaaaaaaa~2 bbbbbbbbbb~1",
    "distance": '"a a a a a a a a a a"~50',
    "distance of many": '"a b a b a b a b a b a b a b"~50',
    "wildcard phrase": '"aa* aa* aa* aa* aa* aa*"~50',
}


@pytest.mark.parametrize("query", WORST.values(), ids=WORST)
def test_no_query_stalls_on_a_hostile_page(query):
    text = " ".join(["a", "b", "aab", "a" * 60, "ab" * 30, "aaaaaaaaaaaaaaaaaaab"] * 700)
    document = Document.of(title="", text=text, fields={})
    started = time.process_time()
    evaluate(parse(query.replace("a*b*c*", "aa*b*c*")), document)
    assert time.process_time() - started < 1.0
