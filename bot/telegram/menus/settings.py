"""/settings: what a chat is set to, and a page of choices for each setting. Buttons say what they set."""

from dataclasses import replace

from bot.domain import Chat, Mode, Severity
from bot.storage.chats import save_chat
from bot.storage.history import release_held
from bot.telegram.commands.turns import Answer, Turn, bold, line, rows, say
from bot.telegram.markup import Block
from bot.telegram.menus.zones import local, local_time
from bot.telegram.messages import Button
from bot.telegram.strings import LANGUAGES, N_, strings

WEEKDAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))
BATCHES = (15, 30, 60, 180, 360, 720)  # minutes
QUIET = ("22:00-07:00", "20:00-08:00", "18:00-09:00", "00:00-06:00")
TIMES = ("06:00", "07:00", "08:00", "09:00", "12:00", "16:00", "18:00", "20:00")
PAGES = {
    "level": N_("Level"),
    "mode": N_("Mode"),
    "silent": N_("Silent below"),
    "quiet": N_("Quiet hours"),
    "lang": N_("Language"),
    "previews": N_("Link previews"),
    "digest": N_("Digest"),
    "time": N_("Digest time"),
}


def open_settings(turn: Turn) -> Answer:
    """Show the settings."""
    return settings_menu(turn)


def settings_menu(turn: Turn, *, edit: bool = False, toast: str = "") -> Answer:
    """Show what is set, with a button for each setting."""
    buttons = [turn.button(turn.t(name), "set", page) for page, name in PAGES.items()]
    buttons.append(turn.button(turn.t("Time zone"), "zone", "set"))
    blocks = (line(bold(turn.t("Settings"))), *summary(turn))
    return Answer(parts=say(*blocks, buttons=rows(buttons, 2)), edit=edit, toast=toast, menu={"menu": "settings"})


def summary(turn: Turn) -> tuple[Block, ...]:
    """Give what a chat is set to, a line each."""
    chat, t = turn.chat, turn.t
    silent = turn.words.severity(chat.silent_below)
    zone = f"{chat.zone} ({local_time(turn.now, chat.zone)})"
    told = (
        (t("Level"), t("{level} and above", level=turn.words.severity(chat.level))),
        (t("Mode"), mode_words(turn, chat)),
        (t("Silent below"), silent if chat.silent_below > Severity.INFORMATIONAL else t("nothing is silent")),
        (t("Quiet hours"), f"{chat.quiet_from}–{chat.quiet_to}" if chat.quiet_from else t("none")),
        (t("Digest"), digest_words(turn, chat)),
        (t("Time zone"), zone),
        (t("Language"), LANGUAGES.get(chat.lang, chat.lang)),
        (t("Link previews"), t("on") if chat.link_previews else t("off")),
    )
    lines = [line(f"{name}: ", bold(value)) for name, value in told]
    if chat.paused_until is not None and chat.paused_until > turn.now:
        lines.append(line("⏸ ", t("Paused until {time}; /resume ends it.", time=local(chat, chat.paused_until))))
    return tuple(lines)


def mode_words(turn: Turn, chat: Chat) -> str:
    """Say when a chat gets its alerts."""
    if chat.mode is Mode.BATCHED:
        return turn.t("batched every {minutes} minutes", minutes=chat.batch_minutes)
    return turn.t("digest only") if chat.mode is Mode.DIGEST_ONLY else turn.t("at once")


def digest_words(turn: Turn, chat: Chat) -> str:
    """Say when a chat gets its digest."""
    if not chat.digest_on:
        return turn.t("none")
    if chat.digest_daily:
        return turn.t("every day at {time}", time=chat.digest_time)
    return turn.t("{day} at {time}", day=turn.t(WEEKDAYS[chat.digest_weekday]), time=chat.digest_time)


def show(turn: Turn) -> Answer:
    """Show the choices of one setting."""
    page = turn.args
    if page not in PAGES:
        return settings_menu(turn, edit=True)
    buttons = [*_choices(turn, page)]
    if page == "quiet":
        buttons.append(turn.button(turn.t("Other hours"), "hours", "quiet"))
    if page == "time":
        buttons.append(turn.button(turn.t("Another time"), "hours", "digest"))
    back = (turn.button(turn.t("Back"), "set", "menu"),)
    blocks = (line(bold(turn.t(PAGES[page]))), line(_meaning(turn, page)))
    parts = say(*blocks, buttons=(*rows(buttons, 2), back))
    return Answer(parts=parts, edit=True, menu={"menu": "settings"})


def put(turn: Turn) -> Answer:
    """Set what the button said; a choice that does not exist changes nothing."""
    page, _, value = turn.args.partition(".")
    chat = _changed(turn.chat, page, value)
    if chat is None:
        return Answer(toast=turn.t("That is not possible."))
    save_chat(turn.tx, chat)
    released = release_held(turn.tx, chat, now=turn.now) if page in {"mode", "quiet"} else 0
    words = strings(chat.lang) if chat.key == turn.here.key else turn.words
    here = chat if chat.key == turn.here.key else turn.here
    turn = replace(turn, chat=chat, here=here, words=words)
    return replace(settings_menu(turn, edit=True, toast=turn.t("Saved")), wake=released > 0)


def _choices(turn: Turn, page: str) -> list[Button]:
    words, chat = turn.words, turn.chat
    labels: dict[str, str]
    match page:
        case "level" | "silent":
            labels = {level.word: words.severity(level) for level in Severity}
            now = (chat.level if page == "level" else chat.silent_below).word
        case "mode":
            every = {f"b{n}": turn.t("Batched every {minutes} minutes", minutes=n) for n in BATCHES}
            labels = {"at_once": turn.t("At once"), **every, "digest_only": turn.t("Digest only")}
            now = f"b{chat.batch_minutes}" if chat.mode is Mode.BATCHED else chat.mode.value
        case "quiet":
            labels = {hours: hours.replace("-", "–") for hours in QUIET} | {"off": turn.t("None")}
            now = f"{chat.quiet_from}-{chat.quiet_to}" if chat.quiet_from else "off"
        case "lang":
            labels, now = dict(LANGUAGES), chat.lang
        case "previews":
            labels, now = {"on": turn.t("On"), "off": turn.t("Off")}, "on" if chat.link_previews else "off"
        case "digest":
            days = {str(number): turn.t(day) for number, day in enumerate(WEEKDAYS)}
            labels = {**days, "daily": turn.t("Every day"), "off": turn.t("No digest")}
            now = "off" if not chat.digest_on else "daily" if chat.digest_daily else str(chat.digest_weekday)
        case _:
            labels, now = {time: time for time in TIMES}, chat.digest_time
    return [
        turn.button(f"• {text}" if value == now else text, "put", f"{page}.{value}") for value, text in labels.items()
    ]


def _changed(chat: Chat, page: str, value: str) -> Chat | None:
    """Give the chat with one setting changed, or None for a choice that does not exist."""
    levels = {level.word: level for level in Severity}
    if page in {"level", "silent"} and value in levels:
        return replace(chat, level=levels[value]) if page == "level" else replace(chat, silent_below=levels[value])
    if page == "mode" and value in {f"b{n}" for n in BATCHES}:
        return replace(chat, mode=Mode.BATCHED, batch_minutes=int(value[1:]))
    if page == "mode" and value in {"at_once", "digest_only"}:
        return replace(chat, mode=Mode(value))
    if page == "quiet" and value in {*QUIET, "off"}:
        start, _, end = value.partition("-") if value != "off" else ("", "", "")
        return replace(chat, quiet_from=start, quiet_to=end)
    if page == "lang" and value in LANGUAGES:
        return replace(chat, lang=value)
    if page == "previews" and value in {"on", "off"}:
        return replace(chat, link_previews=value == "on")
    if page == "digest":
        return _digest(chat, value)
    return replace(chat, digest_time=value) if page == "time" and value in TIMES else None


def _digest(chat: Chat, value: str) -> Chat | None:
    if value in {"off", "daily"}:
        return replace(chat, digest_on=value != "off", digest_daily=value == "daily")
    if value in {str(number) for number in range(7)}:
        return replace(chat, digest_on=True, digest_daily=False, digest_weekday=int(value))
    return None


def _meaning(turn: Turn, page: str) -> str:
    t = turn.t
    return {
        "level": t("What is below this level comes only with the digest. A rule may have a level of its own."),
        "mode": t("At once, gathered into one message, or with the digest only."),
        "silent": t("Alerts below this level arrive without a sound."),
        "quiet": t("What comes in quiet hours is delivered after them."),
        "lang": t("The language of my messages. News stay in theirs."),
        "previews": t("Whether links open a preview below the message."),
        "digest": t("The day of the digest."),
        "time": t("The time of the digest, on the clocks of {zone}.", zone=turn.chat.zone),
    }[page]
