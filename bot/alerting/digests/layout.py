"""From a laid-out sheet to Telegram's parts: read the template's marks into blocks, split between them. Pure."""

from collections.abc import Iterator
from html.parser import HTMLParser

from bot.alerting.digests.sheet import Sheet
from bot.alerting.digests.templating import Templates
from bot.telegram.markup import CAPTION_LIMIT, Block, Span, clean, safe_address, split
from bot.telegram.messages import Part

_MARKS = {"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "code": "code"}


def parts(sheet: Sheet, templates: Templates, *, with_picture: bool) -> tuple[Part, ...]:
    """Give the digest's messages: the headline paragraph, within a caption's limit for a picture, then the text.

    No block is divided that fits into a message, none is left out, and every link keeps its address.
    """
    head = _blocks("caption.j2", sheet, templates)
    rest = _blocks("telegram.j2", sheet, templates)
    first = split(head, first_limit=CAPTION_LIMIT if with_picture else None)
    return (*first, *split(rest))


def _blocks(name: str, sheet: Sheet, templates: Templates) -> tuple[Block, ...]:
    text = templates.render(name, sheet)
    try:
        return read_blocks(text)
    except ValueError as error:
        templates.reject(name, str(error))
        return read_blocks(Templates().render(name, sheet))


def read_blocks(text: str) -> tuple[Block, ...]:
    """Read text with the marks <b>, <i>, <code> and <a href> into blocks; an empty line begins a new one.

    Raises ValueError, with the line, for any other tag and for marks that are not closed in their block.
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
            raise ValueError(f"line {self.getpos()[0]}: <{tag}> is no mark that Telegram knows here")
        self._open.append((tag, dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            raise ValueError(f"line {self.getpos()[0]}: </{tag}> closes nothing that is open")
        self._open.pop()

    def handle_data(self, data: str) -> None:
        paragraphs = data.split("\n\n")
        for place, paragraph in enumerate(paragraphs):
            if place:
                self._end_block()
            self._add(paragraph)

    def blocks(self) -> Iterator[Block]:
        self._end_block()
        for place, spans in enumerate(self._blocks):
            yield Block(spans=spans, gap=place > 0)

    def _add(self, text: str) -> None:
        text = text if self._spans else text.lstrip("\n")
        if text:
            marks = {_MARKS[tag]: True for tag, _ in self._open if tag in _MARKS}
            href = next((address for tag, address in reversed(self._open) if tag == "a"), "")
            self._spans.append(Span(text=text, href=safe_address(href) if href else "", **marks))

    def _end_block(self) -> None:
        if self._open:
            raise ValueError(f"line {self.getpos()[0]}: <{self._open[-1][0]}> is open at the end of a paragraph")
        if self._spans:
            last = self._spans[-1]
            self._spans[-1] = Span(
                text=last.text.rstrip("\n"), bold=last.bold, italic=last.italic, code=last.code, href=last.href
            )
            spans = tuple(span for span in self._spans if span.text)
            if clean("".join(span.text for span in spans)):
                self._blocks.append(spans)
        self._spans = []
