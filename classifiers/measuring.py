"""Figures with intervals: average precision, F1, calibration error, precision at a budget, bootstrap. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Measure = Callable[[NDArray[np.int64]], float]
"""Measures the items with the given numbers (a bootstrap sample)."""
RESAMPLES: Final = 1000
_SEED: Final = 20261124


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured value with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def rounded(self) -> dict[str, float]:
        """Return the three numbers with four digits, as they stand in the JSON report."""
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def average_precision(labels: Numbers, scores: Numbers, weights: Numbers | None = None) -> float:
    """Return the area under the precision-recall steps; tied scores enter together. NaN without a positive label."""
    mass = np.ones(len(labels)) if weights is None else weights
    order = np.argsort(-scores, kind="stable")
    sorted_scores, hits = scores[order], np.cumsum((labels * mass)[order])
    seen = np.cumsum(mass[order])
    ends = np.append(np.flatnonzero(np.diff(sorted_scores)), len(order) - 1)
    if not len(order) or hits[-1] <= 0:
        return float("nan")
    steps = np.diff(np.append(0.0, hits[ends]))
    return float(np.sum(steps * hits[ends] / np.maximum(seen[ends], 1e-12)) / hits[-1])


def precision_recall_f1(labels: Numbers, flags: Numbers, weights: Numbers | None = None) -> tuple[float, float, float]:
    """Return precision, recall and F1 of 0/1 flags; 0 where nothing was flagged or nothing was to be found."""
    mass = np.ones(len(labels)) if weights is None else weights
    hit = float(np.sum(labels * flags * mass))
    flagged, positive = float(np.sum(flags * mass)), float(np.sum(labels * mass))
    return (
        hit / flagged if flagged else 0.0,
        hit / positive if positive else 0.0,
        2 * hit / (flagged + positive) if flagged + positive else 0.0,
    )


def calibration_error(labels: Numbers, chances: Numbers, weights: Numbers, bins: int = 15) -> float:
    """Return the expected calibration error over `bins` of equal weighted mass."""
    order = np.argsort(chances, kind="stable")
    mass = weights[order] / weights.sum()
    number = np.minimum((np.cumsum(mass) - mass / 2) * bins, bins - 1).astype(int)
    gap = mass * (labels[order] - chances[order])
    return float(np.sum(np.abs(np.bincount(number, gap, minlength=bins))))


def reliability(labels: Numbers, chances: Numbers, weights: Numbers) -> list[tuple[float, float, float]]:
    """Return (mean forecast, observed share, weighted mass) for ten bands of the forecast that are not empty."""
    band = np.minimum((chances * 10).astype(int), 9)
    rows = []
    for number in range(10):
        inside = band == number
        mass = float(weights[inside].sum())
        if mass > 0:
            forecast, observed = (
                np.average(chances[inside], weights=weights[inside]),
                np.average(labels[inside], weights=weights[inside]),
            )
            rows.append((float(forecast), float(observed), mass))
    return rows


def precision_at_budget(labels: Numbers, scores: Numbers, weights: Numbers, per_thousand: float) -> float:
    """Return the weighted precision of the best-scored items that fill `per_thousand` of the natural stream."""
    order = np.argsort(-scores, kind="stable")
    before = np.cumsum(weights[order]) - weights[order]
    inside = np.clip(weights.sum() * per_thousand / 1000 - before, 0, weights[order])
    return float(np.sum(inside * labels[order]) / inside.sum())


def macro_f1(truth: Sequence[str], guess: Sequence[str], names: Sequence[str]) -> float:
    """Return the mean F1 over `names`, one against the rest; 0 for an empty list."""
    if not names:
        return 0.0
    true, guessed = np.array(truth), np.array(guess)
    return float(
        np.mean([precision_recall_f1((true == n).astype(float), (guessed == n).astype(float))[2] for n in names])
    )


def bootstrap(size: int, measure: Measure, resamples: int = RESAMPLES) -> Figure:
    """Measure all items, then `resamples` samples of `size` drawn with replacement; return value and 95 % interval."""
    random = np.random.default_rng(_SEED)
    if not size:
        return Figure(value=0.0, low=0.0, high=0.0)
    value = measure(np.arange(size))
    draws = np.array([measure(random.integers(0, size, size)) for _ in range(resamples)])
    draws = draws[~np.isnan(draws)]
    if not len(draws):
        return Figure(value=value, low=value, high=value)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Figure(value=value, low=float(low), high=float(high))
