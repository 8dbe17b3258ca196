"""Places, bodies, companies and goods named in a sentence; pure after loading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.cues.inflecting import noun_forms
from rules.gazetteers import GazetteerError, Name, Trie, load_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

FILES = ("places", "entities", "goods")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name at a token range of a sentence; ``section`` is places, entities or goods."""

    name: Name
    section: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Namer:
    """The three gazetteers in one trie; a phrase may stand for a place and an entity at once."""

    trie: Trie[list[tuple[str, Name]]]
    by_id: Mapping[str, Name]

    def entry(self, name_id: str) -> Name:
        """Return the entry with this id. Raises KeyError when no gazetteer has it."""
        return self.by_id[name_id]

    def mentions(self, keys: Sequence[str], words: Callable[[], set[str]]) -> list[Mention]:
        """Return the names in a sentence, the longest at each place; ``words`` gives the text's words in lower case."""
        found: list[Mention] = []
        index, count, root, longest = 0, len(keys), self.trie.root, self.trie.longest
        while index < count:
            hit = longest(keys, index) if keys[index] in root else None
            if hit is None:
                index += 1
                continue
            end, entries = hit
            for section, name in entries:
                if (name.needs and not name.needs & words()) or (name.never and name.never & words()):
                    continue
                found.append(Mention(name, section, index, end))
            index = end
        return found


def load_namer(folder: Path) -> Namer:
    """Compile places.yaml, entities.yaml and goods.yaml. Raises GazetteerError with file and line."""
    trie: Trie[list[tuple[str, Name]]] = Trie()
    ids: dict[str, str] = {}
    by_id: dict[str, Name] = {}
    for section in FILES:
        for name in load_names(folder / f"{section}.yaml"):
            if ids.setdefault(name.id, section) != section:
                raise GazetteerError(f"{folder / section}.yaml: id {name.id!r} stands in {ids[name.id]}.yaml already")
            by_id[name.id] = name
            for phrase in name.names:
                forms = noun_forms(phrase) if section == "goods" and phrase.islower() else (phrase,)
                for form in forms:
                    entries = trie.add(form, [])
                    if all(known.id != name.id for _, known in entries):
                        entries.append((section, name))
    return Namer(trie=trie, by_id=by_id)
