"""Ask for the time zone: a city is typed, or the place is shared; what was found is confirmed by a tap."""

from dataclasses import replace
from datetime import datetime

from bot.alerting.quiet import zone_of
from bot.domain import Chat, ChatKind
from bot.storage.chats import save_chat
from bot.telegram.commands.turns import Answer, Asked, Turn, rows, say
from bot.telegram.menus.cities import find_zones, guess_zone, known_zone, nearest_zone

__all__ = ["ask", "city_given", "guess_zone", "local_time", "pick"]


def ask(turn: Turn) -> Answer:
    """Ask for a city; in a private chat the place may be shared instead."""
    private = turn.here.kind is ChatKind.PRIVATE
    text = turn.t("Send the name of your city, such as Taipei, or an offset such as UTC+2.")
    share = " " + turn.t("Or share your location; only the time zone is kept.") if private else ""
    asked = Asked(question="city", state={"then": turn.args}, keyboard="location" if private else "")
    return Answer(parts=say(text + share), asks=asked)


def city_given(turn: Turn) -> Answer:
    """Offer the zones that a city, an offset or a shared place may mean."""
    found = [nearest_zone(*turn.location)] if turn.location is not None else find_zones(turn.args, now=turn.now)
    if not found:
        text = turn.t("I found no time zone for that. Try the next large city, or an offset such as UTC+2.")
        return Answer(parts=say(text), asks=Asked(question="city", state={"then": turn.state.get("then", "")}))
    buttons = [turn.button(f"{name} · {local_time(turn.now, name)}", "pick", name) for name in found]
    text = turn.t("Which is yours? The time there now is shown beside it.")
    menu = {"menu": "zone", "then": turn.state.get("then", "")}
    return Answer(parts=say(text, buttons=rows(buttons, 1)), menu=menu)


def pick(turn: Turn) -> Answer:
    """Set the zone that was tapped, then go on where the question came from."""
    from bot.telegram.menus import onboarding, settings  # noqa: PLC0415 - both lead here and back

    if not known_zone(turn.args):
        return Answer(toast=turn.t("That is not possible."))
    chat = replace(turn.chat, zone=turn.args)
    save_chat(turn.tx, chat)
    turn = replace(turn, chat=chat, args="")
    if turn.state.get("then") == "first":
        return onboarding.done(turn)
    return settings.settings_menu(turn, edit=True, toast=turn.t("Saved"))


def local_time(now: datetime, zone: str) -> str:
    """Give the time of day in a zone."""
    return now.astimezone(zone_of(zone)).strftime("%H:%M")


def local(chat: Chat, moment: datetime) -> str:
    """Give a moment as the chat's clocks show it."""
    return moment.astimezone(zone_of(chat.zone)).strftime("%Y-%m-%d %H:%M")
