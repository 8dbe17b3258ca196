"""The gazetteers: names and words with their meanings, read from YAML into tries of tokens; pure after loading.

A *phrase* is what a YAML file lists: one or more words, matched word by word, so that ``port`` never fires in
``airport`` and ``rare earth`` also finds ``rare-earth``. Upper-case phrases of up to six letters (``BIS``, ``US``) are
matched with their case, everything else without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHIPPED = Path(__file__).parent / "gazetteer"

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is ten times faster, where it was built
_WORD = re.compile(r"[^\W_]+(?:['’](?!s\b)[^\W_]+)?|['’]s\b")
_ORDINARY = frozenset(
    {"us", "it", "who", "one", "is", "in", "on", "tel", "up"}
)  # words that are no abbreviation in lower case
_CASED_LENGTH, _CAPITALISED = 6, 4  # letters at most; letters from which Opec stands for OPEC

# British spellings that the word lists give in the American one; both sides of a comparison go through this table.
SPELLING = {
    "licence": "license", "licences": "licenses", "licenced": "licensed", "licencing": "licensing",
    "authorisation": "authorization", "authorisations": "authorizations", "authorise": "authorize",
    "authorises": "authorizes", "authorised": "authorized", "labour": "labor", "harbour": "harbor",
    "harbours": "harbors", "favour": "favor", "favoured": "favored", "defence": "defense", "programme": "program",
    "fertiliser": "fertilizer", "fertilisers": "fertilizers", "aluminium": "aluminum", "sulphur": "sulfur",
    "nationalise": "nationalize", "nationalised": "nationalized", "penalise": "penalize", "cancelled": "canceled",
    "manoeuvre": "maneuver", "neighbour": "neighbor", "organisation": "organization", "tyre": "tire", "tyres": "tires",
}  # fmt: skip

T = TypeVar("T")


class GazetteerError(ValueError):
    """A gazetteer file is missing or wrong; the text names file, line and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands: the file and its line, counted from 1."""

    path: Path
    line: int

    def error(self, text: str) -> GazetteerError:
        """Return an error that begins with this place."""
        return GazetteerError(f"{self.path}:{self.line}: {text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One entry of places.yaml, entities.yaml or goods.yaml.

    ``kind`` is the section's own class (``country``, ``company``, ``body``, ``mineral`` ...), ``country`` an ISO code
    or "", ``criticality`` 0 to 1 (goods only), ``hs`` the Harmonised System headings, ``needs`` words of which one must
    stand in the same text because the name alone is ambiguous, ``never`` words that exclude it.
    """

    id: str
    title: str
    kind: str
    names: tuple[str, ...]
    country: str = ""
    criticality: float = 0.0
    hs: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


class Node(Generic[T]):
    """A token's place in a trie: the value of the phrase that ends here, or None, and what may follow."""

    __slots__ = ("children", "value")

    def __init__(self) -> None:
        self.value: T | None = None
        self.children: dict[str, Node[T]] = {}


class Trie(Generic[T]):
    """Phrases of tokens with a value each; the longest or all phrases at a place can be asked for."""

    __slots__ = ("cased", "root")

    def __init__(self) -> None:
        self.root: dict[str, Node[T]] = {}
        self.cased: set[str] = set()

    def add(self, phrase: str, value: T) -> T:
        """Store a phrase and return the value that stands there: the first one, when it was stored before."""
        keys = phrase_keys(phrase)
        self.cased.update(key for key in keys if key.isupper())
        stored = self.add_keys(keys, value)
        capitalised = [key.capitalize() if key.isupper() and len(key) >= _CAPITALISED else key for key in keys]
        if capitalised != keys:  # British papers write Opec, Cfius, Mofcom
            self.cased.update(key for key in capitalised if not key.islower())
            self.add_keys(capitalised, stored)
        return stored

    def add_keys(self, keys: Sequence[str], value: T) -> T:
        """Store a phrase that is already split into at least one token; as ``add``."""
        children = self.root
        for key in keys:
            node = children.setdefault(key, Node())
            children = node.children
        if node.value is None:
            node.value = value
        return node.value

    def adopt(self, cased: frozenset[str]) -> None:
        """Let lower-case phrases also match abbreviations that another trie keeps in capitals: "ai chip", "AI chip"."""
        forms: dict[str, list[str]] = {}
        for word in sorted(cased):
            if word.lower() not in _ORDINARY:
                forms.setdefault(word.lower(), []).append(word)
        seen: set[int] = set()
        waiting = [self.root]
        while waiting:
            children = waiting.pop()
            if id(children) in seen:
                continue
            seen.add(id(children))
            for key in [key for key in children if key in forms]:
                for form in forms[key]:
                    children.setdefault(form, children[key])
            waiting.extend(node.children for node in children.values())

    def longest(self, keys: Sequence[str], start: int) -> tuple[int, T] | None:
        """Return the end index and value of the longest phrase that begins at ``start``, or None."""
        node = self.root.get(keys[start])
        best: tuple[int, T] | None = None
        end, count = start + 1, len(keys)
        while node is not None:
            if node.value is not None:
                best = (end, node.value)
            if end >= count:
                break
            node = node.children.get(keys[end])
            end += 1
        return best

    def every(self, keys: Sequence[str], start: int) -> Iterator[tuple[int, T]]:
        """Yield the end index and value of each phrase that begins at ``start``, the shortest first."""
        node = self.root.get(keys[start])
        end, count = start + 1, len(keys)
        while node is not None:
            if node.value is not None:
                yield end, node.value
            if end >= count:
                return
            node = node.children.get(keys[end])
            end += 1


def phrase_keys(phrase: str) -> list[str]:
    """Split a phrase into the tokens it is stored under; short upper-case words keep their case."""
    words = _WORD.findall(phrase.replace("’", "'"))
    if not words:
        raise ValueError(f"{phrase!r} has no word in it")
    return [word if is_cased(word) else SPELLING.get(word.lower(), word.lower()) for word in words]


def is_cased(word: str) -> bool:
    """Tell whether a word is an abbreviation that only counts when written in capitals."""
    return word.isupper() and word.isalpha() and word.isascii() and 1 < len(word) <= _CASED_LENGTH


def read_yaml(path: Path) -> yaml.Node:
    """Read a YAML file into nodes, which know their lines. Raises GazetteerError with the place."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GazetteerError(f"{path}: cannot be read ({error}); restore it or reinstall straitwatch") from error
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Place(path=path, line=line).error(f"not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise GazetteerError(f"{path}: not valid YAML: {error}") from error
    if node is None:
        raise Place(path=path, line=1).error("the file is empty")
    return node


def place_of(path: Path, node: yaml.Node) -> Place:
    """Return where a node stands."""
    return Place(path=path, line=node.start_mark.line + 1)


def mapping_of(path: Path, node: yaml.Node) -> dict[str, yaml.Node]:
    """Return a mapping node as a dict with text keys. Raises GazetteerError when it is none or repeats a key."""
    if not isinstance(node, yaml.MappingNode):
        raise place_of(path, node).error("a mapping (key: value) is expected here")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.value in found:
            raise place_of(path, key).error(f"{key.value!r} stands here twice")
        found[key.value] = value
    return found


def texts_of(path: Path, node: yaml.Node) -> list[tuple[str, Place]]:
    """Return a list node of texts with their places. Raises GazetteerError when an item is no text or has no word."""
    if not isinstance(node, yaml.SequenceNode):
        raise place_of(path, node).error("a list ([a, b] or lines with a dash) is expected here")
    found = []
    for item in node.value:
        if not isinstance(item, yaml.ScalarNode):
            raise place_of(path, item).error("a word or phrase is expected here, not a list or mapping")
        if not _WORD.search(item.value):
            raise place_of(path, item).error(f"{item.value!r} has no word in it")
        found.append((item.value, place_of(path, item)))
    return found


_ENTRY_KEYS = frozenset({"id", "title", "names", "kind", "country", "criticality", "hs", "needs", "never"})


def load_names(path: Path) -> tuple[Name, ...]:
    """Read a file of names: a mapping from kind to a list of entries. Raises GazetteerError with file and line."""
    entries: dict[str, Place] = {}
    found: list[Name] = []
    for kind, section in mapping_of(path, read_yaml(path)).items():
        if not isinstance(section, yaml.SequenceNode):
            raise place_of(path, section).error(f"{kind!r} must hold a list of entries")
        for node in section.value:
            name = _entry(path, kind, node)
            if name.id in entries:
                raise place_of(path, node).error(f"id {name.id!r} was already used in line {entries[name.id].line}")
            entries[name.id] = place_of(path, node)
            found.append(name)
    return tuple(found)


def _entry(path: Path, kind: str, node: yaml.Node) -> Name:
    fields = mapping_of(path, node)
    place = place_of(path, node)
    if unknown := sorted(set(fields) - _ENTRY_KEYS):
        raise place.error(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(_ENTRY_KEYS))}")
    if missing := sorted({"id", "names"} - set(fields)):
        raise place.error(f"the entry lacks {missing[0]!r}")
    names = tuple(text for text, _ in texts_of(path, fields["names"]))
    if not names:
        raise place.error("names is empty")

    def scalar(key: str, default: str) -> str:
        return str(fields[key].value) if key in fields else default

    def words(key: str) -> frozenset[str]:
        listed = texts_of(path, fields[key]) if key in fields else []
        return frozenset(token.lower() for text, _ in listed for token in phrase_keys(text))

    return Name(
        id=scalar("id", ""),
        title=scalar("title", names[0]),
        kind=kind,
        names=names,
        country=scalar("country", ""),
        criticality=_fraction(scalar("criticality", "0"), place),
        hs=tuple(text for text, _ in texts_of(path, fields["hs"])) if "hs" in fields else (),
        needs=words("needs"),
        never=words("never"),
    )


def _fraction(text: str, place: Place) -> float:
    try:
        value = float(text)
    except ValueError:
        raise place.error(f"{text!r} is no number between 0 and 1") from None
    if not 0 <= value <= 1:
        raise place.error(f"{text!r} is not between 0 and 1")
    return value
