"""Answers where there is no handler: unknown words, missing rights, old buttons, and too much at once."""

from difflib import get_close_matches

from bot.telegram.commands import catalog
from bot.telegram.commands.turns import Answer, Need, Turn, code, line, reply
from bot.telegram.markup import one_line
from bot.telegram.strings import Translator


def unheard(turn: Turn) -> Answer:
    """Answer what is no command with what may have been meant."""
    said = turn.command or turn.args.split(maxsplit=1)[0].lstrip("/").casefold() if turn.args or turn.command else ""
    names = [one.name for one in catalog.visible(turn.need)]
    close = get_close_matches(said[:32], names, n=3, cutoff=0.6)
    words = turn.args if not turn.command else ""
    first = turn.t("I do not know the command /{name}.", name=one_line(turn.command, 40)) if turn.command else ""
    blocks = [line(first)] if first else []
    if close:
        known = " ".join(f"/{name}" for name in close)
        blocks.append(line(turn.t("Did you mean {commands}?", commands=known)))
    if words and not close:
        search = f"/search {one_line(words, 60)}"
        blocks.append(line(turn.t("I understand commands only. To look for these words:"), " ", code(search)))
    blocks.append(line(turn.t("/help lists everything that I can do.")))
    return reply(*blocks)


def not_allowed(turn: Turn) -> Answer:
    """Say what is missing: an invitation, or the rights of an administrator."""
    if turn.need is Need.ANYBODY:
        text = turn.t("This bot is private. Ask its owner for an invite code, then send /start CODE here.")
        return reply(text)
    return reply(turn.t("Only administrators of this chat can do that. Anonymous administrators are welcome too."))


def too_fast(words: Translator) -> str:
    """Ask for patience, once."""
    return words.t("That is a lot at once. Please wait a moment; I do not answer until then.")


def too_old(words: Translator) -> str:
    """Say politely that a button has no meaning any more."""
    return words.t("This button is too old. Send /help to see what I can do.")
