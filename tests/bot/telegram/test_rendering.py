import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import AlertReason, Direction, Severity, Stage, Topic
from bot.telegram.markup import safe_address
from bot.telegram.messages import MatchedRule
from bot.telegram.rendering import alert_message, batch, change_reply, notice, story_edit
from bot.telegram.strings import LANGUAGES, strings
from tests.fakes import telegram_html
from tests.fakes.values import NOW, alert, chat, member, story

EN, DE = strings("en"), strings("de")
RULES = (MatchedRule(name="Chips to China", words=("H20", "licence")),)
NAUGHTY = Path(__file__).parents[4] / "shared" / "data" / "blns.json"

any_text = st.text(st.characters(codec=None), max_size=200)
addresses = st.one_of(
    st.integers(0, 999).map(lambda number: f"https://source{number}.example/news?id={number}&x=\"'<>"), any_text
)
members = st.builds(
    lambda number, text, url, official: member(
        article_id=f"a{number}", publisher=f"{text}{number}", url=url, official=official, title=text
    ),
    st.integers(0, 10_000),
    any_text,
    addresses,
    st.booleans(),
)
stories = st.builds(
    lambda text, articles, words, topics: story(
        headline=text,
        articles=tuple(articles),
        issuers=tuple(words),
        targets=tuple(words),
        goods=tuple(words),
        topics=topics,
    ),
    st.one_of(any_text, any_text.map(lambda text: text * 40)),
    st.lists(members, min_size=1, max_size=150),
    st.lists(any_text, max_size=8),
    st.sampled_from([(), (Topic.SANCTIONS,), tuple(Topic)]),
)


def seen(outgoing):
    """Check every part as Telegram would; gives the visible text and the links."""
    texts, links = [], []
    for part in outgoing.parts:
        visible, entities = telegram_html.parse_html(part.html)
        assert 1 <= telegram_html.units(visible) <= 4096
        assert telegram_html.units(part.plain) <= 4096
        assert len(entities) <= 100
        texts.append(visible)
        links += [entity["url"] for entity in entities if entity["type"] == "text_link"]
        for row in part.buttons:
            assert all(len(button.callback.encode()) <= 64 for button in row)
    return "\n".join(texts), links


@given(stories, st.lists(any_text, max_size=12), any_text, st.sampled_from(sorted(LANGUAGES)))
def test_any_story_with_any_number_of_sources_is_valid_and_keeps_its_links(one, words, name, lang):
    rules = [MatchedRule(name=name, words=tuple(words))] * min(len(words), 6)
    outgoing = alert_message(one, alert(), rules, chat(), strings(lang), NOW, short_id="0123456789ab", repeat=True)
    _, links = seen(outgoing)
    assert links == [found for source in one.sources if (found := safe_address(source.url))]
    edit = story_edit(one, alert(), rules, strings(lang), NOW, message_id=7, short_id="0123456789ab")
    _, links = seen(edit)
    assert len(edit.parts) == 1
    best = safe_address(one.sources[0].url)
    assert not best or links[0] == best
    seen(change_reply(one, alert(reason=AlertReason.CONFIRMED, was=name), chat(), strings(lang), NOW, reply_to=7))
    seen(batch([(one, rules)] * 5, chat(), strings(lang), NOW))


def test_the_alert_says_what_happened_why_it_came_and_where_it_stands():
    official = member(
        article_id="a2", publisher="Official Gazette", tier=1, official=True, url="https://gazette.example/7"
    )
    copied = member(article_id="a3", publisher="daily", tier=4, copy_of="a1", url="https://daily.example/9")
    one = story(
        severity=Severity.HIGH,
        issuers=("CN",),
        targets=("US", "XX"),
        goods=("rare_earths", "magnets"),
        effective_on=date(2025, 8, 1),
        articles=(member(), official, copied),
    )
    outgoing = alert_message(one, alert(), RULES, chat(), EN, NOW, short_id="abc")
    text, links = seen(outgoing)
    assert text.split("\n") == [
        "🟠 High · 🔒 Tightening · Announced · Export controls",
        "Country bans exports of gallium",
        "Why: Chips to China (H20, licence)",
        "🇨🇳 China → 🇺🇸 United States, 🇽🇽 XX · rare earths, magnets",
        "📅 Takes effect on 1 Aug 2025",
        "",
        "2 independent publishers:",
        "📄 Official Gazette · gazette.example · official document",
        "• wire.example · wire",
        "• daily.example · regional or aggregator",
    ]
    assert links[0] == "https://gazette.example/7"
    assert [(button.text, button.callback) for button in outgoing.parts[0].buttons[0]] == [
        ("Why?", "v1:why:abc"),
        ("Snooze", "v1:snooze:abc"),
        ("👍", "v1:up:abc"),
        ("👎", "v1:down:abc"),
    ]


def test_the_same_alert_in_german():
    text, _ = seen(alert_message(story(effective_on=date(2025, 7, 1)), alert(), RULES, chat(), DE, NOW))
    assert text.split("\n") == [
        "🟡 Mittel · 🔒 Verschärfung · Angekündigt · Exportkontrollen",
        "Country bans exports of gallium",
        "Grund: Chips to China (H20, licence)",
        "📅 In Kraft seit 1. Juli 2025",
        "",
        "1 unabhängige Quelle:",
        "• wire.example · Agentur",
    ]


@pytest.mark.parametrize(
    ("reason", "was", "first"),
    [
        (AlertReason.STAGE_CHANGED, "proposal", "🔁 Stage: Proposal → Announced"),
        (AlertReason.DIRECTION_CHANGED, "easing", "🔁 Direction: Easing → Tightening"),
        (AlertReason.SEVERITY_RAISED, "low", "🔁 Level: Low → Medium"),
        (AlertReason.CONFIRMED, "", "🔁 Confirmed"),
        (AlertReason.STAGE_CHANGED, "of an older version", "🔁 Stage: of an older version → Announced"),
        (AlertReason.STAGE_CHANGED, "", "🔁 Stage: – → Announced"),
    ],
)
def test_a_change_says_what_was_and_what_is(reason, was, first):
    outgoing = change_reply(story(), alert(reason=reason, was=was), chat(), EN, NOW, reply_to=5)
    assert seen(outgoing)[0].startswith(first)
    assert outgoing.reply_to == 5


@pytest.mark.parametrize(("cause", "linked"), [("a1", "a1"), ("", "a2"), ("gone", "a2")])
def test_a_change_links_what_brought_it_and_not_what_was_published_last(cause, linked):
    earlier, later = (
        member(article_id=name, publisher=name, url=f"https://{name}.example/1", at=NOW - timedelta(hours=hours))
        for name, hours in (("a1", 9), ("a2", 1))
    )
    told = story(articles=(later, earlier))
    outgoing = change_reply(told, alert(), chat(), EN, NOW, cause=cause, reply_to=5)
    assert seen(outgoing)[1] == [f"https://{linked}.example/1"]


@pytest.mark.parametrize(
    ("severity", "silent_below", "silent"),
    [(Severity.LOW, Severity.MEDIUM, True), (Severity.MEDIUM, Severity.MEDIUM, False), (Severity.CRITICAL, 1, False)],
)
def test_only_what_matters_makes_a_sound(severity, silent_below, silent):
    there = chat(silent_below=Severity(silent_below))
    assert alert_message(story(severity=severity), alert(), (), there, EN, NOW).silent is silent


def test_an_edit_that_cannot_show_all_sources_counts_the_rest():
    many = tuple(member(article_id=f"a{n}", publisher=f"p{n}", url=f"https://p{n}.example/1") for n in range(300))
    text, links = seen(story_edit(story(articles=many), alert(), RULES, EN, NOW, message_id=1))
    assert f"and {300 - len(links)} more sources" in text
    assert len(links) > 50


def test_a_batch_puts_the_gravest_first():
    cards = [
        (story(id="s1", headline="minor", severity=Severity.LOW), ()),
        (story(id="s2", headline="grave", severity=Severity.CRITICAL), RULES),
    ]
    text, _ = seen(batch(cards, chat(), EN, NOW))
    assert text.startswith("2 alerts")
    assert text.index("grave") < text.index("minor")


def test_a_headline_without_a_visible_character_is_named_so():
    assert "(no headline)" in seen(alert_message(story(headline="\u200b\u202e "), alert(), (), chat(), EN, NOW))[0]


def test_a_notice_of_any_length_is_split_between_paragraphs():
    text = "\n\n".join(f"Paragraph {number}. " + "word " * 100 for number in range(40))
    parts = notice(text, title="Long").parts
    assert len(parts) > 1
    assert all(part.plain.startswith(("Long", "Paragraph")) for part in parts)


@pytest.mark.parametrize("lang", ["de", "de-AT", "DE_ch"])
def test_german_is_found_by_any_german_code(lang):
    assert strings(lang).t("Why?") == "Warum?"


@pytest.mark.parametrize("lang", ["", "fr", "xx-YY", "../../etc"])
def test_a_language_that_we_lack_is_english(lang):
    assert strings(lang).t("Why?") == "Why?"


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_every_word_of_the_vocabulary_has_a_translation(lang):
    words = strings(lang)
    for direction in Direction:
        assert words.direction(direction)
    for topic in Topic:
        assert words.topic(topic)
    for severity in Severity:
        assert words.severity(severity)
    assert [stage for stage in Stage if not words.stage(stage)] == [Stage.NONE]


@pytest.mark.skipif(not NAUGHTY.is_file(), reason="the list of naughty strings is not here")
def test_naughty_strings_are_harmless_as_headline_source_rule_and_place():
    for text in json.loads(NAUGHTY.read_text()):
        one = story(headline=text, issuers=(text,), goods=(text,), articles=(member(publisher=text, url=text),))
        seen(alert_message(one, alert(), [MatchedRule(name=text, words=(text,))], chat(), DE, NOW, short_id="a"))
