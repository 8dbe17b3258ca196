"""/export and /import: a chat's settings and rules as a file, read back under the same guards as typed ones."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.alerting.routing import Snooze
from bot.domain import Chat, Mode, Severity, Subscription, Topic, utc
from bot.storage.chats import save_chat
from bot.storage.feedback import voter, votes_of_user
from bot.storage.history import release_held, snoozes_of
from bot.storage.subscriptions import save_subscription, snooze, subscriptions_of
from bot.telegram.commands.quieting import LONGEST
from bot.telegram.commands.quieting import MOST as SNOOZES_LIMIT
from bot.telegram.commands.turns import Answer, Asked, File, Turn, line, reply, say
from bot.telegram.markup import Span, one_line
from bot.telegram.menus.caps import too_costly, too_many
from bot.telegram.menus.cities import known_zone
from bot.telegram.menus.roles import NAME_LIMIT, free_name, named, new_id
from bot.telegram.menus.times import clock
from bot.telegram.strings import LANGUAGES
from rules.query import QueryError, parse

FORMAT = "straitwatch-chat/1"
SHOWN_FAULTS = 8
_DEPTH = 8  # of brackets: ours has four


def export(turn: Turn) -> Answer:
    """Send everything that a chat set, and the person's own votes, as JSON."""
    content = json.dumps(_exported(turn), ensure_ascii=False, indent=2).encode()
    name = f"straitwatch-{turn.now:%Y-%m-%d}.json"
    text = turn.t("Settings, rules, snoozes and your votes. /import reads this file, here or in another chat.")
    return Answer(parts=say(text), file=File(name=name, content=content))


def import_(turn: Turn) -> Answer:
    """Read a file that was sent with the command or replied to; without one, ask for it."""
    if turn.attachment is None:
        text = turn.t("Send the file that /export made, or reply to it with /import. At most 256 KB.")
        return Answer(parts=say(text), asks=Asked(question="import"))
    return file_given(turn)


def file_given(turn: Turn) -> Answer:
    """Take over settings and rules from a file: all of it, or nothing where anything is wrong."""
    if turn.attachment is None:
        return reply(turn.t("There is no file in this message, or it is larger than 256 KB."))
    faults: list[str] = []
    found = _read(turn, turn.attachment, faults)
    if faults or found is None:
        shown = [line(Span(text=fault, pre="\n" in fault)) for fault in faults[:SHOWN_FAULTS]]
        more = len(faults) - SHOWN_FAULTS
        tail = [turn.n("and {count} more fault", "and {count} more faults", more)] if more > 0 else []
        return reply(turn.t("Nothing was imported. These are the faults:"), *shown, *tail)
    chat, rules, silences = found
    save_chat(turn.tx, chat)
    for rule in rules:
        save_subscription(turn.tx, rule)
    for one in silences:
        snooze(turn.tx, chat.key, what=one.what, value=one.value, until=one.until)
    released = release_held(turn.tx, chat, now=turn.now)
    count = turn.n("Imported: the settings and {count} rule.", "Imported: the settings and {count} rules.", len(rules))
    told = [count]
    if silences:
        told.append(turn.n("{count} snooze goes on.", "{count} snoozes go on.", len(silences)))
    return Answer(parts=say(*told, turn.t("/rules, /settings and /mute show what is set.")), wake=released > 0)


def _exported(turn: Turn) -> dict[str, Any]:
    chat = turn.chat
    silent = snoozes_of(turn.tx, chat.key, now=turn.now)
    names = {one.id: one.name for one in subscriptions_of(turn.tx, chat.key)}
    votes = votes_of_user(turn.tx, voter(turn.tx, turn.person.id)) if turn.person.id and chat.telegram_id > 0 else ()
    return {
        "format": FORMAT,
        "exported_at": turn.now.isoformat(),
        "settings": _settings_of(chat),
        "rules": [
            {
                "name": one.name,
                "query": one.query,
                "level": None if one.level is None else one.level.word,
                "mode": None if one.mode is None else one.mode.value,
                "paused": one.paused,
            }
            for one in subscriptions_of(turn.tx, chat.key)
        ],
        "snoozes": [  # a rule by its name: its id would mean nothing in another chat
            {"what": what, "value": names.get(value, value) if what == "rule" else value, "until": until.isoformat()}
            for what, value, until in silent
        ],
        "votes": [
            {"story": one.story_id, "vote": one.vote, "reason": one.reason, "at": one.created_at.isoformat()}
            for one in votes
        ],
    }


def _settings_of(chat: Chat) -> dict[str, Any]:
    return {
        "lang": chat.lang,
        "zone": chat.zone,
        "level": chat.level.word,
        "mode": chat.mode.value,
        "batch_minutes": chat.batch_minutes,
        "silent_below": chat.silent_below.word,
        "quiet_from": chat.quiet_from,
        "quiet_to": chat.quiet_to,
        "digest_on": chat.digest_on,
        "digest_daily": chat.digest_daily,
        "digest_weekday": chat.digest_weekday,
        "digest_time": chat.digest_time,
        "link_previews": chat.link_previews,
    }


def _read(turn: Turn, content: bytes, faults: list[str]) -> tuple[Chat, list[Subscription], list[Snooze]] | None:
    try:
        text = content.decode("utf-8")
        read = json.loads(text) if _depth(text) <= _DEPTH else None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        faults.append(turn.t("This is no JSON file: {reason}", reason=one_line(str(error), 120)))
        return None
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        faults.append(turn.t("This is no file of /export: it does not say “format”: “{format}”.", format=FORMAT))
        return None
    chat = _settings(turn, read.get("settings", {}), faults)
    rules = _rules(turn, read.get("rules", []), faults)
    return chat, rules, _snoozes(turn, read.get("snoozes", []), rules, faults)


def _settings(turn: Turn, given: object, faults: list[str]) -> Chat:
    if not isinstance(given, dict):
        faults.append("settings: {…}")
        return turn.chat
    values: dict[str, Any] = {}
    for name, value in given.items():
        check = _CHECKS.get(name)
        if check is None or not isinstance(value, str | int) or not check(value):
            shown = one_line(json.dumps(value, ensure_ascii=False), 60)
            faults.append(turn.t("settings.{name}: {value} is not possible", name=one_line(str(name), 40), value=shown))
            continue
        values[name] = _READERS[name](str(value)) if name in _READERS else value
    if bool(values.get("quiet_from", "")) != bool(values.get("quiet_to", "")):
        faults.append(turn.t("settings: quiet hours need both ends"))
    return replace(turn.chat, **values)


def _rules(turn: Turn, given: object, faults: list[str]) -> list[Subscription]:
    if not isinstance(given, list) or len(given) > turn.services.rules_most:
        faults.append(turn.t("rules: a list of at most {count}", count=turn.services.rules_most))
        return []
    there = list(subscriptions_of(turn.tx, turn.chat.key))
    found: list[Subscription] = []
    for number, entry in enumerate(given, 1):
        rule = _rule(turn, number, entry, [*there, *found], faults)
        if rule is not None:
            found.append(rule)
    new = [one for one in found if all(one.id != old.id for old in there)]
    if len(there) + len(new) > turn.services.rules_most:
        faults.append(too_many(turn))
    replaced = {one.id for one in found}
    kept = [one for one in there if one.id not in replaced]
    for number, one in enumerate(found):
        refusal = "" if one.paused else too_costly(turn, [*kept, *found[:number]], one.query)
        if refusal:
            faults.append(f"“{one.name}”: {refusal}")
    return found


def _rule(turn: Turn, number: int, entry: object, known: list[Subscription], faults: list[str]) -> Subscription | None:
    place = turn.t("rule {number}", number=number)
    if not isinstance(entry, dict) or not isinstance(entry.get("query"), str):
        faults.append(f"{place}: " + turn.t("it has no query"))
        return None
    name = one_line(str(entry.get("name", "")), NAME_LIMIT) or one_line(entry["query"], 40)
    level, mode = entry.get("level"), entry.get("mode")
    try:
        parse(entry["query"])
    except QueryError as error:
        faults.append(f"{place} “{name}”: {error.pretty()}")
        return None
    if not (level is None or _is_level(level)) or not (mode is None or mode in {one.value for one in Mode}):
        faults.append(f"{place} “{name}”: " + turn.t("its level or mode is not possible"))
        return None
    old = named(known, name)
    return Subscription(
        id=old.id if old is not None else new_id(turn.chat.key, name, turn.now),
        chat_key=turn.chat.key,
        name=old.name if old is not None else free_name(known, name, reserved=()),
        query=entry["query"],
        level=None if level is None else Severity.of(level),
        mode=None if mode is None else Mode(mode),
        paused=entry.get("paused") is True,
        created_at=old.created_at if old is not None else _spread(turn.now, number),
    )


def _snoozes(turn: Turn, given: object, rules: list[Subscription], faults: list[str]) -> list[Snooze]:
    """Read what is to stay silent; what is over by now is left out."""
    if not isinstance(given, list) or len(given) > SNOOZES_LIMIT:
        faults.append(turn.t("snoozes: a list of at most {count}", count=SNOOZES_LIMIT))
        return []
    known = [*rules, *subscriptions_of(turn.tx, turn.chat.key)]
    found = []
    for number, entry in enumerate(given, 1):
        one = _snooze(turn, entry, known) if isinstance(entry, dict) else None
        if one is None:
            faults.append(turn.t("snooze {number}: what, value or until is not possible", number=number))
        elif one.until > turn.now:
            found.append(one)
    return found


def _snooze(turn: Turn, entry: Mapping[str, object], known: list[Subscription]) -> Snooze | None:
    what, value = entry.get("what"), entry.get("value")
    if not isinstance(what, str) or not isinstance(value, str):
        return None
    if what == "rule":
        rule = named(known, value)
        value = rule.id if rule is not None else ""
    try:
        until = utc(datetime.fromisoformat(str(entry.get("until"))))
    except ValueError:
        return None
    possible = what in _SILENT and bool(re.fullmatch(_SILENT[what], value))
    return (
        Snooze(chat_key=turn.chat.key, what=what, value=value, until=min(until, turn.now + LONGEST))
        if possible
        else None
    )


_SILENT: Mapping[str, str] = {
    "story": r"[0-9a-f]{6,32}",
    "rule": r"[0-9a-f]{6,32}",
    "topic": "|".join(topic.value for topic in Topic),
    "entity": r"[^\s]{1,100}",
}


def _spread(now: datetime, number: int) -> datetime:
    """Keep the file's order, since rules are listed by age."""
    return now.replace(microsecond=number)


def _is_level(value: object) -> bool:
    return value in {level.word for level in Severity}


def _is_time_or_none(value: object) -> bool:
    return value == "" or (isinstance(value, str) and clock(value) == value)


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return deepest


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "lang": lambda value: value in LANGUAGES,
    "zone": lambda value: isinstance(value, str) and known_zone(value),
    "level": _is_level,
    "mode": lambda value: value in {mode.value for mode in Mode},
    "batch_minutes": lambda value: type(value) is int and 5 <= value <= 1440,
    "silent_below": _is_level,
    "quiet_from": _is_time_or_none,
    "quiet_to": _is_time_or_none,
    "digest_on": lambda value: type(value) is bool,
    "digest_daily": lambda value: type(value) is bool,
    "digest_weekday": lambda value: type(value) is int and 0 <= value <= 6,
    "digest_time": lambda value: isinstance(value, str) and value != "" and clock(value) == value,
    "link_previews": lambda value: type(value) is bool,
}
_READERS: Mapping[str, Callable[[str], object]] = {"level": Severity.of, "silent_below": Severity.of, "mode": Mode}
