"""The list of commands: names, who may use them, and what they are for. Pure; the handlers are in `handlers`."""

from dataclasses import dataclass

from bot.telegram.commands.turns import Need
from bot.telegram.strings import N_, Translator


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One command. `slow` ones only read, after the update is noted; `managed` ones may be about another chat."""

    name: str
    about: str
    need: Need = Need.READER
    usage: str = ""
    slow: bool = False
    managed: bool = True
    private: bool = False  # listed in private chats only
    ranked: bool = False  # administrators are told apart although anybody may use it
    attachment: bool = False
    administers: bool = False  # asks Telegram which chats the person administers


_M, _O = Need.MANAGER, Need.OWNER
ENTRIES = (
    Entry(name="start", about=N_("Set up alerts in a few taps"), need=Need.ANYBODY, ranked=True),
    Entry(name="help", about=N_("What I can do"), need=Need.ANYBODY, managed=False),
    Entry(name="latest", about=N_("The latest stories for your rules"), usage=N_("[TOPIC]"), slow=True),
    Entry(name="search", about=N_("Find stories by words or a rule"), usage=N_("WORDS"), slow=True),
    Entry(name="digest", about=N_("The digest as it would be now"), usage="[preview]", slow=True),
    Entry(name="topics", about=N_("Choose topics"), need=_M),
    Entry(name="subscribe", about=N_("Subscribe to a topic or a role"), usage=N_("[TOPIC]"), need=_M),
    Entry(name="unsubscribe", about=N_("End a subscription"), usage=N_("[TOPIC]"), need=_M),
    Entry(name="rules", about=N_("Your alert rules: test, edit, pause, delete"), need=_M),
    Entry(name="addrule", about=N_("Add an alert rule and see what it would have sent"), usage=N_("QUERY"), need=_M),
    Entry(name="settings", about=N_("Level, mode, quiet hours, language, digest"), need=_M),
    Entry(name="why", about=N_("Why an alert came: reply to it, or give its id"), usage="[ID]", slow=True),
    Entry(name="missed", about=N_("Why a page led to no alert"), usage="URL", slow=True),
    Entry(name="mute", about=N_("Silence a topic, rule, company or story"), usage=N_("[WHAT] [TIME]"), need=_M),
    Entry(name="pause", about=N_("Hold all alerts back for a while"), usage=N_("[TIME]"), need=_M),
    Entry(name="resume", about=N_("Deliver again, also what was held back"), need=_M),
    Entry(name="sources", about=N_("The sources and their health"), usage=N_("[NAME]"), slow=True, managed=False),
    Entry(name="delivery", about=N_("What was sent, is held, or failed"), need=_M),
    Entry(
        name="manage",
        about=N_("Manage a channel or group from here"),
        usage=N_("[NAME]"),
        need=_M,
        managed=False,
        private=True,
        administers=True,
    ),
    Entry(name="export", about=N_("Your settings and rules as a file"), need=_M),
    Entry(name="import", about=N_("Read such a file: reply to it"), need=_M, attachment=True),
    Entry(name="deleteme", about=N_("Erase everything about this chat"), need=_M),
    Entry(name="cancel", about=N_("Leave a question unanswered"), managed=False),
    Entry(name="invite", about=N_("Let somebody in"), usage=N_("[NOTE]"), need=_O, managed=False, private=True),
    Entry(name="members", about=N_("Who may use the bot"), need=_O, managed=False, private=True),
    Entry(name="status", about=N_("How the bot is doing"), need=_O, managed=False, private=True),
    Entry(name="broadcast", about=N_("Write to all chats"), usage=N_("TEXT"), need=_O, managed=False, private=True),
)
_BY_NAME = {entry.name: entry for entry in ENTRIES}


def command(name: str) -> Entry | None:
    """Give the command of that name, or None."""
    return _BY_NAME.get(name)


def visible(need: Need, *, private: bool = True) -> tuple[Entry, ...]:
    """Give the commands that somebody of that standing may use, in the order in which they are listed."""
    return tuple(entry for entry in ENTRIES if entry.need <= need and (private or not entry.private))


def menu(need: Need, words: Translator, *, private: bool) -> list[tuple[str, str]]:
    """Give (name, description) for the list that Telegram shows beside the text field."""
    return [(entry.name, words.t(entry.about)) for entry in visible(need, private=private) if entry.name != "cancel"]
