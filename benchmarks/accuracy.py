"""How good is the shipped detector, and how good is each simpler thing: the evidence behind docs/scorecard.md.

Run: python benchmarks/accuracy.py [--data FILE] [--external FILE] [--json OUT] [--quick]. Without --data our own corpus
is scored, which the shipped model has seen: a check that nothing broke, no evidence.
With --data: the scored report of `python -m classifiers evaluate`, the candidates side by side, and a learning curve.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from classifiers import comparing, corpus, reporting, running
from classifiers.__main__ import rules_reader, shipped_decision
from classifiers.encoder import ACCURATE
from classifiers.storing import SHIPPED, current


def footprint() -> dict[str, float]:
    """Load the shipped model in a fresh process and report seconds, megabytes and file size."""
    import subprocess

    code = (
        "import resource, time; t = time.perf_counter(); from classifiers.model import Item;"
        "from classifiers.second import load_detector; m = load_detector(); s = time.perf_counter() - t;"
        "m.predict([Item(title='x', other_language=True)]);"  # this loads the encoder too
        "print(s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    seconds, megabytes = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    version = current(SHIPPED)
    size = sum(path.stat().st_size for path in SHIPPED.glob(f"{version}*.npz") if ACCURATE not in path.name)
    return {"load_seconds": float(seconds), "resident_megabytes": float(megabytes), "file_bytes": size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--external", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    slim = footprint()  # first: a child is charged the peak memory of the parent that it was forked from
    reader = rules_reader()
    start = time.perf_counter()
    request = reporting.Request(data=options.data, external=options.external, quick=options.quick)
    report = reporting.run(request, reader, shipped_decision())
    reporting.show(report)
    report["footprint"] = slim
    if options.data and not options.quick:
        report["candidates"] = comparing.compare(options.data, external=options.external, reader=reader, quick=True)
        comparing.show(report["candidates"])
        report["learning_curve"] = comparing.learning_curve(
            running.lesson(external=options.external),
            corpus.load_news(options.data),
            (lambda title, body: reader(title, body).signals) if reader else None,
            (0.1, 0.25, 0.5, 1.0),
        )
        print(json.dumps(report["learning_curve"]))
    report["seconds"] = round(time.perf_counter() - start, 1)
    print(report["footprint"], report["seconds"])
    if options.json:
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
