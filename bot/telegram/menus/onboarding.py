"""The first minutes: role, level, digest, zone. Four taps at most, useful after the first; "Done" ends at any step."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain import Severity, Subscription, Topic
from bot.storage.chats import save_chat
from bot.storage.subscriptions import subscriptions_of
from bot.telegram.commands.matching import sample
from bot.telegram.commands.turns import Answer, Turn, bold, line, rows, say
from bot.telegram.markup import Block
from bot.telegram.menus.roles import ROLES, chosen_topics, role_of, title_of
from bot.telegram.menus.topics import add_role
from bot.telegram.menus.zones import guess_zone
from bot.telegram.messages import Button

QUIET = ("22:00", "07:00")
LEVELS = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)
DIGESTS = {  # arg: (on, daily, weekday, time)
    "mon8": (True, False, 0, "08:00"),
    "fri16": (True, False, 4, "16:00"),
    "daily8": (True, True, 0, "08:00"),
    "off": (False, False, 0, "08:00"),
}
_MENU = {"menu": "onboarding"}


def welcome(turn: Turn, *before: str) -> Answer:
    """Ask for the role; `before` are lines above, such as who owns the bot now."""
    buttons = [turn.button(f"{role.mark} {turn.t(role.name)}", "role", role.id) for role in ROLES]
    blocks: list[Block | str] = [
        *before,
        line(bold(turn.t("Straitwatch tells you once, with sources, when export controls or supply chains shift."))),
        line(turn.t("What do you watch? You can change all of this later.")),
    ]
    return Answer(parts=say(*blocks, buttons=rows(buttons, 2)), menu=_MENU)


def role(turn: Turn) -> Answer:
    """Subscribe to a role, set the sensible defaults, and ask for the level."""
    chosen = role_of(turn.args)
    if chosen is None:
        return Answer(toast=turn.t("That is not possible."))
    first = not subscriptions_of(turn.tx, turn.chat.key)
    add_role(turn, chosen)
    if first and not turn.chat.quiet_from and turn.chat.zone in {"UTC", turn.services.zone}:
        zone = guess_zone(turn.person.lang) or guess_zone(turn.here.lang) or turn.chat.zone
        save_chat(turn.tx, replace(turn.chat, zone=zone, quiet_from=QUIET[0], quiet_to=QUIET[1]))
    buttons = [
        turn.button(turn.t("{level} and above", level=turn.words.severity(level)), "olevel", level.word)
        for level in LEVELS
    ]
    text = turn.t("Subscribed to {role}. From which level on shall I write at once?", role=turn.t(chosen.name))
    return _step(turn, text, rows(buttons, 1))


def level(turn: Turn) -> Answer:
    """Set the level and ask for the digest."""
    if turn.args in {one.word for one in LEVELS}:
        save_chat(turn.tx, replace(turn.chat, level=Severity.of(turn.args)))
    labels = {
        "mon8": turn.t("Monday 08:00"),
        "fri16": turn.t("Friday 16:00"),
        "daily8": turn.t("Every day 08:00"),
        "off": turn.t("No digest"),
    }
    buttons = [turn.button(label, "odigest", arg) for arg, label in labels.items()]
    return _step(turn, turn.t("When shall the digest come?"), rows(buttons, 2))


def digest(turn: Turn) -> Answer:
    """Set the digest and ask for the zone and quiet hours."""
    if turn.args in DIGESTS:
        on, daily, weekday, time = DIGESTS[turn.args]
        save_chat(
            turn.tx,
            replace(turn.chat, digest_on=on, digest_daily=daily, digest_weekday=weekday, digest_time=time),
        )
    return _zone_step(turn)


def zone(turn: Turn) -> Answer:
    """Confirm the guessed zone, which ends the set-up."""
    return done(turn)


def quiet(turn: Turn) -> Answer:
    """Switch the quiet hours to what the button said."""
    hours = QUIET if turn.args == "1" else ("", "")
    chat = replace(turn.chat, quiet_from=hours[0], quiet_to=hours[1])
    save_chat(turn.tx, chat)
    return _zone_step(replace(turn, chat=chat))


def done(turn: Turn) -> Answer:
    """End the set-up: sum up, and show the last matching alert as a sample."""
    from bot.telegram.menus.settings import summary  # noqa: PLC0415 - settings know this module's quiet hours

    names = ", ".join(_told(turn, one) for one in subscriptions_of(turn.tx, turn.chat.key))
    if not names:
        return welcome(turn, turn.t("Nothing is subscribed yet."))
    blocks = [
        line(bold(turn.t("All set."))),
        line(turn.t("Subscribed:"), " ", names),
        *summary(turn),
        line(turn.t("/rules adds your own rules, /settings changes all of this."), gap=True),
    ]
    return Answer(parts=say(*blocks), edit=True, sequel=sample(turn))


def _told(turn: Turn, one: Subscription) -> str:
    """Name a subscription, and for the topic buttons' the topics themselves."""
    topics = chosen_topics([one])
    if not topics:
        return title_of(one.name, turn.words)
    everything = len(topics) == len(Topic)
    return turn.t("Everything") if everything else ", ".join(turn.words.topic(t) for t in Topic if t in topics)


def _zone_step(turn: Turn) -> Answer:
    chat = turn.chat
    on = bool(chat.quiet_from)
    hours = f"{QUIET[0]}–{QUIET[1]}"
    quiet_label = turn.t("🌙 Quiet {hours}: on", hours=hours) if on else turn.t("🌙 Quiet {hours}: off", hours=hours)
    buttons = [
        (turn.button(f"🕑 {chat.zone}", "ozone", "ok"),),
        (turn.button(turn.t("Another time zone"), "zone", "first"),),
        (turn.button(quiet_label, "oquiet", "0" if on else "1"),),
    ]
    text = turn.t(
        "Your time zone is taken to be {zone}. What comes in quiet hours is delivered after them.", zone=chat.zone
    )
    return _step(turn, text, buttons)


def _step(turn: Turn, text: str, buttons: Sequence[Sequence[Button]]) -> Answer:
    ready = (*buttons, (turn.button(turn.t("Done"), "done"),))
    return Answer(parts=say(text, buttons=ready), edit=True, menu=_MENU)
