import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.markup import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    Block,
    Span,
    clean,
    halve,
    host_of,
    one_line,
    safe_address,
    split,
    text_blocks,
    units,
)
from bot.telegram.messages import Part
from tests.fakes import telegram_html

NAUGHTY = Path(__file__).parents[4] / "shared" / "data" / "blns.json"
HIDDEN = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u200b\ufeff\x00\x1b\r"
any_text = st.text(st.characters(codec=None), max_size=400)
long_text = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=60), st.integers(1, 300))
spans = st.builds(
    Span,
    text=st.one_of(any_text, long_text).map(clean),
    bold=st.booleans(),
    italic=st.booleans(),
    code=st.booleans(),
    href=st.one_of(st.just(""), st.just('https://example.org/?a=1&b="2"\'<x>'), any_text.map(safe_address)),
)
blocks = st.builds(Block, spans=st.lists(spans, min_size=1, max_size=6).map(tuple), gap=st.booleans())


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(st.lists(blocks, max_size=12), st.sampled_from([64, CAPTION_LIMIT, TEXT_LIMIT]))
def test_any_blocks_become_valid_parts_within_the_limits_and_nothing_is_left_out(made, limit):
    parts = split(made, limit=limit)
    seen = ""
    for part in parts:
        visible, entities = telegram_html.parse_html(part.html)
        assert telegram_html.units(visible) <= limit
        assert telegram_html.units(part.plain) <= limit
        assert len(entities) <= 100
        seen += visible
    assert squeezed(seen) == squeezed("".join(span.text for block in made for span in block.spans))


@given(any_text)
def test_cleaned_text_holds_nothing_that_hides_reorders_or_breaks(text):
    cleaned = clean(text)
    cleaned.encode()
    assert not set(cleaned) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u200b\ufeff\x00\x1b\r"
    )
    assert clean(cleaned) == cleaned


@given(any_text, st.integers(16, 300))
def test_a_line_keeps_its_limit_counted_as_telegram_counts(text, limit):
    line = one_line(text, limit)
    assert telegram_html.units(line) <= limit
    assert units(line) == telegram_html.units(line)
    assert "\n" not in line


@pytest.mark.parametrize(
    "character", ["👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "é", "नि"], ids=["family", "flag", "skin", "heart", "accent", "hindi"]
)
def test_what_is_one_character_to_the_reader_is_not_cut(character):
    text = "x" + character * 30
    for limit in range(20, 40):
        line = one_line(text, limit)
        assert line.removeprefix("x").removesuffix("…") == character * line.count(character)


def test_whole_blocks_move_to_a_follow_up():
    made = [Block(spans=(Span(text=str(number) * 1500, bold=True),)) for number in range(4)]
    parts = split(made)
    assert [part.html for part in parts] == [
        f"<b>{'0' * 1500}</b>\n<b>{'1' * 1500}</b>",
        f"<b>{'2' * 1500}</b>\n<b>{'3' * 1500}</b>",
    ]


def test_a_first_part_may_be_a_caption():
    made = [Block(spans=(Span(text="x" * 600),)) for _ in range(3)]
    assert [units(part.plain) for part in split(made, first_limit=CAPTION_LIMIT)] == [600, 1201]


def test_more_links_than_telegram_keeps_go_to_a_second_message():
    made = [Block(spans=(Span(text="x", href=f"https://example.org/{number}"),)) for number in range(150)]
    parts = split(made)
    links = [entity["url"] for part in parts for entity in telegram_html.parse_html(part.html)[1][:100]]
    assert links == [f"https://example.org/{number}" for number in range(150)]


def test_halving_keeps_every_word():
    text = " ".join(f"word{number}" for number in range(500))
    halves = halve(Part(html=text, plain=text))
    assert " ".join(part.plain for part in halves).split() == text.split()
    assert max(units(part.plain) for part in halves) < units(text) * 0.7


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/a?b=c&d=e", "https://example.org/a?b=c&d=e"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("tg://user?id=1", ""),
        ("https://", ""),
        ("http://[broken", ""),
        (" https://exa\u202emple.org/\n", "https://example.org/"),
        ("https://example.org/" + "a" * 3000, ""),
    ],
)
def test_only_web_addresses_become_links(url, kept):
    assert safe_address(url) == kept


def test_a_link_names_the_host_it_leads_to():
    assert host_of("https://www.Example.org:8080/bank.com") == "example.org"


def test_paragraphs_keep_their_gaps():
    assert [(block.spans[0].text, block.gap) for block in text_blocks("a\nb\n\n\nc")] == [
        ("a", False),
        ("b", False),
        ("c", True),
    ]


@pytest.mark.skipif(not NAUGHTY.is_file(), reason="the list of naughty strings is not here")
def test_naughty_strings_survive_every_place():
    for text in json.loads(NAUGHTY.read_text()):
        made = [
            *text_blocks(text),
            Block(spans=(Span(text=one_line(text) or "-", bold=True, href=safe_address(text)),)),
        ]
        for part in split(made):
            telegram_html.parse_html(part.html)
