"""From a laid-out sheet to Telegram's parts: read the template's marks into blocks, split between them. Pure."""

from collections.abc import Hashable, Iterator
from html.parser import HTMLParser

from jinja2 import Template

from bot.alerting.digests.sheet import Sheet
from bot.alerting.digests.templating import CAPTION, TELEGRAM, Templates
from bot.telegram.markup import CAPTION_LIMIT, Block, Span, clean, safe_address, split
from bot.telegram.messages import Part

_MARKS = {"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "code": "code"}


class Layout:
    """Lays sheets out for Telegram; remembers the blocks of the pieces that many chats share."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._blocks: dict[tuple[str, Hashable], tuple[Block, ...]] = {}

    def parts(self, sheet: Sheet, *, with_picture: bool) -> tuple[Part, ...]:
        """Give the digest's messages: the headline paragraph, within a caption's limit for a picture, then the text.

        No block is divided that fits into a message, none is left out, and every link keeps its address.
        """
        picture = sheet.picture if with_picture else ""  # words for a picture that is not there would confuse
        head = self._piece(CAPTION, "caption", sheet.title, sheet.subtitle, sheet.lead, picture)
        first = split(head, first_limit=CAPTION_LIMIT if with_picture else None)
        return (*first, *split(self._text(sheet)))

    def _text(self, sheet: Sheet) -> Iterator[Block]:
        for note in sheet.notes:
            yield from self._piece(TELEGRAM, "note", note)
        for group in sheet.groups:
            yield from self._piece(TELEGRAM, "heading", group.title)
            for card in group.cards:
                yield from self._piece(TELEGRAM, "card", card)
        if sheet.more:
            yield from self._piece(TELEGRAM, "note", sheet.more)
        for section in sheet.sections:
            yield from self._piece(TELEGRAM, "section", section)
        yield from self._piece(TELEGRAM, "ending", sheet.ending)

    def _piece(self, name: str, macro: str, *values: Hashable) -> tuple[Block, ...]:
        key = (macro, values)
        if key not in self._blocks:
            self._blocks[key] = self._templates.attempt(name, lambda template: lay_piece(template, macro, *values))
        return self._blocks[key]


def lay_piece(template: Template, macro: str, *values: object) -> tuple[Block, ...]:
    """Call a template's macro and read its blocks; raises AttributeError where the template lacks it."""
    return read_blocks(str(getattr(template.module, macro)(*values)))


class MarkError(ValueError):
    """A template gave a mark that Telegram does not know, or left one open; `mark` is how its tag begins."""

    def __init__(self, mark: str, problem: str) -> None:
        super().__init__(f"{mark}> {problem}")
        self.mark = mark


def read_blocks(text: str) -> tuple[Block, ...]:
    """Read text with the marks <b>, <i>, <code> and <a href> into blocks; an empty line begins a new one.

    Raises MarkError for any other tag, and for marks that are not closed in their block.
    """
    reader = _Reader()
    reader.feed(text.strip("\n"))
    reader.close()
    return tuple(reader.blocks())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, str]] = []  # (tag, address)
        self._spans: list[Span] = []
        self._blocks: list[tuple[Span, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _MARKS and tag != "a":
            raise MarkError(f"<{tag}", "is no mark that Telegram knows: use <b>, <i>, <code> and <a href>")
        self._open.append((tag, dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            raise MarkError(f"</{tag}", "closes nothing that is open")
        self._open.pop()

    def handle_data(self, data: str) -> None:
        paragraphs = data.split("\n\n")
        for place, paragraph in enumerate(paragraphs):
            if place:
                self._end_block()
            self._add(paragraph)

    def blocks(self) -> Iterator[Block]:
        self._end_block()
        yield from (Block(spans=spans, gap=True) for spans in self._blocks)

    def _add(self, text: str) -> None:
        text = text if self._spans else text.lstrip("\n")
        if text:
            marks = {_MARKS[tag]: True for tag, _ in self._open if tag in _MARKS}
            href = next((address for tag, address in reversed(self._open) if tag == "a"), "")
            self._spans.append(Span(text=text, href=safe_address(href) if href else "", **marks))

    def _end_block(self) -> None:
        if self._open:
            raise MarkError(f"<{self._open[-1][0]}", "is still open at the end of its paragraph")
        if self._spans:
            last = self._spans[-1]
            self._spans[-1] = Span(
                text=last.text.rstrip("\n"), bold=last.bold, italic=last.italic, code=last.code, href=last.href
            )
            spans = tuple(span for span in self._spans if span.text)
            text = "".join(span.text for span in spans)
            if any(map(str.isalnum, text)) or clean(text):  # the second question is dear, and seldom needed
                self._blocks.append(spans)
        self._spans = []
