"""Cutting and folding of words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.query.words import fold, plain, spans, words

CASES = {
    "possessive": ("China's exports", ["china", "exports"]),
    "typographic possessive": ("China’s exports", ["china", "exports"]),
    "initials": ("U.S. curbs", ["us", "curbs"]),
    "initials without last dot": ("U.S curbs", ["us", "curbs"]),
    "initials with spaces": ("U. S.government says", ["us", "government", "says"]),
    "initials in lower case": ("u.s. curbs", ["us", "curbs"]),
    "plain US": ("US curbs", ["us", "curbs"]),
    "end of a sentence is no initial": ("plan B. A new", ["plan", "b", "a", "new"]),
    "sentence end before initials": ("vitamin C. U.S. officials", ["vitamin", "c", "us", "officials"]),
    "three initials": ("the U.S.A. and U.A.E.", ["the", "usa", "and", "uae"]),
    "name with apostrophe": ("O'Brien", ["o'brien"]),
    "numbers": ("1,000.5 t and 3.5%", ["1000.5", "t", "and", "3.5"]),
    "hyphens": ("dual-use goods", ["dual", "use", "goods"]),
    "codes": ("3A090.a and 1C902", ["3a090", "a", "and", "1c902"]),
    "accents": ("Énergie Łódź Straße Ørsted", ["energie", "lodz", "strasse", "orsted"]),
    "combining accents": ("cafe\u0301", ["cafe"]),
    "Turkish capital": ("İstanbul", ["istanbul"]),
    "Russian": ("Ёлка Россия", ["елка", "россия"]),
    "Hindi keeps its vowels": ("हिन्दी में", ["हिन्दी", "में"]),
    "Chinese": ("出口管制", ["出", "口", "管", "制"]),
    "Chinese beside Latin": ("H20芯片", ["h20", "芯", "片"]),
    "Korean": ("수출통제를", ["수", "출", "통", "제", "를"]),
    "Korean in jamo": ("\u1112\u1161\u11ab", ["한"]),
    "half-width katakana": ("ｶﾞ", ["ガ"]),
    "full-width Latin": ("ＮＶＩＤＩＡ", ["nvidia"]),
    "soft hyphen": ("semi\u00adconductor", ["semiconductor"]),
    "underscore": ("snake_case", ["snake", "case"]),
    "quotes": ("'rare earths'", ["rare", "earths"]),
    "nothing": (" — ! ", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_text_is_cut_and_folded(text, expected):
    assert words(text) == expected


@given(st.text())
def test_every_word_has_a_place_in_the_original(text):
    found = spans(text)
    assert len(found) == len(words(text))
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert found == sorted(found)


@given(st.text(min_size=1))
def test_folding_twice_changes_nothing(word):
    for folded in words(word):
        assert fold(folded) == folded or not folded.isalnum()


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_the_fast_path_for_plain_text_equals_the_general_one(text):
    assert words(text) == words(text + " 出")[:-1]


@given(st.text())
def test_removing_accents_keeps_every_offset(text):
    assert len(plain(text)) == len(text)
