"""Tell people the figures: a table on the terminal, JSON, a Markdown scorecard with plots. Owns no measure itself."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from classifiers import baselines, corpus, evaluation, running
from classifiers.corpus import Example
from classifiers.encoder import QUICK, Encoder, available
from classifiers.measuring import RESAMPLES
from classifiers.second import Detector, load_accurate, load_detector


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to score and where to write; None stands for the corpus, the shipped model, and no file."""

    data: Path | None = None
    model: Path | None = None
    external: Path | None = None
    json: Path | None = None
    scorecard: Path | None = None
    quick: bool = False
    accurate: bool = False


Decide = Callable[[Detector, Sequence[Example]], list[bool]]
"""The shipped decision to flag: classifier, rules, vetoes and official instruments together."""


def run(request: Request, reader: running.Reader | None, decide: Decide | None = None) -> dict[str, Any]:
    """Score the system on a labelled file, write what was asked for, return the report.

    Without `decide` an item counts as flagged where the classifier's probability reaches its threshold.
    """
    model = load_accurate(request.model) if request.accurate else load_detector(request.model)
    examples = corpus.load_news(request.data) if request.data else corpus.load()
    teaching = corpus.load_news(request.external) if request.external else corpus.load()
    report = measured(model, examples, teaching, reader, decide, quick=request.quick)
    if request.json:
        write_json(request.json, report)
    if request.scorecard:
        from classifiers import scorecard  # noqa: PLC0415 -- matplotlib, only for plots

        scorecard.write(request.scorecard, report, running.judge(model, examples, reader), examples)
    return report


def measured(
    model: Detector,
    examples: Sequence[Example],
    teaching: Sequence[Example],
    reader: running.Reader | None,
    decide: Decide | None = None,
    *,
    quick: bool,
) -> dict[str, Any]:
    """Return the whole report: the system, its baselines, direction and stage of model and rules alone, speed."""
    resamples = 200 if quick else RESAMPLES
    fitted_reader = reader if model.card.get("signals") else None
    judged = running.judge(model, examples, reader)
    flags = decide(model, examples) if decide else [v.flagged for v in judged]
    verdicts = [replace(v, flagged=flag) for v, flag in zip(judged, flags, strict=True)]
    encoder = None if quick or not available() else Encoder(QUICK)
    others = baselines.word_lists(examples) | baselines.trained(teaching, examples, encoder)
    report = evaluation.evaluate(examples, verdicts, threshold=model.threshold, baselines=others, resamples=resamples)
    alone = {"model": running.judge(model, examples, fitted_reader and _without_attributes(fitted_reader))}
    if reader:
        alone["rules"] = running.rules_alone(examples, reader)
    report["alone"] = {name: evaluation.attributes(examples, v, resamples) for name, v in alone.items()}
    report["classifier_alone"] = evaluation.relevance(examples, judged, resamples)
    report["decision"] = "classifier, rules, vetoes and instruments" if decide else "classifier alone"
    report["items_per_second"] = round(running.items_per_second(model, examples, fitted_reader))
    report["model"] = {
        "version": model.card["version"],
        "encoder": model.card.get("encoder"),
        "signals": bool(model.card.get("signals")),
        "rules": reader is not None,
    }
    return report


def show(report: Mapping[str, Any]) -> None:
    """Print the main figures as a table."""
    from rich.console import Console  # noqa: PLC0415 -- only where a table is printed
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=f"{report['n']} items, {report['positives']} relevant, model {report['model']['version']}")
    for heading in ("figure", "value", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for name, figure in rows(report):
        table.add_row(name, f"{figure['value']:.3f}", f"{figure['low']:.3f} to {figure['high']:.3f}")
    console = Console()
    console.print(table)
    console.print(f"{report['items_per_second']} items a second; flagged at {report['relevance']['threshold']:.4f}")


def rows(report: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    """Return (name, figure) for every figure that a reader wants first."""
    found: list[tuple[str, Mapping[str, float]]] = [
        (f"{part.replace('_', ' ')}: {key.replace('_', ' ')}", figure)
        for part in ("relevance", "classifier_alone", "natural", "topics", "direction", "stage")
        for key, figure in report[part].items()
        if isinstance(figure, dict) and "low" in figure
    ]
    budgets = report["natural"]["precision_at_budget"]
    found += [(f"natural: precision at {name}", figure) for name, figure in budgets.items()]
    for name, baseline in report["baselines"].items():
        found += [(f"{name}: {key.replace('_', ' ')}", baseline[key]) for key in ("average_precision", "f1")]
    return found


def _without_attributes(reader: running.Reader) -> running.Reader:
    """Keep a reader's signals, which the model was taught with, but not its own direction and stage."""

    def read(title: str, body: str) -> running.Outside:
        return running.Outside(signals=reader(title, body).signals)

    return read


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as JSON."""
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
