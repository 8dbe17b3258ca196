"""Which clauses of the decision to flag earn their place: each is left out in turn, on labelled news.

    python benchmarks/decision.py --data FILE.jsonl [--json OUT] [--quick]

FILE has the format of the news files that `python -m classifiers evaluate` takes. Items marked "?" are left out. The
columns under "natural" weigh each item by `w`, how many items of the natural stream it stands for.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # before this folder, where rules.py is another

from bot.analysis.assessment import PROFILES, Grounds, Thresholds, decide_flag
from bot.app import load_assessor
from bot.domain import Article
from bot.settings import load_settings

NEVER = 1e9
Clause = Callable[[Grounds], Grounds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One labelled item with what the decision on it rests on."""

    grounds: Grounds
    relevant: bool
    weight: float


def read_cases(path: Path, *, most: int) -> tuple[list[Case], float]:
    """Assess the items of a file; returns them with the model's threshold."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if str(row.get("relevant")) in {"0", "1"}][:most]
    assessor = load_assessor(load_settings(None))
    articles = [
        Article(
            id=str(number),
            source_id="data",
            publisher="data",
            tier=1 if row.get("kind") == "official" else 3,
            lang="en",
            url="",
            title=row.get("title") or "",
            summary=row.get("summary") or "",
            fetched_at=datetime.now(UTC),
        )
        for number, row in enumerate(rows)
    ]
    grounds = assessor.grounds_of(articles)
    return [
        Case(grounds=ground, relevant=str(row["relevant"]) == "1", weight=float(row.get("w") or 1.0))
        for ground, row in zip(grounds, rows, strict=True)
    ], assessor.threshold


def score(cases: Sequence[Case], at: Thresholds, threshold: float, change: Clause) -> dict[str, float]:
    """Give precision, recall and F1 as counted and, with the prefix natural_, as weighted."""
    found: dict[str, float] = {}
    for prefix, weigh in (("", lambda _: 1.0), ("natural_", lambda case: case.weight)):
        hit = miss = false = 0.0
        for case in cases:
            flagged, _ = decide_flag(change(case.grounds), at, threshold)
            hit += weigh(case) * (flagged and case.relevant)
            false += weigh(case) * (flagged and not case.relevant)
            miss += weigh(case) * (not flagged and case.relevant)
        precision, recall = hit / max(hit + false, 1e-9), hit / max(hit + miss, 1e-9)
        found[f"{prefix}precision"], found[f"{prefix}recall"] = precision, recall
        found[f"{prefix}f1"] = 2 * precision * recall / max(precision + recall, 1e-9)
    return found


def variants() -> Mapping[str, tuple[Thresholds, Clause]]:
    """Give the shipped profiles, and the balanced one without each of its clauses."""
    balanced = PROFILES["balanced"]
    only = Thresholds(alone=NEVER, with_rule=0.0, official=NEVER, vetoed=NEVER)

    def as_is(grounds: Grounds) -> Grounds:
        return grounds

    return {
        **{f"profile {name}": (profile, as_is) for name, profile in PROFILES.items()},
        "classifier alone": (balanced, lambda g: Grounds(probability=g.probability)),
        "rules alone": (only, lambda g: replace(g, vetoes=())),
        "without rule support": (balanced, lambda g: replace(g, rules=())),
        "without vetoes": (balanced, lambda g: replace(g, vetoes=())),
        "without official instruments": (balanced, lambda g: replace(g, instrument=False)),
    }


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path, dest="out")
    parser.add_argument("--quick", action="store_true", help="the first 300 items only")
    options = parser.parse_args()
    cases, threshold = read_cases(options.data, most=300 if options.quick else 1_000_000)
    figures = {name: score(cases, at, threshold, change) for name, (at, change) in variants().items()}
    table = Table("decision", "precision", "recall", "F1", "natural precision", "natural recall", "natural F1")
    for name, row in figures.items():
        table.add_row(name, *(f"{value:.3f}" for value in row.values()))
    Console().print(table, f"{len(cases)} items, threshold {threshold:.3f}")
    if options.out:
        options.out.write_text(json.dumps({"n": len(cases), "threshold": threshold, "decisions": figures}, indent=1))


if __name__ == "__main__":
    main()
