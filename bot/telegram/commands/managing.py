"""/manage: run a channel or group from the private chat of one of its administrators."""

from bot.domain import Chat, ChatKind
from bot.storage.chats import all_chats
from bot.telegram.commands import conversing
from bot.telegram.commands.turns import Answer, Turn, bold, line, reply, say
from bot.telegram.markup import one_line

SHOWN = 30


def manage(turn: Turn) -> Answer:
    """Choose the chat that the next commands are about.

    The list shows only chats in which this bot already was set up; whether the person administers the one they choose
    is asked of Telegram when they tap it, and again with each command.
    """
    if turn.here.kind is not ChatKind.PRIVATE:
        return reply(turn.t("Send /manage in a private chat with me. Here, commands are about this chat anyway."))
    if turn.args.casefold() in {"me", "here", "off", "ich"}:
        return _here(turn)
    found = administered(turn)
    if not found:
        return reply(
            turn.t("I know no channel or group that you administer."),
            turn.t("Add me to it as an administrator, then send /start there, or send /manage again here."),
        )
    buttons = [(turn.button(one_line(_title(one), 40), "manage", one.key),) for one in found[:SHOWN]]
    buttons.append((turn.button(turn.t("This chat"), "manage", "me"),))
    text = turn.t("Which chat shall the next commands be about?")
    return Answer(parts=say(text, buttons=tuple(buttons)), menu={"menu": "manage", "chat": turn.here.key})


def chosen(turn: Turn) -> Answer:
    """Manage the chat that was tapped; only those in which the person was found to be an administrator count."""
    if turn.args == "me":
        return _here(turn)
    found = next((one for one in administered(turn) if one.key == turn.args), None)
    if found is None:
        return Answer(toast=turn.t("Only administrators can do that."), loud=True)
    conversing.manage(turn, found.key)
    name = bold(one_line(_title(found), 80))
    text = turn.t("The next commands are about this chat, for eight hours or until /manage me:")
    return Answer(parts=say(line(text, " ", name)), edit=True)


def administered(turn: Turn) -> list[Chat]:
    """Give the groups, topics and channels that the receiver found this person to administer."""
    ids = set(turn.administers)
    return [one for one in all_chats(turn.tx) if one.telegram_id in ids]


def _here(turn: Turn) -> Answer:
    conversing.manage(turn, None)
    return reply(turn.t("Commands are about this chat again."))


def _title(chat: Chat) -> str:
    topic = f" · #{chat.thread_id}" if chat.thread_id is not None else ""
    return (chat.title or chat.key) + topic
