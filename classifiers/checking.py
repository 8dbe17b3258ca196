"""Check the corpus as a whole: near duplicates, repeated patterns, counts per label. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from classifiers.corpus import Example
from classifiers.taxonomy import TOPICS

JACCARD_LIMIT: Final = 0.6
"""No two examples may share more of their word 3-shingles than this."""
PATTERN_LIMIT: Final = 3
"""At most this many titles of one sentence pattern."""
MINIMA: Final = {"examples": 3000, "per topic": 150, "easing": 500, "mixed": 120}
"""What the corpus promises; at least 40 % of it are hard negatives besides."""
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"\b[A-Z][\w'’.&-]*(?:\s+(?:of|and|the|de|for)?\s*[A-Z][\w'’.&-]*)*")
_NUMBER = re.compile(r"[\d.,]*\d[\d.,]*%?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with the corpus, and where (`file:line`)."""

    place: str
    text: str

    def __str__(self) -> str:
        """Return `file:line: text`."""
        return f"{self.place}: {self.text}"


def check(examples: Sequence[Example], *, complete: bool = True) -> list[Fault]:
    """Return every fault; `complete` asks for the promised counts as well."""
    faults = [*near_duplicates(examples), *repeated_patterns(examples)]
    return [*faults, *missing(examples)] if complete else faults


def near_duplicates(examples: Sequence[Example], limit: float = JACCARD_LIMIT) -> list[Fault]:
    """Return the pairs above `limit`, found through an index of shingles that few examples share."""
    shingles = [_shingles(f"{e.title} {e.body}") for e in examples]
    holders: defaultdict[str, list[int]] = defaultdict(list)
    faults = []
    for number, own in enumerate(shingles):
        shared = Counter(other for shingle in own for other in holders[shingle])
        for other, common in shared.items():
            union = len(own) + len(shingles[other]) - common
            if union and common / union > limit:
                there = examples[other]
                faults.append(
                    Fault(
                        place=examples[number].place,
                        text=f"{examples[number].id} is a near duplicate ({common / union:.2f}) of {there.id}",
                    )
                )
        for shingle in own:
            holders[shingle].append(number)
    return faults


def repeated_patterns(examples: Sequence[Example], limit: int = PATTERN_LIMIT) -> list[Fault]:
    """Return titles whose pattern (names and numbers blanked) stands more than `limit` times."""
    groups: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        shape = pattern(example.title)
        if shape:
            groups[shape].append(example)
    return [
        Fault(
            place=e.place, text=f"{e.id} repeats the sentence pattern {shape!r} ({len(group)} times, {limit} allowed)"
        )
        for shape, group in groups.items()
        if len(group) > limit
        for e in group[limit:]
    ]


def missing(examples: Sequence[Example]) -> list[Fault]:
    """Return which promised counts the corpus does not reach."""
    tally = counts(examples)
    wanted = [
        ("examples", tally["examples"], MINIMA["examples"]),
        ("easing examples", tally["direction"].get("easing", 0), MINIMA["easing"]),
        ("mixed examples", tally["direction"].get("mixed", 0), MINIMA["mixed"]),
        ("hard negatives", tally["negatives"], -(-2 * tally["examples"] // 5)),
        *((f"examples of {t}", tally["topics"].get(t, 0), MINIMA["per topic"]) for t in TOPICS),
    ]
    return [Fault(place="corpus", text=f"{has} {what}, {want} promised") for what, has, want in wanted if has < want]


def counts(examples: Iterable[Example]) -> dict[str, Any]:
    """Return how many examples carry each label, kind and family, and how long they are."""
    kept = list(examples)
    lengths = Counter("headline" if not e.body else "lede" if len(e.body.split()) < 80 else "full text" for e in kept)
    return {
        "examples": len(kept),
        "relevant": sum(bool(e.relevant) for e in kept),
        "negatives": sum(not e.relevant for e in kept),
        "topics": dict(Counter(t for e in kept for t in e.topics).most_common()),
        "direction": dict(Counter(e.direction for e in kept if e.direction).most_common()),
        "stage": dict(Counter(e.stage for e in kept if e.stage).most_common()),
        "kind": dict(Counter(e.kind for e in kept).most_common()),
        "family": dict(Counter(e.family for e in kept if e.family).most_common()),
        "length": dict(lengths.most_common()),
    }


def pattern(title: str) -> str:
    """Return the title with names and numbers blanked; "" where too little is left to be a pattern."""
    first, _, rest = title.partition(" ")
    shape = _NUMBER.sub("#", _NAME.sub("@", f"{first.capitalize()} {rest}")).casefold()
    return shape if len(_WORD.findall(shape)) >= 3 else ""


def _shingles(text: str) -> frozenset[str]:
    found = _WORD.findall(text.casefold())
    return frozenset(" ".join(found[i : i + 3]) for i in range(max(1, len(found) - 2)))
