"""English inflection, as far as word lists need it; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_VOWELS = "aeiou"


def verb_forms(verb: str, irregular: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the forms of a (possibly multi-word) English verb, each with its kind: base, s, past or ing.

    Only the first word is inflected ("roll back", "strikes down"). ``irregular`` maps a base to [s, past, ing] or
    [s, past, participle, ing].
    """
    first, _, rest = verb.partition(" ")
    rest = f" {rest}" if rest else ""
    if first in irregular:
        third, *pasts, ing = irregular[first]
        forms = dict.fromkeys(pasts, "past") | {first: "base", third: "s", ing: "ing"}
    else:
        forms = {first: "base", _add_s(first): "s", _add_ed(first): "past", _add_ing(first): "ing"}
    return {form + rest: kind for form, kind in forms.items()}


def noun_forms(noun: str) -> tuple[str, ...]:
    """Return a noun phrase in singular and plural (of its last word)."""
    head, _, last = noun.rpartition(" ")
    plural = _add_s(last)
    return (noun, f"{head} {plural}".strip()) if plural != last else (noun,)


def _add_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word if word.endswith("ss") is False and word.endswith("s") else word + "es"
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def _doubles(word: str) -> bool:
    short = len(word) <= 4 and word[-1] not in "wxyaeiou" and word[-2:-1] in _VOWELS
    return short and len(word) >= 3 and word[-3] not in _VOWELS


def _add_ed(word: str) -> str:
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ied"
    return word + word[-1] + "ed" if _doubles(word) else word + "ed"


def _add_ing(word: str) -> str:
    if word.endswith("e") and not word.endswith("ee"):
        return word[:-1] + "ing"
    return word + word[-1] + "ing" if _doubles(word) else word + "ing"


def expand(pattern: str, irregular: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Yield the surface forms of a pattern in which ``word~`` stands for all inflections of ``word``."""
    forms = [""]
    for part in pattern.split():
        options: Iterable[str] = (part,)
        if part.endswith("~"):
            word = part[:-1]
            options = {*verb_forms(word, irregular), *noun_forms(word)}
        forms = [f"{form} {option}".strip() for form in forms for option in options]
    return forms
