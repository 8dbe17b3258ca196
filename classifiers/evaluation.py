"""Measure verdicts against labels: relevance, topics, direction, stage, calibration, budgets, baselines. Pure.

The report is the JSON of `python -m classifiers evaluate`: each figure with a 95 % bootstrap interval. Items that
experts would split over (`?`) are left out of every score. `natural` weighs each item by how many it stands for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from classifiers.corpus import Example
from classifiers.measuring import (
    RESAMPLES,
    Figure,
    Measure,
    Numbers,
    average_precision,
    bootstrap,
    calibration_error,
    macro_f1,
    precision_at_budget,
    precision_recall_f1,
)
from classifiers.taxonomy import DIRECTIONS, STAGES, TOPICS

ENOUGH: Final = 15
"""Items that a topic or stage needs before it enters a macro average."""
BUDGETS: Final = (2.5, 5.0, 10.0)
"""Alerts per thousand items of the natural stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One system's answer for one item."""

    probability: float
    flagged: bool
    topics: frozenset[str] = frozenset()
    direction: str = "unclear"
    stage: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A baseline: its score and its yes or no for each item, in the order of the examples."""

    scores: Numbers
    flags: Numbers


def evaluate(
    examples: Sequence[Example],
    verdicts: Sequence[Verdict],
    *,
    threshold: float,
    baselines: Mapping[str, Scored],
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Return the report for one system on labelled items.

    `baselines` hold scores for the same items in the same order. Raises ValueError where lengths differ.
    """
    pairs = [(e, v) for e, v in zip(examples, verdicts, strict=True) if e.relevant is not None]
    sure = np.array([e.relevant is not None for e in examples], dtype=bool)
    labels = np.array([float(bool(e.relevant)) for e, _ in pairs])
    chances = np.array([v.probability for _, v in pairs])
    flags = np.array([float(v.flagged) for _, v in pairs])
    weights = np.array([e.stands_for for e, _ in pairs])
    if not len(weights) or weights.sum() <= 0:
        weights = np.ones(len(pairs))
    kept = {name: Scored(scores=b.scores[sure], flags=b.flags[sure]) for name, b in baselines.items()}
    found = [(e, v) for e, v in pairs if e.relevant]
    return {
        "n": len(pairs),
        "positives": int(labels.sum()),
        "relevance": _relevance(labels, chances, flags, resamples) | {"threshold": threshold},
        "natural": _natural(labels, chances, flags, weights, resamples),
        "topics": _topics(found, resamples),
        "direction": _direction(found, resamples),
        "stage": _stage(found, resamples),
        "families": _families(pairs),
        "baselines": {name: _against(labels, chances, flags, b, resamples) for name, b in kept.items()},
    }


def relevance(examples: Sequence[Example], verdicts: Sequence[Verdict], resamples: int = RESAMPLES) -> dict[str, Any]:
    """Return only precision, recall and F1 of the flags, to report another decision beside the shipped one."""
    pairs = [(e, v) for e, v in zip(examples, verdicts, strict=True) if e.relevant is not None]
    labels = np.array([float(bool(e.relevant)) for e, _ in pairs])
    flags = np.array([float(v.flagged) for _, v in pairs])
    figures = _relevance(labels, np.array([v.probability for _, v in pairs]), flags, resamples)
    return {key: figure for key, figure in figures.items() if key != "average_precision"}


def attributes(examples: Sequence[Example], verdicts: Sequence[Verdict], resamples: int = RESAMPLES) -> dict[str, Any]:
    """Return only the direction and stage figures, to report the model and the rules alone beside their combination."""
    found = [(e, v) for e, v in zip(examples, verdicts, strict=True) if e.relevant]
    return {"direction": _direction(found, resamples), "stage": _stage(found, resamples)}


def _relevance(labels: Numbers, chances: Numbers, flags: Numbers, resamples: int) -> dict[str, Any]:
    size = len(labels)

    def figure(measure: Measure) -> dict[str, float]:
        return bootstrap(size, measure, resamples).rounded()

    return {
        "average_precision": figure(lambda i: average_precision(labels[i], chances[i])),
        "precision": figure(lambda i: precision_recall_f1(labels[i], flags[i])[0]),
        "recall": figure(lambda i: precision_recall_f1(labels[i], flags[i])[1]),
        "f1": figure(lambda i: precision_recall_f1(labels[i], flags[i])[2]),
    }


def _natural(labels: Numbers, chances: Numbers, flags: Numbers, weights: Numbers, resamples: int) -> dict[str, Any]:
    size = len(labels)

    def figure(measure: Any) -> dict[str, float]:
        return bootstrap(size, measure, resamples).rounded()

    report: dict[str, Any] = {
        "prevalence": round(float(np.average(labels, weights=weights)), 5) if size else 0.0,
        "precision": figure(lambda i: precision_recall_f1(labels[i], flags[i], weights[i])[0]),
        "recall": figure(lambda i: precision_recall_f1(labels[i], flags[i], weights[i])[1]),
        "ece": figure(
            lambda i: calibration_error(labels[i], chances[i], weights[i]) if weights[i].sum() else float("nan")
        ),
        "brier": figure(lambda i: _mean((chances[i] - labels[i]) ** 2, weights[i])),
        "brier_never": round(float(np.average(labels, weights=weights)), 5) if size else 0.0,
    }
    report["precision_at_budget"] = {
        f"{budget:g} per thousand": figure(
            lambda i, b=budget: precision_at_budget(labels[i], chances[i], weights[i], b)
        )
        for budget in BUDGETS
    }
    return report


def _topics(found: Sequence[tuple[Example, Verdict]], resamples: int) -> dict[str, Any]:
    truth = np.array([[float(t in e.topics) for t in TOPICS] for e, _ in found]).reshape(-1, len(TOPICS))
    guess = np.array([[float(t in v.topics) for t in TOPICS] for _, v in found]).reshape(-1, len(TOPICS))
    counts = truth.sum(axis=0)
    enough = np.flatnonzero(counts >= ENOUGH) if (counts >= ENOUGH).any() else np.flatnonzero(counts > 0)
    per_topic = {}
    for number, name in enumerate(TOPICS):
        precision, recall, f1 = precision_recall_f1(truth[:, number], guess[:, number])
        per_topic[name] = {
            "n": int(counts[number]),
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(f1, 4),
        }

    def macro(i: Any) -> float:
        return (
            float(np.mean([precision_recall_f1(truth[i, t], guess[i, t])[2] for t in enough])) if len(enough) else 0.0
        )

    return {
        "macro_f1": bootstrap(len(found), macro, resamples).rounded(),
        "counted": [list(TOPICS)[t] for t in enough],
        "per_topic": per_topic,
    }


def _direction(found: Sequence[tuple[Example, Verdict]], resamples: int) -> dict[str, Any]:
    """Score clear cases (labelled tightening or easing); mixed ones are reported beside them."""
    clear = [(e.direction, v.direction) for e, v in found if e.direction in {"tightening", "easing"}]
    truth, guess = np.array([t for t, _ in clear], dtype=object), np.array([g for _, g in clear], dtype=object)
    told = (guess != "unclear").astype(float)
    right = (truth == guess).astype(float)
    easing = (truth == "easing").astype(float)
    wide = [(e.direction, v.direction) for e, v in found if e.direction in DIRECTIONS[:3]]
    told_wide = [(t, g) for t, g in wide if g != "unclear"]
    return {
        "n": len(clear),
        "accuracy": bootstrap(len(clear), lambda i: _ratio(right[i], told[i]), resamples).rounded(),
        "coverage": bootstrap(len(clear), lambda i: float(told[i].mean()) if len(i) else 0.0, resamples).rounded(),
        "easing_recall": bootstrap(len(clear), lambda i: _ratio(right[i] * easing[i], easing[i]), resamples).rounded(),
        "macro_f1": round(macro_f1([t for t, _ in clear], [g for _, g in clear], ("tightening", "easing")), 4),
        "with_mixed": {
            "n": len(wide),
            "accuracy": round(sum(t == g for t, g in told_wide) / len(told_wide), 4) if told_wide else 0.0,
            "macro_f1": round(macro_f1([t for t, _ in wide], [g for _, g in wide], DIRECTIONS[:3]), 4),
        },
    }


def _stage(found: Sequence[tuple[Example, Verdict]], resamples: int) -> dict[str, Any]:
    pairs = [(e.stage, v.stage) for e, v in found if e.stage]
    truth, guess = [t for t, _ in pairs], [g for _, g in pairs]
    counts = {name: truth.count(name) for name in STAGES}
    names = [n for n in STAGES if counts[n] >= ENOUGH] or [n for n in STAGES if counts[n]]
    figure = bootstrap(
        len(pairs), lambda i: macro_f1([truth[j] for j in i], [guess[j] for j in i], names), min(resamples, 300)
    )
    return {
        "n": len(pairs),
        "macro_f1": figure.rounded(),
        "accuracy": round(sum(t == g for t, g in pairs) / len(pairs), 4) if pairs else 0.0,
        "counted": names,
        "per_stage": {n: {"n": counts[n], "f1": round(macro_f1(truth, guess, [n]), 4)} for n in STAGES if counts[n]},
    }


def _families(pairs: Sequence[tuple[Example, Verdict]]) -> dict[str, Any]:
    """Return the false-positive rate per family of hard negatives, where the items carry one."""
    groups: dict[str, list[bool]] = {}
    for example, verdict in pairs:
        if example.family and not example.relevant:
            groups.setdefault(example.family, []).append(verdict.flagged)
    return {name: {"n": len(f), "false_positive_rate": round(sum(f) / len(f), 4)} for name, f in sorted(groups.items())}


def _against(labels: Numbers, chances: Numbers, flags: Numbers, baseline: Scored, resamples: int) -> dict[str, Any]:
    """Score a baseline, and the paired difference of ours to it; `beaten` where both intervals exclude zero."""
    size = len(labels)

    def gain_ap(i: Any) -> float:
        return average_precision(labels[i], chances[i]) - average_precision(labels[i], baseline.scores[i])

    def gain_f1(i: Any) -> float:
        return precision_recall_f1(labels[i], flags[i])[2] - precision_recall_f1(labels[i], baseline.flags[i])[2]

    more_ap, more_f1 = bootstrap(size, gain_ap, resamples), bootstrap(size, gain_f1, resamples)
    own_ap: Figure = bootstrap(size, lambda i: average_precision(labels[i], baseline.scores[i]), resamples)
    own_f1 = bootstrap(size, lambda i: precision_recall_f1(labels[i], baseline.flags[i])[2], resamples)
    return {
        "average_precision": own_ap.rounded(),
        "f1": own_f1.rounded(),
        "we_gain": {"average_precision": more_ap.rounded(), "f1": more_f1.rounded()},
        "beaten": bool(more_ap.low > 0 and more_f1.low > 0),
    }


def _mean(values: Numbers, weights: Numbers) -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total else float("nan")


def _ratio(part: Numbers, whole: Numbers) -> float:
    total = float(whole.sum())
    return float((part * whole).sum()) / total if total else 0.0
