"""Chinese, Japanese and Korean texts by plain strings: topics, direction, stage and names; pure after loading.

These languages write no spaces, so words are found by Aho-Corasick anywhere in the text. In Chinese the verb stands
before its object, in Japanese and Korean after it; the script tells which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ahocorasick

from rules.gazetteers import mapping_of, place_of, read_yaml, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_TITLE, MAX_SCANNED = 300, 2_000  # characters of title and body
REACH = 14  # characters between verb and object
_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")
_OBJECT_FIRST = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_SECTIONS = frozenset({"topics", "verbs", "objects", "stages", "official", "places", "bodies", "goods"})
_STAGE_ORDER = ("proposal", "enforcement", "suspended", "reversed", "in_force", "announced")
_RELIEFS = frozenset({"suspended", "reversed"})


@dataclass(frozen=True, slots=True)
class Hit:
    """A string found at a character place: ``section`` and ``label`` say in which list of cjk.yaml it stands."""

    start: int
    end: int
    section: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a text in these scripts says; ``weight`` above 0 tightens, ``evidence`` is (start, end, value)."""

    topics: tuple[str, ...]
    weight: float
    evidence: tuple[tuple[int, int, float], ...]
    stage: str
    places: tuple[str, ...]
    bodies: tuple[str, ...]
    goods: tuple[str, ...]
    official: bool


@dataclass(frozen=True, slots=True)
class Characters:
    """The compiled lists of cjk.yaml."""

    automaton: ahocorasick.Automaton

    def read(self, title: str, body: str) -> Reading | None:
        """Return the reading of title and body, or None where the title (or a text without one) uses other scripts."""
        title = title[:MAX_TITLE]
        if not _SCRIPT.search(title or body[:200]):
            return None
        hits = list(self._hits(title))
        below = list(self._hits(body[:MAX_SCANNED]))
        votes = _direction(title, hits) or [
            (start, end, value * 0.4) for start, end, value in _direction(body[:MAX_SCANNED], below)[:4]
        ]
        weight = sum(value for _, _, value in votes)
        everything = hits + below[:60]
        topics = dict.fromkeys(hit.label for hit in hits if hit.section == "topics")
        if not topics:
            topics = dict.fromkeys(hit.label for hit in below[:30] if hit.section == "topics")
        return Reading(
            topics=tuple(topics)[:4],
            weight=3.0 * weight,
            evidence=tuple(votes) if _direction(title, hits) else (),
            stage=_stage({hit.label for hit in hits if hit.section == "stages"}, weight),
            places=_labels(everything, "places"),
            bodies=_labels(everything, "bodies"),
            goods=_labels(everything, "goods"),
            official=any(hit.section == "official" for hit in hits),
        )

    def _hits(self, text: str) -> Iterator[Hit]:
        for last, values in self.automaton.iter(text):
            for length, section, label in values:
                yield Hit(last - length + 1, last + 1, section, label)


def _labels(hits: list[Hit], section: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.label for hit in hits if hit.section == section))


def _stage(found: set[str], weight: float) -> str:
    for stage in _STAGE_ORDER:
        if stage in found and (stage not in _RELIEFS or weight < 0):
            return stage
    return "announced"


def _direction(text: str, hits: list[Hit]) -> list[tuple[int, int, float]]:
    object_first = _OBJECT_FIRST.search(text) is not None
    objects = _longest([hit for hit in hits if hit.section == "objects"])
    verbs = [hit for hit in hits if hit.section == "verbs"]
    votes: dict[tuple[int, int], float] = {}
    governed: set[tuple[int, int]] = set()
    for start, end, sign in _chains(verbs):
        target = _object_of(start, end, objects, object_first=object_first)
        if target is not None:
            votes[(start, end)] = sign if target.label == "restriction" else -sign
            governed.add((target.start, target.end))
    covered = [*votes, *governed]
    for verb in verbs:
        inside = any(start <= verb.start and verb.end <= end for start, end in covered)
        if verb.label in {"tight", "ease"} and not inside:
            votes[(verb.start, verb.end)] = 0.8 if verb.label == "tight" else -0.8
    if not votes:
        named = [hit for hit in objects if hit.label == "restriction"]
        return [(hit.start, hit.end, 0.3) for hit in named[:1]]
    return [(start, end, value) for (start, end), value in sorted(votes.items())]


def _longest(hits: list[Hit]) -> list[Hit]:
    """Drop hits that lie inside another: 出口 within 出口管制 is no flow."""
    return [
        hit
        for hit in hits
        if not any(other is not hit and other.start <= hit.start and hit.end <= other.end
                   and other.end - other.start > hit.end - hit.start for other in hits)
    ]  # fmt: skip


def _chains(verbs: list[Hit]) -> Iterator[tuple[int, int, float]]:
    """Yield place and sign of each verb of start and stop, joined where they follow directly: 暂停 + 实施 stops."""
    signs = {"start": 1.0, "stop": -1.0}
    chain: tuple[int, int, float] | None = None
    for verb in sorted((hit for hit in verbs if hit.label in signs), key=lambda hit: (hit.start, -hit.end)):
        if chain is not None and verb.start < chain[1]:
            continue
        if chain is not None and verb.start == chain[1]:
            chain = (chain[0], verb.end, chain[2] * signs[verb.label])
            continue
        if chain is not None:
            yield chain
        chain = (verb.start, verb.end, signs[verb.label])
    if chain is not None:
        yield chain


def _object_of(start: int, end: int, objects: list[Hit], *, object_first: bool) -> Hit | None:
    before = [hit for hit in objects if hit.end <= start and start - hit.end <= REACH]
    after = [hit for hit in objects if hit.start >= end and hit.start - end <= REACH]
    if object_first or not after:
        return before[-1] if before else None
    # In 暂停实施对美出口管制措施 the first object may be a modifier of the last one in the same phrase.
    last = after[0]
    for hit in after[1:]:
        if hit.start - last.end > 2:
            break
        last = hit
    return last


def load_characters(path: Path) -> Characters:
    """Compile cjk.yaml. Raises GazetteerError with file and line for unknown sections and malformed lists."""
    values: dict[str, list[tuple[int, str, str]]] = {}
    for section, node in mapping_of(path, read_yaml(path)).items():
        if section not in _SECTIONS:
            raise place_of(path, node).error(f"unknown section {section!r}; known are {', '.join(sorted(_SECTIONS))}")
        lists = {"": node} if section == "official" else mapping_of(path, node)
        for label, listed in lists.items():
            for text, _ in texts_of(path, listed):
                values.setdefault(text, []).append((len(text), section, label))
    automaton = ahocorasick.Automaton()
    for text, found in values.items():
        automaton.add_word(text, found)
    automaton.make_automaton()
    return Characters(automaton=automaton)
