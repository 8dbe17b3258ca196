"""Read what stands behind a field's colon: choices, ranks, numbers. Pure."""

import re
from typing import Final, Literal

from rules.query.errors import QueryError
from rules.query.fielded import Choice, Number
from rules.vocabulary import Field, nearest

Operator = Literal[">=", ">", "<=", "<", "="]
_HOURS: Final = {"m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}
_AMOUNT: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%|m|h|d|w)?", re.ASCII)


class Place:
    """Where in the typed query the part stands that is being read; it raises the faults."""

    __slots__ = ("length", "position", "text")

    def __init__(self, text: str, position: int, length: int) -> None:
        self.text = text
        self.position = position
        self.length = length

    def fault(self, message: str, remedy: str) -> QueryError:
        """Return the fault at this place."""
        return QueryError(message, text=self.text, position=self.position, length=self.length, remedy=remedy)


def choice(field: Field, word: str, place: Place) -> Choice:
    """Return the condition that `field` is `word`; raises QueryError with a suggestion."""
    value = word.strip().lower().replace("-", "_").replace(" ", "_")
    if value not in field.values:
        meant = nearest(word, field.values)
        remedy = f"Did you mean {field.name}:{meant}? " if meant else ""
        raise place.fault(f"{field.name} has no value {word!r}", f"{remedy}Allowed: {', '.join(field.values)}.")
    return Choice(field.name, (value,))


def ranked(field: Field, low: str | None, high: str | None, place: Place, *, ends: tuple[bool, bool]) -> Choice:
    """Return the condition that an ordered field lies between two values, None being open."""
    order = field.values
    first = 0 if low is None else order.index(choice(field, low, place).values[0]) + (not ends[0])
    last = len(order) - 1 if high is None else order.index(choice(field, high, place).values[0]) - (not ends[1])
    if first > last:
        raise place.fault("This range is empty", f"From least to most: {', '.join(order)}.")
    return Choice(field.name, order[first : last + 1])


def between(field: Field, low: str | None, high: str | None, place: Place, *, ends: tuple[bool, bool]) -> Number:
    """Return the condition that a number field lies between two amounts, None being open."""
    bottom = float("-inf") if low is None else amount(field, low, place)
    top = float("inf") if high is None else amount(field, high, place)
    if field.whole:  # closed bounds, so that equal conditions look equal and few values can be keys
        bottom = max(field.low, bottom if ends[0] or low is None else bottom + 1)
        top = top if ends[1] or high is None else top - 1
        top = min(field.high, top)
        ends = (True, True)
    if bottom > top or (bottom == top and not all(ends)):
        raise place.fault("This range is empty", f"Write the smaller bound first, e.g. {field.example}")
    return Number(field.name, bottom, top, *ends, field.whole)


def amount(field: Field, word: str, place: Place) -> float:
    """Return the number that `word` spells in the unit of `field`; raises QueryError."""
    match = _AMOUNT.fullmatch(word.strip().strip('"'))
    unit = match.group(2) if match else None
    allowed = {"probability": ("%",), "age": tuple(_HOURS)}.get(field.name, ())
    if match is None or (unit is not None and unit not in allowed):
        raise place.fault(f"{field.name} wants a number, not {word!r}", f"For example {field.example}")
    number = float(match.group(1))
    if unit is not None:
        number = number / 100 if unit == "%" else number * _HOURS[unit]
    if field.whole and number != int(number):
        raise place.fault(f"{field.name} is a whole number", f"For example {field.example}")
    if not field.low <= number <= field.high:
        bounds = f"from {field.low:g} to {field.high:g}" if field.high != float("inf") else f"{field.low:g} or more"
        raise place.fault(f"{field.name} can never be {number:g}", f"It is {bounds}, e.g. {field.example}")
    return number
