"""/start, /help and /cancel: how people come in, and what they can do."""

from dataclasses import replace

from bot.domain import ChatKind
from bot.storage import access
from bot.storage.chats import add_chat, load_chat
from bot.telegram.commands import catalog
from bot.telegram.commands.turns import Answer, Need, Turn, bold, code, line, reply
from bot.telegram.commands.unknown import not_allowed
from bot.telegram.menus.onboarding import welcome

CODE_LIMIT = 64  # characters: what a start link can carry


def start(turn: Turn) -> Answer:
    """Let a person or chat in where they may, and begin the set-up.

    The first to start a bot without an owner becomes the owner, and is told so. An invite code lets a user in, or the
    group or channel where it is given.
    """
    private = turn.here.kind is ChatKind.PRIVATE
    if private and turn.person.id and access.claim_ownership(turn.tx, turn.person.id, now=turn.now):
        add_chat(turn.tx, turn.here)
        greeting = welcome(
            turn,
            turn.t("🔑 You are the owner of this bot now: you were the first to start it."),
            turn.t(
                "Nobody else can use it until you send them an invite: /invite makes one, /status shows how I am doing."
            ),
        )
        return replace(greeting, enlist=True)
    if turn.need is Need.ANYBODY:
        return _come_in(turn)
    if not private:
        if turn.need < Need.MANAGER:
            return not_allowed(turn)
        access.allow(turn.tx, access.CHAT, turn.here.telegram_id, note=turn.here.title, now=turn.now)
    if load_chat(turn.tx, turn.here.key) is None:
        add_chat(turn.tx, turn.here)
    return welcome(turn)


def _come_in(turn: Turn) -> Answer:
    given = turn.args.split(maxsplit=1)[0] if turn.args else ""
    if not given or len(given) > CODE_LIMIT or not access.redeem(turn.tx, given, now=turn.now):
        if given:
            text = turn.t(
                "This invite code is not valid, or was used already. Ask the owner of this bot for a new one."
            )
            return reply(text)
        return not_allowed(turn)
    private = turn.here.kind is ChatKind.PRIVATE
    kind, who = (access.USER, turn.person.id) if private else (access.CHAT, turn.here.telegram_id)
    name = turn.person.name if private else turn.here.title
    access.allow(turn.tx, kind, who, note=name, now=turn.now)
    add_chat(turn.tx, turn.here)
    return welcome(turn, turn.t("Welcome, the code was good."))


def help_(turn: Turn) -> Answer:
    """List the commands that this person may use here."""
    private = turn.here.kind is ChatKind.PRIVATE
    if turn.need is Need.ANYBODY:
        return not_allowed(turn)
    shown = catalog.visible(turn.need if private else Need.MANAGER, private=private)
    lines = [
        line(f"/{one.name}" + " " * bool(one.usage), code(turn.t(one.usage)), " – ", turn.t(one.about)) for one in shown
    ]
    return reply(
        line(bold(turn.t("What I can do"))),
        *lines,
        line(
            turn.t("Rules are written like “nvidia AND (H20 OR H200)”, topic:sanctions, severity:>=high, -source:ID."),
            gap=True,
        ),
        line(turn.t("Below each alert: why it came, snooze, and whether it was useful.")),
    )


def cancel(turn: Turn) -> Answer:
    """End a question without an answer; storing this turn already did."""
    return reply(turn.t("Nothing is asked any more."))
