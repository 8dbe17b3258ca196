"""/mute, /pause and /resume: less for a while. What is paused is held and comes later; what is muted does not."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from bot.storage.chats import save_chat
from bot.storage.history import release_held, snoozes_of
from bot.storage.posts import post_of
from bot.storage.subscriptions import end_snooze, snooze, subscriptions_of
from bot.telegram.commands.turns import Answer, Turn, bold, line, reply, say
from bot.telegram.markup import one_line
from bot.telegram.menus.roles import named, title_of, topic_named
from bot.telegram.menus.zones import local
from bot.telegram.strings import N_

FOREVER = timedelta(days=3650)
LONGEST = timedelta(days=365)
SHOWN = 20
MOST = 100  # snoozes of one chat
_SPAN = re.compile(r"(\d{1,4})\s*(min|m|h|d|w|t)\w*", re.IGNORECASE)
_UNITS = {"m": timedelta(minutes=1), "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_UNITS |= {"t": timedelta(days=1), "w": timedelta(weeks=1)}
_KINDS = {"story": N_("story"), "rule": N_("rule"), "topic": N_("topic"), "entity": N_("company")}


def mute(turn: Turn) -> Answer:
    """Silence a topic, rule, company or the story replied to; without a word, list what is silent."""
    words = turn.args.split()
    span = timedelta(days=1)
    if words and (given := read_span(words[-1])) is not None:
        span, words = given, words[:-1]
    if not words and turn.reply_to is None:
        return _list(turn)
    found = _target(turn, words)
    if found is None:
        return reply(
            turn.t("I know no such topic, rule or company here."),
            turn.t(
                "Write /mute sanctions 1d, /mute rule NAME 1w, /mute entity huawei 1w, or reply to an alert with /mute."
            ),
        )
    if len(snoozes_of(turn.tx, turn.chat.key, now=turn.now)) >= MOST:
        return reply(turn.t("That is enough silence: end a snooze first. /mute lists them."))
    what, value, name = found
    until = turn.now + span
    snooze(turn.tx, turn.chat.key, what=what, value=value, until=until)
    text = turn.t("Silent until {time}:", time=local(turn.chat, until))
    return reply(line(text, " ", turn.t(_KINDS[what]), " ", bold(name)), line(turn.t("/mute lists what is silent.")))


def unmute(turn: Turn) -> Answer:
    """End the snooze of the pressed button; the list may be older than the snoozes."""
    entries = turn.state.get("entries", [])
    number = int(turn.args) if turn.args.isascii() and turn.args.isdigit() else len(entries)
    if number < len(entries):
        what, value = entries[number]
        end_snooze(turn.tx, turn.chat.key, what=str(what), value=str(value))
    return replace(_list(turn), edit=True, toast=turn.t("Not silent any more"))


def pause(turn: Turn) -> Answer:
    """Hold back everything for a time, or until /resume."""
    span = FOREVER
    if turn.args:
        given = read_span(turn.args)
        if given is None:
            return reply(turn.t("For how long? Write /pause 8h, /pause 3d, or /pause alone until /resume."))
        span = given
    chat = replace(turn.chat, paused_until=turn.now + span)
    save_chat(turn.tx, chat)
    release_held(turn.tx, chat, now=turn.now)
    until = turn.t("until {time}", time=local(chat, turn.now + span)) if turn.args else turn.t("until /resume")
    return reply(line("⏸ ", turn.t("Paused {until}. Alerts are kept and delivered afterwards.", until=until)))


def resume(turn: Turn) -> Answer:
    """Deliver again, and release what was held back."""
    paused = turn.chat.paused_until is not None and turn.chat.paused_until > turn.now
    chat = replace(turn.chat, paused_until=None)
    save_chat(turn.tx, chat)
    released = release_held(turn.tx, chat, now=turn.now)
    if not paused:
        return Answer(parts=say(turn.t("Nothing was paused.")), wake=released > 0)
    held = turn.n("{count} alert was kept and comes now.", "{count} alerts were kept and come now.", released)
    none = turn.t("Nothing came in the meantime.")
    return Answer(parts=say(line("▶️ ", turn.t("Delivering again.")), held if released else none), wake=released > 0)


def read_span(text: str) -> timedelta | None:
    """Read a length of time such as 30m, 8h, 3d or 1w; None for anything else, or more than a year."""
    found = _SPAN.fullmatch(text.strip())
    if found is None or not int(found[1]):
        return None
    span = int(found[1]) * _UNITS[found[2].lower()]
    return span if span <= LONGEST else None


def _target(turn: Turn, words: list[str]) -> tuple[str, str, str] | None:
    """Give what is to be silenced as (what, value, name)."""
    if not words:
        post = post_of(turn.tx, turn.chat.key, turn.reply_to) if turn.reply_to is not None else None
        return ("story", post.story_id, post.story_id) if post is not None else None
    kind, rest = words[0].casefold(), " ".join(words[1:])
    if kind in {"entity", "company", "firma"} and rest:
        value = re.sub(r"[\s-]+", "_", rest.casefold())[:100]
        return "entity", value, one_line(rest, 60)
    name = rest if kind in {"topic", "rule", "thema", "regel"} and rest else " ".join(words)
    rule = named(subscriptions_of(turn.tx, turn.chat.key), name)
    if rule is not None and kind not in {"topic", "thema"}:
        return "rule", rule.id, title_of(rule.name, turn.words)
    topic = topic_named(name)
    return ("topic", topic.value, turn.words.topic(topic)) if topic is not None else None


def _list(turn: Turn) -> Answer:
    silent = snoozes_of(turn.tx, turn.chat.key, now=turn.now)
    hint = turn.t(
        "Write /mute sanctions 1d, /mute rule NAME 1w, /mute entity huawei 1w, or reply to an alert with /mute."
    )
    if not silent:
        return reply(turn.t("Nothing is silent here."), hint)
    names = {one.id: title_of(one.name, turn.words) for one in subscriptions_of(turn.tx, turn.chat.key)}
    blocks, buttons = [line(bold(turn.t("Silent here")))], []
    for number, (what, value, until) in enumerate(silent[:SHOWN]):
        topic = topic_named(value) if what == "topic" else None
        name = turn.words.topic(topic) if topic is not None else one_line(names.get(value, value), 60)
        kind = turn.t(_KINDS.get(what, what))
        blocks.append(line(f"{number + 1}. {kind} ", bold(name), f" · {_until(turn, until)}"))
        buttons.append((turn.button(turn.t("End {number}", number=number + 1), "unmute", str(number)),))
    menu = {"menu": "snoozes", "entries": [[what, value] for what, value, _ in silent[:SHOWN]]}
    return Answer(parts=say(*blocks, hint, buttons=tuple(buttons)), menu=menu)


def _until(turn: Turn, until: datetime) -> str:
    return turn.t("until {time}", time=local(turn.chat, until))
