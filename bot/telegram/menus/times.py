"""Ask for hours in words: quiet hours such as 22:30-06:15, or the time of the digest."""

import re
from dataclasses import replace

from bot.storage.chats import save_chat
from bot.storage.history import release_held
from bot.telegram.commands.turns import Answer, Asked, Turn, line, say
from bot.telegram.markup import one_line
from bot.telegram.menus.settings import settings_menu

_TIME = re.compile(r"([01]?\d|2[0-3])(?:[:.h]([0-5]\d))?", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:-|–|—|to|bis|until)\s*", re.IGNORECASE)


def ask(turn: Turn) -> Answer:
    """Ask for quiet hours (`quiet`) or the digest's time (`digest`)."""
    return _ask(turn, "digest" if turn.args == "digest" else "quiet")


def given(turn: Turn) -> Answer:
    """Set the hours that were typed, or say how they are written."""
    what = str(turn.state.get("what", "quiet"))
    times = [clock(part) for part in _BETWEEN.split(turn.args.strip())]
    if what == "digest" and len(times) == 1 and times[0]:
        chat = replace(turn.chat, digest_time=times[0])
    elif what == "quiet" and len(times) == 2 and times[0] and times[1]:
        chat = replace(turn.chat, quiet_from=times[0], quiet_to=times[1])
    else:
        return _ask(turn, what, turn.t("I cannot read “{given}” as a time.", given=one_line(turn.args, 40)))
    save_chat(turn.tx, chat)
    released = release_held(turn.tx, chat, now=turn.now) if what == "quiet" else 0
    return replace(settings_menu(replace(turn, chat=chat)), wake=released > 0)


def clock(text: str) -> str:
    """Read a time of day such as 7, 07:30 or 7.30, and give it as HH:MM; empty for anything else."""
    found = _TIME.fullmatch(text.strip())
    return f"{int(found[1]):02}:{found[2] or '00'}" if found else ""


def _ask(turn: Turn, what: str, *before: str) -> Answer:
    hint = (
        turn.t("Send the time of the digest, such as 07:30.")
        if what == "digest"
        else turn.t("Send the quiet hours, such as 22:30-06:15.")
    )
    return Answer(
        parts=say(line(*(f"{text} " for text in before), hint)), asks=Asked(question="hours", state={"what": what})
    )
