"""The text tree: cleaning, escaping, measuring and splitting. Pure; the only place where text is escaped.

A message is built from blocks, a block from spans. Splitting moves whole blocks to a follow-up message; only a block
that is too long by itself is divided, between words, with its marks closed and opened again. Lengths are counted as
Telegram counts them: UTF-16 units of the text without marks.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

from bot.telegram.messages import Button, Part

TEXT_LIMIT = 4096  # core.telegram.org/bots/api#sendmessage
CAPTION_LIMIT = 1024  # core.telegram.org/bots/api#sendphoto
ENTITY_LIMIT = 100  # Telegram silently drops the marks, and so the links, beyond the hundredth
ADDRESS_LIMIT = 2048  # longer addresses are dropped by Telegram's clients; the host is shown without a link
MARKUP_LIMIT = 9000  # bytes of addresses and marks in one message, beyond which Telegram answers ENTITIES_TOO_LONG

# Invisible characters that reorder, hide or fake text: bidirectional controls, zero-width spaces, tags, soft hyphen.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f\u200c\u200d])")
_FLAG_LETTERS = "".join(chr(code) for code in range(0x1F1E6, 0x1F200))
_STACKED = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1dc0-\u1dff\u20d0-\u20f0]{3})[\u0300-\u036f\u0483-\u0489\u1dc0-\u1dff\u20d0-\u20f0]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text with one set of marks. `text` is cleaned on the way in by the functions of this module."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    pre: bool = False  # keeps its line breaks and columns, as the place of a fault needs
    href: str = ""

    @property
    def marks(self) -> int:
        """How many entities Telegram makes of it."""
        return self.bold + self.italic + self.code + self.pre + bool(self.href)

    def html(self) -> str:
        """Give it in Telegram's HTML, escaped."""
        text = escape(self.text, quote=False)
        for wanted, tag in ((self.code, "code"), (self.pre, "pre"), (self.italic, "i"), (self.bold, "b")):
            text = f"<{tag}>{text}</{tag}>" if wanted else text
        return f'<a href="{escape(self.href)}">{text}</a>' if self.href else text

    def plain(self) -> str:
        """Give it without marks; a link shows its address, since it is what the message is for."""
        return f"{self.text} {self.href}" if self.href else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What belongs together on one or more lines; `gap` puts an empty line above it."""

    spans: tuple[Span, ...]
    gap: bool = False
    # Worked out once: a digest's blocks stand in the digests of thousands of chats.
    _weight: "_Weight | None" = field(default=None, init=False, repr=False, compare=False)
    _texts: tuple[str, str] | None = field(default=None, init=False, repr=False, compare=False)


def clean(text: str) -> str:
    """Strip what could reorder, hide or break text: controls, bidirectional and zero-width characters, lone surrogates.

    Line breaks stay, other white space becomes a space; joiners stay only between non-ASCII characters, where emoji and
    several scripts need them; at most three combining marks stay on one character.
    """
    if not (text.isascii() and text.replace("\n", " ").isprintable()):  # most are plain: ten times faster
        text = "".join(_plain_character(character) for character in text)
        text = _STACKED.sub(r"\1", _JOINERS.sub("", _HIDDEN.sub("", text)))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[^\S\n]+", " ", text)).strip()


def _plain_character(character: str) -> str:
    if character == "\n" or " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    return "" if category in {"Cs", "Co", "Cn"} else character


def one_line(text: str, limit: int = 300) -> str:
    """Give cleaned text on one line of at most `limit` UTF-16 units, shortened between words with an ellipsis."""
    text = " ".join(clean(text).split())
    if units(text) <= limit:
        return text
    head, _ = _divide(text, limit - 1)
    return head.rstrip() + "…"


def safe_address(url: str) -> str:
    """Give an http(s) address that Telegram will keep as a link, or an empty text."""
    url = "".join(character for character in clean(url) if not character.isspace())
    try:
        split = urlsplit(url)
        fits = split.scheme in {"http", "https"} and bool(split.hostname)
    except ValueError:
        return ""
    return url if fits and units(url) <= ADDRESS_LIMIT else ""


def host_of(url: str) -> str:
    """Give the host that a link leads to, as it is shown beside the link; empty where there is none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return one_line(host.removeprefix("www."), 60)


def units(text: str) -> int:
    """Count UTF-16 units, as Telegram does: characters beyond the Basic Multilingual Plane count two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_blocks(text: str) -> tuple[Block, ...]:
    """Give free text as blocks, one a paragraph line, cleaned."""
    lines = clean(text).split("\n")
    gaps = [False, *(not before for before in lines)]
    return tuple(
        Block(spans=(Span(text=line),), gap=gap) for line, gap in zip(lines, gaps, strict=False) if line.strip()
    )


def split(
    blocks: Iterable[Block],
    *,
    buttons: Sequence[Sequence[Button]] = (),
    limit: int = TEXT_LIMIT,
    first_limit: int | None = None,
) -> tuple[Part, ...]:
    """Pack whole blocks into as few parts as keep within the limits; buttons stand below the last part.

    `first_limit` is the limit of the first part where that is a caption. Both the marked-up and the plain form of each
    part keep within the limit. Nothing is left out; text without any visible character gives no part.
    """
    parts: list[Part] = []
    current: list[Block] = []
    weight = _NOTHING
    for block in blocks:
        room = first_limit if first_limit is not None and not parts else limit
        added = _weigh(block)
        if current and not (weight + added).fits(room):
            parts.append(_part(current))
            current, weight, room = [], _NOTHING, limit
        pieces = [block] if added.fits(room) else list(_pieces(block, room))
        parts.extend(_part([piece]) for piece in pieces[:-1])
        weight = weight + added if len(pieces) == 1 else _weigh(pieces[-1]) if pieces else weight
        current.extend(pieces[-1:])
    if current:
        parts.append(_part(current))
    if parts and buttons:
        parts[-1] = replace(parts[-1], buttons=tuple(tuple(row) for row in buttons))
    return tuple(parts)


def fit(blocks: Sequence[Block], limit: int = TEXT_LIMIT) -> bool:
    """Tell whether blocks fit into one message."""
    return _fits(blocks, limit)


def halve(part: Part) -> tuple[Part, ...]:
    """Divide a part that Telegram found too long in spite of our count: plain text in halves, nothing left out."""
    blocks = text_blocks(part.plain)
    size = max(units(part.plain) // 2 + 1, 16)
    halves = split(blocks, limit=size, buttons=part.buttons)
    return (replace(halves[0], photo=part.photo), *halves[1:]) if halves else ()


def _part(blocks: Sequence[Block]) -> Part:
    texts = [_written(block) for block in blocks]
    gaps = ["", *("\n\n" if block.gap else "\n" for block in blocks[1:])]
    html = "".join(gap + text for gap, (text, _) in zip(gaps, texts, strict=True))
    plain = "".join(gap + text for gap, (_, text) in zip(gaps, texts, strict=True))
    return Part(html=html.lstrip("\n"), plain=plain.lstrip("\n"))


def _fits(blocks: Sequence[Block], limit: int) -> bool:
    return sum((_weigh(block) for block in blocks), _NOTHING).fits(limit)


class _Weight(NamedTuple):
    """How much of a message blocks take up: number of blocks, UTF-16 units, bytes of markup, marks."""

    blocks: int
    length: int
    marked: int
    marks: int

    def __add__(self, other: tuple[int, ...]) -> "_Weight":  # type: ignore[override]
        blocks, length, marked, marks = other
        return _Weight(self.blocks + blocks, self.length + length, self.marked + marked, self.marks + marks)

    def fits(self, limit: int) -> bool:
        """Tell whether a message of this limit holds it."""
        small = self.marked <= MARKUP_LIMIT or self.blocks == 1
        return self.length <= limit and self.marks <= ENTITY_LIMIT and small


_NOTHING = _Weight(0, 0, 0, 0)


def _weigh(block: Block) -> _Weight:
    if block._weight is None:  # noqa: SLF001 - this module's own
        # A link's address counts too, so that the plain form fits as well. A break before the first block is counted
        # although it is not written: one unit of slack.
        weight = _Weight(
            blocks=1,
            length=(2 if block.gap else 1) + sum(units(span.plain()) for span in block.spans),
            marked=sum(len(span.href.encode()) + 20 * span.marks for span in block.spans),
            marks=sum(span.marks for span in block.spans),
        )
        object.__setattr__(block, "_weight", weight)
        return weight
    return block._weight  # noqa: SLF001


def _written(block: Block) -> tuple[str, str]:
    """Give a block's text with marks and without."""
    if block._texts is None:  # noqa: SLF001
        texts = "".join(span.html() for span in block.spans), "".join(span.plain() for span in block.spans)
        object.__setattr__(block, "_texts", texts)
        return texts
    return block._texts  # noqa: SLF001


def _pieces(block: Block, limit: int) -> Iterator[Block]:
    """Divide a block that does not fit into a message by itself; give it as it is where it does."""
    if _fits([block], limit):
        yield block
        return
    current: list[Span] = []
    gap = block.gap
    for span in block.spans:
        rest: Span | None = span
        while rest is not None:
            if _fits([Block(spans=(*current, rest), gap=gap)], limit):
                current.append(rest)
                break
            used = sum(units(one.plain()) for one in current) + 2 + (units(rest.href) + 1 if rest.href else 0)
            head, tail = _divide(rest.text, limit - used) if _has_mark_room(current, rest) else ("", rest.text)
            if head.strip():
                current.append(replace(rest, text=head))
            if current:
                yield Block(spans=tuple(current), gap=gap)
            elif not head:
                rest = replace(rest, href="")  # an address alone longer than the limit: the text stays
                continue
            current, gap = [], False
            rest = replace(rest, text=tail) if tail.strip() else None
    if current:
        yield Block(spans=tuple(current), gap=gap)


def _has_mark_room(current: Sequence[Span], span: Span) -> bool:
    return sum(one.marks for one in current) + span.marks <= ENTITY_LIMIT


def _divide(text: str, limit: int) -> tuple[str, str]:
    """Divide text before `limit` UTF-16 units: at white space, else between characters that do not belong together."""
    if limit < 1:
        return "", text
    end = length = 0
    for character in text:
        length += 2 if character > "\uffff" else 1
        if length > limit:
            break
        end += 1
    if end == len(text):
        return text, ""
    space = max(text.rfind(" ", 0, end + 1), text.rfind("\n", 0, end + 1))
    if space > end // 2:
        return text[:space], text[space + 1 :]
    cut = end
    while cut > max(0, end - 16) and _belongs(text, cut):
        cut -= 1
    cut = cut if cut > max(0, end - 16) else end
    return text[:cut], text[cut:]


def _belongs(text: str, cut: int) -> bool:
    """Tell whether the characters on both sides of `cut` are one to the reader: marks, emoji sequences, flags."""
    character, before = text[cut], text[cut - 1]
    if character in "\u200c\u200d\ufe0f" or before == "\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        head = text[:cut]
        letters = len(head) - len(head.rstrip(_FLAG_LETTERS))
        return letters % 2 == 1
    return unicodedata.category(character).startswith("M")
