"""Bring any text into the form that the features read: unescaped, without markup, outlet names and noise. Pure.

Nothing here may raise on any `str`: empty, a megabyte, control characters, lone surrogates and emoji included.
"""

import html
import re
import unicodedata
from typing import Final

TITLE_LIMIT: Final = 400
"""Characters of a title that are read; a longer one is a body that lost its way."""
BODY_LIMIT: Final = 700
"""Characters of a body that are read: the lede decides, and the labelled real news ends at 600."""
_RAW_FACTOR: Final = 6  # markup may outweigh the text; a megabyte is cut before any pattern sees it

_TAG = re.compile(r"<[^<>]{1,400}>")
_ADDRESS = re.compile(r"https?://[^\s<>]{1,400}|www\.[^\s<>]{1,400}")
_SPACES = re.compile(r"\s+")
_INITIALS = re.compile(r"\b([A-Za-z])\.\s?(?=[A-Za-z]\.)")  # "U. S." and "U.S." become "US."
_OUTLET = re.compile(r"\s[|–—-]\s(?P<outlet>[^|–—]{2,40})$")  # " - Outlet name" at the end of a title
_EMPTY_BODY = re.compile(
    r"^(?:no (?:summary|description|abstract)(?: provided| available)?\.?|n/a|null|none)$", re.IGNORECASE
)
_TOKEN = re.compile(r"\w+|[?!%$€£:]")
_YEAR = re.compile(r"(?:19|20)\d\d")


def clean(text: str, limit: int) -> str:
    """Return at most `limit` characters of readable text: no markup, no addresses, single spaces."""
    cut = text[: limit * _RAW_FACTOR]
    if "&" in cut:
        cut = html.unescape(cut)
    if "<" in cut:
        cut = _TAG.sub(" ", cut)
    if "://" in cut or "www." in cut:
        cut = _ADDRESS.sub(" ", cut)
    if "." in cut:
        cut = _INITIALS.sub(r"\1", cut)
    return _SPACES.sub(" ", cut).strip()[:limit]


def clean_title(text: str) -> str:
    """Clean a headline and drop an outlet's name at its end, so that the model learns news and not publishers."""
    title = clean(text, TITLE_LIMIT)
    found = _OUTLET.search(title)
    if found and title.count(" ", 0, found.start()) >= 3 and _reads_like_a_name(found["outlet"]):
        return title[: found.start()].rstrip()
    return title


def clean_body(text: str) -> str:
    """Clean a lede or article; a filler such as "No summary provided." counts as no body."""
    body = clean(text, BODY_LIMIT)
    return "" if _EMPTY_BODY.match(body) else body


def tokens(text: str) -> list[str]:
    """Split into folded words and telling signs; a bare number becomes its shape, so that eras do not leak.

    `2023` becomes `#year`, any other number `#`; `3A090` and `H20` stay words.
    """
    return [_shape(token) for token in _TOKEN.findall(_fold(text))]


def _shape(token: str) -> str:
    if not token.isdecimal():
        return token
    return "#year" if _YEAR.fullmatch(token) else "#"


def _fold(text: str) -> str:
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    return "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))


def _reads_like_a_name(words: str) -> bool:
    """Tell "Reuters" and "The Daily Example" from a clause such as "what it means for chipmakers"."""
    parts = words.split()
    return len(parts) <= 4 and all(
        part[0].isupper() or not part[0].isalpha() or part in {"of", "the", "and"} for part in parts
    )
