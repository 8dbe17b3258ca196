"""How much one query may ask for. Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps on one query; each one bounds time or memory that a stranger can make the bot spend.

    `length` is in characters, `nesting` in levels of brackets, `clauses` counts words, phrases and field conditions,
    `wildcard_prefix` is the number of letters before the first wildcard, `slop` the largest n of `"a b"~n`,
    `regex_memory` in bytes per regular expression.
    """

    length: int = 2_000
    nesting: int = 12
    clauses: int = 64
    wildcards: int = 16
    wildcard_prefix: int = 2
    fuzzies: int = 8
    phrase_words: int = 20
    slop: int = 50
    regexes: int = 4
    regex_length: int = 400
    regex_memory: int = 1 << 18


CHAT: Final = Limits()
"""For what people type in a chat."""
FILE: Final = Limits(length=8_000, clauses=400, wildcards=200, fuzzies=32, regexes=8, regex_length=1_000)
"""For rule files, which the operator wrote."""
