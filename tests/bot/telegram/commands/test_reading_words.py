"""What people type is read without surprises, whatever it is."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Topic
from bot.telegram.commands.quieting import read_span
from bot.telegram.menus.cities import find_zones, known_zone
from bot.telegram.menus.drafts import read_rule
from bot.telegram.menus.roles import NAME_LIMIT, chosen_topics, topic_named, topics_query
from bot.telegram.menus.times import clock
from rules.query import parse
from tests.fakes.values import NOW, subscription


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("8h", timedelta(hours=8)),
        ("3 days", timedelta(days=3)),
        ("3t", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
        ("0h", None),
        ("-1h", None),
        ("400d", None),
        ("9999w", None),
        ("1 fortnight", None),
        ("", None),
    ],
)
def test_a_length_of_time_is_read(text, span):
    assert read_span(text) == span


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("7", "07:00"),
        ("7:5", ""),
        ("07:30", "07:30"),
        ("7.30", "07:30"),
        ("24:00", ""),
        ("23h15", "23:15"),
        ("noon", ""),
    ],
)
def test_a_time_of_day_is_read(text, time):
    assert clock(text) == time


@given(st.text(max_size=200))
def test_nothing_that_is_typed_breaks_the_readers(text):
    read_span(text)
    assert clock(text) == "" or len(clock(text)) == 5
    assert all(known_zone(name) for name in find_zones(text, now=NOW))
    name, query = read_rule(text)
    assert len(name.encode("utf-16-le")) // 2 <= NAME_LIMIT
    assert "\n" not in name + query
    assert topic_named(text) in {None, *Topic}


@given(st.sets(st.sampled_from(list(Topic)), min_size=1))
def test_a_choice_of_topics_is_a_valid_rule_and_read_back(topics):
    query = topics_query(topics)
    parse(query)
    assert chosen_topics([subscription(name="Topics", query=query)]) == topics
