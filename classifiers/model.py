"""The fitted model: load, predict, explain. Pure after loading; needs numpy and scipy, not scikit-learn.

One prediction is a sum of sparse products: each TF-IDF block times its weights for all heads at once (relevance, 13
topics, directions, stages). Probabilities of relevance are calibrated to the stream's prevalence; those of topics,
directions and stages hold given that the item is relevant.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers import storing
from classifiers.errors import ModelError
from classifiers.features import BlockVectorizer, Floats, Item, Reading, read
from classifiers.taxonomy import DIRECTIONS, STAGES, TOPICS

__all__ = ["Item", "Model", "Prediction", "Term", "heads", "load"]

_BATCH: Final = 4096  # items turned into rows at a time: bounds memory, costs no speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model thinks of one item; every figure is a probability in [0, 1].

    `topics` are independent of each other, `directions` and `stages` sum to one; all three hold given relevance.
    """

    probability: float
    topics: Mapping[str, float]
    directions: Mapping[str, float]
    stages: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words of an item, or a signal, and how much they moved the log-odds of relevance."""

    text: str
    weight: float


def heads() -> tuple[str, ...]:
    """Return the names of the weight columns in their order."""
    return (
        "relevance",
        *(f"topic:{name}" for name in TOPICS),
        *(f"direction:{name}" for name in DIRECTIONS),
        *(f"stage:{name}" for name in STAGES),
    )


class Model:
    """A fitted model. Thread-safe enough for reading: prediction changes nothing but a memo of word pieces.

    `languages` are the ISO 639-1 codes of what it can read.
    """

    languages: frozenset[str] = frozenset({"en"})

    def __init__(
        self,
        *,
        blocks: Sequence[BlockVectorizer],
        weights: Sequence[Floats],
        intercepts: NDArray[np.float64],
        card: Mapping[str, Any],
    ) -> None:
        self.card = card
        self.version: str = str(card["version"])
        self.threshold: float = float(card["threshold"])
        self.topic_thresholds: Mapping[str, float] = {
            name: float(card["topic_thresholds"].get(name, 0.5)) for name in TOPICS
        }
        self._slope, self._offset = (float(x) for x in card["calibration"])
        self._blocks = tuple(blocks)
        self._weights = tuple(weights)
        self._intercepts = intercepts

    def logits(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        """Return raw log-odds of shape (readings, heads), before calibration."""
        parts = [self._logits(readings[start : start + _BATCH]) for start in range(0, len(readings), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self._intercepts)))

    def probabilities(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """Return the calibrated probabilities of relevance alone, of shape (items,)."""
        return self.calibrated(self.relevance_and_attributes(items)[:, 0])

    def relevance_and_attributes(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """Return raw log-odds of shape (items, heads), for a second opinion to build on."""
        return self.logits([read(item) for item in items])

    def predict(self, items: Sequence[Item]) -> list[Prediction]:
        """Judge a batch; the order is kept, no text raises."""
        return self.predictions(self.relevance_and_attributes(items)) if items else []

    def predictions(self, logits: NDArray[np.float64]) -> list[Prediction]:
        """Turn raw log-odds of shape (items, heads) into calibrated predictions."""
        relevant = self.calibrated(logits[:, 0]).tolist()
        sigmoids = 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))
        first, second = 1 + len(TOPICS), 1 + len(TOPICS) + len(DIRECTIONS)
        topics = sigmoids[:, 1:first].tolist()
        directions = _shares(sigmoids[:, first:second]).tolist()
        stages = _shares(sigmoids[:, second:]).tolist()
        return [
            Prediction(
                probability=p,
                topics=dict(zip(TOPICS, t, strict=True)),
                directions=dict(zip(DIRECTIONS, d, strict=True)),
                stages=dict(zip(STAGES, s, strict=True)),
            )
            for p, t, d, s in zip(relevant, topics, directions, stages, strict=True)
        ]

    def explain(self, item: Item, top: int = 8) -> tuple[Term, ...]:
        """Return the words and signals that moved the relevance of one item most, strongest first.

        The weight of character pieces is credited to the words that they stand in, so that people read words.
        """
        reading = read(item)
        credit: dict[str, float] = {}
        for block, weights in zip(self._blocks, self._weights, strict=True):
            for text, value in block.contributions(reading, weights[:, 0]):
                credit[text] = credit.get(text, 0.0) + value
        ordered = sorted(credit.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
        return tuple(Term(text=text, weight=round(value * self._slope, 4)) for text, value in ordered[:top] if value)

    def _logits(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        total = np.tile(self._intercepts, (len(readings), 1))
        for block, weights in zip(self._blocks, self._weights, strict=True):
            total += block.rows(readings) @ weights
        return total

    def calibrated(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of relevance for raw log-odds of it."""
        scores: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(self._slope * logits + self._offset, -30, 30)))
        return scores

    def save(self, folder: Path) -> Path:
        """Write the model as `<version>.npz` with its sidecar into `folder`; return the path."""
        arrays: dict[str, Any] = {
            "intercepts": self._intercepts,
            "blocks": _as_bytes(json.dumps([{"name": b.name, "weight": b.weight} for b in self._blocks])),
        }
        for block, weights in zip(self._blocks, self._weights, strict=True):
            arrays[f"{block.name}.terms"] = _as_bytes("\n".join(block.terms))
            arrays[f"{block.name}.idf"] = block.idf
            arrays[f"{block.name}.weights"] = weights.astype(np.float16)
        card = {key: value for key, value in self.card.items() if key not in {"version", "format", "sha256", "bytes"}}
        return storing.save(folder, version=self.version, arrays=arrays, card=card)


def load(path: Path | None = None) -> Model:
    """Load a model: the shipped one by default, else a `.npz` file or a folder of versions.

    Raises ModelError, which names file and remedy, where it is missing, damaged or of another format or label set.
    """
    stored = storing.read(path)
    if tuple(stored.card.get("heads", ())) != heads():
        raise ModelError(
            f"{stored.path}: made for another set of labels; train again with `python -m classifiers train`"
        )
    try:
        layout = json.loads(_as_text(stored.arrays["blocks"]))
        blocks = [_block(stored.arrays, part) for part in layout]
        weights = [stored.arrays[f"{part['name']}.weights"].astype(np.float32) for part in layout]
        intercepts = stored.arrays["intercepts"].astype(np.float64)
        model = Model(blocks=blocks, weights=weights, intercepts=intercepts, card=stored.card)
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise ModelError(f"{stored.path}: parts are missing or of the wrong kind ({e}); train again") from e
    if any(w.shape != (len(b.terms), len(heads())) for b, w in zip(blocks, weights, strict=True)):
        raise ModelError(f"{stored.path}: vocabulary and weights differ in length; train again")
    return model


def _block(arrays: Mapping[str, Any], part: Mapping[str, Any]) -> BlockVectorizer:
    name = str(part["name"])
    text = _as_text(arrays[f"{name}.terms"])
    terms = text.split("\n") if text else []
    return BlockVectorizer(name=name, weight=float(part["weight"]), terms=terms, idf=arrays[f"{name}.idf"])


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = values / values.sum(axis=1, keepdims=True)
    return shares


def _as_bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def _as_text(array: NDArray[np.uint8]) -> str:
    return array.tobytes().decode("utf-8")
