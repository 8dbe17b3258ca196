"""Read the part of Markdown that our own documents use into blocks that a template can show. Pure.

Nothing becomes HTML here: the templates escape every text. Images become their description; links that are not http(s)
lose their address.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.web.links import safe_link

LONGEST = 400_000  # characters of a document

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"(?:[-*+]|\d{1,3}[.)])\s+(.*)")
_RULE_ROW = re.compile(r"\|?[\s:|-]*-[\s:|-]*")
_MARKS = re.compile(  # bounded, so that a line of unclosed marks costs no square of its length
    r"`(?P<code>[^`]{1,300})`|!\[(?P<image>[^\]]{0,300})\]\([^)\s]{0,900}\)"
    r"|\[(?P<link>[^\]]{1,300})\]\((?P<to>[^)\s]{0,900})\)"
    r"|\*\*(?P<strong>[^*]{1,300})\*\*|(?<!\w)[*_](?P<soft>[^*_\s][^*_]{0,300})[*_](?!\w)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A run of text; `kind` is text, code, strong, soft or link, and `to` a link's address."""

    text: str
    kind: str = "text"
    to: str = ""


Line = tuple[Words, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A heading (`level` 1 to 6), paragraph, list, code or table; `rows[0]` of a table is its head."""

    kind: str
    level: int = 0
    lines: tuple[Line, ...] = ()
    rows: tuple[tuple[Line, ...], ...] = ()
    text: str = ""


def read_paper(text: str) -> list[Block]:
    """Read a document; what is not understood is shown as a paragraph."""
    lines = text[:LONGEST].replace("\r\n", "\n").split("\n")
    return list(_blocks(lines))


def _blocks(lines: list[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        heading = _HEADING.fullmatch(line)
        end = at + 1
        if not line:
            pass
        elif line.startswith("```"):
            end = _while(lines, end, lambda one: not one.strip().startswith("```"))
            yield Block(kind="code", text="\n".join(lines[at + 1 : end]))
            end += 1
        elif heading:
            yield Block(kind="heading", level=len(heading[1]), lines=(spans(heading[2]),))
        elif line.startswith("|") and end < len(lines) and _RULE_ROW.fullmatch(lines[end].strip()):
            end = _while(lines, end, lambda one: one.strip().startswith("|"))
            rows = [lines[at], *lines[at + 2 : end]]
            yield Block(kind="table", rows=tuple(_cells(row) for row in rows))
        elif _ITEM.fullmatch(line):
            end = _while(lines, end, lambda one: bool(one.strip()) and not _HEADING.fullmatch(one.strip()))
            yield Block(kind="list", lines=tuple(spans(item) for item in _items(lines[at:end])))
        else:
            end = _while(lines, end, _continues)
            yield Block(kind="paragraph", lines=(spans(" ".join(one.strip() for one in lines[at:end])),))
        at = end


def spans(text: str) -> Line:
    """Read the marks inside a line."""
    found: list[Words] = []
    at = 0
    for mark in _MARKS.finditer(text):
        if mark.start() > at:
            found.append(Words(text=text[at : mark.start()]))
        kind = str(mark.lastgroup)
        if kind == "to":
            to = safe_link(mark["to"])
            found.append(Words(text=mark["link"], kind="link" if to else "text", to=to))
        else:
            found.append(Words(text=mark[kind], kind="text" if kind == "image" else kind))
        at = mark.end()
    if at < len(text):
        found.append(Words(text=text[at:]))
    return tuple(found)


def _items(lines: list[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        item = _ITEM.fullmatch(line.strip())
        if item or not items:
            items.append(item[1] if item else line.strip())
        else:
            items[-1] += " " + line.strip()
    return items


def _cells(row: str) -> tuple[Line, ...]:
    inner = row.strip().removeprefix("|").removesuffix("|")
    cells = re.split(r"(?<!\\)\|", inner)
    return tuple(spans(cell.strip().replace("\\|", "|")) for cell in cells)


def _continues(line: str) -> bool:
    line = line.strip()
    return bool(line) and not line.startswith(("```", "|")) and not _HEADING.fullmatch(line) and not _ITEM.match(line)


def _while(lines: list[str], at: int, holds: Callable[[str], bool]) -> int:
    while at < len(lines) and holds(lines[at]):
        at += 1
    return at
