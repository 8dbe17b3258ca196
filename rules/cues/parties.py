"""Who acts and on whom: issuers and targets of the measures in a sentence; pure.

The issuer is the state (or the state of the body) that stands as subject of the governing verb, or after "by" in a
passive; the target what stands after the object's "on", "to", "against", "from". Datelines never count as subjects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.cues.direction import Vote
    from rules.cues.naming import Mention

_TARGET_LINKS = frozenset({"on", "to", "against", "from", "in", "for", "with", "at", "into"})

_AIMING = frozenset({"on", "to", "against", "from"})
_LIST_WORDS = frozenset({",", "and", "or", "the", "people", "'s", "republic", "of"})


def country_of(mention: Mention) -> str:
    """Return the ISO code a mention stands for, or ""."""
    if mention.section == "places":
        return mention.name.id
    return mention.name.country if mention.section == "entities" and mention.name.kind == "body" else ""


def parties(keys: Sequence[str], mentions: Sequence[Mention], votes: Sequence[Vote]) -> tuple[list[str], list[str]]:
    """Return the issuers and targets of one sentence, in order of appearance."""
    states = [(mention, country_of(mention)) for mention in mentions]
    states = [(mention, code) for mention, code in states if code]
    if not states:
        return [], []
    verb_at = next((vote.verb_at for vote in votes if vote.why in {"verb-object", "verb"}), -1)
    passive = next((vote for vote in votes if vote.why == "subject"), None)
    if verb_at < 0 and passive is not None:
        return _passive(keys, states, passive)
    if verb_at < 0:
        verb_at = votes[0].start if votes else -1
    if verb_at < 0:
        return [], []
    issuers: list[str] = []
    targets: list[str] = []
    aimed_end = -99  # where the last target of a list ends: "from Brazil, China and India"
    for mention, code in states:
        before = keys[mention.start - 1] if mention.start else ""
        listed = 0 < mention.start - aimed_end <= 5 and set(keys[aimed_end : mention.start]) <= _LIST_WORDS
        if mention.start < verb_at and before not in _AIMING and not listed:
            issuers.append(code)
        else:
            targets.append(code)
            aimed_end = mention.end
    if len(set(issuers)) > 1 and "and" not in keys[:verb_at] and "," not in keys[:verb_at]:
        issuers = issuers[-1:] if _is_possessed(keys, states) else issuers[:1]
    return issuers, [code for code in targets if code not in issuers]


def _is_possessed(keys: Sequence[str], states: Sequence[tuple[Mention, str]]) -> bool:
    """Tell whether the first state only qualifies another subject ("In China visit, Yellen ...")."""
    return bool(states) and states[0][0].start > 0 and keys[states[0][0].start - 1] == "in"


def _passive(keys: Sequence[str], states: Sequence[tuple[Mention, str]], vote: Vote) -> tuple[list[str], list[str]]:
    issuers: list[str] = []
    targets: list[str] = []
    for mention, code in states:
        before = keys[mention.start - 1] if mention.start else ""
        if before == "by" or (mention.start < vote.start and before not in _TARGET_LINKS):
            issuers.append(code)
        elif before in _TARGET_LINKS or mention.start > vote.start:
            targets.append(code)
    return issuers, [code for code in targets if code not in issuers]
