from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cues.dates import dates

PUBLISHED = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "role", "day"),
    [
        ("The duty takes effect on December 5, 2026.", "effective", date(2026, 12, 5)),
        ("effective 7 January", "effective", date(2027, 1, 7)),
        ("in force from 2026-12-01", "effective", date(2026, 12, 1)),
        ("The order is effective immediately.", "effective", PUBLISHED),
        ("exempt until November 27, 2027", "expires", date(2027, 11, 27)),
        ("the licence expires on 3 March 2027", "expires", date(2027, 3, 3)),
        ("Comments must be received by January 15, 2027", "comment", date(2027, 1, 15)),
        ("自2025年12月1日起实施", "effective", date(2025, 12, 1)),
    ],
)
def test_dates_are_read_with_their_role(text, role, day):
    assert {found.role: found.day for found in dates(text, PUBLISHED)}[role] == day


@pytest.mark.parametrize(
    "text", ["He was born on 3 March 1961.", "on 31 February 2026 effective", "effective soon", ""]
)
def test_other_dates_and_impossible_ones_are_left_alone(text):
    assert dates(text, PUBLISHED) == []


@given(st.dates(min_value=date(2001, 1, 1), max_value=date(2099, 1, 1)))
def test_a_full_date_does_not_depend_on_publication(day):
    text = f"effective {day:%B} {day.day}, {day.year}"
    assert [found.day for found in dates(text, None)] == [day]
