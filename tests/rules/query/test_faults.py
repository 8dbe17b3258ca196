"""Bad queries: one fault each, at its place, with a remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.query import Limits, QueryError, parse

BAD = {
    "quote": ('gallium "rare', 8, "never closed"),
    "open bracket": ("a (b", 2, "never closed"),
    "closing bracket": ("a) b", 1, "closes nothing"),
    "empty brackets": ("a ()", 2, "empty"),
    "mixed brackets": ("(a]", 2, "closes nothing"),
    "empty": ("  ", 0, "empty"),
    "only punctuation": ("- & .", 0, "empty"),
    "unknown field": ("foo:bar", 0, "no field 'foo'"),
    "misspelt field": ("a topik:sanctions", 2, "no field 'topik'"),
    "field in a field": ("title:(a foo:b)", 9, "no field 'foo'"),
    "misspelt topic": ("topic:sanction", 6, "no value 'sanction'"),
    "misspelt severity": ("a severity:>=hihg", 11, "no value 'hihg'"),
    "range upside down": ("probability:[0.9 TO 0.2]", 12, "range is empty"),
    "severity range upside down": ("severity:[high TO low]", 9, "range is empty"),
    "open range without values": ("severity:>critical", 9, "range is empty"),
    "impossible number": ("probability:>=2", 12, "can never be 2"),
    "impossible tier": ("tier:7", 5, "can never be 7"),
    "no number": ("tier:high", 5, "wants a number"),
    "fraction of a tier": ("tier:1.5", 5, "whole number"),
    "exact probability": ("probability:0.7", 12, "never exactly"),
    "wrong unit": ("tier:2d", 5, "wants a number"),
    "range of words": ("title:[a TO b]", 6, "no order"),
    "no value": ("a title:", 2, "Nothing follows"),
    "nothing after AND": ("a AND", 2, "Nothing follows AND"),
    "nothing before OR": ("OR a", 0, "both sides"),
    "two operators": ("a OR AND b", 5, "both sides"),
    "double ampersand": ("a && b", 2, "not an operator"),
    "exclamation mark": ("!a", 0, "not an operator"),
    "missing colon": ("severity>=high", 0, "colon is missing"),
    "lone star": ("*", 0, "every article"),
    "leading wildcard": ("*chip", 0, "letters before it"),
    "wildcard inside Chinese": ("出*口", 0, "inside such a word"),
    "fraction as edits": ("huawei~0.8", 0, "number of edits"),
    "too many edits": ("huawei~3", 0, "number of edits"),
    "short fuzzy": ("ab~1", 0, "too short"),
    "fuzzy phrase": ("dual-use~1", 0, "one plain word"),
    "huge distance": ('"a b"~999', 0, "not a distance"),
    "distance in a field": ('entity:"a b"~2', 7, "does not work"),
    "bad regular expression": ("a /(/", 2, "cannot be used"),
    "look-ahead": ("/(?=a)b/", 0, "cannot be used"),
    "back reference": (r"/(a)\1/", 0, "cannot be used"),
    "regex that matches all": ("/a*/", 0, "empty text"),
    "regex in a field": ("entity:/a/", 7, "do not work"),
    "no word": ('"," b', 0, "no word"),
    "unknown filter": ("filter:x", 7, "no filter 'x'"),
    "contradiction": ("a -a", 0, "never match"),
    "contradiction of severities": ("severity:>=high severity:low", 0, "never match"),
    "contradiction of numbers": ("tier:1 tier:2", 0, "never match"),
    "contradiction of languages": ("lang:en lang:de", 0, "never match"),
    "tautology": ("a OR -a", 0, "every article"),
    "tautology of numbers": ("probability:<=0.5 OR probability:>=0.5", 0, "every article"),
    "500 brackets": ("(" * 500 + "a" + ")" * 500, 12, "nested"),
    "10,000 characters": ("a " * 5_000, 2_000, "characters"),
    "500 negations": ("NOT " * 200 + "a", None, "nested"),
    "many words": (" ".join(f"w{n}" for n in range(70)), 246, "64 clauses"),
    "backslash at the end": ("a\\", 1, "not expected"),
    "comparison without a field": (">=5", 0, "no order"),
    "lone tilde": ("~", 0, "not expected"),
}


@pytest.mark.parametrize(("query", "position", "message"), BAD.values(), ids=BAD)
def test_a_fault_names_its_place_and_a_remedy(query, position, message):
    with pytest.raises(QueryError) as caught:
        parse(query)
    fault = caught.value
    assert message in fault.message
    if position is not None:
        assert fault.position == position
    assert fault.remedy
    assert "^" in fault.pretty()


SUGGESTIONS = {
    "topik:sanctions": "topic",
    "topic:sanction": "topic:sanctions",
    "topic:export-controls": "topic:export_control",
    "severity:>=hihg": "severity:high",
    "direction:easin": "direction:easing",
    "entities:huawei": "entity",
    "severity>=high": "severity:>=high",
}


@pytest.mark.parametrize(("query", "meant"), SUGGESTIONS.items(), ids=SUGGESTIONS)
def test_a_misspelling_is_answered_with_what_was_meant(query, meant):
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert meant in caught.value.remedy


def test_the_caret_stands_under_the_fault_even_behind_wide_characters():
    with pytest.raises(QueryError) as caught:
        parse("出口 topik:sanctions")
    lines = caught.value.pretty().splitlines()
    assert lines[1] == "  出口 topik:sanctions"
    assert lines[2] == "  " + " " * 5 + "^^^^^"


def test_the_caret_stays_on_screen_in_a_long_query():
    with pytest.raises(QueryError) as caught:
        parse("word " * 100 + "topik:x")
    assert all(len(line) < 150 for line in caught.value.pretty().splitlines()[:3])


CAPS = {
    "wildcards": (Limits(wildcards=1), "ab* cd*"),
    "prefix": (Limits(wildcard_prefix=4), "abc*"),
    "fuzzies": (Limits(fuzzies=1), "abc~1 def~1"),
    "regexes": (Limits(regexes=1), "/a/ /b/"),
    "regex length": (Limits(regex_length=3), "/abcd/"),
    "regex memory": (Limits(regex_memory=1 << 12), "/([a-z]{100}){10}/"),
    "phrase": (Limits(phrase_words=2), '"a b c"'),
    "slop": (Limits(slop=2), '"a b"~3'),
    "nesting": (Limits(nesting=1), "((a))"),
}


@pytest.mark.parametrize(("limits", "query"), CAPS.values(), ids=CAPS)
def test_every_cap_refuses_what_lies_beyond_it(limits, query):
    with pytest.raises(QueryError):
        parse(query, limits=limits)
    parse(query)


NOTES = {
    "lower-case operator": ("nvidia or huawei", "OR"),
    "optional word": ("+nvidia huawei", "optional"),
    "boost": ("nvidia^2", "boost"),
}


@pytest.mark.parametrize(("query", "word"), NOTES.values(), ids=NOTES)
def test_a_doubtful_query_carries_a_note(query, word):
    assert any(word in note.message for note in parse(query).notes)


@given(st.text(max_size=80) | st.text(alphabet='ab "()[]{}:/\\~^*?+-!&|<>=.出TONDR', max_size=40))
def test_any_text_is_a_query_or_a_located_fault(text):
    fault = fault_of(text)
    assert fault is None or (fault.message and fault.pretty() and 0 <= fault.position <= len(text))


def fault_of(text):
    try:
        parse(text)
    except QueryError as fault:
        return fault
    return None
