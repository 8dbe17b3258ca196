import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.grouping.wording import bare, words

ALIKE = {
    "actor": ("Beijing curbs", "China's restrictions"),
    "dotted and plain": ("U.S. tariffs", "US duties"),
    "numbers in words": ("two tankers seized", "2 ships impounded"),
    "ordinals": ("fourteenth package", "14th packages"),
    "thousands": ("7,400 dockers", "7400 dock workers".replace("dock ", "")),
    "accents": ("Türkiye bans", "Turkey's ban"),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_one_concept_in_two_spellings_is_one_word(one, other) -> None:
    assert words(one) == words(other)


def test_the_pronoun_names_no_country() -> None:
    assert "us" not in words("Let us talk about chips")
    assert words("US talks") == words("American negotiations")


def test_the_site_name_does_not_hide_a_copy() -> None:
    assert bare("Freedonia bans tin – The Daily Harbour") == bare("Freedonia bans tin") == "freedonia bans tin"


def test_unspaced_scripts_are_cut_into_pairs() -> None:
    assert words("出口管制") == ["出口", "口管", "管制"]


@given(st.text(max_size=200))
def test_any_text_is_read_without_failing(text) -> None:
    assert all(words(text)) or not words(text)
    assert bare(text) == bare(text).strip()
