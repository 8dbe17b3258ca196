"""From what was typed to a `Query`: luqum parses, this module gives the tree its meaning. Pure.

The grammar is Lucene's; docs/rules.md states every place where the meaning differs and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rules.query.errors import QueryError
from rules.query.leaves import Reader
from rules.query.limits import CHAT, Limits
from rules.query.needs import routes
from rules.query.nodes import And, Node, Not, Optional, Or
from rules.query.scanning import check_shape, typed
from rules.query.sense import check_sense
from rules.query.values import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A hint about a query that is valid but perhaps not what was meant."""

    message: str
    position: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query.

    `text` is what was typed; `cost` is "indexed", or "costly" when no index key can pick it and every article must be
    evaluated; `fields` are the names of the fields that it looks at ("text" and "title" included); `notes` are hints.
    """

    text: str
    root: Node
    cost: Literal["indexed", "costly"]
    fields: frozenset[str]
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class _Reading:
    """The state of one parse."""

    shown: str
    limits: Limits
    filters: Mapping[str, Query]
    reader: Reader
    notes: list[Note] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)


def parse(text: str, *, limits: Limits = CHAT, filters: Mapping[str, Query] | None = None, sense: bool = True) -> Query:
    """Parse `text`, or raise QueryError with the place of the first fault and a remedy.

    `filters` are the queries that `filter:id` may name. With `sense`, a query that can never match or always matches
    is a fault too.
    """
    plain = typed(text)
    check_shape(plain, text, limits)
    tree = _tree(plain, text, limits)
    reader = Reader(text=text, limits=limits, filters=filters or {})
    reading = _Reading(shown=text, limits=limits, filters=filters or {}, reader=reader)
    root = _convert(tree, reading, "", 0)
    if sense:
        check_sense(root, text)
    cost: Literal["indexed", "costly"] = "indexed" if routes(root.needs())[0] else "costly"
    return Query(text=text, root=root, cost=cost, fields=frozenset(reader.fields), notes=tuple(reading.notes))


def _tree(plain: str, shown: str, limits: Limits) -> Any:
    """Return luqum's tree; its errors become ours."""
    from luqum.exceptions import ParseError  # noqa: PLC0415 - 30 ms that only parsing needs
    from luqum.thread import parse as luqum_parse  # noqa: PLC0415

    try:
        return luqum_parse(plain)
    except (ParseError, ArithmeticError, ValueError) as fault:
        raise _syntax_error(str(fault), plain, shown) from fault
    except RecursionError as fault:
        raise QueryError(
            "The query is nested too deep", text=shown, remedy=f"At most {limits.nesting} levels are allowed."
        ) from fault


def _syntax_error(message: str, plain: str, shown: str) -> QueryError:
    """Turn luqum's message into a place and a remedy."""
    import re  # noqa: PLC0415 - faults only

    found = re.search(r"at position (\d+)", message)
    if found is None:
        stripped = plain.rstrip()
        last = stripped.split()[-1] if stripped.split() else ""
        position = max(0, len(stripped) - len(last))
        if last in ("AND", "OR", "NOT"):
            return QueryError(
                f"Nothing follows {last}",
                text=shown,
                position=position,
                length=len(last),
                remedy=f"Write what should follow it, or remove it. To search the word, write {last.lower()}.",
            )
        if last.endswith(":"):
            return QueryError(
                f"Nothing follows {last}",
                text=shown,
                position=position,
                length=len(last),
                remedy="Write the value right behind the colon, or \\: to mean a colon.",
            )
        return QueryError(
            "The query ends too early",
            text=shown,
            position=position,
            length=max(1, len(last)),
            remedy="Something is missing after this.",
        )
    position = int(found.group(1))
    word = plain[position:].partition(" ")[0]
    if word.startswith(("AND", "OR")):
        return QueryError(
            f"{word} needs something on both sides",
            text=shown,
            position=position,
            length=len(word),
            remedy="Remove it, or write what should stand before it.",
        )
    return QueryError(
        f"{plain[position : position + 1] or 'This'} is not expected here",
        text=shown,
        position=position,
        remedy="Put the words in double quotes to search them as they are, or a \\ before the character.",
    )


def _convert(tree: Any, reading: _Reading, scope: str, depth: int) -> Node:
    """Give one of luqum's nodes its meaning; `scope` is the field it stands in, "" for none."""
    place = Place(reading.shown, tree.pos or 0, tree.size or 1)
    if depth > 4 * reading.limits.nesting:
        raise place.fault("The query is nested too deep", f"At most {reading.limits.nesting} levels are allowed.")
    match type(tree).__name__:
        case "Group" | "FieldGroup":
            return _convert(tree.children[0], reading, scope, depth + 1)
        case "Boost":
            reading.notes.append(
                Note(message="A boost (^) does not change what matches.", position=place.position, length=place.length)
            )
            return _convert(tree.children[0], reading, scope, depth + 1)
        case "SearchField":
            reading.reader.check_field(tree.name, place)
            return _convert(tree.children[0], reading, tree.name, depth + 1)
        case "OrOperation":
            return _joined(Or, [_convert(child, reading, scope, depth + 1) for child in tree.children])
        case "AndOperation":
            return _joined(And, [_convert(child, reading, scope, depth + 1) for child in tree.children])
        case "UnknownOperation":
            return _side_by_side(tree.children, reading, scope, depth)
        case "Not" | "Prohibit":
            return _negated(_convert(tree.children[0], reading, scope, depth + 1))
        case "Plus":
            return _convert(tree.children[0], reading, scope, depth + 1)
        case _:
            return reading.reader.leaf(tree, scope, place)


def _side_by_side(children: list[Any], reading: _Reading, scope: str, depth: int) -> Node:
    """Words without an operator: all are required, unless one carries `+`, which makes the unmarked ones optional."""
    for child in children:
        if type(child).__name__ == "Word" and child.value in ("or", "and", "not"):
            message = f"{child.value!r} is searched as a word; write {child.value.upper()} for the operator."
            reading.notes.append(Note(message=message, position=child.pos, length=child.size))
    wished = any(type(child).__name__ == "Plus" for child in children)
    parts = []
    for child in children:
        node = _convert(child, reading, scope, depth + 1)
        if wished and type(child).__name__ not in ("Plus", "Not", "Prohibit"):
            message = "This is optional beside a + and does not decide whether an article matches."
            reading.notes.append(Note(message=message, position=child.pos, length=child.size))
            node = Optional(node)
        parts.append(node)
    return _joined(And, parts)


def _joined(kind: type[And] | type[Or], parts: list[Node]) -> Node:
    """Return a flat conjunction or disjunction without repetitions."""
    flat: dict[Node, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.children if isinstance(part, kind) else (part,)))
    return kind(tuple(flat)) if len(flat) > 1 else next(iter(flat))


def _negated(node: Node) -> Node:
    return node.child if isinstance(node, Not) else Not(node)
