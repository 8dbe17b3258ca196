"""The opt-in accurate profile: a sentence encoder gives a second opinion on items that the default is unsure of.

The second opinion is a support vector machine with a Gaussian kernel over sentence vectors; its value is added to the
default's log-odds and calibrated with it. Items that the default finds hopeless keep its probability, so a natural
stream costs few encodings. Needs an encoder package; without it `load_accurate` says what to install.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers import storing
from classifiers.encoder import Encoder
from classifiers.errors import ModelError
from classifiers.features import Item
from classifiers.model import Model, Prediction, Term, load
from classifiers.wording import clean_body, clean_title

Numbers = NDArray[np.float64]
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
VERSION: Final = "accurate"
LEDE: Final = 250
"""Characters of the body that are encoded: the time of the encoder grows with the text, its use does not."""
UNSURE: Final = 0.02
"""Part of the default's threshold from which an item gets a second opinion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """The fitted second opinion: a kernel machine over vectors, and how it mixes with the default.

    `vectors` has shape (support, dimensions), `duals` (support,), `centre` (dimensions,); `mix` holds the factors of
    the default's log-odds, of the machine's value, and the offset.
    """

    vectors: NDArray[np.float32]
    duals: NDArray[np.float32]
    centre: NDArray[np.float32]
    scale: float
    gamma: float
    bias: float
    mix: tuple[float, float, float]
    threshold: float

    def values(self, vectors: NDArray[np.float32]) -> Numbers:
        """Return the machine's decision values for sentence vectors of shape (items, dimensions)."""
        points = (vectors - self.centre) / self.scale
        squares = (
            (points**2).sum(axis=1)[:, None] + (self.vectors**2).sum(axis=1)[None, :] - 2 * points @ self.vectors.T
        )
        result: Numbers = np.exp(-self.gamma * np.maximum(squares, 0)) @ self.duals + self.bias
        return result

    def mixed(self, logits: Numbers, values: Numbers) -> Numbers:
        """Return calibrated probabilities of both opinions together."""
        result: Numbers = 1 / (1 + np.exp(-np.clip(self.mix[0] * logits + self.mix[1] * values + self.mix[2], -30, 30)))
        return result


class Accurate:
    """The default model with a second opinion; the same face as `Model`."""

    def __init__(self, model: Model, second: Second, encode: Encode) -> None:
        self._model, self._second, self._encode = model, second, encode
        self.card = model.card
        self.version = f"{model.version}+{VERSION}"
        self.threshold = second.threshold
        self.topic_thresholds = model.topic_thresholds

    def predict(self, items: Sequence[Item]) -> list[Prediction]:
        """Judge a batch; only unsure items are encoded."""
        first = self._model.predict(items)
        unsure = [i for i, p in enumerate(first) if p.probability >= UNSURE * self._model.threshold]
        if not unsure:
            return first
        values = self._second.values(self._encode([text_of(items[i]) for i in unsure]))
        logits = self._model.relevance_logits([items[i] for i in unsure])
        for i, probability in zip(unsure, self._second.mixed(logits, values).tolist(), strict=True):
            first[i] = replace(first[i], probability=probability)
        return first

    def explain(self, item: Item, top: int = 8) -> tuple[Term, ...]:
        """Return the default's strongest words: the encoder has none to show."""
        return self._model.explain(item, top)


def text_of(item: Item) -> str:
    """Return the text that is encoded: title and the beginning of the body."""
    body = clean_body(item.body)[:LEDE] if item.body else ""
    title = clean_title(item.title)
    return f"{title}. {body}" if body else title


def save_second(folder: Path, second: Second, *, base: str, card: dict[str, Any]) -> Path:
    """Write the second opinion beside the default model `base` that it was fitted to."""
    arrays = {
        "vectors": second.vectors.astype(np.float16),
        "duals": second.duals.astype(np.float32),
        "centre": second.centre.astype(np.float32),
        "numbers": np.array([second.scale, second.gamma, second.bias, *second.mix, second.threshold]),
    }
    return storing.save(folder, version=VERSION, arrays=arrays, card={"base": base, **card})


def load_accurate(folder: Path | None = None, encode: Encode | None = None) -> Accurate:
    """Load the default model of a folder with its second opinion; the shipped ones by default.

    Raises ModelError where a file is missing or damaged, fitted to another default, or the encoder is not installed.
    """
    place = folder or storing.SHIPPED
    model = load(place)
    stored = storing.read(place / f"{VERSION}.npz")
    if stored.card.get("base") != model.version:
        raise ModelError(f"{stored.path}: not fitted to {model.version!r}; train it again")
    try:
        scale, gamma, bias, *mix, threshold = (float(x) for x in stored.arrays["numbers"])
        second = Second(
            vectors=stored.arrays["vectors"].astype(np.float32),
            duals=stored.arrays["duals"].astype(np.float32),
            centre=stored.arrays["centre"].astype(np.float32),
            scale=scale,
            gamma=gamma,
            bias=bias,
            mix=(mix[0], mix[1], mix[2]),
            threshold=threshold,
        )
    except (KeyError, ValueError, IndexError) as e:
        raise ModelError(f"{stored.path}: parts are missing ({e}); train it again") from e
    return Accurate(model, second, encode or Encoder(str(stored.card.get("encoder"))))
