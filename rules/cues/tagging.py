"""Tags: topics, stages and vetoes as word lists in one trie, one bit per list; pure after loading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.cues.inflecting import expand
from rules.gazetteers import Trie, mapping_of, place_of, read_yaml, texts_of
from rules.vocabulary import TOPICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# "proposal_firm" are cues that outweigh those of a rumour: "bill that could ban".
STAGES = (
    "reversed",
    "suspended",
    "expired",
    "enforcement",
    "in_force",
    "announced",
    "proposal_firm",
    "proposal",
    "rumour",
)


@dataclass(slots=True)
class Tag:
    """The lists a phrase stands in, one bit each."""

    mask: int = 0


@dataclass(frozen=True, slots=True)
class TopicRule:
    """A topic voted for when every list of ``need`` and none of ``never`` has a word in the sentence."""

    topic: str
    need: tuple[int, ...]
    never: int
    weight: float

    def holds(self, mask: int) -> bool:
        """Tell whether a sentence with these tags votes for the topic."""
        for bit in self.need:  # a loop, as this runs for each rule and sentence
            if not mask & bit:
                return False
        return not mask & self.never


@dataclass(frozen=True, slots=True)
class Tagger:
    """The compiled lists: one trie, the bits by list name, and the topic rules."""

    trie: Trie[Tag]
    bits: Mapping[str, int]
    rules: tuple[TopicRule, ...]
    vetoes: tuple[tuple[str, int], ...]
    stages: tuple[tuple[str, int], ...]

    def mask(self, keys: Sequence[str]) -> int:
        """Return the lists that have a phrase among these tokens."""
        mask, trie = 0, self.trie
        root = trie.root
        for index, key in enumerate(keys):
            if key in root:
                for _, tag in trie.every(keys, index):
                    mask |= tag.mask
        return mask

    def stage_bits(self, stage: str) -> int:
        """Return the tags that speak for a stage; both lists of proposals speak for "proposal"."""
        return sum(bit for name, bit in self.stages if name in {stage, f"{stage}_firm"})

    def first(self, keys: Sequence[str], bits: int) -> tuple[int, int]:
        """Return the token range of the first phrase that has one of these tags. Raises ValueError when none has."""
        for index, key in enumerate(keys):
            if key in self.trie.root:
                for end, tag in self.trie.every(keys, index):
                    if tag.mask & bits:
                        return index, end
        raise ValueError("no phrase with these tags")


def load_tagger(folder: Path, irregular: Mapping[str, Sequence[str]]) -> Tagger:
    """Compile topics.yaml, stages.yaml and vetoes.yaml. Raises GazetteerError with file and line."""
    trie: Trie[Tag] = Trie()
    bits: dict[str, int] = {}
    for prefix, name in (("", "topics"), ("stage:", "stages"), ("veto:", "vetoes")):
        path = folder / f"{name}.yaml"
        fields = mapping_of(path, read_yaml(path))
        lists = mapping_of(path, fields["tags"]) if name == "topics" else fields
        for label, node in lists.items():
            if name == "stages" and label not in STAGES:
                raise place_of(path, node).error(f"unknown stage {label!r}; known are {', '.join(STAGES)}")
            bit = bits.setdefault(prefix + label, 1 << len(bits))
            for phrase, _ in texts_of(path, node):
                for form in expand(phrase, irregular):
                    trie.add(form, Tag()).mask |= bit
    return Tagger(
        trie=trie,
        bits=bits,
        rules=_rules(folder / "topics.yaml", bits),
        vetoes=tuple((name[5:], bit) for name, bit in bits.items() if name.startswith("veto:")),
        stages=tuple((stage, bits.get("stage:" + stage, 0)) for stage in STAGES),
    )


def _rules(path: Path, bits: Mapping[str, int]) -> tuple[TopicRule, ...]:
    found = []
    for node in mapping_of(path, read_yaml(path))["topics"].value:
        place, fields = place_of(path, node), mapping_of(path, node)
        topic = fields["topic"].value if "topic" in fields else ""
        if topic not in TOPICS:
            raise place.error(f"unknown topic {topic!r}; known are {', '.join(TOPICS)}")
        lists = {key: texts_of(path, fields[key]) for key in ("all", "none") if key in fields}
        for text, where in (item for listed in lists.values() for item in listed):
            if text not in bits:
                raise where.error(f"no list of tags is called {text!r}")
        if not lists.get("all"):
            raise place.error("the rule lacks 'all', the lists that must meet")
        never = 0
        for text, _ in lists.get("none", []):
            never |= bits[text]
        weight = float(fields["weight"].value) if "weight" in fields else 1.0
        found.append(TopicRule(topic, tuple(bits[text] for text, _ in lists["all"]), never, weight))
    return tuple(found)
