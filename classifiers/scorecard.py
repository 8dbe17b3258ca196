"""Write the scorecard: figures beside their baselines as Markdown, with reliability and precision-recall plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from classifiers import reporting
from classifiers.corpus import Example
from classifiers.evaluation import Verdict
from classifiers.measuring import Numbers, reliability

_BLUE: Final = "#1f5fa8"
_GREY: Final = "#888888"


def write(path: Path, report: Mapping[str, Any], verdicts: Sequence[Verdict], examples: Sequence[Example]) -> None:
    """Write `path` (Markdown) and `<stem>-reliability.png`, `<stem>-precision-recall.png` beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [(e, v) for e, v in zip(examples, verdicts, strict=True) if e.relevant is not None]
    labels = np.array([float(bool(e.relevant)) for e, _ in kept])
    chances = np.array([v.probability for _, v in kept])
    weights = np.array([e.stands_for for e, _ in kept])
    _plot_reliability(path.with_name(f"{path.stem}-reliability.png"), reliability(labels, chances, weights))
    _plot_curve(path.with_name(f"{path.stem}-precision-recall.png"), labels, chances, report["relevance"])
    path.write_text(markdown(report, path.stem), encoding="utf-8")


def markdown(report: Mapping[str, Any], stem: str) -> str:
    """Return the page; every figure with its 95 % bootstrap interval."""
    about = report["model"]
    opening = (
        f"Model `{about['version']}` with the encoder {about['encoder'] or '(none)'}, {report['n']} labelled items,"
        f" {report['positives']} of them relevant; doubtful items left out. Brackets: 95 % bootstrap intervals."
        " *Natural* figures weigh each item by how many of the unsampled stream it stands for (prevalence"
        f" {report['natural']['prevalence']:.2%}). Precision, recall and F1 are those of the decision by"
        f" {report['decision']}; *classifier alone* flags by its threshold."
    )
    parts = {name: name.split(":")[0].replace(" ", "_") for name, _ in reporting.rows(report)}
    main = [[name, _figure(f)] for name, f in reporting.rows(report) if ":" in name and parts[name] in report]
    lines = [
        "# Detector scorecard",
        "",
        opening,
        "",
        *_table(["figure", "value"], main),
        "",
        f"![precision and recall]({stem}-precision-recall.png) ![reliability]({stem}-reliability.png)",
        "",
        "## Beside simple things",
        "",
        *_table(["baseline", "average precision", "F1", "we gain (AP)", "we gain (F1)", "beaten"], _baselines(report)),
        "",
        "## Topics",
        "",
        *_table(
            ["topic", "items", "precision", "recall", "F1"],
            [[n, *map(str, t.values())] for n, t in report["topics"]["per_topic"].items()],
        ),
        "",
        "## Direction and stage: together, model alone, rules alone",
        "",
        *_table(["reader", "direction accuracy", "coverage", "easing recall", "stage macro-F1"], _readers(report)),
        "",
        *_table(
            ["stage", "items", "F1"],
            [[n, str(s["n"]), f"{s['f1']:.3f}"] for n, s in report["stage"]["per_stage"].items()],
        ),
        "",
        f"Speed: {report['items_per_second']} items a second, one batch, one core (signals excluded).",
        "",
    ]
    return "\n".join(lines)


def _baselines(report: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            name,
            _figure(b["average_precision"]),
            _figure(b["f1"]),
            _figure(b["we_gain"]["average_precision"]),
            _figure(b["we_gain"]["f1"]),
            "yes" if b["beaten"] else "tie",
        ]
        for name, b in report["baselines"].items()
    ]


def _readers(report: Mapping[str, Any]) -> list[list[str]]:
    parts = {"together": report, **report.get("alone", {})}
    return [
        [
            name,
            *(_figure(part["direction"][key]) for key in ("accuracy", "coverage", "easing_recall")),
            _figure(part["stage"]["macro_f1"]),
        ]
        for name, part in parts.items()
    ]


def _figure(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _plot_reliability(path: Path, bands: Sequence[tuple[float, float, float]]) -> None:
    figure, axes = _canvas("Reliability at natural prevalence", "forecast", "observed share")
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":", linewidth=1)
    axes.plot([b[0] for b in bands], [b[1] for b in bands], color=_BLUE, marker="o")
    figure.savefig(path)


def _plot_curve(path: Path, labels: Numbers, chances: Numbers, relevance: Mapping[str, Any]) -> None:
    figure, axes = _canvas("Precision and recall", "recall", "precision")
    order = np.argsort(-chances, kind="stable")
    hits = np.cumsum(labels[order])
    axes.plot(hits / max(hits[-1], 1), hits / np.arange(1, len(hits) + 1), color=_BLUE)
    axes.plot(
        [relevance["recall"]["value"]],
        [relevance["precision"]["value"]],
        color="#c0392b",
        marker="o",
        label="shipped decision",
    )
    axes.legend(loc="lower left", frameon=False)
    figure.savefig(path)


def _canvas(title: str, x: str, y: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 -- 0.5 s, only for plots

    figure = Figure(figsize=(4.6, 3.8), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y, xlim=(0, 1.02), ylim=(0, 1.02))
    axes.grid(alpha=0.25)
    return figure, axes
