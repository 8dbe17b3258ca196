"""The command edge of the package: `python -m classifiers train | evaluate | compare | corpus | model`.

The one module here that may look at `rules`: it wires the word-for-word reader into training and scoring, so that what is measured
is what is shipped. Exit status 0 for success, 1 for a fault that was told, 2 for wrong usage.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from classifiers import checking, corpus, storing
from classifiers.errors import ClassifierError
from classifiers.running import Outside, Reader


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ClassifierError as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return status


def rules_reader() -> Reader | None:
    """Return a reader made of the rules' cues, or None where the rules are not installed."""
    try:
        from rules.cues import load_reader
    except ImportError:
        return None
    reader = load_reader()

    def read(title: str, body: str) -> Outside:
        cues = reader.read(title, body)
        return Outside(
            signals=tuple(cues.signals),
            direction=cues.direction if cues.direction != "unclear" else "",
            direction_weight=cues.direction_weight,
            stage=cues.stage or "",
            topics=tuple(cues.topics) if not cues.vetoes else (),
        )

    return read


def _train(options: argparse.Namespace) -> int:
    from classifiers import running

    reader = rules_reader() if options.signals else None
    what = running.lesson(external=options.external, tuning=options.tune)
    model = running.teach(what, now=datetime.now(UTC), signals=(lambda t, b: reader(t, b).signals) if reader else None)
    path = model.save(options.out)
    storing.use(options.out, model.version)
    print(
        f"{path}: {path.stat().st_size / 1e6:.1f} MB from {len(what.examples)} examples, threshold {model.threshold:.4f}"
    )
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from classifiers import reporting

    return reporting.evaluate_file(options, rules_reader())


def _check(_options: argparse.Namespace) -> int:
    examples = corpus.load()
    faults = checking.check(examples)
    for fault in faults:
        print(fault)
    print(json.dumps(checking.counts(examples), indent=1))
    return 1 if faults else 0


def _list(options: argparse.Namespace) -> int:
    chosen = storing.current(options.models)
    for card in storing.versions(options.models):
        mark = "*" if card["version"] == chosen else " "
        print(
            f"{mark} {card['version']}  trained {card.get('trained_at', '?')}  threshold {card.get('threshold', '?')}"
        )
    return 0


def _use(options: argparse.Namespace) -> int:
    storing.use(options.models, options.version)
    print(f"{options.models}: now uses {options.version}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m classifiers", description="Train, measure and choose the model.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="fit a model on the corpus, with external labels if given")
    train.add_argument("--external", type=Path, metavar="FILE", help="labelled news lines that teach beside the corpus")
    train.add_argument(
        "--tune", type=Path, metavar="FILE", help="labelled news lines for threshold and calibration only"
    )
    train.add_argument("--out", type=Path, default=storing.SHIPPED, metavar="DIR", help="folder of models")
    train.add_argument("--no-signals", dest="signals", action="store_false", help="teach without the rules' signals")
    train.set_defaults(run=_train)
    evaluate = commands.add_parser("evaluate", help="score the shipped system on labelled news")
    evaluate.add_argument(
        "--data", type=Path, metavar="FILE", help="labelled news lines; the corpus, out of fold, by default"
    )
    evaluate.add_argument(
        "--model", type=Path, metavar="PATH", help="a model file or folder; the shipped one by default"
    )
    evaluate.add_argument(
        "--external", type=Path, metavar="FILE", help="labelled news lines that teach the trained baselines"
    )
    evaluate.add_argument("--json", type=Path, metavar="OUT", help="write the report here")
    evaluate.add_argument(
        "--scorecard", type=Path, metavar="FILE.md", help="write a Markdown scorecard with plots beside it"
    )
    evaluate.add_argument("--quick", action="store_true", help="fewer resamples, no encoder baseline")
    evaluate.set_defaults(run=_evaluate)
    check = commands.add_parser("corpus", help="look after the corpus").add_subparsers(required=True, metavar="ACTION")
    check.add_parser("check", help="near duplicates, patterns, counts").set_defaults(run=_check)
    model = commands.add_parser("model", help="list versions or choose one").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing, using = (
        model.add_parser("list", help="show the versions"),
        model.add_parser("use", help="choose a version"),
    )
    using.add_argument("version")
    for part, run in ((listing, _list), (using, _use)):
        part.add_argument("--models", type=Path, default=storing.SHIPPED, metavar="DIR", help="folder of models")
        part.set_defaults(run=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
