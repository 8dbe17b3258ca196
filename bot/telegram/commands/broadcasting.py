"""/broadcast: a message of the owner to all chats, through the outbox like everything else."""

from dataclasses import replace
from datetime import timedelta

from bot.alerting.notices import notice
from bot.storage.chats import all_chats
from bot.storage.outbox import enqueue
from bot.telegram.commands.turns import Answer, Turn, bold, line, reply, say
from bot.telegram.markup import text_blocks

PRIORITY = 45  # after alerts and notices of trouble, before digests
LONGEST = 3500  # characters


def broadcast(turn: Turn) -> Answer:
    """Show what would be sent to how many chats, and ask."""
    if not turn.args:
        return reply(turn.t("Write the text behind the command: /broadcast TEXT"))
    if len(turn.args) > LONGEST:
        return reply(turn.t("That is too long: at most {count} characters.", count=LONGEST))
    number = len(all_chats(turn.tx, enabled_only=True))
    question = turn.n("Send this to {count} chat?", "Send this to {count} chats?", number)
    buttons = ((turn.button(turn.t("Send"), "cast", "yes"), turn.button(turn.t("Cancel"), "cast", "no")),)
    menu = {"menu": "broadcast", "text": turn.args, "user": turn.person.id}
    parts = say(line(bold(question)), *text_blocks(turn.args), buttons=buttons)
    return Answer(parts=parts, menu=menu, lives=timedelta(hours=1))


def send(turn: Turn) -> Answer:
    """Owe the text to every chat; pressed twice, it is owed once."""
    text = str(turn.state.get("text", ""))
    if turn.args != "yes" or not text:
        return Answer(toast=turn.t("Nothing was sent."), strip=True)
    owed = [
        replace(notice(chat.key, f"broadcast {turn.short}", {"text": text}, now=turn.now), priority=PRIORITY)
        for chat in all_chats(turn.tx, enabled_only=True)
    ]
    number = enqueue(turn.tx, owed)
    told = turn.n("It is on its way to {count} chat.", "It is on its way to {count} chats.", number)
    return Answer(parts=say(told, turn.t("/status shows when it has left.")), strip=True, wake=True)
