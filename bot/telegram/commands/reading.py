"""/latest, /search, /digest and /sources: what there is to read. They change nothing."""

from bot.telegram.commands.turns import Answer, Turn, reply
from bot.telegram.menus.listing import page
from bot.telegram.menus.sources import offer


def latest(turn: Turn) -> Answer:
    """Show the latest stories that the chat's rules match, or those of one topic."""
    return page(turn, {"menu": "list", "list": "latest", "words": turn.args[:200]}, 0)


def search(turn: Turn) -> Answer:
    """Show the stories that carry some words, or match a query of the rule language."""
    if not turn.args:
        return reply(
            turn.t("Name the words to look for: /search gallium export"),
            turn.t("The rule language works too: /search topic:sanctions AND severity:>=high"),
        )
    return page(turn, {"menu": "list", "list": "search", "words": turn.args[:500]}, 0)


def sources(turn: Turn) -> Answer:
    """Show the sources with their health, those in trouble first; the owner adds one by its address."""
    verb, _, rest = turn.args.partition(" ")
    if verb.casefold() == "add":
        return offer(turn, rest.strip())
    return page(turn, {"menu": "list", "list": "sources", "words": turn.args[:100]}, 0)


def digest(turn: Turn) -> Answer:
    """Show the digest of the time up to now, or with `preview` what the next one holds so far.

    It is composed after this turn, since that takes a while; neither counts as the period's digest.
    """
    compose, chat, now = turn.services.digest_now, turn.chat, turn.now
    preview = turn.args.casefold() in {"preview", turn.t("preview")}
    if compose is None:
        return reply(turn.t("Digests are not set up in this installation."))

    def later() -> Answer:
        outgoing = compose(chat, now, preview)
        return Answer(parts=outgoing.parts) if outgoing.parts else reply(turn.t("There is nothing to tell."))

    return Answer(later=later)
