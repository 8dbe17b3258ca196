"""/why and /missed: the whole reasoning about one story, and where a page was dropped."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from bot.domain import ChatKind
from bot.storage import history
from bot.storage.articles import find_by_url
from bot.storage.posts import post_of
from bot.storage.sources import all_sources
from bot.storage.stories import load_assessments, story_of
from bot.telegram.commands.explaining import explain, fate_lines, short_reason
from bot.telegram.commands.turns import Answer, Turn, bold, line, reply
from bot.telegram.markup import Block, one_line
from bot.telegram.menus.listing import age
from bot.telegram.reasons import reason_words
from bot.telegram.strings import N_

DROPS = {  # what `bot.ingest.identity` calls it -> what users are told
    "undated": N_("it states no date, and could be years old"),
    "old": N_("it was older than the freshness window when it was first seen"),
    "future": N_("it is dated in the future"),
    "before_first_poll": N_("it was published before the source was watched"),
    "flood": N_("the source changed most of its items at once, and old ones were held back"),
    "no_link": N_("it has no usable link"),
    "no_text": N_("it has neither a title nor a text"),
}


def why(turn: Turn) -> Answer:
    """Explain an alert that is replied to, or a story by its id."""
    story_id = ""
    if turn.reply_to is not None:
        post = post_of(turn.tx, turn.here.key, turn.reply_to)
        if post is None and turn.here.key != turn.chat.key:
            post = post_of(turn.tx, turn.chat.key, turn.reply_to)
        story_id = post.story_id if post is not None else ""
    elif re.fullmatch(r"[0-9a-fA-F]{6,32}", turn.args):
        story_id = turn.args.lower()
    if not story_id:
        return reply(turn.t("Reply to an alert with /why, or give a story's id as /latest shows it: /why 0123abcd…"))
    return _explained(turn, story_id)


def why_pressed(turn: Turn) -> Answer:
    """Explain the alert whose button was pressed: in a channel as a box, so that its readers are not written to."""
    story_id = str(turn.state.get("story_id", ""))
    if turn.here.kind is ChatKind.CHANNEL:
        return Answer(toast=short_reason(turn, story_id), loud=True)
    return _explained(turn, story_id)


def _explained(turn: Turn, story_id: str) -> Answer:
    found = history.told(turn.tx, [story_id])
    if not found:
        return reply(turn.t("I have no such story (any more)."))
    blocks, terms = explain(turn, found[0])
    if terms is None:
        return reply(*blocks)
    return Answer(later=lambda: reply(*blocks, *terms()))


def missed(turn: Turn) -> Answer:
    """Tell what became of a page: never read, dropped, not flagged, not asked for, or told."""
    url = turn.args.split()[0] if turn.args else ""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    if not url.startswith(("http://", "https://")) or not host:
        return reply(turn.t("Give the address of the page: /missed https://…"))
    found = find_by_url(turn.tx, url)
    if not found.articles and not found.drops:
        return reply(*_never_read(turn, host))
    blocks: list[Block] = []
    for drop in found.drops[:3]:
        reason = turn.t(DROPS[drop.reason]) if drop.reason in DROPS else one_line(drop.detail or drop.reason, 150)
        told = turn.t(
            "Read from {source} {age} ago and dropped: {reason}.",
            source=drop.source_id,
            age=age(turn, turn.now - drop.dropped_at),
            reason=reason,
        )
        blocks.append(line(told))
    for article in found.articles[:2]:
        when = age(turn, turn.now - article.fetched_at)
        read = turn.t("Read from {source} {age} ago:", source=article.source_id, age=when)
        blocks += [line(read, " ", bold(one_line(article.title, 200))), *_judged(turn, article.id)]
    return reply(*blocks)


def _judged(turn: Turn, article_id: str) -> list[Block]:
    assessment = load_assessments(turn.tx, [article_id]).get(article_id)
    if assessment is None:
        return [line(turn.t("It was not assessed."))]
    if not assessment.flagged:
        return [line(turn.t("It was not flagged: {reason}.", reason=reason_words(assessment.reason, turn.words)))]
    flagged = line(turn.t("It was flagged: {reason}.", reason=reason_words(assessment.reason, turn.words)))
    story_id = story_of(turn.tx, article_id)
    if story_id is None:
        return [flagged, line(turn.t("It belongs to no story yet."))]
    return [flagged, *fate_lines(turn, story_id)]


def _never_read(turn: Turn, host: str) -> list[Block]:
    name = one_line(host.removeprefix("www."), 100)
    site = ".".join(name.split(".")[-2:])
    covering = [
        one for one in all_sources(turn.tx) if site and (urlsplit(one.source.url).hostname or "").endswith(site)
    ]
    if not covering:
        return [
            line(turn.t("I never read this page, and no source of mine covers {site}.", site=name)),
            line(turn.t("The person who runs the bot can add it: /sources add URL")),
        ]
    names = ", ".join(one_line(one.source.name, 60) for one in covering[:3])
    blocks = [
        line(
            turn.t(
                "I read {site} ({sources}), but this page was not in what it published to me.", site=name, sources=names
            )
        )
    ]
    last = max((one.memory.last_success_at for one in covering if one.memory.last_success_at), default=None)
    if last is not None and turn.now - last > timedelta(hours=3):
        blocks.append(line(turn.t("The last good answer from there is {age} old.", age=age(turn, turn.now - last))))
    return blocks
