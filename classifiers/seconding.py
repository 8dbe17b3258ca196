"""Fit the second opinion of the accurate profile on sentence vectors. Deterministic; needs scikit-learn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from classifiers.accurate import Encode, Second, text_of
from classifiers.corpus import Example
from classifiers.features import Item
from classifiers.model import Model
from classifiers.training import Numbers, Signals, best_threshold, platt, readings_of

GAMMA: Final = 1.0
PENALTY: Final = 3.0


def teach_second(
    model: Model, examples: Sequence[Example], tuning: Sequence[Example], encode: Encode, signals: Signals | None
) -> Second:
    """Fit the kernel machine on sure examples, and its mix with `model` and the threshold on tuning items.

    Vectors are centred and scaled to a mean length of one, so that the kernel's width means the same for every encoder.
    """
    from sklearn.svm import SVC  # noqa: PLC0415 -- half a second, needed only to train

    known = [e for e in examples if e.relevant is not None]
    raw = encode([_text(e) for e in known])
    centre = raw.mean(axis=0)
    scale = float(np.linalg.norm(raw - centre, axis=1).mean())
    machine = SVC(C=PENALTY, gamma=GAMMA, cache_size=500).fit((raw - centre) / scale, [e.chance for e in known])
    second = Second(
        vectors=machine.support_vectors_.astype(np.float16).astype(np.float32),
        duals=machine.dual_coef_[0].astype(np.float32),
        centre=centre.astype(np.float32),
        scale=scale,
        gamma=GAMMA,
        bias=float(machine.intercept_[0]),
        mix=(1.0, 0.0, 0.0),
        threshold=model.threshold,
    )
    sure = [e for e in tuning if e.relevant is not None]
    logits = model.logits(readings_of(sure, signals))[:, 0]
    values = second.values(encode([_text(e) for e in sure]))
    return _mixed(second, logits, values, sure)


def _mixed(second: Second, logits: Numbers, values: Numbers, sure: Sequence[Example]) -> Second:
    """Give both opinions the same spread, calibrate their sum to the natural stream, choose the threshold by F1."""
    labels = np.array([e.chance for e in sure])
    spread = float(logits.std()), float(values.std())
    slope, offset = platt(logits / spread[0] + values / spread[1], labels, np.array([e.stands_for for e in sure]))
    mixed = replace(second, mix=(slope / spread[0], slope / spread[1], offset))
    return replace(mixed, threshold=best_threshold(mixed.mixed(logits, values), labels))


def _text(example: Example) -> str:
    return text_of(Item(title=example.title, body=example.body))
