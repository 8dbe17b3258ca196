"""Fit the candidates on one lesson and score them in one run, so that the best simple one is seen. Deterministic."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from classifiers import running, training
from classifiers.corpus import Example, load_news
from classifiers.features import BLOCKS
from classifiers.measuring import RESAMPLES, Measure, Numbers, average_precision, bootstrap
from classifiers.training import Settings


def candidates(*, signals: bool) -> dict[str, Settings]:
    """Return the compared settings by name; those with signals only where a reader is at hand."""
    plain = tuple(block for block in BLOCKS if block.name != "signal")
    even = tuple(replace(block, weight=1.0) for block in plain if not block.name.startswith("title_"))
    found = {
        "words": Settings(blocks=tuple(b for b in even if b.name == "word")),
        "characters": Settings(blocks=tuple(b for b in even if b.name == "char")),
        "words + characters": Settings(blocks=even),
        "words + characters, title weighted": Settings(blocks=plain),
    }
    if signals:
        found["the same + rule signals (shipped)"] = Settings()
    return found


def compare(data: Path, *, external: Path | None, reader: running.Reader | None, quick: bool) -> list[dict[str, Any]]:
    """Return one row per candidate: average precision and best F1 on `data`, seconds to fit.

    The best F1 is optimistic (its cut is chosen on the same items) and serves to rank candidates only.
    """
    what = running.lesson(external=external)
    items = [e for e in load_news(data) if e.relevant is not None]
    labels = np.array([e.chance for e in items])
    draw = (lambda title, body: reader(title, body).signals) if reader else None
    taught, asked = training.readings_of(what.examples, draw), training.readings_of(items, draw)
    rows = []
    for name, settings in candidates(signals=reader is not None).items():
        start = time.perf_counter()
        fitted = training.fit(what.examples, taught, settings, parts=frozenset({"relevance"}))
        seconds = time.perf_counter() - start
        scores = fitted.logits(asked)[:, 0]
        figure = bootstrap(len(items), _precision_of(labels, scores), 200 if quick else RESAMPLES)
        rows.append(
            {
                "candidate": name,
                "average_precision": figure.rounded(),
                "best_f1": round(training.f1_at(scores, labels, training.best_threshold(scores, labels)), 4),
                "seconds_to_fit": round(seconds, 1),
            }
        )
    return rows


def _precision_of(labels: Numbers, scores: Numbers) -> Measure:
    return lambda numbers: average_precision(labels[numbers], scores[numbers])


def learning_curve(
    what: running.Lesson, items: Sequence[Example], draw: training.Signals | None, shares: Sequence[float]
) -> list[dict[str, float]]:
    """Return average precision on `items` after teaching fixed random shares of the lesson."""
    sure = [e for e in items if e.relevant is not None]
    labels = np.array([e.chance for e in sure])
    asked = training.readings_of(sure, draw)
    rows = []
    for share in shares:
        part = running.thinned(what.examples, share)
        fitted = training.fit(part, training.readings_of(part, draw), Settings(), parts=frozenset({"relevance"}))
        figure = average_precision(labels, fitted.logits(asked)[:, 0])
        rows.append({"share": share, "examples": len(part), "average_precision": round(figure, 4)})
    return rows


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the candidates as a table."""
    from rich.console import Console  # noqa: PLC0415 -- only where a table is printed
    from rich.table import Table  # noqa: PLC0415

    table = Table("candidate", "average precision", "best F1", "seconds to fit")
    for row in rows:
        ap = row["average_precision"]
        table.add_row(
            row["candidate"],
            f"{ap['value']:.3f} ({ap['low']:.3f} to {ap['high']:.3f})",
            f"{row['best_f1']:.3f}",
            f"{row['seconds_to_fit']:.1f}",
        )
    Console().print(table)
