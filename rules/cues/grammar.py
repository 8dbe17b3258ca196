"""The grammar of direction: words.yaml compiled into one trie of words with their readings; pure after loading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.cues.inflecting import noun_forms, verb_forms
from rules.gazetteers import Trie, mapping_of, place_of, read_yaml, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import yaml

    from rules.gazetteers import Place

# Polarity of what a verb acts on: +1 means that more of it tightens, -1 that more of it eases.
POLARITY = {
    "restriction": 1, "disruption": 1, "price": 1, "offence": 1, "quota": 1, "menace": 1,
    "permission": -1, "deal": -1, "talks": -1, "flow": -1, "facility": -1, "vessel": -1,
    "stopper": 0, "starter": 0, "carrier": 0,
}  # fmt: skip
# What a noun alone is worth, when nothing acts on it ("EU tariffs on cars", "fire at a plant").
BARE = {
    "restriction": 0.6, "disruption": 0.6, "offence": 0.6, "quota": 0.3, "menace": 0.3, "price": 0.0,
    "permission": 0.5, "deal": 0.4, "talks": 0.25, "flow": 0.0, "facility": 0.0, "vessel": 0.0,
    "stopper": 0.0, "starter": 0.0, "carrier": 0.0,
}  # fmt: skip
# Verb class: sign towards the object, vote without an object, light (silent about flows), harm (tightens any object).
VERBS = {
    "start": (1, 0, False, False), "light": (1, 0, True, False), "stop": (-1, 0, False, False),
    "harm": (0, 0, False, True), "tight": (0, 1, False, False), "ease": (0, -1, False, False),
}  # fmt: skip
MARKS = ",;:|—–-()"  # punctuation between clauses
FUNCTIONS = frozenset(
    {"negation", "auxiliary", "modal", "determiner", "preposition", "boundary", "background", "condition", "neutral"}
)


@dataclass(slots=True)
class Word:
    """All readings of one word or phrase.

    ``sign`` is +1 for a verb that keeps the sign of its object, -1 for one that turns it, 0 for none; ``alone`` the
    vote of a verb without a known object; a ``light`` verb says nothing about flows, a ``harm`` verb tightens whatever
    object it has; ``form`` its inflection (base, s, past, ing, "" for no verb); ``noun`` the
    object class or ""; ``roles`` the function classes.
    """

    sign: int = 0
    alone: int = 0
    light: bool = False
    harm: bool = False
    form: str = ""
    noun: str = ""
    roles: frozenset[str] = frozenset()


def load_grammar(path: Path) -> Trie[Word]:
    """Compile words.yaml. Raises GazetteerError with file and line for unknown classes and malformed lists."""
    sections = mapping_of(path, read_yaml(path))
    irregular = {
        base: [text for text, _ in texts_of(path, node)]
        for base, node in mapping_of(path, sections.pop("irregular")).items()
    }
    trie: Trie[Word] = Trie()
    for section, known in (("verbs", VERBS), ("nouns", POLARITY), ("function", FUNCTIONS)):
        for label, node in mapping_of(path, sections.pop(section)).items():
            if label not in known:
                raise place_of(path, node).error(f"unknown class {label!r}; known are {', '.join(sorted(known))}")
            for phrase, _ in _flat(path, node):
                _add(trie, section, label, phrase, irregular)
    for mark in MARKS:
        trie.add_keys([mark], Word(roles=frozenset({"boundary"})))
    return trie


def _flat(path: Path, node: yaml.Node) -> Iterator[tuple[str, Place]]:
    """Yield the phrases of a list of lists or a list of phrases."""
    nested = isinstance(node.value, list) and any(isinstance(item.value, list) for item in node.value)
    for part in node.value if nested else [node]:
        yield from texts_of(path, part)


def _add(trie: Trie[Word], section: str, label: str, phrase: str, irregular: dict[str, list[str]]) -> None:
    if section == "function":
        word = trie.add(phrase, Word())
        word.roles = word.roles | {label}
    elif section == "nouns":
        for form in noun_forms(phrase):
            word = trie.add(form, Word())
            word.noun = word.noun or label
    else:
        sign, alone, light, harm = VERBS[label]
        for form, kind in verb_forms(phrase, irregular).items():
            word = trie.add(form, Word())
            word.light = word.light or (light and not word.form)
            word.harm = word.harm or (harm and not word.form)
            word.sign = word.sign or sign
            word.form = word.form or kind
            word.alone = word.alone or alone
