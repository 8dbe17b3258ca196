"""The steps behind the command: teach a model from files, judge labelled items, time the model. Prints nothing."""

import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from classifiers import corpus, training
from classifiers.combining import combine_direction, combine_stage
from classifiers.corpus import Example
from classifiers.evaluation import Verdict
from classifiers.features import Reading
from classifiers.feedback import examples_of
from classifiers.model import Item, Model, Prediction, heads
from classifiers.second import Detector
from classifiers.taxonomy import TOPICS
from classifiers.training import Numbers, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a word-for-word reader says of one text: tokens for the model, and its own direction and stage.

    `lean` is its signed sum of votes (positive tightens); "" stands for no direction and no stage.
    """

    signals: tuple[str, ...] = ()
    direction: str = ""
    lean: float = 0.0
    stage: str = ""
    topics: tuple[str, ...] = ()


Reader = Callable[[str, str], Outside]
"""Reads (title, body); the command edge makes one of `rules.cues`."""
SPEED_BATCH: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a model is taught from: examples, what the tuning items are, and where it all came from."""

    examples: Sequence[Example]
    tuning: Sequence[Example] = ()
    sources: Mapping[str, Any] = field(default_factory=dict)


def lesson(
    *,
    external: Path | None = None,
    tuning: Path | None = None,
    pool: Path | None = None,
    feedback: Path | None = None,
    folder: Path = corpus.FOLDER,
) -> Lesson:
    """Gather the corpus, an external labelled file, tuning items, a pool with teacher labels, and thumbs from use."""
    extra = examples_of(feedback) if feedback else []
    taught = corpus.load_taught(pool) if pool else []
    own = corpus.load(folder)
    other = corpus.load_news(external) if external else []
    held = corpus.load_news(tuning) if tuning else []
    sources = {
        "own": {"examples": len(own), "sha256": _folder_hash(folder)},
        "external": {"examples": len(other), "sha256": _file_hash(external)} if external else None,
        "tuning": {"examples": len(held), "sha256": _file_hash(tuning)} if tuning else None,
        "pool": {"examples": len(taught), "sha256": _file_hash(pool)} if pool else None,
        "feedback": {"examples": len(extra)} if feedback else None,
    }
    return Lesson(examples=[*own, *other, *taught, *extra], tuning=held, sources=sources)


def teach(
    what: Lesson, *, now: datetime, signals: training.Signals | None = None, settings: Settings | None = None
) -> Model:
    """Fit, choose thresholds, calibrate; return the finished model. The same lesson gives the same weights.

    Topic thresholds come from out-of-fold predictions. Calibration and the relevance threshold come from the tuning
    items, weighted to the natural stream, or where there are none from out-of-fold predictions with the prior shifted.
    """
    import scipy  # noqa: PLC0415 -- only for its version
    import sklearn  # noqa: PLC0415

    chosen = settings or Settings()
    readings = training.readings_of(what.examples, signals)
    outside = _topics_out_of_fold(what.examples, readings, chosen)
    fitted = training.fit(what.examples, readings, chosen)
    if what.tuning:
        logits = fitted.logits(training.readings_of(what.tuning, signals))[:, 0]
        calibration, threshold = _tuned(what.tuning, logits)
    else:
        relevance = training.out_of_fold(what.examples, readings, chosen, frozenset({"relevance"}))
        calibration, threshold = _untuned(what.examples, relevance[:, 0], chosen)
    card: dict[str, Any] = {
        "trained_at": now.isoformat(timespec="seconds"),
        "threshold": threshold,
        "calibration": list(calibration),
        "topic_thresholds": _topic_thresholds(what.examples, outside),
        "signals": signals is not None,
        "sources": what.sources,
        "made_with": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__},
    }
    digest = hashlib.sha256(np.round(fitted.weights, 5).tobytes()).hexdigest()[:8]
    return training.finish(fitted, version=f"{now:%Y.%m.%d}-{digest}", card=card)


def judge(model: Detector, examples: Sequence[Example], reader: Reader | None = None) -> list[Verdict]:
    """Return the verdicts of model and reader together (the shipped system), or of the model alone without a reader."""
    outside = [reader(e.title, e.body) if reader else Outside() for e in examples]
    predictions = model.predict(
        [Item(title=e.title, body=e.body, signals=o.signals) for e, o in zip(examples, outside, strict=True)]
    )
    return [verdict(model, p, o) for p, o in zip(predictions, outside, strict=True)]


def verdict(model: Detector, prediction: Prediction, outside: Outside) -> Verdict:
    """Turn one prediction and one outside reading into a verdict."""
    return Verdict(
        probability=prediction.probability,
        flagged=prediction.probability >= model.threshold,
        topics=frozenset(topics_of(model, prediction)),
        direction=combine_direction(prediction.directions, outside.lean, mixed=outside.direction == "mixed"),
        stage=combine_stage(prediction.stages, outside.stage),
    )


def topics_of(model: Detector, prediction: Prediction) -> list[str]:
    """Return the topics above their thresholds, the likeliest first; the best one where none is above."""
    ranked = sorted(prediction.topics, key=lambda t: (-prediction.topics[t], t))
    return [t for t in ranked if prediction.topics[t] >= model.topic_thresholds[t]][:3] or ranked[:1]


def rules_alone(examples: Sequence[Example], reader: Reader) -> list[Verdict]:
    """Return the verdicts of the reader without the model: flagged where it names a topic."""
    readings = [reader(e.title, e.body) for e in examples]
    return [
        Verdict(
            probability=float(bool(o.topics)),
            flagged=bool(o.topics),
            topics=frozenset(o.topics),
            direction=o.direction or "unclear",
            stage=o.stage or "none",
        )
        for o in readings
    ]


def items_per_second(model: Detector, examples: Sequence[Example], reader: Reader | None = None) -> float:
    """Time one batch of at least `SPEED_BATCH` items through `predict`, per second of one core; signals are at hand.

    The best of three by the process's own CPU time, so that what else the machine does counts as little as may be.
    """
    if not examples:
        return 0.0
    some = [
        Item(title=e.title, body=e.body, signals=reader(e.title, e.body).signals if reader else ()) for e in examples
    ]
    batch = (some * (SPEED_BATCH // len(some) + 1))[: max(SPEED_BATCH, len(some))]
    model.predict(batch[:100])
    best = math.inf
    for _ in range(3):
        start = time.process_time()
        model.predict(batch)
        best = min(best, time.process_time() - start)
    return len(batch) / max(best, 1e-9)


def without_text(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Return ids and labels only: what the repository may keep of external items."""
    mark = {True: "1", False: "0", None: "?"}
    return [
        {
            "id": e.id,
            "origin": e.origin,
            "relevant": mark[e.relevant],
            "topics": list(e.topics),
            "direction": e.direction or "-",
            "stage": e.stage or "-",
        }
        for e in examples
    ]


def _tuned(tuning: Sequence[Example], logits: Numbers) -> tuple[tuple[float, float], float]:
    sure = np.array([e.relevant is not None for e in tuning])
    labels = np.array([float(bool(e.relevant)) for e in tuning])[sure]
    weights = np.array([e.stands_for for e in tuning])[sure]
    slope, offset = training.platt(logits[sure], labels, weights)
    cut = training.best_threshold(logits[sure], labels)
    return (slope, offset), _sigmoid(slope * cut + offset)


def _untuned(examples: Sequence[Example], logits: Numbers, settings: Settings) -> tuple[tuple[float, float], float]:
    sure = np.array([e.relevant is not None for e in examples])
    labels = np.array([float(bool(e.relevant)) for e in examples])[sure]
    slope, offset = training.platt(logits[sure], labels, np.ones(len(labels)))
    offset += training.prior_shift(float(labels.mean()), settings.prevalence)
    cut = training.best_threshold(logits[sure], labels)
    return (slope, offset), _sigmoid(slope * cut + offset)


def _topic_thresholds(examples: Sequence[Example], logits: Numbers) -> dict[str, float]:
    """Return a threshold per topic from out-of-fold predictions; rare topics share the pooled one."""
    rows = np.array([i for i, e in enumerate(examples) if e.relevant and e.topics], dtype=np.int64)
    truth = np.array([[float(t in examples[i].topics) for t in TOPICS] for i in rows]).reshape(-1, len(TOPICS))
    chances = 1 / (1 + np.exp(-logits[rows, 1 : 1 + len(TOPICS)]))
    pooled = training.best_threshold(chances.ravel(), truth.ravel())
    result = {}
    for number, name in enumerate(TOPICS):
        own = training.best_threshold(chances[:, number], truth[:, number]) if truth[:, number].sum() >= 30 else pooled
        result[name] = round((own + pooled) / 2, 4)  # drawn to the pooled one: a threshold of few items is noise
    return result


def _topics_out_of_fold(examples: Sequence[Example], readings: Sequence[Reading], settings: Settings) -> Numbers:
    """Return out-of-fold log-odds of the topic heads; only rows with topics are fitted and filled."""
    rows = [i for i, e in enumerate(examples) if e.topics and e.relevant is not False]
    result = np.zeros((len(examples), len(heads())))
    if rows:
        chosen, read = [examples[i] for i in rows], [readings[i] for i in rows]
        result[rows] = training.out_of_fold(chosen, read, settings, frozenset({"topic"}))
    return result


def _sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _folder_hash(folder: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.jsonl")))).hexdigest()


def thinned(examples: Sequence[Example], share: float) -> list[Example]:
    """Return a fixed random share of examples, for learning curves."""
    order = np.random.default_rng(7).permutation(len(examples))[: round(share * len(examples))]
    return [examples[i] for i in sorted(order)]
