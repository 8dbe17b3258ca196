"""Fit the model: TF-IDF blocks, one logistic regression per head, out-of-fold thresholds, calibration. Deterministic.

Everything random has a fixed seed, so the same examples give the same file. scikit-learn is needed here and only here.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers.corpus import Example
from classifiers.features import BLOCKS, Block, BlockVectorizer, Item, Reading, fit_block, read
from classifiers.model import Model, heads
from classifiers.taxonomy import DIRECTIONS, STAGES, TOPICS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Signals = Callable[[str, str], tuple[str, ...]]
"""Draws tokens from (title, body); injected, because this package knows no rules."""
Numbers = NDArray[np.float64]
NATURAL_PREVALENCE: Final = 0.012
"""Share of relevant items in an unsampled news stream, by the weights of the development items."""
FOLDS: Final = 5
PARTS: Final = frozenset({"relevance", "topic", "direction", "stage"})
"""The kinds of heads."""
_SEED: Final = 20261124


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to fit; the defaults were compared on the development news (`docs/model-card.md`)."""

    blocks: tuple[Block, ...] = BLOCKS
    relevance_c: float = 8.0
    attribute_c: float = 8.0
    own_weight: float = 0.2
    doubtful_weight: float = 0.6
    taught_weight: float = 0.5
    prevalence: float = NATURAL_PREVALENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Blocks and weights before thresholds and calibration are known."""

    blocks: tuple[BlockVectorizer, ...]
    weights: Numbers
    intercepts: Numbers
    widths: tuple[int, ...] = field(default=())

    def logits(self, readings: Sequence[Reading]) -> Numbers:
        """Return log-odds of shape (readings, heads)."""
        result: Numbers = np.asarray(stack(self.blocks, readings) @ self.weights) + self.intercepts
        return result


def readings_of(examples: Sequence[Example], signals: Signals | None = None) -> list[Reading]:
    """Read the texts of examples once; `signals` adds the tokens of an outside reader."""
    return [
        read(Item(title=e.title, body=e.body, signals=signals(e.title, e.body) if signals else ())) for e in examples
    ]


def stack(blocks: Sequence[BlockVectorizer], readings: Sequence[Reading]) -> "csr_matrix":
    """Return all blocks side by side as one sparse matrix."""
    from scipy.sparse import hstack  # noqa: PLC0415 -- loaded only where rows are made

    return hstack([block.rows(readings) for block in blocks], format="csr")


def fit(
    examples: Sequence[Example], readings: Sequence[Reading], settings: Settings, *, parts: frozenset[str] = PARTS
) -> Fitted:
    """Fit blocks and heads on all examples; the columns of heads outside `parts` stay zero."""
    used = [block for block in settings.blocks if block.name != "signal" or any(r.signals for r in readings)]
    blocks = tuple(fit_block(block, readings) for block in used)
    matrix = stack(blocks, readings)
    nothing = (np.zeros(matrix.shape[1]), 0.0)
    columns = [_relevance(examples, matrix, settings) if "relevance" in parts else nothing]
    columns += _attributes(examples, matrix, settings, parts)
    return Fitted(
        blocks=blocks,
        weights=np.stack([weights for weights, _ in columns], axis=1),
        intercepts=np.array([intercept for _, intercept in columns]),
        widths=tuple(len(block.terms) for block in blocks),
    )


def finish(fitted: Fitted, *, version: str, card: dict[str, Any]) -> Model:
    """Make the model of fitted weights; `card` must hold `threshold`, `topic_thresholds` and `calibration`."""
    edges = np.cumsum([0, *fitted.widths])
    parts = [
        fitted.weights[start:end].astype(np.float16).astype(np.float32) for start, end in itertools.pairwise(edges)
    ]
    whole = {"heads": list(heads()), **card, "version": version}
    return Model(blocks=fitted.blocks, weights=parts, intercepts=fitted.intercepts, card=whole)


def out_of_fold(
    examples: Sequence[Example], readings: Sequence[Reading], settings: Settings, parts: frozenset[str] = PARTS
) -> Numbers:
    """Return log-odds of shape (examples, heads), each from a model that saw no item of the same publisher.

    Own examples have one publisher but no copies of each other, so they are spread over the folds by their number.
    """
    folds = np.array([fold_of(e, i) for i, e in enumerate(examples)])
    result = np.zeros((len(examples), len(heads())))
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        if outside:
            part = fit([examples[i] for i in inside], [readings[i] for i in inside], settings, parts=parts)
            result[outside] = part.logits([readings[i] for i in outside])
    return result


def fold_of(example: Example, number: int) -> int:
    """Return the fold of an example: by publisher, own examples by their number."""
    if example.group in {"own", "taught"}:
        return number % FOLDS
    return sum((i + 1) * byte for i, byte in enumerate(example.group.encode())) % FOLDS


def prior_shift(share: float, prevalence: float) -> float:
    """Return what to add to log-odds fitted at `share` positives so that they hold at `prevalence`.

    The standard correction ln(p/(1-p)) - ln(s/(1-s)), after Saerens et al. 2002.
    """
    return math.log(prevalence / (1 - prevalence)) - math.log(share / (1 - share))


def platt(logits: Numbers, labels: Numbers, weights: Numbers) -> tuple[float, float]:
    """Fit slope and offset of a sigmoid over log-odds (Platt scaling), by weighted likelihood.

    The slope stays positive: calibration may not turn a model's answers round.
    """
    line = _regression(c=1e4).fit(logits.reshape(-1, 1), labels, sample_weight=weights / weights.mean())
    return max(float(line.coef_[0, 0]), 0.05), float(line.intercept_[0])


def best_threshold(scores: Numbers, labels: Numbers) -> float:
    """Return the cut that maximises F1, as the middle between two neighbouring scores."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + labels.sum())
    best = int(np.argmax(f1))
    lower = scores[order[best + 1]] if best + 1 < len(order) else 0.0
    return float((scores[order[best]] + lower) / 2)


def f1_at(scores: Numbers, labels: Numbers, cut: float) -> float:
    """Return the F1 of flagging every score from `cut` on."""
    flags = scores >= cut
    return float(2 * labels[flags].sum() / max(flags.sum() + labels.sum(), 1))


def _relevance(examples: Sequence[Example], matrix: Any, settings: Settings) -> tuple[Numbers, float]:
    """Fit relevance; an item without a sure label teaches both answers, each by its chance.

    A column that marks our own examples takes up what only tells them from real news (their share of positives, our
    style) and is dropped afterwards, so that it teaches nothing about news.
    """
    from scipy.sparse import csr_matrix, hstack, vstack  # noqa: PLC0415

    own = np.array([float(e.group == "own") for e in examples])
    weights = np.array([_weight(e, settings) for e in examples])
    chances = np.array([e.chance for e in examples])
    marked = hstack([matrix, csr_matrix(own[:, None])], format="csr") if 0 < own.sum() < len(own) else matrix
    torn = np.flatnonzero((chances > 0) & (chances < 1))
    whole = np.flatnonzero((chances == 0) | (chances == 1))
    rows = vstack([marked[whole], marked[torn], marked[torn]], format="csr")
    labels = np.concatenate([chances[whole], np.ones(len(torn)), np.zeros(len(torn))])
    shares = np.concatenate([weights[whole], weights[torn] * chances[torn], weights[torn] * (1 - chances[torn])])
    coefficients, intercept = _weights(rows, labels, shares, settings.relevance_c)
    return coefficients[: matrix.shape[1]], intercept


def _weight(example: Example, settings: Settings) -> float:
    if example.group == "own":
        return settings.own_weight
    if example.group == "taught":
        return settings.taught_weight
    return 1.0 if example.relevant is not None else settings.doubtful_weight


def _attributes(
    examples: Sequence[Example], matrix: Any, settings: Settings, parts: frozenset[str]
) -> list[tuple[Numbers, float]]:
    """Fit topics, directions and stages one against the rest, on relevant and doubtful items."""
    rows = np.array([i for i, e in enumerate(examples) if e.relevant is not False and e.topics], dtype=np.int64)
    kept = [examples[i] for i in rows]
    targets = [
        *(("topic", [t in e.topics for e in kept]) for t in TOPICS),
        *(("direction", [e.direction == d for e in kept]) for d in DIRECTIONS),
        *(("stage", [e.stage == s for e in kept]) for s in STAGES),
    ]
    weights = np.array([_weight(e, settings) for e in kept])
    part = matrix[rows]
    return [
        _weights(part, np.array(target, dtype=float), weights, settings.attribute_c)
        if kind in parts
        else (np.zeros(matrix.shape[1]), 0.0)
        for kind, target in targets
    ]


def _weights(matrix: Any, labels: Numbers, weights: Numbers, c: float) -> tuple[Numbers, float]:
    if labels.min() == labels.max():  # no example of this label: a constant that says so
        return np.zeros(matrix.shape[1]), -8.0 if labels.max() == 0 else 8.0
    fitted = _regression(c=c).fit(matrix, labels, sample_weight=weights)
    return fitted.coef_[0].astype(np.float64), float(fitted.intercept_[0])


def _regression(*, c: float) -> Any:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- half a second, needed only to train

    return LogisticRegression(C=c, solver="liblinear", random_state=_SEED, max_iter=300)
