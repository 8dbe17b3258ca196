"""/invite and /status: for the owner."""

import re
from collections import Counter

from bot.domain import DeliveryState
from bot.storage import access, history
from bot.storage.chats import all_chats, disable
from bot.storage.feedback import tally
from bot.storage.outbox import summary
from bot.storage.sources import all_sources
from bot.storage.stories import latest_at
from bot.telegram.access import INVITE_LIVES, new_code
from bot.telegram.commands.turns import Answer, Turn, bold, code, line, reply, say
from bot.telegram.markup import Span, one_line
from bot.telegram.menus.listing import age
from bot.telegram.strings import N_

_KINDS = {
    "private": N_("private"),
    "group": N_("groups"),
    "supergroup": N_("supergroups and topics"),
    "channel": N_("channels"),
    "terminal": N_("terminal"),
}
SHOWN = 30  # members on the list: the oldest; the rest is reached once these are gone


def invite(turn: Turn) -> Answer:
    """Make an invite code for one user or chat; only its digest is kept."""
    given = new_code()
    access.add_invite(turn.tx, given, note=one_line(turn.args, 100), expires_at=turn.now + INVITE_LIVES, now=turn.now)
    user, group = f"https://t.me/{turn.bot_name}?start={given}", f"https://t.me/{turn.bot_name}?startgroup={given}"
    return reply(
        line(bold(turn.t("An invitation for one user or one chat, good for 7 days"))),
        line(turn.t("For a person:"), " ", Span(text=user, href=user)),
        line(turn.t("For a group:"), " ", Span(text=group, href=group)),
        line(turn.t("Or by hand:"), " ", code(f"/start {given}")),
    )


def members(turn: Turn, *, edit: bool = False, toast: str = "") -> Answer:
    """List the users and chats that were let in, each with a button that shuts it out."""
    found = access.allowed(turn.tx)
    if not found:
        return Answer(parts=say(turn.t("Nobody but you. /invite lets somebody in.")), edit=edit, toast=toast)
    blocks, buttons = [line(bold(turn.t("Let in beside you")))], []
    for number, (kind, telegram_id, note) in enumerate(found[:SHOWN], 1):
        mark = "👤" if kind == access.USER else "👥"
        blocks.append(line(f"{number}. {mark} ", one_line(note, 60) or str(telegram_id), f" ({telegram_id})"))
        label = turn.t("Shut out {number}", number=number)
        buttons.append((turn.button(label, "out", f"{kind}.{telegram_id}"),))
    return Answer(parts=say(*blocks, buttons=buttons), edit=edit, toast=toast, menu={"menu": "members"})


def shut_out(turn: Turn) -> Answer:
    """Shut a user or chat out; what is stored of it stays, and nothing more is sent there."""
    kind, _, number = turn.args.partition(".")
    if kind not in {access.USER, access.CHAT} or not re.fullmatch(r"-?\d{1,18}", number):
        return Answer(toast=turn.t("That is not possible."))
    access.disallow(turn.tx, kind, int(number))
    disable(turn.tx, int(number), reason="shut out by the owner")
    return members(turn, edit=True, toast=turn.t("Shut out"))


def status(turn: Turn) -> Answer:
    """Tell how the bot is doing: sources, news, chats, deliveries, votes, versions."""
    tx, now = turn.tx, turn.now
    sources = [one.memory for one in all_sources(tx) if one.memory.enabled and not one.memory.paused_reason]
    failing = sum(one.error_streak >= 3 for one in sources)
    newest = latest_at(tx)
    totals = history.totals(tx)
    chats = all_chats(tx)
    kinds = Counter(chat.kind.value for chat in chats)
    off = sum(bool(chat.disabled_reason) for chat in chats)
    owed = summary(tx)
    good, bad = tally(tx)
    kept = ", ".join(f"{number} {turn.t(_KINDS.get(kind, kind))}" for kind, number in sorted(kinds.items()))
    lines = [
        turn.t("Sources: {all} active, {failing} failing", all=len(sources), failing=failing),
        turn.t("Newest article read {age} ago", age=age(turn, now - newest))
        if newest
        else turn.t("No article read yet"),
        turn.t(
            "Stored: {articles} articles, {flagged} flagged, {stories} stories, {alerts} alerts",
            articles=totals["articles"],
            flagged=totals["flagged"],
            stories=totals["stories"],
            alerts=totals["alerts"],
        ),
        turn.t("Chats: {kinds}; {off} switched off by Telegram", kinds=kept or "0", off=off),
        turn.t(
            "Deliveries: {sent} sent, {due} on their way, {held} held, {parked} given up",
            sent=owed.counts.get(DeliveryState.SENT, 0),
            due=owed.counts.get(DeliveryState.DUE, 0),
            held=owed.counts.get(DeliveryState.HELD, 0),
            parked=owed.counts.get(DeliveryState.PARKED, 0),
        ),
        turn.t("Votes: {good} useful, {bad} not", good=good, bad=bad),
        turn.t("Allowed: {count} users and chats beside you", count=len(access.allowed(tx))),
    ]
    if owed.oldest_due_at is not None:
        lines.append(turn.t("The oldest on its way waits for {age}.", age=age(turn, now - owed.oldest_due_at)))
    lines += [f"{name}: {version}" for name, version in turn.services.versions().items()]
    lines += [one_line(text, 300) for text in (turn.services.health() if turn.services.health is not None else ())]
    return reply(line(bold("Straitwatch")), *lines)
