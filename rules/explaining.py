"""Say in words what a query or a rule asks. Pure."""

from rules.definitions import Rule
from rules.query import Query
from rules.query.fielded import Choice, Name, Number, Present
from rules.query.nodes import And, Node, Not, Optional, Or
from rules.query.slots import Fuzzy, Slot, Wildcard
from rules.query.textual import Phrase, Regex, Term
from rules.vocabulary import FIELDS


def explained(rule: Rule) -> list[str]:
    """Return lines on a rule: what it is for, what it asks, when it errs, and its examples."""
    lines = [f"{rule.title} ({rule.id})", rule.description, ""]
    lines.append(f"topic {rule.topic}, level {rule.level}, status {rule.status}, {rule.place}")
    lines += ["", "It asks for:", *(f"  {line}" for line in parts_of(rule.query))]
    if rule.within is not None and rule.at_least is not None:
        hours = rule.within.total_seconds() / 3600
        lines.append(f"  and fires once {rule.at_least} articles matched within {hours:g} hours")
    if rule.falsepositives:
        lines += ["", "It may err on:", *(f"  {entry}" for entry in rule.falsepositives)]
    lines += ["", "Hits:", *(f"  {example.title or example.text}" for example in rule.hit)]
    lines += ["Misses:", *(f"  {example.title or example.text}" for example in rule.miss)]
    return lines


def parts_of(query: Query) -> list[str]:
    """Return the query as indented lines of plain words, and how it is matched."""
    lines = _lines(query.root, 0)
    if query.cost == "costly":
        lines.append("costly: no word must be present, so every article is evaluated")
    return lines + [f"note: {note.message}" for note in query.notes]


def _lines(node: Node, depth: int) -> list[str]:
    pad = "  " * depth
    match node:
        case And():
            heads = [f"{pad}all of:"]
        case Or():
            heads = [f"{pad}any of:"]
        case Not():
            heads = [f"{pad}not:"]
        case Optional():
            heads = [f"{pad}if present, mark:"]
        case _:
            return [pad + _leaf(node)]
    return heads + [line for part in node.parts() for line in _lines(part, depth + 1)]


def _leaf(node: Node) -> str:
    match node:
        case Term():
            return f"{_slot(node.slot)} in {_zone(title=node.title)}"
        case Phrase():
            words = ", ".join(_slot(slot) for slot in node.slots)
            distance = f"within a distance of {node.slop}" if node.slop else "next to each other in this order"
            return f"{words}, {distance}, in {_zone(title=node.title)}"
        case Regex():
            return f"the regular expression /{node.pattern}/ in {_zone(title=node.title)}"
        case Choice():
            return f"{node.name} is {' or '.join(node.values)}"
        case Name():
            return f"{node.name} has {' '.join(_slot(slot) for slot in node.slots)}"
        case Number():
            return f"{node.name} is {_range(node)}"
        case Present():
            return f"{node.name} is known"
        case _:
            return str(node)


def _zone(*, title: bool) -> str:
    return "the title" if title else "title or text"


def _slot(slot: Slot) -> str:
    if isinstance(slot, Wildcard):
        return f"a word like {slot.pattern}"
    if isinstance(slot, Fuzzy):
        return f'"{slot.word}" with up to {slot.edits} letters wrong'
    return f'"{slot.word}"'


def _range(node: Number) -> str:
    unit = f" {FIELDS[node.name].unit}".rstrip()
    if node.low == node.high:
        return f"{node.low:g}{unit}"
    parts = []
    if node.low > FIELDS[node.name].low:
        parts.append(f"{'at least' if node.with_low else 'more than'} {node.low:g}")
    if node.high < FIELDS[node.name].high:
        parts.append(f"{'at most' if node.with_high else 'less than'} {node.high:g}")
    return (" and ".join(parts) or "any number") + unit
