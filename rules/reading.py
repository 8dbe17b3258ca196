"""Read YAML as texts with their places, and nothing else. Pure but for `read`, which opens the file.

No value is interpreted: `no`, `1.0` and `2026-01-01` stay the texts that were written, so nothing becomes a boolean or
a date by surprise. Anchors, aliases and tags are refused, size and depth are capped; such files cannot grow in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rules.places import Fault, Place, RuleFaults

MAX_BYTES: Final = 2_000_000
MAX_DEPTH: Final = 10
MAX_NODES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar exactly as written; `end` is where it stops."""

    text: str
    place: Place
    end: Place


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Tree", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; keys are unique."""

    entries: dict[str, "Tree"]
    keys: dict[str, Place]
    place: Place


Tree = Text | Items | Table


def kind(tree: Tree) -> str:
    """Name the shape of `tree` for a message."""
    return {Text: "text", Items: "a list", Table: "a mapping"}[type(tree)]


def read(path: Path) -> tuple[str, Tree | None]:
    """Return the file's text and its tree (None when it is empty); raises RuleFaults."""
    start = Place(file=str(path))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(start, f"cannot be read: {error.strerror}", "Check the path and its permissions.") from error
    if len(content) > MAX_BYTES:
        raise _refused(start, f"has {len(content):,} bytes, {MAX_BYTES:,} are allowed", "Split it into several files.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refused(Place(file=str(path), line=line), "is not UTF-8 text", "Save it as UTF-8.") from error
    return text, tree(text, str(path))


def tree(text: str, file: str) -> Tree | None:
    """Return the tree of a YAML text, None for an empty one; raises RuleFaults with the place of the first fault."""
    import yaml  # noqa: PLC0415 - its home is this module

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the C parser is 10x faster and gives the same events
    try:
        return _Builder(file, yaml.parse(text, Loader=loader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
        problem = error.problem or error.context or "cannot be parsed"
        raise _refused(place, f"not valid YAML: {problem}", _yaml_remedy(problem)) from error
    except yaml.YAMLError as error:
        raise _refused(Place(file=file), f"not valid YAML: {error}", "Remove control characters.") from error


def _yaml_remedy(problem: str) -> str:
    if "tab" in problem or "cannot start any token" in problem:
        return "Indent with spaces, and quote a text that begins with a special character."
    return "Quote texts that hold a colon or a #, or write them as a block behind |."


def _refused(place: Place, message: str, remedy: str) -> RuleFaults:
    return RuleFaults([Fault(place=place, message=message, remedy=remedy)])


class _Builder:
    """Builds the tree from YAML events, refusing what is not plain."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self._file = file
        self._events = events
        self._nodes = 0

    def document(self) -> Tree | None:
        """Return the only document."""
        result: Tree | None = None
        seen = False
        for event in self._events:
            name = type(event).__name__
            if name in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                continue
            if name == "DocumentStartEvent":
                if seen:
                    raise self._fault(event, "a second document begins here", "Use one document per file: remove ---.")
                seen = True
                continue
            result = self._node(event, 1)
        return None if isinstance(result, Text) and not result.text else result

    def _node(self, event: Any, depth: int) -> Tree:
        self._check(event, depth)
        match type(event).__name__:
            case "ScalarEvent":
                return Text(event.value, self._place(event.start_mark), self._place(event.end_mark))
            case "SequenceStartEvent":
                return Items(tuple(self._children(depth)), self._place(event.start_mark))
            case _:
                return self._table(event, depth)

    def _check(self, event: Any, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._fault(event, f"more than {MAX_NODES:,} values in one file", "Split it into several files.")
        if depth > MAX_DEPTH:
            raise self._fault(
                event, f"nested more than {MAX_DEPTH} deep", "The schema in docs/rules.md needs fewer levels."
            )
        if type(event).__name__ == "AliasEvent":
            raise self._fault(
                event, f"alias *{event.anchor}", "Write the value out; shared conditions go into filters."
            )
        if event.anchor is not None:
            raise self._fault(event, f"anchor &{event.anchor}", "Remove it; shared conditions go into filters.")
        if event.tag is not None and event.tag != "!":
            raise self._fault(event, f"tag {event.tag}", "Remove it; every value is text.")

    def _children(self, depth: int) -> Iterator[Tree]:
        for event in self._events:
            if type(event).__name__ in ("SequenceEndEvent", "MappingEndEvent"):
                return
            yield self._node(event, depth + 1)

    def _table(self, event: Any, depth: int) -> Table:
        entries: dict[str, Tree] = {}
        keys: dict[str, Place] = {}
        children = self._children(depth)
        for key in children:
            if not isinstance(key, Text):
                raise RuleFaults(
                    [Fault(place=key.place, message=f"{kind(key)} as a key", remedy="Keys are plain words.")]
                )
            value = next(children)
            if key.text in entries:
                first = keys[key.text].line
                remedy = f"It stands in line {first} already; keep one."
                raise RuleFaults([Fault(place=key.place, message=f"key {key.text!r} twice", remedy=remedy)])
            entries[key.text], keys[key.text] = value, key.place
        return Table(entries, keys, self._place(event.start_mark))

    def _place(self, mark: Any) -> Place:
        return Place(file=self._file, line=mark.line + 1, column=mark.column + 1)

    def _fault(self, event: Any, message: str, remedy: str) -> RuleFaults:
        return _refused(self._place(event.start_mark), f"{message} is not allowed", remedy)


def place_in(text: Text, source: str, offset: int) -> Place:
    """Return the place in the file of character `offset` of a scalar, whatever its YAML style.

    Blank space is what YAML folds, so the place is found by counting the other characters.
    """
    wanted = sum(1 for char in text.text[:offset] if not char.isspace())
    lines = source.splitlines()
    line, column = text.place.line - 1, text.place.column - 1
    if line < len(lines) and lines[line][column : column + 1] in ("|", ">"):
        line, column = line + 1, 0
    elif line < len(lines) and lines[line][column : column + 1] in ('"', "'"):
        column += 1
    while line < len(lines):
        for index in range(column, len(lines[line])):
            if lines[line][index].isspace():
                continue
            if wanted == 0:
                return Place(file=text.place.file, line=line + 1, column=index + 1)
            wanted -= 1
        line, column = line + 1, 0
    return text.place
