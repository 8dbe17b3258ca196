"""Sources from the chat, for the owner: find the feed behind an address and watch it; pause, resume or remove one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.storage import sources as stored
from bot.telegram.commands.turns import Answer, Need, Turn, bold, line, reply, rows, say
from bot.telegram.markup import Block, Span, host_of, one_line, safe_address
from bot.telegram.messages import Button
from bot.telegram.strings import TIERS

if TYPE_CHECKING:
    from bot.ingest.discovery import FoundFeed
    from bot.storage.sources import StoredSource

SHOWN = 3  # feeds of one page
_FIELDS = ("url", "title", "home", "lang", "items", "undated")


def offer(turn: Turn, url: str) -> Answer:
    """Look for the feed behind an address, outside of the transaction, and ask what kind of source it is."""
    find = turn.services.find_feeds
    if turn.need < Need.OWNER:
        return reply(turn.t("Only the person who runs the bot adds sources, in the private chat with me."))
    if find is None:
        return reply(turn.t("Sources cannot be added here: straitwatch sources add URL"))
    if not url or len(url.split()) != 1:
        return reply(turn.t("Give the address of a feed, or of a page that has one: /sources add https://…"))

    def later() -> Answer:
        found = find(url)
        if not found.feeds:
            return reply(turn.t("I found no feed there: {reason}.", reason=one_line(found.problem, 200)))
        return _choice(turn, found.feeds[:SHOWN])

    return Answer(later=later)


def _choice(turn: Turn, feeds: "tuple[FoundFeed, ...]") -> Answer:
    """Ask for the kind of the best feed; it decides how much its word weighs."""
    best = feeds[0]
    count = turn.n("{count} item", "{count} items", best.items)
    blocks = [_named(best.title or host_of(best.url), best.url), line(count)]
    if best.undated:
        blocks.append(line(turn.t("Its items have no dates: each is taken for new when it first appears.")))
    others = [line("• ", Span(text=one_line(other.url, 200), href=safe_address(other.url))) for other in feeds[1:]]
    if others:
        blocks += [line(turn.t("Also there:")), *others]
    blocks.append(line(turn.t("What kind of source is it? High alerts need an official one, or two independent ones.")))
    kinds = [turn.button(turn.t(name), "source", f"watch.{tier}") for tier, name in TIERS.items()]
    buttons = (*rows(kinds, 2), (turn.button(turn.t("Cancel"), "source", "cancel"),))
    menu = {"menu": "source", "feed": {name: getattr(best, name) for name in _FIELDS}}
    return Answer(parts=say(*blocks, buttons=buttons), menu=menu)


def act(turn: Turn) -> Answer:
    """Watch the feed that was found, or change the source that is shown."""
    verb, _, tier = turn.args.partition(".")
    feed, source_id = turn.state.get("feed"), str(turn.state.get("source", ""))
    if verb == "watch" and feed and tier in {str(one) for one in TIERS}:
        return _watch(turn, feed, int(tier))
    if verb in _CHANGES and source_id:
        return _change(turn, verb, source_id)
    return Answer(toast=turn.t("Nothing was changed."), strip=True)


def buttons_of(turn: Turn, one: "StoredSource") -> tuple[tuple[Button, ...], ...]:
    """Give the owner's buttons below a single source; none for others."""
    if turn.need < Need.OWNER:
        return ()
    on = one.memory.enabled and not one.memory.paused_reason
    toggle = ("pause", turn.t("Pause")) if on else ("resume", turn.t("Switch on"))
    return (tuple(turn.button(label, "source", verb) for verb, label in (toggle, ("remove", turn.t("Remove")))),)


def _watch(turn: Turn, feed: Mapping[str, Any], tier: int) -> Answer:
    from bot.ingest.discovery import FoundFeed, make_source  # noqa: PLC0415 - brings the fetcher, for this alone

    taken = {one.source.id for one in stored.all_sources(turn.tx)}
    source = make_source(FoundFeed(**{name: feed[name] for name in _FIELDS}), taken, tier=tier)
    if not stored.add(turn.tx, source, added_by="chat"):
        return Answer(parts=say(turn.t("I watch this address already.")), edit=True)
    text = turn.t("I watch it from now on; what it published before is not told.")
    return Answer(parts=say(_named(source.name, source.url), text, f"/sources {source.id}"), edit=True)


_CHANGES = ("pause", "resume", "remove")


def _change(turn: Turn, verb: str, source_id: str) -> Answer:
    if source_id not in {one.source.id for one in stored.all_sources(turn.tx)}:
        return Answer(toast=turn.t("There is no such source."), strip=True)
    if verb == "pause":
        stored.pause(turn.tx, source_id, "paused by hand")
        told = turn.t("{source} is paused.", source=source_id)
    elif verb == "resume":
        stored.resume(turn.tx, source_id)
        told = turn.t("{source} is polled again.", source=source_id)
    else:
        stored.remove(turn.tx, source_id)
        told = turn.t("{source} is no longer watched.", source=source_id)
    return replace(reply(told), strip=True)


def _named(name: str, url: str) -> Block:
    return line(bold(one_line(name, 120)), "\n", Span(text=one_line(url, 200), href=safe_address(url)))
