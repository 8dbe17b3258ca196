"""/rules and /addrule: a chat's own alert rules, each tried on the archive before it is saved."""

from bot.storage.subscriptions import subscriptions_of
from bot.telegram.commands.turns import Answer, Asked, Turn, code, line, say
from bot.telegram.menus.caps import full
from bot.telegram.menus.drafts import propose, read_rule
from bot.telegram.menus.rules import rules_menu

EXAMPLES = ("nvidia AND (H20 OR H200)", 'topic:export_control AND "rare earths"', "direction:easing target:cn")


def rules(turn: Turn) -> Answer:
    """List the rules; `add QUERY` behind the command adds one."""
    verb, _, rest = turn.args.partition(" ")
    return addrule_text(turn, rest) if verb.casefold() == "add" and rest else rules_menu(turn)


def addrule(turn: Turn) -> Answer:
    """Try a new rule on the archive and offer to save it; without a query, ask for one."""
    if not turn.args:
        lines = [line(code(example)) for example in EXAMPLES]
        intro = turn.t("Send the query of the new rule, or NAME | QUERY. For example:")
        return Answer(parts=say(intro, *lines), asks=Asked(question="rule"))
    return addrule_text(turn, turn.args)


def addrule_text(turn: Turn, text: str) -> Answer:
    """Try the query that was typed behind a command."""
    refusal = full(turn, subscriptions_of(turn.tx, turn.chat.key))
    if refusal:
        return Answer(parts=say(refusal))
    name, query = read_rule(text)
    return propose(turn, name, query)


def query_given(turn: Turn) -> Answer:
    """Try the query that was sent as an answer, for a new rule or the one that is edited."""
    rule_id, known = str(turn.state.get("rule", "")), str(turn.state.get("name", ""))
    name, query = read_rule(turn.args)
    return propose(turn, known if rule_id else name, query, rule_id=rule_id)
