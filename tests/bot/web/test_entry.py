"""Tokens, sessions and guesses by themselves."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.entry import REMEMBERED, TRIES, WITHIN, Door, Throttle, token_in, way_back
from tests.fakes.values import NOW


@given(st.text())
def test_a_way_back_stays_on_the_page(path):
    way = way_back(path)
    assert way.startswith("/")
    assert not way.startswith(("//", "/\\"))
    assert way.isprintable()


@given(st.text(st.characters(codec=None)))
def test_any_header_is_read(header):
    token = token_in(header)
    assert token is None or isinstance(token, str)
    assert not Door("right").knows(token or "")


@given(st.text(st.characters(codec=None)))
def test_no_invented_session_is_remembered(session):
    assert not Door("right").remembers(session, now=NOW)


def test_addresses_of_one_customer_share_their_guesses():
    throttle = Throttle()
    for number in range(TRIES):
        throttle.wrong(f"2001:db8::{number}", now=NOW)
    assert throttle.wait("2001:db8::ffff", now=NOW)
    assert not throttle.wait("2001:db8:1::1", now=NOW)
    for _ in range(TRIES):
        throttle.wrong("::ffff:192.0.2.1", now=NOW)
    assert throttle.wait("192.0.2.1", now=NOW)
    assert not throttle.wait("192.0.2.2", now=NOW)


def test_the_wait_shrinks_until_it_is_over():
    throttle = Throttle()
    for second in range(TRIES):
        throttle.wrong("192.0.2.1", now=NOW + timedelta(seconds=second))
    waits = [throttle.wait("192.0.2.1", now=NOW + timedelta(seconds=at)) for at in (5, 30, 59, 60)]
    assert waits == [56, 31, 2, 0]


def test_a_clock_that_steps_back_locks_nobody_out_for_long():
    throttle = Throttle()
    for _ in range(TRIES):
        throttle.wrong("192.0.2.1", now=NOW)
    assert throttle.wait("192.0.2.1", now=NOW - WITHIN) == 0


def test_memory_of_guesses_is_bounded():
    throttle = Throttle()
    for number in range(REMEMBERED + 50):
        throttle.wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", now=NOW)
    assert len(throttle._wrong) == REMEMBERED


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("Basic bmFtZTphOmI=", "a:b"),
        ("Basic bmFtZQ==", ""),
        ("Basic ????", ""),
        ("Basic /w==", ""),
        ("Negotiate x", None),
        ("", None),
    ],
)
def test_headers_are_read(header, token):
    assert token_in(header) == token
