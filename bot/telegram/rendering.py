"""Put stories, changes and notices into words: the look of everything that is sent. Pure.

Text from outside becomes spans here and is escaped in `bot.telegram.markup`, nowhere else. Everything is built from
blocks, so that a message that grows too long moves whole blocks to a follow-up.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain import Alert, AlertReason, Chat, Direction, Severity, Stage, Story, StoryArticle
from bot.telegram.markup import Block, Span, fit, host_of, one_line, safe_address, split, text_blocks
from bot.telegram.menus.roles import title_of
from bot.telegram.messages import Button, MatchedRule, Outgoing
from bot.telegram.strings import DIRECTIONS, SEVERITIES, STAGES, Translator

LEVEL_MARKS = {
    Severity.INFORMATIONAL: "⚪",
    Severity.LOW: "🔵",
    Severity.MEDIUM: "🟡",
    Severity.HIGH: "🟠",
    Severity.CRITICAL: "🔴",
}
DIRECTION_MARKS = {Direction.TIGHTENING: "🔒", Direction.EASING: "🔓", Direction.MIXED: "⚖️", Direction.UNCLEAR: ""}
_SHOWN_RULES = 4
_SHOWN_WORDS = 6
_SHOWN_VALUES = 5  # goods, countries and names on one line


def alert_message(  # noqa: PLR0917 - positions as agreed with the callers
    story: Story,
    alert: Alert,
    matched: Sequence[MatchedRule],
    chat: Chat,
    translator: Translator,
    now: datetime,
    *,
    short_id: str = "",
    repeat: bool = False,
) -> Outgoing:
    """Give the story's first message in a chat. `short_id` names the buttons' state; without it there are none.

    `repeat` says in the message that it may be there twice: Telegram never answered the first attempt.
    """
    blocks = [*_card(story, matched, translator, now), *_sources(story, translator)]
    if repeat:
        blocks.append(_small(translator.t("Possibly a repeat: Telegram did not confirm the first attempt.")))
    return Outgoing(
        parts=split(blocks, buttons=alert_buttons(translator, short_id)),
        silent=story.severity < chat.silent_below,
        story_id=story.id,
        alert_id=alert.id,
        root=True,
    )


def story_edit(
    story: Story,
    alert: Alert,
    matched: Sequence[MatchedRule],
    translator: Translator,
    now: datetime,
    *,
    message_id: int,
    short_id: str = "",
) -> Outgoing:
    """Give the present state of a story for the message that shows it, in one part: an edit cannot grow a second.

    Sources that do not fit are counted in a last line; the official document and the best tiers come first.
    """
    card = _card(story, matched, translator, now)
    sources = _sources(story, translator)
    left_out = 0
    while not fit([*card, *sources, _more(translator, left_out)]) and len(sources) > 1:
        sources.pop()
        left_out += 1
    blocks = [*card, *sources, *([_more(translator, left_out)] if left_out else [])]
    return Outgoing(
        parts=split(blocks, buttons=alert_buttons(translator, short_id))[:1],
        edit=message_id,
        silent=True,
        story_id=story.id,
        alert_id=alert.id,
        root=True,
    )


def change_reply(
    story: Story,
    alert: Alert,
    chat: Chat,
    translator: Translator,
    now: datetime,
    *,
    cause: str = "",
    reply_to: int | None,
    short_id: str = "",
) -> Outgoing:
    """Give the reply that tells a material change of a story, with the official document and what brought the news.

    `cause` is the id of the article that did; without one it is the article that was published last.
    """
    newest = max(story.articles, key=lambda article: (article.article_id == cause, article.at), default=None)
    shown = [article for article in (story.official, newest) if article is not None]
    links = list({article.article_id: article for article in shown}.values())
    blocks = [
        Block(spans=(Span(text="🔁 "), Span(text=change_words(alert.reason, alert.was, story, translator), bold=True))),
        Block(spans=(Span(text=_headline(story.headline, translator)),)),
        *_dates(story, translator, now),
        *(_source_line(article, translator) for article in links),
    ]
    return Outgoing(
        parts=split(blocks, buttons=alert_buttons(translator, short_id)),
        reply_to=reply_to,
        silent=story.severity < chat.silent_below,
        story_id=story.id,
        alert_id=alert.id,
    )


def batch(
    cards: Iterable[tuple[Story, Sequence[MatchedRule]]], chat: Chat, translator: Translator, now: datetime
) -> Outgoing:
    """Give several stories as one message, the gravest first; each keeps its headline, its line and its best source."""
    ordered = sorted(cards, key=lambda card: (-card[0].severity, card[0].first_at, card[0].id))
    count = len(ordered)
    blocks = [Block(spans=(Span(text=translator.n("{count} alert", "{count} alerts", count), bold=True),))]
    for story, matched in ordered:
        blocks.append(_batch_line(story, matched, translator, now))
    loudest = max((story.severity for story, _ in ordered), default=Severity.INFORMATIONAL)
    return Outgoing(parts=split(blocks), silent=loudest < chat.silent_below)


def notice(text: str, *, title: str = "", silent: bool = False) -> Outgoing:
    """Give a plain text, such as an answer or a warning, with an optional bold first line; paragraphs stay."""
    heading = (Block(spans=(Span(text=one_line(title), bold=True),)),) if title else ()
    return Outgoing(parts=split((*heading, *text_blocks(text))), silent=silent)


def alert_buttons(translator: Translator, short_id: str) -> tuple[tuple[Button, ...], ...]:
    """Give the buttons below an alert: why, snooze and the two votes; data `v1:<action>:<short id>`."""
    if not short_id:
        return ()
    return (
        (
            Button(text=translator.t("Why?"), callback=f"v1:why:{short_id}"),
            Button(text=translator.t("Snooze"), callback=f"v1:snooze:{short_id}"),
            Button(text="👍", callback=f"v1:up:{short_id}"),
            Button(text="👎", callback=f"v1:down:{short_id}"),
        ),
    )


def _card(story: Story, matched: Sequence[MatchedRule], translator: Translator, now: datetime) -> list[Block]:
    return [
        Block(spans=_signal(story, translator)),
        Block(spans=(Span(text=_headline(story.headline, translator), bold=True),)),
        *_why(matched, translator),
        *_parties(story, translator),
        *_dates(story, translator, now),
    ]


def _signal(story: Story, translator: Translator) -> tuple[Span, ...]:
    direction = f"{DIRECTION_MARKS[story.direction]} {translator.direction(story.direction)}".strip()
    rest = [direction, translator.stage(story.stage), *(translator.topic(topic) for topic in story.topics[:1])]
    tail = "".join(f" · {word}" for word in rest if word)
    mark = f"{LEVEL_MARKS[story.severity]} "
    return (Span(text=mark), Span(text=translator.severity(story.severity), bold=True), Span(text=tail))


def _headline(text: str, translator: Translator) -> str:
    return one_line(text) or translator.t("(no headline)")


def _why(matched: Sequence[MatchedRule], translator: Translator) -> list[Block]:
    if not matched:
        return []
    spans = [Span(text=translator.t("Why:") + " ")]
    for place, rule in enumerate(matched[:_SHOWN_RULES]):
        words = [shown for word in rule.words[:_SHOWN_WORDS] if (shown := one_line(word, 40))]
        name = title_of(rule.name, translator) or translator.t("unnamed rule")
        spans += [Span(text=", " if place else ""), Span(text=name, italic=True)]
        spans.append(Span(text=f" ({', '.join(words)})" if words else ""))
    more = len(matched) - _SHOWN_RULES
    if more > 0:
        spans.append(Span(text=translator.n(" and {count} more rule", " and {count} more rules", more)))
    return [Block(spans=tuple(span for span in spans if span.text))]


def _parties(story: Story, translator: Translator) -> list[Block]:
    issuers = _list([translator.country(one_line(code, 40)) for code in story.issuers])
    targets = _list([translator.country(one_line(code, 40)) for code in story.targets])
    way = f"{issuers} → {targets}" if issuers and targets else issuers or (f"→ {targets}" if targets else "")
    goods = _list([one_line(translator.goods(name), 40) for name in story.goods])
    line = " · ".join(words for words in (way, goods) if words)
    return [Block(spans=(Span(text=line),))] if line else []


def _list(words: Sequence[str]) -> str:
    shown = ", ".join(word for word in words[:_SHOWN_VALUES] if word)
    return shown + " …" if len(words) > _SHOWN_VALUES else shown


def _dates(story: Story, translator: Translator, now: datetime) -> list[Block]:
    words = []
    if story.effective_on is not None:
        begun = story.effective_on <= now.date()
        text = translator.t("In force since {day}") if begun else translator.t("Takes effect on {day}")
        words.append(text.format(day=translator.day(story.effective_on)))
    if story.expires_on is not None:
        words.append(translator.t("Expires on {day}", day=translator.day(story.expires_on)))
    if story.comment_due_on is not None:
        words.append(translator.t("Comments due by {day}", day=translator.day(story.comment_due_on)))
    return [Block(spans=(Span(text="📅 " + " · ".join(words)),))] if words else []


def _sources(story: Story, translator: Translator) -> list[Block]:
    independent = len(story.publishers)
    count = translator.n("{count} independent publisher", "{count} independent publishers", independent)
    lines = [_source_line(article, translator) for article in story.sources]
    return [Block(spans=(Span(text=count + ":"),), gap=True), *lines] if lines else []


def source_words(article: StoryArticle, translator: Translator) -> tuple[str, str, str, str]:
    """Give a source's line as (what stands before the link, its text, its address, what stands behind it).

    The link's text is the host it leads to; the publisher is named beside it only where the host does not say it.
    """
    publisher = one_line(article.publisher, 60)
    kind = translator.t("official document") if article.official else translator.tier(article.tier)
    address = safe_address(article.url)
    host = host_of(address) or translator.t("no link")
    head = "📄 " if article.official else "• "
    label = f"{publisher} · " if publisher and _letters(publisher) not in _letters(host) else ""
    return head + label, host, address, f" · {kind}" if kind else ""


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _source_line(article: StoryArticle, translator: Translator) -> Block:
    before, host, address, after = source_words(article, translator)
    return Block(
        spans=tuple(span for span in (Span(text=before), Span(text=host, href=address), Span(text=after)) if span.text)
    )


def _more(translator: Translator, left_out: int) -> Block:
    return _small(translator.n("and {count} more source", "and {count} more sources", left_out))


def _small(text: str) -> Block:
    return Block(spans=(Span(text=text, italic=True),))


def _batch_line(story: Story, matched: Sequence[MatchedRule], translator: Translator, now: datetime) -> Block:
    names = ", ".join(title_of(rule.name, translator) for rule in matched[:_SHOWN_RULES])
    spans = [*_signal(story, translator), Span(text="\n")]
    spans.append(Span(text=_headline(story.headline, translator), bold=True))
    dates = _dates(story, translator, now)
    if dates:
        spans += [Span(text="\n"), *dates[0].spans]
    best = story.sources[:2]
    for article in best:
        spans += [Span(text="\n"), *_source_line(article, translator).spans]
    if names:
        spans += [Span(text="\n" + translator.t("Why:") + " "), Span(text=names, italic=True)]
    spans.append(Span(text=f"\n/why_{story.id}"))  # one tap, since a batch has no buttons of each story
    return Block(spans=tuple(spans), gap=True)


def change_words(reason: AlertReason, was: str, story: Story, translator: Translator) -> str:
    """Say what changed: the earlier value as the alert kept it, and the story's present one."""
    if reason is AlertReason.STAGE_CHANGED:
        before = _word(translator, STAGES, was)
        return translator.t("Stage: {was} → {now}", was=before, now=translator.stage(story.stage) or "–")
    if reason is AlertReason.DIRECTION_CHANGED:
        before = _word(translator, DIRECTIONS, was)
        return translator.t("Direction: {was} → {now}", was=before, now=translator.direction(story.direction))
    if reason is AlertReason.SEVERITY_RAISED:
        before = _word(translator, {level.word: text for level, text in SEVERITIES.items()}, was)
        return translator.t("Level: {was} → {now}", was=before, now=translator.severity(story.severity))
    if reason is AlertReason.CONFIRMED:
        return translator.t("Confirmed")
    return translator.t("Update")


def _word(translator: Translator, words: dict[Stage, str] | dict[Direction, str] | dict[str, str], value: str) -> str:
    known = {str(key): text for key, text in words.items()}
    return translator.t(known.get(value, "")) or one_line(value, 40) or "–"
