"""The gate of retraining: a new model replaces the old one only where no frozen figure drops beyond its interval."""

from pathlib import Path

from classifiers import corpus, evaluation, feedback, running
from classifiers.errors import ModelError
from classifiers.second import Detector, load_detector


def gate(model: Detector, *, folder: Path, frozen: Path | None, reader: running.Reader | None) -> list[feedback.Drop]:
    """Return the figures that `model` would lower against the one in use; [] lets it pass.

    Measured on `frozen` labelled news where given, else on the corpus. A folder without a model has nothing to lose.
    """
    try:
        old = load_detector(folder)
    except ModelError:
        return []
    items = corpus.load_news(frozen) if frozen else corpus.load()
    reports = [
        evaluation.evaluate(
            items, running.judge(each, items, reader), threshold=each.threshold, baselines={}, resamples=200
        )
        for each in (old, model)
    ]
    return feedback.drops(*reports)
