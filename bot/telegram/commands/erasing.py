"""/deleteme: erase everything about a chat after a confirmation, and say what."""

from datetime import timedelta

from bot.domain import ChatKind
from bot.storage import access
from bot.storage.chats import all_chats, forget_chat
from bot.storage.feedback import erase_votes, voter
from bot.telegram.commands.turns import Answer, Need, Turn, bold, line, say
from bot.telegram.markup import one_line
from bot.telegram.strings import N_

NAMES = {
    "chats": N_("the chat with its settings"),
    "subscriptions": N_("rules and topics"),
    "snoozes": N_("snoozes"),
    "deliveries": N_("messages sent or owed"),
    "messages": N_("links from messages to stories"),
    "digests": N_("digest records"),
    "feedback": N_("votes"),
    "callbacks": N_("states of buttons"),
    "access": N_("the permission to use the bot"),
}


def deleteme(turn: Turn) -> Answer:
    """Ask whether everything shall be erased; the button lives for ten minutes and for this person only."""
    private = turn.chat.kind is ChatKind.PRIVATE
    what = turn.t("this chat") if private else one_line(turn.chat.title, 80) or turn.chat.key
    blocks = [
        line(bold(turn.t("Erase everything about {what}?", what=what))),
        line(turn.t("Settings, rules, snoozes, votes, and all messages owed or remembered.")),
        line(turn.t("There is no way back. /export saves a copy first.")),
    ]
    yes = turn.button(turn.t("Erase everything"), "erase", "yes")
    no = turn.button(turn.t("Keep it"), "erase", "no")
    menu = {"menu": "erase", "user": turn.person.id}
    return Answer(parts=say(*blocks, buttons=((yes, no),)), menu=menu, lives=timedelta(minutes=10))


def erase(turn: Turn) -> Answer:
    """Erase the chat, and in private the person's votes and permission as well. The owner stays the owner."""
    if turn.args != "yes":
        return Answer(toast=turn.t("Nothing was erased."), strip=True)
    erased = dict(forget_chat(turn.tx, turn.chat.key))
    if turn.chat.kind is ChatKind.PRIVATE:
        votes = erase_votes(turn.tx, voter(turn.tx, turn.person.id))
        erased["feedback"] = erased.get("feedback", 0) + votes
        if turn.need is not Need.OWNER and access.disallow(turn.tx, access.USER, turn.person.id):
            erased["access"] = 1
    elif not all_chats(turn.tx, telegram_id=turn.chat.telegram_id):  # no other topic of the group is left
        erased["access"] = int(access.disallow(turn.tx, access.CHAT, turn.chat.telegram_id))
    lines = [line(f"• {number} × ", turn.t(NAMES[name])) for name, number in erased.items() if number and name in NAMES]
    last = (
        turn.t("You stay the owner of the bot.")
        if turn.need is Need.OWNER
        else turn.t("/start begins anew, with an invite code.")
    )
    stays = [line(last)] if turn.chat.kind is ChatKind.PRIVATE else []
    return Answer(parts=say(line(bold(turn.t("Erased:"))), *lines, *stays), edit=True)
