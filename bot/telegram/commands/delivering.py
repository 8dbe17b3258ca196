"""/delivery: the ledger of this chat, and another try for what was given up."""

from bot.domain import DeliveryState
from bot.storage.outbox import requeue, summary
from bot.telegram.commands.turns import Answer, Turn, bold, line, say
from bot.telegram.markup import one_line
from bot.telegram.menus.listing import age
from bot.telegram.strings import N_

STATES = {
    DeliveryState.SENT: N_("sent"),
    DeliveryState.DUE: N_("on their way"),
    DeliveryState.HELD: N_("held back (quiet hours, pause or batch)"),
    DeliveryState.PARKED: N_("given up"),
    DeliveryState.CANCELLED: N_("cancelled or gathered into a batch"),
}


def delivery(turn: Turn) -> Answer:
    """Count the messages of this chat by what became of them."""
    return _ledger(turn)


def retry(turn: Turn) -> Answer:
    """Take up what was given up in this chat; pressed twice, there is nothing left to take up."""
    number = requeue(turn.tx, now=turn.now, chat_key=turn.chat.key)
    told = turn.n("{count} message is tried again.", "{count} messages are tried again.", number)
    shown = _ledger(turn)
    return Answer(parts=shown.parts, edit=True, menu=shown.menu, toast=told, wake=number > 0)


def _ledger(turn: Turn) -> Answer:
    found = summary(turn.tx, turn.chat.key)
    blocks = [line(bold(turn.t("Deliveries to this chat")))]
    blocks += [
        line(f"{found.counts[state]} ", turn.t(name)) for state, name in STATES.items() if found.counts.get(state)
    ]
    if len(blocks) == 1:
        blocks.append(line(turn.t("Nothing was sent or owed so far.")))
    if found.last_sent_at is not None:
        blocks.append(line(turn.t("The last one left {age} ago.", age=age(turn, turn.now - found.last_sent_at))))
    if found.oldest_due_at is not None:
        blocks.append(
            line(turn.t("The oldest on its way waits for {age}.", age=age(turn, turn.now - found.oldest_due_at)))
        )
    blocks += [line(f"✖ {one.kind.value}: ", one_line(one.last_error, 150)) for one in found.parked[:5]]
    buttons = ((turn.button(turn.t("Try again"), "retry"),),) if found.parked else ()
    return Answer(parts=say(*blocks, buttons=buttons), menu={"menu": "delivery"})
