"""Read the entries of rule files: rules and filters, each fault with its place. Pure."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from rules.definitions import Rule
from rules.examples import Examples
from rules.places import Fault, Place
from rules.query import FILE, Query, QueryError, parse
from rules.reading import Items, Table, Text, kind, place_in
from rules.vocabulary import SEVERITIES, STATUSES, TOPICS, nearest

_ID: Final = re.compile(r"[a-z][a-z0-9_]{1,63}", re.ASCII)
_DURATION: Final = re.compile(r"([0-9]{1,4})\s*(m|h|d|w)", re.ASCII)
_COUNT: Final = re.compile(r"([0-9]{1,4})\s*(?:articles?)?", re.ASCII)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_RULE_KEYS: Final = (
    "id",
    "title",
    "description",
    "status",
    "topic",
    "level",
    "query",
    "falsepositives",
    "references",
    "within",
    "at_least",
    "examples",
)
_FILTER_KEYS: Final = ("id", "title", "description", "query")


def parse_duration(text: str) -> timedelta | None:
    """Return the duration that `90m`, `72h`, `3d` or `2w` spells, None for anything else and for zero."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match.group(1)) == 0:
        return None
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


class Entries:
    """Collects rules, filters and faults over all files."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.rules: list[Rule] = []
        self.filters: dict[str, Query] = {}
        self._seen: dict[str, Place] = {}
        self._examples = Examples(self.faults)

    def fault(self, place: Place, message: str, remedy: str = "") -> None:
        """Note a fault."""
        self.faults.append(Fault(place=place, message=message, remedy=remedy))

    def filters_of(self, table: Table, source: str) -> None:
        """Read the filters of one file; do this for all files before any rule."""
        self._examples.check_keys(table, ("rules", "filters"), "file")
        for entry in self._tables(table, "filters"):
            self._examples.check_keys(entry, _FILTER_KEYS, "filter")
            name = self._id(entry)
            query = self._query(entry, source)
            if name and query:
                self.filters[name] = query[0]

    def rules_of(self, table: Table, source: str) -> None:
        """Read the rules of one file."""
        for entry in self._tables(table, "rules"):
            before = len(self.faults)
            rule = self._rule(entry, source)
            if rule is not None and len(self.faults) == before:
                self.rules.append(rule)

    def _rule(self, entry: Table, source: str) -> Rule | None:
        self._examples.check_keys(entry, _RULE_KEYS, "rule")
        query = self._query(entry, source)
        within, at_least = self._correlation(entry)
        hit, miss = self._examples.of_rule(entry)
        rule_id, title, description = self._id(entry), self._text(entry, "title"), self._text(entry, "description")
        status, topic = self._one_of(entry, "status", STATUSES), self._one_of(entry, "topic", TOPICS)
        level = self._one_of(entry, "level", SEVERITIES)
        falsepositives, references = self._texts(entry, "falsepositives"), self._texts(entry, "references")
        if query is None:
            return None
        return Rule(
            id=rule_id,
            title=title,
            description=description,
            status=status,
            topic=topic,
            level=level,
            query=query[0],
            falsepositives=falsepositives,
            references=references,
            hit=hit,
            miss=miss,
            within=within,
            at_least=at_least,
            place=entry.place,
            query_place=query[1],
        )

    def _tables(self, table: Table, key: str) -> Iterable[Table]:
        entries = table.entries.get(key)
        if entries is None or (isinstance(entries, Text) and not entries.text):
            return
        if not isinstance(entries, Items):
            self.fault(entries.place, f"{key} is {kind(entries)}", "It is a list: begin every entry with a dash.")
            return
        for entry in entries.items:
            if isinstance(entry, Table):
                yield entry
            else:
                self.fault(
                    entry.place, f"an entry of {key} is {kind(entry)}", "It is a mapping that begins with - id: ..."
                )

    def _text(self, table: Table, key: str) -> str:
        value = table.entries.get(key)
        if value is None:
            self._missing(table, key, f"Add {key}: to this entry.")
            return ""
        if not isinstance(value, Text):
            self.fault(value.place, f"{key} is {kind(value)}", "It is a text.")
            return ""
        if not value.text.strip():
            self.fault(value.place, f"{key} is empty", "Write a text behind the colon.")
        return value.text.strip()

    def _missing(self, table: Table, key: str, remedy: str) -> None:
        misspelt = any(other not in _RULE_KEYS and nearest(other, _RULE_KEYS) == key for other in table.entries)
        if not misspelt:  # that is reported already, where it stands
            self.fault(table.place, f"{key} is missing", remedy)

    def _texts(self, table: Table, key: str) -> tuple[str, ...]:
        value = table.entries.get(key)
        if value is None:
            self._missing(table, key, f"Add {key}: with a list, [] when there are none.")
            return ()
        if not isinstance(value, Items):
            self.fault(value.place, f"{key} is {kind(value)}", "It is a list: begin every entry with a dash.")
            return ()
        for item in value.items:
            if not isinstance(item, Text) or not item.text.strip():
                self.fault(
                    item.place,
                    f"an entry of {key} is {kind(item) if not isinstance(item, Text) else 'empty'}",
                    "It is a text; quote one that holds a colon.",
                )
        return tuple(item.text.strip() for item in value.items if isinstance(item, Text))

    def _id(self, table: Table) -> str:
        name = self._text(table, "id")
        if not name:
            return ""
        place = table.entries["id"].place
        if _ID.fullmatch(name) is None:
            self.fault(place, f"{name!r} is not an id", "Ids are lower-case letters, digits and _, 2 to 64 of them.")
        elif name in self._seen:
            self.fault(place, f"id {name!r} twice", f"It is defined at {self._seen[name]}; choose another.")
        self._seen.setdefault(name, place)
        return name

    def _one_of(self, table: Table, key: str, known: tuple[str, ...]) -> str:
        value = self._text(table, key)
        if value and value not in known:
            meant = nearest(value, known)
            guess = f"Did you mean {meant}? " if meant else ""
            self.fault(
                table.entries[key].place, f"{key} has no value {value!r}", f"{guess}Allowed: {', '.join(known)}."
            )
        return value

    def _query(self, table: Table, source: str) -> tuple[Query, Place] | None:
        text = self._text(table, "query")
        value = table.entries.get("query")
        if not text or not isinstance(value, Text):
            return None
        query = value.text.rstrip()
        try:
            return parse(query, limits=FILE, filters=self.filters), place_in(value, source, 0)
        except QueryError as fault:
            message = f"{fault.message}: {query[fault.position : fault.position + min(fault.length, 40)]}"
            self.fault(place_in(value, source, fault.position), message.rstrip(": "), fault.remedy)
            return None

    def _correlation(self, table: Table) -> tuple[timedelta | None, int | None]:
        given = [key for key in ("within", "at_least") if key in table.entries]
        if len(given) == 1:
            missing = "at_least: 3 articles" if given == ["within"] else "within: 72h"
            self.fault(table.keys[given[0]], f"{given[0]} stands alone", f"Add {missing}.")
        within = at_least = None
        if "within" in given:
            text = self._text(table, "within")
            within = parse_duration(text)
            if text and within is None:
                self.fault(
                    table.entries["within"].place, f"{text!r} is not a duration", "For example 90m, 72h, 3d or 2w."
                )
        if "at_least" in given:
            text = self._text(table, "at_least")
            match = _COUNT.fullmatch(text)
            at_least = int(match.group(1)) if match else None
            if text and (at_least is None or at_least < 2):
                remedy = "Write e.g. 3 articles. For independent publishers use publishers:>=2 in the query."
                self.fault(table.entries["at_least"].place, f"{text!r} is not a number of articles above 1", remedy)
        return within, at_least
