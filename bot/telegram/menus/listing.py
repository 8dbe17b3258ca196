"""Lists with pages: stories and sources, five or ten at a time, with buttons to go on and back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.alerting.quiet import zone_of
from bot.domain import Story, Topic
from bot.ingest.health import HealthState, health
from bot.storage import history
from bot.storage.sources import StoredSource, all_sources
from bot.storage.subscriptions import subscriptions_of
from bot.telegram.commands.matching import answering, matching
from bot.telegram.commands.turns import Answer, Turn, bold, line, reply, say
from bot.telegram.markup import Block, Span, host_of, one_line, safe_address
from bot.telegram.menus.roles import topic_named
from bot.telegram.menus.sources import buttons_of
from bot.telegram.messages import Button
from bot.telegram.rendering import LEVEL_MARKS
from rules.query import QueryError, parse

STORIES, SOURCES = 5, 10  # on a page
LAST_PAGE = 99
MARKS = {
    HealthState.OK: "🟢",
    HealthState.NEVER: "🟡",
    HealthState.SILENT: "🟡",
    HealthState.STALE: "🟡",
    HealthState.FAILING: "🔴",
    HealthState.PAUSED: "⚪",
}
_WORDS_LIMIT = 8  # plain words of a search


def turn_page(turn: Turn) -> Answer:
    """Show another page of the list that the pressed menu stands for."""
    number = min(int(turn.args), LAST_PAGE) if turn.args.isascii() and turn.args.isdigit() else 0
    return page(turn, turn.state, number, edit=True)


def page(turn: Turn, asked: Mapping[str, Any], number: int, *, edit: bool = False) -> Answer:
    """Show one page of a list; `asked` says which list of what, and is what its buttons stand for."""
    words = str(asked.get("words", ""))
    listed = str(asked.get("list", ""))
    if listed == "sources":
        return _sources(turn, asked, words, number, edit=edit)
    if listed == "search":
        found, total = _search(turn, words, number)
    else:
        found, total = _latest(turn, words, number)
    if isinstance(found, Answer):
        return found
    title = turn.t("Search: {words}", words=one_line(words, 80)) if listed == "search" else turn.t("Latest stories")
    if not found:
        return _nothing(turn, listed, title, edit=edit)
    blocks = [line(bold(title), " · ", turn.n("{count} story", "{count} stories", total))]
    blocks += [story_line(turn, story) for story in found]
    parts = say(*blocks, buttons=_paging(turn, number, total, STORIES))
    return Answer(parts=parts, edit=edit, menu=dict(asked))


def story_line(turn: Turn, story: Story) -> Block:
    """Give a story as a few lines: level, headline, date, its best source, and the id that /why takes."""
    best = story.sources[0] if story.sources else None
    address = safe_address(best.url) if best is not None else ""
    when = story.last_at.astimezone(zone_of(turn.chat.zone))
    words = [turn.words.direction(story.direction), turn.words.stage(story.stage), turn.words.day(when.date())]
    spans = [
        Span(text=f"{LEVEL_MARKS[story.severity]} "),
        Span(text=one_line(story.headline, 200) or turn.t("(no headline)"), bold=True),
        Span(text="\n" + " · ".join(word for word in words if word) + " · "),
        Span(text=host_of(address) or turn.t("no link"), href=address),
    ]
    more = len(story.publishers) - 1
    if more > 0:
        spans.append(Span(text=" " + turn.n("and {count} more source", "and {count} more sources", more)))
    spans.append(Span(text=f"\n/why_{story.id}"))  # one tap: Telegram makes a command of it
    return Block(spans=tuple(spans), gap=True)


def _latest(turn: Turn, words: str, number: int) -> tuple[Sequence[Story] | Answer, int]:
    stored = history.latest(turn.tx)
    topic: Topic | None = topic_named(words)
    if words and topic is None:
        listed = ", ".join(one.value for one in Topic)
        return reply(
            turn.t("I know no topic “{name}”.", name=one_line(words, 60)), turn.t("Topics: {topics}", topics=listed)
        ), 0
    if topic is not None:
        stories = [told.story for told in stored if topic in told.story.topics]
    else:
        subscriptions = subscriptions_of(turn.tx, turn.chat.key)
        stories = [hit.told.story for hit in matching(stored, subscriptions, now=turn.now)]
    return stories[number * STORIES : (number + 1) * STORIES], len(stories)


def _search(turn: Turn, words: str, number: int) -> tuple[Sequence[Story] | Answer, int]:
    plain = words.split()
    if all(_is_plain(word) for word in plain):
        ids, total = history.search(turn.tx, plain[:_WORDS_LIMIT], limit=STORIES, offset=number * STORIES)
        return [told.story for told in history.told(turn.tx, ids)], total
    try:
        query = parse(words)
    except QueryError as error:
        return reply(turn.t("I cannot read this query:"), line(Span(text=error.pretty(), pre=True))), 0
    found = [told.story for told in answering(history.latest(turn.tx), query, now=turn.now)]
    return found[number * STORIES : (number + 1) * STORIES], len(found)


def _is_plain(word: str) -> bool:
    return word not in {"AND", "OR", "NOT"} and not any(sign in word for sign in ':"()~*?/\\[]{}^+') and word[:1] != "-"


def _nothing(turn: Turn, listed: str, title: str, *, edit: bool) -> Answer:
    if listed == "search":
        hint = turn.t("Nothing was found. Fewer words, or their beginnings with *, find more.")
    elif not subscriptions_of(turn.tx, turn.chat.key):
        hint = turn.t("Nothing is subscribed here yet. /topics or /start changes that.")
    else:
        hint = turn.t("No stored story matches your rules yet. /rules tests them, /sources shows what I read.")
    return Answer(parts=say(line(bold(title)), hint), edit=edit)


def _sources(turn: Turn, asked: Mapping[str, Any], words: str, number: int, *, edit: bool) -> Answer:
    wanted = words.casefold()
    every = [one for one in all_sources(turn.tx) if wanted in f"{one.source.id} {one.source.name}".casefold()]
    every.sort(key=lambda one: (_mark(one, turn.now) == "🟢", one.source.tier, one.source.name.casefold()))
    healthy = sum(_mark(one, turn.now) == "🟢" for one in every)
    if not every:
        none = turn.t("There is no such source.") if words else turn.t("There are no sources yet.")
        return Answer(parts=say(none), edit=edit)
    same = next((one for one in every if one.source.id == words), None)
    if same is not None:
        block, menu = _source_line(turn, same), {"menu": "source", "source": same.source.id}
        return Answer(parts=say(block, buttons=buttons_of(turn, same)), edit=edit, menu=menu)
    title = turn.t("Sources: {healthy} of {all} are well", healthy=healthy, all=len(every))
    shown = every[number * SOURCES : (number + 1) * SOURCES]
    blocks = [line(bold(title)), *(_source_line(turn, one) for one in shown)]
    return Answer(parts=say(*blocks, buttons=_paging(turn, number, len(every), SOURCES)), edit=edit, menu=dict(asked))


def _source_line(turn: Turn, one: StoredSource) -> Block:
    memory = one.memory
    new = memory.last_new_at
    told = [
        turn.words.tier(one.source.tier),
        turn.t("new {age} ago", age=age(turn, turn.now - new)) if new is not None else turn.t("nothing new yet"),
    ]
    if not memory.enabled or memory.paused_reason:
        told.append(one_line(memory.paused_reason, 80) or turn.t("switched off"))
    elif memory.error_streak:
        failures = turn.n("{count} failure in a row", "{count} failures in a row", memory.error_streak)
        told.append(f"{failures}: {one_line(memory.last_status, 80)}")
    text = " · ".join(told)
    return line(f"{_mark(one, turn.now)} ", bold(one_line(one.source.name, 80)), f" ({one.source.id})\n{text}")


def _mark(one: StoredSource, now: datetime) -> str:
    return MARKS[health(one.memory, now).state]


def age(turn: Turn, span: timedelta) -> str:
    """Give a length of time in its largest unit."""
    minutes = max(0, int(span.total_seconds() // 60))
    if not minutes:
        return turn.t("less than a minute")
    if minutes < 120:
        return turn.n("{count} minute", "{count} minutes", minutes)
    if minutes < 48 * 60:
        return turn.n("{count} hour", "{count} hours", minutes // 60)
    return turn.n("{count} day", "{count} days", minutes // 1440)


def _paging(turn: Turn, number: int, total: int, size: int) -> tuple[tuple[Button, ...], ...]:
    last = min((total - 1) // size, LAST_PAGE)
    buttons = []
    if number > 0:
        buttons.append(turn.button("‹ " + turn.t("Back"), "page", str(number - 1)))
    if number < last:
        buttons.append(turn.button(turn.t("More") + " ›", "page", str(number + 1)))
    return (tuple(buttons),) if buttons else ()
