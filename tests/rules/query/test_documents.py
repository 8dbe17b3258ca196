import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.query import Document, evaluate, parse


@given(st.lists(st.sampled_from([f"w{number}" for number in range(60)]), max_size=120), st.randoms())
def test_places_are_the_same_in_whatever_order_they_are_asked_for(found, random):
    document = Document.of(title="", text=" ".join(found), fields={})
    asked = [*document.vocabulary, "absent"]
    random.shuffle(asked)
    for word in asked:
        assert document.places[word] == [index for index, other in enumerate(found) if other == word]


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("/embargo.{0,9}gallium/", True),
        ("/embargo.{0,3}gallium/", False),
        ("/gallium.{0,9}embargo/", False),
        ("/EMBARGO on zinc?/", False),
        ("/embargo( on)? tin/", False),
        ("/x?embargo.*m/", True),
    ],
)
def test_the_parts_that_an_expression_requires_only_narrow_down_where_it_is_tried(expression, matches):
    document = Document.of(title="Embargo on gallium", text="Prices rose.", fields={})
    assert (evaluate(parse(expression), document) is not None) is matches
