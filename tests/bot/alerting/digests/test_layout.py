import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerting.digests.building import build
from bot.alerting.digests.layout import Layout, MarkError, read_blocks
from bot.alerting.digests.matching import Matches
from bot.alerting.digests.material import Material, Pipe
from bot.alerting.digests.samples import sample_digests
from bot.alerting.digests.templating import Templates
from bot.alerting.digests.told import Asked
from bot.alerting.digests.wording import CHAT_LIMITS, NO_LIMITS, Wording
from bot.alerting.periods import Period
from bot.domain import Severity
from bot.telegram.markup import CAPTION_LIMIT, TEXT_LIMIT, split, units
from bot.telegram.strings import strings
from tests.fakes.values import chat
from tests.fakes.weeks import make_stories

END = datetime(2026, 11, 23, 8, tzinfo=UTC)
BUSY, QUIET, BROKEN, PREVIEW = sample_digests()
TAGS = re.compile(r"<(/?)(\w+)[^>]*>")


def digest_of(number, headline=None):
    start = END - timedelta(days=7)
    stories = {one.id: one for one, _, _ in make_stories(number, start=start, end=END)}
    if headline is not None:
        stories = {key: replace(one, headline=headline) for key, one in stories.items()}
    material = Material(
        period=Period(key="2026-W48", start=start, end=END),
        alerts=(),
        stories=stories,
        dated={},
        near=(),
        pipe=Pipe(read=1, flagged=1, dropped=0, sources=1, healthy=1),
        known_since=None,
    )
    return build(Asked(chat=chat(level=Severity.INFORMATIONAL), subscriptions=()), material, Matches(), (), now=END)


def lay_out(digest, *, lang="en", limits=NO_LIMITS, picture="Picture."):
    sheet = Wording(strings(lang)).sheet(digest, limits, picture=picture)
    return sheet, Layout(Templates()).parts(sheet, with_picture=True)


def balanced(html):
    open_tags = []
    for closing, tag in TAGS.findall(html):
        if closing:
            assert open_tags.pop() == tag
        else:
            open_tags.append(tag)
    return not open_tags


def test_three_hundred_stories_are_split_into_whole_blocks_with_all_links_intact() -> None:
    made = digest_of(300)
    sheet, parts = lay_out(made)
    assert len(made.entries) == 300
    assert all(units(part.plain) <= TEXT_LIMIT for part in parts)
    assert units(parts[0].plain) <= CAPTION_LIMIT
    assert all(balanced(part.html) for part in parts)
    cards = [card for group in sheet.groups for card in group.cards]
    wanted = [source.url for card in cards for source in card.sources]
    linked = [unescape(url) for part in parts for url in re.findall(r'href="([^"]*)"', part.html)]
    assert linked[: len(wanted)] == wanted  # the dates ahead link the same documents once more
    assert set(linked) == set(wanted)
    for card in cards:  # no card is divided between two messages
        lines = [card.headline, *(source.after for source in card.sources)]
        assert any(card.headline in part.plain and all(line in part.plain for line in lines) for part in parts)


def test_a_chat_is_shown_the_gravest_stories_whole_the_next_in_one_line_and_a_count_of_the_rest() -> None:
    sheet, parts = lay_out(digest_of(300), limits=CHAT_LIMITS)
    cards = [card for group in sheet.groups for card in group.cards]
    assert sum(not card.brief for card in cards) == 20
    assert sum(card.brief for card in cards) == 30
    assert sheet.more == "and 250 more stories"
    assert len(parts) <= 6


@given(st.text(max_size=400))
def test_any_headline_gives_messages_within_the_limits_with_closed_marks(headline) -> None:
    _, parts = lay_out(digest_of(4, headline=headline))
    assert all(0 < units(part.plain) <= TEXT_LIMIT and balanced(part.html) for part in parts)


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("digest", [BUSY, QUIET, BROKEN, PREVIEW], ids=["busy", "quiet", "broken", "preview"])
def test_the_headline_paragraph_fits_a_caption_in_three_lines(lang, digest) -> None:
    sheet, parts = lay_out(digest, lang=lang, picture="x" * 300)
    assert 1 <= len(sheet.lead) <= 3
    assert units(parts[0].plain) <= CAPTION_LIMIT
    assert sheet.picture in parts[0].plain


def test_a_quiet_week_says_so_and_proves_that_the_pipe_works() -> None:
    sheet, _ = lay_out(QUIET)
    assert sheet.lead[0].startswith("A quiet week: 41 of 42 sources healthy, 1,203 items read")
    assert "highest probability 41 %" in sheet.lead[0]
    assert "Nothing reached your level (Low)." in sheet.lead[0]


def test_a_broken_pipe_does_not_call_the_week_quiet() -> None:
    sheet, parts = lay_out(BROKEN)
    assert "quiet day" not in sheet.lead[0].lower()
    assert "no proof of a quiet time" in sheet.lead[0]
    assert "3 of 42 sources healthy" in parts[-1].plain


def test_the_words_are_german_in_a_german_chat_and_numbers_too() -> None:
    sheet, _ = lay_out(QUIET, lang="de")
    assert "1.203 Beiträge gelesen" in sheet.lead[0]


def test_the_official_document_comes_first_among_the_best_two_sources() -> None:
    sheet, _ = lay_out(BUSY)
    sources = [card.sources for group in sheet.groups for card in group.cards if len(card.sources) > 1]
    assert sources
    assert all(found[0].before.startswith("📄") and len(found) == 2 for found in sources)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        pytest.param("<div>x</div>", "<div", id="unknown-tag"),
        pytest.param("x</b>", "</b", id="closes-nothing"),
        pytest.param("<b>x\n\ny</b>", "<b", id="open-over-a-paragraph"),
        pytest.param("<i>x", "<i", id="never-closed"),
    ],
)
def test_marks_that_telegram_would_refuse_are_faults(text, mark) -> None:
    with pytest.raises(MarkError) as caught:
        read_blocks(text)
    assert caught.value.mark == mark


def test_marks_and_links_survive_reading() -> None:
    (part,) = split(read_blocks('<b>a &amp; b</b> <a href="https://x.example/?a=1&amp;b=2">link</a>\n\n<i>end</i>'))
    assert part.html == '<b>a &amp; b</b> <a href="https://x.example/?a=1&amp;b=2">link</a>\n\n<i>end</i>'


def test_an_address_that_is_no_web_address_is_shown_without_a_link() -> None:
    (part,) = split(read_blocks('<a href="javascript:alert(1)">x</a>'))
    assert part.html == "x"
