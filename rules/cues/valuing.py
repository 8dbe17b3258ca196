"""Verb x object: what a verb does to the object it governs; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.cues.phrases import Item

_NEEDING = ("demand", "requir", "need", "apply for", "leav", "left")
# A quota that is set up, planned or ended is a restriction; raised, handed out or cut it is an allowance.
_SET_UP = (
    "introduc", "launch", "set", "adopt", "announc", "lift", "remov", "scrap", "abolish", "end", "eliminat", "suspend",
    "waiv", "propos", "plan", "consider", "weigh", "mull", "face", "renew", "replac",
)  # fmt: skip


def acting_on(verb: Item, item: Item, sign: float, *, with_seen: bool) -> float:
    """Return the vote, -1 to 1, of a verb with an object.

    ``sign`` is that of the whole chain of verbs, ``with_seen`` says that the object follows "with".
    """
    word = verb.word
    if word.harm:
        good = (item.label == "deal" and verb.text.startswith("str")) or (
            item.label == "disruption" and verb.text.startswith("dodg")
        )
        return -1.0 if good else 1.0  # "strikes a deal", "dodges a strike", but "dodges duties"
    if word.sign == 0:
        value = float(word.alone) * sign
        return -value if word.alone < 0 and item.label in {"menace", "offence"} else value
    if item.label in {"permission", "deal"} and verb.text.startswith(_NEEDING):
        return abs(sign)  # a permit that is now needed, a pact that is left
    if item.label == "quota":
        return sign if verb.text.startswith(_SET_UP) else -sign  # "introduces" and "raises a quota"
    if with_seen and item.label in {"restriction", "disruption", "permission"}:
        return item.polarity  # "hits China with tariffs"
    if item.label == "offence":
        return 1.0
    if item.label == "menace":
        return 1.0 if word.light else (sign or 1.0)
    return sign * item.polarity
