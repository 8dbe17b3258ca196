"""How good are the attribute rules alone? Direction, stage, topics and vetoes on labelled news, and their speed.

    python benchmarks/cues.py --data FILE.jsonl [--json OUT] [--quick]

FILE has one item a line: title, summary, published, kind, relevant ("1", "0" or "?", left out), topics, direction,
stage.
Direction counts on clear cases (relevant, labelled tightening or easing): accuracy where the rules say one of the two,
coverage the share where they do. Intervals are 95 %, from 1,000 bootstrap samples of items (200 with --quick).
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rules.cues import CueReader, Cues, load_reader

CLEAR = ("tightening", "easing")
QUICK_ITEMS = 2_000
Pair = tuple[dict, Cues]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    items = load(options.data)
    if options.quick:
        items = items[:QUICK_ITEMS]
    started = time.perf_counter()
    reader = load_reader()
    load_seconds = time.perf_counter() - started
    cpu = time.process_time()
    pairs = [(item, read(reader, item)) for item in items]
    rate = len(items) / (time.process_time() - cpu)
    result = evaluate(pairs, samples=200 if options.quick else 1_000)
    result |= {"n": len(items), "items_per_second": round(rate), "load_seconds": round(load_seconds, 3)}
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> list[dict]:
    items = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            items.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise SystemExit(f"{path}:{number}: not valid JSON: {error}") from error
    return [item for item in items if item["relevant"] != "?"]


def read(reader: CueReader, item: dict) -> Cues:
    try:
        published_at = datetime.fromisoformat(item.get("published") or "")
    except ValueError:
        published_at = None
    if published_at is not None and published_at.tzinfo is None:
        published_at = published_at.replace(tzinfo=UTC)
    tier = 1 if item.get("kind") == "official" else 3
    return reader.read(item["title"], item.get("summary") or "", published_at=published_at, tier=tier)


def evaluate(pairs: list[Pair], *, samples: int) -> dict:
    relevant = [pair for pair in pairs if pair[0]["relevant"] == "1"]
    clear = [pair for pair in relevant if pair[0]["direction"] in CLEAR]
    rng = random.Random(20240101)
    measures = {
        "accuracy": accuracy,
        "coverage": coverage,
        "easing_recall": lambda some: recall(some, "easing"),
        "tightening_recall": lambda some: recall(some, "tightening"),
    }
    direction = {name: interval(clear, measure, rng, samples) for name, measure in measures.items()}
    direction["mixed_recall"] = recall(relevant, "mixed")
    direction["by_weight"] = {str(at): cut(clear, at) for at in (0.5, 1.0, 2.0, 3.0)}
    return {
        "direction": direction,
        "stage": stages(relevant),
        "topics": topics(pairs),
        "topics_of_relevant": topics(relevant),
        "vetoes": vetoes(pairs),
    }


def interval(
    pairs: Sequence[Pair], measure: Callable[[Sequence[Pair]], float], rng: random.Random, samples: int
) -> dict[str, float]:
    drawn = sorted(measure(rng.choices(pairs, k=len(pairs))) for _ in range(samples)) if pairs else [0.0]
    low, high = drawn[int(0.025 * len(drawn))], drawn[int(0.975 * len(drawn))]
    return {"value": round(measure(pairs), 3), "low": round(low, 3), "high": round(high, 3)}


def accuracy(pairs: Sequence[Pair]) -> float:
    said = [(item, cues) for item, cues in pairs if cues.direction in CLEAR]
    return sum(item["direction"] == cues.direction for item, cues in said) / max(1, len(said))


def coverage(pairs: Sequence[Pair]) -> float:
    return sum(cues.direction in CLEAR for _, cues in pairs) / max(1, len(pairs))


def recall(pairs: Sequence[Pair], name: str) -> float:
    named = [cues for item, cues in pairs if item["direction"] == name]
    return round(sum(cues.direction == name for cues in named) / max(1, len(named)), 3)


def cut(pairs: Sequence[Pair], at: float) -> dict[str, float]:
    strong = [pair for pair in pairs if abs(pair[1].direction_weight) >= at]
    return {"accuracy": round(accuracy(strong), 3), "coverage": round(len(strong) / max(1, len(pairs)), 3)}


def scores(gold: Sequence[bool], said: Sequence[bool]) -> dict[str, float]:
    hits = sum(a and b for a, b in zip(gold, said, strict=True))
    precision, found = hits / max(1, sum(said)), hits / max(1, sum(gold))
    f1 = 2 * precision * found / (precision + found) if hits else 0.0
    return {"precision": round(precision, 3), "recall": round(found, 3), "f1": round(f1, 3), "n": sum(gold)}


def stages(pairs: Sequence[Pair]) -> dict:
    names = sorted({item["stage"] for item, _ in pairs})
    table = {
        name: scores([item["stage"] == name for item, _ in pairs], [cues.stage == name for _, cues in pairs])
        for name in names
    }
    right = sum(item["stage"] == cues.stage for item, cues in pairs) / max(1, len(pairs))
    macro = sum(row["f1"] for row in table.values()) / max(1, len(table))
    return {"macro_f1": round(macro, 3), "accuracy": round(right, 3), "per_stage": table}


def topics(pairs: Sequence[Pair]) -> dict:
    names = sorted({topic for item, _ in pairs for topic in item["topics"]})
    table = {
        name: scores([name in item["topics"] for item, _ in pairs], [name in cues.topics for _, cues in pairs])
        for name in names
    }
    large = [row["f1"] for row in table.values() if row["n"] >= 15]
    return {"macro_f1": round(sum(large) / max(1, len(large)), 3), "per_topic": table}


def vetoes(pairs: Sequence[Pair]) -> dict[str, dict[str, float]]:
    fired: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for item, cues in pairs:
        for family in cues.vetoes:
            fired[family] += 1
            right[family] += item["relevant"] == "0"
    return {name: {"n": count, "precision": round(right[name] / count, 3)} for name, count in fired.most_common()}


def show(result: dict) -> None:
    console = Console()
    table = Table(title=f"Attribute rules alone, {result['n']} items, {result['items_per_second']} items/s")
    for column in ("figure", "value", "95 % interval"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for name, value in result["direction"].items():
        if isinstance(value, dict) and "low" in value:
            table.add_row(f"direction {name}", f"{value['value']:.3f}", f"{value['low']:.3f} to {value['high']:.3f}")
    table.add_row("direction mixed_recall", f"{result['direction']['mixed_recall']:.3f}", "")
    for at, row in result["direction"]["by_weight"].items():
        table.add_row(
            f"direction accuracy at |weight| >= {at}", f"{row['accuracy']:.3f}", f"coverage {row['coverage']:.3f}"
        )
    table.add_row("stage macro-F1", f"{result['stage']['macro_f1']:.3f}", f"accuracy {result['stage']['accuracy']:.3f}")
    table.add_row("topics macro-F1, all items", f"{result['topics']['macro_f1']:.3f}", "")
    table.add_row("topics macro-F1, relevant items", f"{result['topics_of_relevant']['macro_f1']:.3f}", "")
    console.print(table)
    topic_table = Table(title="Topic votes, all items")
    for column in ("topic", "precision", "recall", "F1", "n"):
        topic_table.add_column(column, justify="left" if column == "topic" else "right")
    for name, row in result["topics"]["per_topic"].items():
        topic_table.add_row(name, *(f"{row[key]:.2f}" for key in ("precision", "recall", "f1")), str(row["n"]))
    console.print(topic_table)
    veto_table = Table(title="Vetoes: share of irrelevant items where they fire")
    for column in ("family", "fired", "precision"):
        veto_table.add_column(column, justify="left" if column == "family" else "right")
    for name, row in result["vetoes"].items():
        veto_table.add_row(name, str(row["n"]), f"{row['precision']:.2f}")
    console.print(veto_table)


if __name__ == "__main__":
    main()
