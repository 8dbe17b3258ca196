import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.wording import BODY_LIMIT, TITLE_LIMIT, clean, clean_body, clean_title, tokens


@given(st.text())
def test_any_text_is_cleaned_within_the_limit_and_never_raises(text):
    assert len(clean(text, 50)) <= 50
    assert len(clean_title(text)) <= TITLE_LIMIT
    assert len(clean_body(text)) <= BODY_LIMIT
    tokens(text)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("<p>Tariffs &amp; quotas<br/>rise</p>", "Tariffs & quotas rise"),
        ("see https://example.org/a?b=c now", "see now"),
        ("U. S. lists ten firms", "US. lists ten firms"),
        ("a\n\t b", "a b"),
    ],
)
def test_markup_addresses_and_spaced_initials_are_removed(raw, wanted):
    assert clean(raw, 200) == wanted


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("Ministry halts gallium exports to rivals - The Harbour Post", "Ministry halts gallium exports to rivals"),
        ("Ministry halts gallium exports to rivals | Portside", "Ministry halts gallium exports to rivals"),
        (
            "Ministry halts gallium exports – what it means for makers",
            "Ministry halts gallium exports – what it means for makers",
        ),
        ("Short title - Name", "Short title - Name"),
    ],
)
def test_an_outlet_name_at_the_end_is_dropped_but_a_clause_is_kept(raw, wanted):
    assert clean_title(raw) == wanted


def test_fillers_count_as_no_body():
    assert clean_body("No summary provided.") == ""
    assert clean_body("N/A") == ""


def test_numbers_become_their_shape_and_codes_stay_words():
    assert tokens("In 2023, 25% of 3A090 chips?") == ["in", "#year", "#", "%", "of", "3a090", "chips", "?"]


def test_a_megabyte_is_cut_before_any_pattern_sees_it():
    assert len(clean_body("<" * 1_000_000)) <= BODY_LIMIT
