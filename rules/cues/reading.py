"""Text into tokens, sentences and clauses, with the places in the original kept; pure.

Survives what feeds do to text: ``U. S.government``, missing spaces after full stops, curly quotes, interview turns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.gazetteers import SPELLING

TITLE, BODY = "title", "body"

_TOKEN = re.compile(
    r"(?:[A-Z]\.\s?){2,3}(?![a-z])"  # U.S., U. S., U.A.E.; not the "S. W" of "S. Wales"
    r"|(?:U\.\s?S\.|U\.\s?K\.|E\.\s?U\.|U\.\s?N\.)"
    r"|\d+(?:[.,]\d+)*"
    r"|[^\W\d_]+[^\W_]*(?:['’](?!s\b)[^\W\d_]+)?"
    r"|['’]s\b"
    r"|[.;:!?,()%$|—–\n]|(?<=\s)-(?=\s)"
)
_ABBREVIATIONS = frozenset(
    [
        "no",
        "nos",
        "mr",
        "mrs",
        "ms",
        "dr",
        "inc",
        "corp",
        "co",
        "ltd",
        "st",
        "sen",
        "rep",
        "gov",
        "gen",
        "lt",
        "col",
        "jr",
        "sr",
        "vs",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "art",
        "sec",
        "fed",
        "reg",
        "para",
        "supp",
        "ann",
        "prof",
        "dept",
        "est",
        "approx",
        "bros",
        "plc",
        "cf",
        "eg",
        "ie",
        "al",
    ]
)
_SENTENCE_END = frozenset(".!?\n")
MAX_BODY = 12_000  # characters of a body that are read sentence by sentence; what follows is background in news


@dataclass(slots=True)
class Sentence:
    """A run of tokens: ``keys`` are compared with the gazetteers, ``spans`` are character places in ``field``."""

    keys: list[str]
    spans: list[tuple[int, int]]
    field: str
    index: int
    hyphened: frozenset[int]


def sentences(text: str, field: str, cased: frozenset[str]) -> list[Sentence]:
    """Split a text into sentences of tokens. ``cased`` are the abbreviations that keep their capitals."""
    keys: list[str] = []
    spans: list[tuple[int, int]] = []
    found: list[Sentence] = []
    shouting = text.isupper()
    spelled = SPELLING.get
    for match in _TOKEN.finditer(text, 0, MAX_BODY):
        word = match.group()
        if word in _SENTENCE_END:
            if keys and not (word == "." and _joined(text, match.end(), keys[-1])):
                found.append(_sentence(text, keys, spans, field, len(found)))
                keys, spans = [], []
            continue
        if word.islower() and "’" not in word:  # the common case
            keys.append(spelled(word, word))
        else:
            keys.append(_key(word, cased, shouting=shouting))
        spans.append(match.span())
    if keys:
        found.append(_sentence(text, keys, spans, field, len(found)))
    return found


def _sentence(text: str, keys: list[str], spans: list[tuple[int, int]], field: str, index: int) -> Sentence:
    hyphened = frozenset(place for place, (start, _) in enumerate(spans) if start and text[start - 1] in "-‑")
    return Sentence(keys=keys, spans=spans, field=field, index=index, hyphened=hyphened)


def _key(word: str, cased: frozenset[str], *, shouting: bool) -> str:
    if word[1:2] == "." and word[:1].isupper():
        short = word.replace(".", "").replace(" ", "").strip()
        return short if short in cased else short.lower()
    if word in cased and not (shouting and word.lower() in _PRONOUNS):
        return word
    lower = word.lower().replace("’", "'")
    return SPELLING.get(lower, lower)


_PRONOUNS = frozenset({"it", "who", "one", "us"})


def _joined(text: str, end: int, last: str) -> bool:
    """Tell whether the full stop before ``end`` belongs to an abbreviation rather than ending the sentence."""
    if last in _ABBREVIATIONS:
        return True
    following = text[end : end + 2].lstrip()
    return bool(following) and following[0].islower()
