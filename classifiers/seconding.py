"""Fit a second opinion on sentence vectors. Deterministic; needs scikit-learn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from classifiers.corpus import Example
from classifiers.encoder import QUICK
from classifiers.features import Item
from classifiers.model import Model
from classifiers.second import BANDS, LEDES, Encode, Second, text_of
from classifiers.training import Numbers, Signals, best_threshold, platt, readings_of

GAMMA: Final = 1.0
PENALTY: Final = 3.0
SHARE: Final = 0.75
"""Weight of the machine's value beside the first model's log-odds, both brought to the same spread.

Best of 0.5, 0.75 and 1 by average precision on publishers and on times that neither part had seen (a near tie)."""


def teach_second(
    model: Model,
    examples: Sequence[Example],
    tuning: Sequence[Example],
    encode: Encode,
    signals: Signals | None,
    *,
    name: str = QUICK,
) -> Second:
    """Fit the kernel machine on sure examples, and its mix with `model` and the threshold on tuning items.

    Vectors are centred and scaled to a mean length of one, so that the kernel's width means the same for every encoder.
    """
    from sklearn.svm import SVC  # noqa: PLC0415 -- half a second, needed only to train

    known = [e for e in examples if e.relevant is not None]
    raw = encode([_text(e, name) for e in known])
    centre = raw.mean(axis=0)
    scale = float(np.linalg.norm(raw - centre, axis=1).mean())
    machine = SVC(C=PENALTY, gamma=GAMMA, cache_size=500).fit((raw - centre) / scale, [e.chance for e in known])
    low, high = BANDS[name]
    second = Second(
        vectors=machine.support_vectors_.astype(np.float16).astype(np.float32),
        duals=machine.dual_coef_[0].astype(np.float32),
        centre=centre.astype(np.float32),
        scale=scale,
        gamma=GAMMA,
        bias=float(machine.intercept_[0]),
        mix=(1.0, 0.0, 0.0),
        alone=(1.0, 0.0),
        band=(low * model.threshold, high),
        threshold=model.threshold,
    )
    sure = [e for e in tuning if e.relevant is not None]
    logits = model.logits(readings_of(sure, signals))[:, 0]
    return _mixed(second, model, logits, second.values(encode([_text(e, name) for e in sure])), sure)


def _mixed(second: Second, model: Model, logits: Numbers, values: Numbers, sure: Sequence[Example]) -> Second:
    """Calibrate the sum of both opinions, and the machine alone, to the natural stream; choose the threshold by F1.

    The threshold is chosen on what users get: both opinions inside the band, the first model outside.
    """
    labels, weights = np.array([e.chance for e in sure]), np.array([e.stands_for for e in sure])
    spread = float(logits.std()), float(values.std()) / SHARE
    slope, offset = platt(logits / spread[0] + values / spread[1], labels, weights)
    mixed = replace(second, mix=(slope / spread[0], slope / spread[1], offset), alone=platt(values, labels, weights))
    first = model.calibrated(logits)
    served = np.where(mixed.asked(first), mixed.mixed(logits, values), first)
    return replace(mixed, threshold=best_threshold(served, labels))


def _text(example: Example, name: str) -> str:
    return text_of(Item(title=example.title, body=example.body), LEDES[name])
