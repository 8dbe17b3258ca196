"""A rule before it is saved: what it would have sent in the last 30 days, with Save, Edit and Cancel."""

from dataclasses import replace
from datetime import timedelta

from bot.alerting.backtesting import stored_of
from bot.alerting.quiet import zone_of
from bot.domain import Severity
from bot.storage.archive import flagged_since
from bot.storage.stories import load_stories
from bot.storage.subscriptions import subscriptions_of
from bot.storage.transactions import looking
from bot.telegram.commands.turns import Answer, Asked, Turn, bold, line, say
from bot.telegram.markup import Block, Span, one_line
from bot.telegram.menus.listing import story_line
from bot.telegram.menus.roles import NAME_LIMIT
from rules.backtest import Backtest, backtest
from rules.query import Query, QueryError, parse

DAYS = 30
SHOWN = 3


def read_rule(text: str) -> tuple[str, str]:
    """Split `NAME | QUERY` or `QUERY` into name and query; a query without a name is named after itself."""
    name, bar, query = text.partition("|")
    if not bar:
        name, query = "", text
    query = " ".join(query.split())
    return one_line(name, NAME_LIMIT) or one_line(query, 40), query


def propose(turn: Turn, name: str, query_text: str, *, rule_id: str = "") -> Answer:
    """Show what a query would have sent, or where it is wrong. Reads the archive after this turn, without a lock.

    `rule_id` is the subscription that is being edited, empty for a new one.
    """
    try:
        query = parse(query_text)
    except QueryError as error:
        return faulty(turn, name, error, rule_id=rule_id)
    buttons = (
        turn.button(turn.t("Save"), "draft", "save"),
        turn.button(turn.t("Edit"), "draft", "edit"),
        turn.button(turn.t("Cancel"), "draft", "cancel"),
    )
    menu = {"menu": "draft", "name": name, "query": query_text, "rule": rule_id}

    def later() -> Answer:
        blocks = [
            *([] if name == one_line(query_text, 40) else [line(bold(name))]),
            line(Span(text=query_text, code=True)),
            *_notes(turn, query),
            *tried(turn, query, rule_id),
        ]
        return Answer(parts=say(*blocks, buttons=(buttons,)), menu=menu)

    return Answer(later=later)


def faulty(turn: Turn, name: str, error: QueryError, *, rule_id: str) -> Answer:
    """Show the place of a fault and ask for the query again."""
    blocks = [
        line(turn.t("I cannot read this query:")),
        line(Span(text=error.pretty(), pre=True)),
        line(turn.t("Send it again, or /cancel.")),
    ]
    return Answer(parts=say(*blocks), asks=Asked(question="rule", state={"rule": rule_id, "name": name}))


def tried(turn: Turn, query: Query, rule_id: str = "") -> list[Block]:
    """Run a query over the archive and put the result into words, with the latest alerts that it would have sent."""
    with looking(turn.engine) as tx:
        filed = flagged_since(tx, turn.now - timedelta(days=DAYS))
        stored = [stored_of(one) for one in filed]
        others = [
            _parsed(one.query) for one in subscriptions_of(tx, turn.chat.key) if one.id != rule_id and not one.paused
        ]
        known = [other for other in others if other is not None]
        result = backtest(query, stored, zone=zone_of(turn.chat.zone), other_rules=known, now=turn.now, days=DAYS)
        shown = list(reversed(result.story_ids[-SHOWN:]))
        found = load_stories(tx, shown)
    quiet = replace(turn, tx=tx)  # the lines below read nothing
    return [
        *_told(turn, result, [one.severity for one in found.values()]),
        *(story_line(quiet, found[key]) for key in shown if key in found),
    ]


def _told(turn: Turn, result: Backtest, levels: list[Severity]) -> list[Block]:
    if not result.count:
        text = turn.n(
            "Last 30 days: no alert, out of {count} flagged article.",
            "Last 30 days: no alert, out of {count} flagged articles.",
            result.searched,
        )
        return [line(text), line(turn.t("The rule may still be right: it waits for what has not happened yet."))]
    count = turn.n("Last 30 days: {count} alert", "Last 30 days: {count} alerts", result.count)
    night = turn.n("{count} at night", "{count} at night", result.night_count)
    added = len(result.added)
    if added == result.count:
        new = turn.t("No other rule sends them.")
    elif added:
        new = turn.n("{count} of them no other rule sends.", "{count} of them no other rule sends.", added)
    else:
        new = turn.t("Your other rules send all of them already.")
    lines = [line(f"{count}; {night}. {new}")]
    if any(level < turn.chat.level for level in levels):
        lines.append(line(turn.t("Some are below the level set here and would come with the digest only.")))
    shown = min(SHOWN, result.count)
    lines.append(line(turn.n("Here is the latest:", "Here are the latest {count}:", shown)))
    return lines


def _notes(turn: Turn, query: Query) -> list[Block]:
    notes = [line("💡 " + one_line(note.message, 200)) for note in query.notes[:3]]
    if query.cost == "costly":
        notes.append(line("💡 " + turn.t("A required word would make this rule faster.")))
    return notes


def _parsed(text: str) -> Query | None:
    try:
        return parse(text)
    except QueryError:
        return None
