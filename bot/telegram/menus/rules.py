"""The buttons of /rules: one page a rule, and what can be done with it. All rows are looked up within the chat."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain import Mode, Severity, Subscription
from bot.storage.subscriptions import (
    delete_subscription,
    load_subscription,
    save_subscription,
    subscriptions_of,
)
from bot.telegram.commands.turns import Answer, Asked, Turn, bold, line, rows, say
from bot.telegram.markup import Block, Span, one_line
from bot.telegram.menus.caps import full, too_costly
from bot.telegram.menus.drafts import tried
from bot.telegram.menus.roles import TOPICS_NAME, free_name, new_id, title_of
from rules.query import QueryError, parse

_MENU = {"menu": "rules"}
ON_A_PAGE = 10


def rules_menu(turn: Turn, number: int = 0, *, edit: bool = False, toast: str = "") -> Answer:
    """List a page of a chat's subscriptions, a button each."""
    found = subscriptions_of(turn.tx, turn.chat.key)
    if not found:
        hint = turn.t(
            "No rules yet. /topics adds topics; a rule of your own is added so: /addrule nvidia AND (H20 OR H200)"
        )
        return Answer(parts=say(hint), edit=edit, toast=toast)
    blocks: list[Block] = [line(bold(turn.t("Rules")))]
    buttons = []
    number = max(0, min(number, (len(found) - 1) // ON_A_PAGE))
    first = number * ON_A_PAGE
    for place, one in enumerate(found[first : first + ON_A_PAGE], first + 1):
        name = title_of(one.name, turn.words)
        mark = "⏸ " if one.paused else ""
        blocks.append(line(f"{place}. {mark}", bold(name), ": ", Span(text=one_line(one.query, 120), code=True)))
        buttons.append(turn.button(f"{place}. {mark}{one_line(name, 24)}", "rule", f"show.{one.id}"))
    blocks.append(line(turn.t("/addrule QUERY or /addrule NAME | QUERY adds one."), gap=True))
    turns = []
    if number:
        turns.append(turn.button("‹ " + turn.t("Back"), "rule", f"list.{number - 1}"))
    if first + ON_A_PAGE < len(found):
        turns.append(turn.button(turn.t("More") + " ›", "rule", f"list.{number + 1}"))
    keyboard = (*rows(buttons, 2), *([tuple(turns)] if turns else []))
    return Answer(parts=say(*blocks, buttons=keyboard), edit=edit, toast=toast, menu=_MENU)


def act(turn: Turn) -> Answer:
    """Do what a button of /rules says: list, show, test, edit, pause, resume, level, mode, delete, erase."""
    verb, _, rest = turn.args.partition(".")
    rule_id, _, value = rest.partition(".")
    if verb == "list":
        return rules_menu(turn, int(rest) if rest.isascii() and rest.isdigit() else 0, edit=True)
    one = load_subscription(turn.tx, turn.chat.key, rule_id)
    if one is None:
        return replace(rules_menu(turn, edit=True), toast=turn.t("There is no such rule (any more)."))
    match verb:
        case "test":
            return _test(turn, one)
        case "edit" if one.name == TOPICS_NAME:
            return Answer(toast=turn.t("Topics are chosen with /topics."), loud=True)
        case "edit":
            text = turn.t("Send the new query for “{name}”, or /cancel. Now it is:", name=one_line(one.name, 60))
            asked = Asked(question="rule", state={"rule": one.id, "name": one.name})
            return Answer(parts=say(text, line(Span(text=one.query, code=True))), asks=asked)
        case "delete":
            return _confirm(turn, one)
        case "erase":
            delete_subscription(turn.tx, turn.chat.key, one.id)
            return rules_menu(turn, edit=True, toast=turn.t("Deleted"))
        case _:
            changed = _changed(one, verb, value)
            others = [other for other in subscriptions_of(turn.tx, turn.chat.key) if other.id != one.id]
            refusal = too_costly(turn, others, one.query) if one.paused and not changed.paused else ""
            if refusal:
                return Answer(toast=refusal, loud=True)
            if changed != one:
                save_subscription(turn.tx, changed)
            return _page(turn, changed, toast=turn.t("Saved") if changed != one else "")


def draft(turn: Turn) -> Answer:
    """Save, edit or cancel the rule whose backtest was shown."""
    name, query = str(turn.state.get("name", "")), str(turn.state.get("query", ""))
    rule_id = str(turn.state.get("rule", ""))
    if turn.args == "cancel" or not query:
        return Answer(toast=turn.t("Nothing was saved."), strip=True)
    if turn.args == "edit":
        text = turn.t("Send the query again, as it should be, or /cancel:")
        asked = Asked(question="rule", state={"rule": rule_id, "name": name})
        return Answer(parts=say(text, line(Span(text=query, code=True))), asks=asked)
    return save_rule(turn, name, query, rule_id)


def save_rule(turn: Turn, name: str, query: str, rule_id: str) -> Answer:
    """Store a new or edited rule; saving the same twice changes nothing."""
    key = turn.chat.key
    found = subscriptions_of(turn.tx, key)
    old = next((one for one in found if one.id == rule_id), None)
    same = next((one for one in found if one.query == query and one.id != rule_id), None)
    if same is not None:
        text = turn.t("The rule “{name}” asks the same already.", name=title_of(same.name, turn.words))
        return Answer(toast=text, loud=True)
    refusal = "" if old is not None else full(turn, found)
    refusal = refusal or too_costly(turn, [one for one in found if one.id != rule_id], query)
    if refusal:
        return Answer(toast=refusal, loud=True)
    if old is not None:
        save_subscription(turn.tx, replace(old, query=query))
        saved = old.name
    else:
        saved = free_name(found, name)
        rule = Subscription(id=new_id(key, saved, turn.now), chat_key=key, name=saved, query=query, created_at=turn.now)
        save_subscription(turn.tx, rule)
    text = turn.t("Saved: “{name}”. /rules shows all.", name=one_line(saved, 80))
    return Answer(parts=say(text), strip=True, toast=turn.t("Saved"))


def _page(turn: Turn, one: Subscription, *, toast: str = "") -> Answer:
    level = turn.words.severity(one.level) if one.level is not None else turn.t("as the chat")
    modes = {Mode.AT_ONCE: turn.t("at once"), Mode.BATCHED: turn.t("batched"), Mode.DIGEST_ONLY: turn.t("digest only")}
    mode = modes[one.mode] if one.mode is not None else turn.t("as the chat")
    state = turn.t("paused") if one.paused else turn.t("active")
    blocks = [
        line(bold(title_of(one.name, turn.words)), f" · {state}"),
        line(Span(text=one.query, code=True)),
        line(turn.t("Level: {level}. Mode: {mode}.", level=level, mode=mode)),
    ]
    toggle = ("resume", turn.t("Switch on")) if one.paused else ("pause", turn.t("Pause"))
    verbs = [("test", turn.t("Test")), ("edit", turn.t("Edit")), toggle, ("delete", turn.t("Delete"))]
    buttons = [turn.button(label, "rule", f"{verb}.{one.id}") for verb, label in verbs]
    levels = [("chat", turn.t("as the chat")), *((lv.word, turn.words.severity(lv)) for lv in Severity if lv > 2)]
    mark = one.level.word if one.level is not None else "chat"
    level_row = [
        turn.button(f"• {name}" if value == mark else name, "rule", f"level.{one.id}.{value}") for value, name in levels
    ]
    now = one.mode.value if one.mode is not None else "chat"
    choices = [("chat", turn.t("as the chat")), *((m.value, name) for m, name in modes.items())]
    mode_row = [
        turn.button(f"• {name}" if value == now else name, "rule", f"mode.{one.id}.{value}") for value, name in choices
    ]
    back = (turn.button(turn.t("Back"), "rule", "list"),)
    keyboard = (*rows(buttons, 2), tuple(level_row[:2]), tuple(level_row[2:]), *rows(mode_row, 2), back)
    return Answer(parts=say(*blocks, buttons=keyboard), edit=True, toast=toast, menu=_MENU)


def _changed(one: Subscription, verb: str, value: str) -> Subscription:
    levels: dict[str, Severity | None] = {"chat": None, **{level.word: level for level in Severity}}
    modes: dict[str, Mode | None] = {"chat": None, **{mode.value: mode for mode in Mode}}
    if verb in {"pause", "resume"}:
        return replace(one, paused=verb == "pause")
    if verb == "level" and value in levels:
        return replace(one, level=levels[value])
    return replace(one, mode=modes[value]) if verb == "mode" and value in modes else one


def _test(turn: Turn, one: Subscription) -> Answer:
    try:
        query = parse(one.query)
    except QueryError as error:
        return Answer(parts=say(turn.t("I cannot read this query:"), line(Span(text=error.pretty(), pre=True))))
    name = line(bold(title_of(one.name, turn.words)))
    return Answer(later=lambda: Answer(parts=say(name, *tried(turn, query, one.id))))


def _confirm(turn: Turn, one: Subscription) -> Answer:
    buttons: Sequence[Sequence[object]] = (
        (
            turn.button(turn.t("Delete"), "rule", f"erase.{one.id}"),
            turn.button(turn.t("Back"), "rule", f"show.{one.id}"),
        ),
    )
    text = turn.t("Delete the rule “{name}”?", name=title_of(one.name, turn.words))
    return Answer(parts=say(text, buttons=buttons), edit=True, menu=_MENU)  # type: ignore[arg-type]
