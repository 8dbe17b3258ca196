"""Read fixture files into scenarios, every fault with its place. Reads the files it is given."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rules.definitions import Catalog, Rule
from rules.entries import parse_duration
from rules.examples import Examples
from rules.fixtures import ChatRule, Expectation, Item, Scenario
from rules.loading import load, shipped
from rules.places import Fault, Place, RuleFaults
from rules.query import FILE, QueryError, parse
from rules.reading import Items, Table, Text, Tree, kind, place_in, read

_START: Final = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday, when a scenario names no start
_ID: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def scenarios_in(path: Path) -> list[Scenario]:
    """Return the scenarios of one fixture file, or raise RuleFaults with all its faults."""
    source, tree = read(path)
    if not isinstance(tree, Table):
        place = tree.place if tree else Place(file=str(path))
        raise RuleFaults([Fault(place=place, message="the file holds no tests", remedy="Begin it with tests:")])
    reader = _Reader(path, source)
    found = reader.scenarios(tree)
    if reader.faults:
        raise RuleFaults(reader.faults)
    return found


class _Reader:
    """Reads one fixture file and collects its faults."""

    def __init__(self, path: Path, source: str) -> None:
        self.faults: list[Fault] = []
        self._path = path
        self._source = source
        self._shapes = Examples(self.faults)

    def scenarios(self, tree: Table) -> list[Scenario]:
        self._shapes.check_keys(tree, ("rules", "chats", "tests"), "fixture file")
        catalog = self._catalog(tree)
        if catalog is None:
            return []
        chats = self._chats(tree.entries.get("chats"), catalog)
        tests = self._tables(tree, "tests")
        if not tests and not self.faults:
            self._fault(tree.place, "the file holds no tests", "Add tests: with a list.")
        return [self._scenario(test, catalog, chats) for test in tests]

    def _fault(self, place: Place, message: str, remedy: str = "") -> None:
        self.faults.append(Fault(place=place, message=message, remedy=remedy))

    def _catalog(self, tree: Table) -> Catalog | None:
        names = tree.entries.get("rules")
        if names is None:
            return load([shipped()])
        texts = [item for item in (names.items if isinstance(names, Items) else ()) if isinstance(item, Text)]
        if not isinstance(names, Items) or len(texts) != len(names.items):
            self._fault(names.place, f"rules is {kind(names)}", "It is a list of rule files, or of the word shipped.")
            return None
        paths = [shipped() if text.text == "shipped" else self._path.parent / text.text for text in texts]
        try:
            return load(paths)
        except RuleFaults as error:
            self.faults.extend(error.faults)
            return None

    def _chats(self, tree: Tree | None, catalog: Catalog) -> dict[str, tuple[ChatRule, ...]]:
        if not isinstance(tree, Table):
            if tree is not None:
                self._fault(tree.place, f"chats is {kind(tree)}", "It maps each chat to a list of rules.")
            return {}
        chats: dict[str, tuple[ChatRule, ...]] = {}
        for name, entries in tree.entries.items():
            if not isinstance(entries, Items):
                self._fault(entries.place, f"{name} is {kind(entries)}", "It is a list of rule ids or queries.")
                continue
            found = [self._chat_rule(entry, catalog) for entry in entries.items]
            chats[name] = tuple(rule for rule in found if rule is not None)
        return chats

    def _chat_rule(self, entry: Tree, catalog: Catalog) -> ChatRule | None:
        if not isinstance(entry, Text):
            self._fault(entry.place, f"a rule is {kind(entry)}", "It is a rule id or a query.")
            return None
        rule: Rule | None = catalog.get(entry.text)
        if rule is not None:
            return ChatRule(name=rule.id, query=rule.query, within=rule.within, at_least=rule.at_least)
        if _ID.fullmatch(entry.text) and "_" in entry.text:
            self._fault(entry.place, f"there is no rule {entry.text!r}", "Name the file that holds it under rules:")
            return None
        try:
            query = parse(entry.text, limits=FILE, filters=catalog.filters)
        except QueryError as fault:
            self._fault(place_in(entry, self._source, fault.position), fault.message, fault.remedy)
            return None
        return ChatRule(name=entry.text, query=query)

    def _scenario(self, test: Table, catalog: Catalog, chats: dict[str, tuple[ChatRule, ...]]) -> Scenario:
        self._shapes.check_keys(test, ("name", "start", "chats", "items", "expect", "forbid"), "test")
        own = {**chats, **self._chats(test.entries.get("chats"), catalog)}
        start = self._start(test)
        items = sorted((self._item(entry, start) for entry in self._tables(test, "items")), key=lambda item: item.at)
        if not items:
            self._fault(test.place, "a test without items", "Add items: with a list of articles.")
        name = test.entries.get("name")
        wishes = {
            key: tuple(self._expectation(entry, start, own) for entry in self._tables(test, key))
            for key in ("expect", "forbid")
        }
        if not wishes["expect"] and not wishes["forbid"]:
            self._fault(test.place, "a test that expects nothing", "Add expect: or forbid: with a list of alerts.")
        return Scenario(
            name=name.text if isinstance(name, Text) else f"test in line {test.place.line}",
            start_at=start,
            items=tuple(items),
            chats=own,
            expect=wishes["expect"],
            forbid=wishes["forbid"],
            catalog=catalog,
            place=test.place,
        )

    def _tables(self, table: Table, key: str) -> list[Table]:
        entries = table.entries.get(key)
        if entries is None:
            return []
        if not isinstance(entries, Items):
            self._fault(entries.place, f"{key} is {kind(entries)}", "It is a list: begin every entry with a dash.")
            return []
        for entry in entries.items:
            if not isinstance(entry, Table):
                self._fault(entry.place, f"an entry of {key} is {kind(entry)}", "It is a mapping.")
        return [entry for entry in entries.items if isinstance(entry, Table)]

    def _start(self, test: Table) -> datetime:
        value = test.entries.get("start")
        if value is None:
            return _START
        try:
            start = datetime.fromisoformat(value.text) if isinstance(value, Text) else None
        except ValueError:
            start = None
        if start is None or start.tzinfo is None:
            self._fault(value.place, "start is not a time with a zone", "For example 2026-01-05T08:00:00Z.")
            return _START
        return start.astimezone(UTC)

    def _text(self, table: Table, key: str) -> str | None:
        value = table.entries.get(key)
        if value is None or isinstance(value, Text):
            return value.text if value is not None else None
        self._fault(value.place, f"{key} is {kind(value)}", "It is a text.")
        return None

    def _time(self, table: Table, key: str, start: datetime) -> datetime | None:
        text = self._text(table, key)
        if text is None:
            return None
        offset = timedelta(0) if text.strip() in ("0", "0m", "0h", "0d") else parse_duration(text)
        if offset is None:
            self._fault(
                table.entries[key].place, f"{text!r} is not a time since the start", "For example 0h, 90m or 3d."
            )
            return None
        return start + offset

    def _item(self, entry: Table, start: datetime) -> Item:
        self._shapes.check_keys(entry, ("at", "title", "text", "fields", "story"), "item")
        title, text = self._text(entry, "title") or "", self._text(entry, "text") or ""
        if not title and not text:
            self._fault(entry.place, "an item without text", "Give it a title:, a text:, or both.")
        return Item(
            at=self._time(entry, "at", start) or start,
            title=title,
            text=text,
            fields=self._shapes.fields_of(entry.entries.get("fields")),
            story=self._text(entry, "story"),
            place=entry.place,
        )

    def _expectation(self, entry: Table, start: datetime, chats: Iterable[str]) -> Expectation:
        self._shapes.check_keys(entry, ("chat", "rule", "at", "title", "count"), "expectation")
        chat = self._text(entry, "chat") or ""
        if chat not in chats:
            self._fault(entry.place, f"there is no chat {chat!r}", f"Chats: {', '.join(chats) or 'none'}.")
        count = self._text(entry, "count")
        if count is not None and not (count.isascii() and count.isdigit()):
            self._fault(entry.entries["count"].place, f"{count!r} is not a number", "For example count: 2.")
            count = None
        return Expectation(
            chat=chat,
            rule=self._text(entry, "rule"),
            at=self._time(entry, "at", start),
            title=self._text(entry, "title"),
            count=int(count) if count is not None else None,
            place=entry.place,
        )
