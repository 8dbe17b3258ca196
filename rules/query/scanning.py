"""Look over a query before it is parsed: what phones type, brackets, quotes. Pure.

Everything here keeps the length of the text, so that positions in the parser's tree are positions in what was typed.
"""

import re
from collections.abc import Iterator
from typing import Final

from rules.query.errors import QueryError
from rules.query.limits import Limits

_TYPED: Final = str.maketrans(
    dict.fromkeys("“”„‟«»「」『』＂〝〞", '"')
    | {"（": "(", "）": ")", "：": ":", "＋": "+", "～": "~", "［": "[", "］": "]"}
)
_DASH: Final = re.compile(r"(?<![^\s(:])[\u2010-\u2015\u2212\uff0d](?=\S)")  # a dash that leads a word means "not"
# Punctuation that stands alone, and an apostrophe that opens a word: no operators, but what headlines carry.
_LOOSE: Final = re.compile(r"(?<!\S)(?:[&|]|[-+/.,;…·•'’%$€#@=\u2010-\u2015]+)(?!\S)|(?<![^\s(:])['’‘`]")
_CLOSING: Final = {")": "(", "]": "[", "}": "["}


def typed(text: str) -> str:
    """Return `text` with typographic quotes, full-width brackets and leading dashes as plain ones, length kept.

    Punctuation that stands alone between spaces, as in a pasted headline, is blanked. Control characters become spaces.
    """
    text = "".join(char if char.isprintable() else " " for char in text) if not text.isprintable() else text
    text = text.translate(_TYPED)
    masked = list(text)  # what stands in quotes is left alone, but still is a neighbour of what stands before it
    for first, last, _ in _quoted(text):
        end = len(text) if last is None else last + 1
        masked[first:end] = "x" * (end - first)
    outside = _LOOSE.sub(lambda match: " " * len(match.group()), _DASH.sub("-", "".join(masked)))
    return "".join(char if mask == "x" else new for char, mask, new in zip(text, masked, outside, strict=True))


def _quoted(text: str) -> Iterator[tuple[int, int | None, str]]:
    """Yield (first, last, kind) of quoted phrases and regular expressions; last is None where the end is missing."""
    index = 0
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 2
            continue
        opens = char == '"' or (char == "/" and (index == 0 or text[index - 1] in " (:+-"))
        if not opens or _loose_slash(text, index):
            index += 1
            continue
        end = index + 1
        while end < len(text) and text[end] != char:
            end += 2 if text[end] == "\\" else 1
        if end >= len(text):
            yield index, None, char
            return
        yield index, end, char
        index = end + 1


def _loose_slash(text: str, index: int) -> bool:
    return text[index] == "/" and text[index + 1 : index + 2] in ("", " ")


def check_shape(text: str, shown: str, limits: Limits) -> None:
    """Raise QueryError for a query that is too long, unbalanced or nested too deep; `shown` is what was typed."""
    if len(text) > limits.length:
        raise QueryError(
            f"The query has {len(text):,} characters, {limits.length:,} are allowed",
            text=shown,
            position=limits.length,
            remedy="Shorten it, or split it into several rules.",
        )
    if not text.strip():
        raise QueryError(
            "The query is empty", text=shown, remedy='Write the words to look for, e.g. "entity list" nvidia'
        )
    outside = list(text)
    for first, last, kind in _quoted(text):
        if last is None:
            name, mark = ("quote", '"') if kind == '"' else ("regular expression", "/")
            raise QueryError(
                f"This {name} is never closed",
                text=shown,
                position=first,
                remedy=f"Add the closing {mark}, or put a \\ before this one to mean the character itself.",
            )
        outside[first : last + 1] = " " * (last + 1 - first)
    _check_brackets("".join(outside), shown, limits)


def _check_brackets(text: str, shown: str, limits: Limits) -> None:
    opened: list[tuple[str, int]] = []
    escaped = False
    for index, char in enumerate(text):
        if escaped or char == "\\":
            escaped = not escaped
            continue
        if char in "([{":
            opened.append(("[" if char == "{" else char, index))
            if len(opened) > limits.nesting:
                raise QueryError(
                    f"Brackets are nested more than {limits.nesting} deep",
                    text=shown,
                    position=index,
                    remedy="Write it flatter: most brackets around a single part can go.",
                )
        elif char in _CLOSING:
            if not opened or opened[-1][0] != _CLOSING[char]:
                raise QueryError(
                    f"This {char} closes nothing",
                    text=shown,
                    position=index,
                    remedy=f"Remove it, or open a bracket before it. \\{char} means the character itself.",
                )
            _, first = opened.pop()
            if char == ")" and not text[first + 1 : index].strip() and not shown[first + 1 : index].strip():
                raise QueryError(
                    "These brackets are empty",
                    text=shown,
                    position=first,
                    length=index - first + 1,
                    remedy="Put words between them, or remove them.",
                )
    if opened:
        char, index = opened[-1]
        raise QueryError(
            f"This {shown[index]} is never closed",
            text=shown,
            position=index,
            remedy=f"Add the closing {')' if char == '(' else ']'}.",
        )
