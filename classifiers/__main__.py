"""The command edge: `python -m classifiers train | evaluate | compare | corpus | model`.

The one module here that may look at `rules`: it wires the word-for-word reader into training and scoring, so that what
is measured is what is shipped. Exit status 0 for success, 1 for a fault that was told, 2 for wrong usage.
"""
# ruff: noqa: PLC0415 -- heavy imports stay inside the commands that need them: --help answers at once

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers import checking, corpus, storing
from classifiers.encoder import ACCURATE, QUICK, Encoder, available
from classifiers.errors import ClassifierError
from classifiers.model import Model
from classifiers.running import Lesson, Outside, Reader
from classifiers.second import Second
from classifiers.training import Signals

if TYPE_CHECKING:
    from classifiers.reporting import Decide
    from classifiers.second import Detector


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ClassifierError as e:
        sys.stderr.write(f"error: {e}\n")
        return 1
    return status


def rules_reader() -> Reader | None:
    """Return a reader made of the rules' cues, or None where the rules are not installed."""
    try:
        from rules.cues import load_reader
    except ImportError:
        return None
    cues = load_reader()

    def read(title: str, body: str) -> Outside:
        found = cues.read(title, body)
        return Outside(
            signals=found.signals,
            direction=found.direction if found.direction != "unclear" else "",
            lean=found.direction_weight,
            stage=found.stage if found.stage != "none" else "",
            topics=() if found.vetoes else found.topics,
        )

    return read


def shipped_decision() -> "Decide | None":
    """Return the bot's decision to flag in its balanced profile, or None where the bot is not installed."""
    try:
        from bot.analysis.assessment import PROFILES, Assessor, decide_flag
        from bot.domain import Article
    except ImportError:
        return None
    from rules.cues import load_reader
    from rules.loading import load, shipped

    now, cues, catalog = datetime.now(UTC), load_reader(), load([shipped()])

    def decide(model: "Detector", examples: Sequence[corpus.Example]) -> list[bool]:
        articles = [
            Article(
                id=str(number),
                source_id="evaluated",
                publisher=e.group,
                tier=1 if e.kind == "official" else 3,
                lang="en",
                url="",
                title=e.title,
                summary=e.body,
                fetched_at=now,
            )
            for number, e in enumerate(examples)
        ]
        grounds = Assessor(model=model, cues=cues, catalog=catalog).grounds_of(articles)
        return [decide_flag(ground, PROFILES["balanced"], model.threshold)[0] for ground in grounds]

    return decide


def _signals(reader: Reader | None) -> Signals | None:
    if reader is None:
        return None
    return lambda title, body: reader(title, body).signals


def _train(options: argparse.Namespace) -> int:
    from classifiers import running, schooling
    from classifiers.second import Seconded, save_second

    reader = rules_reader()
    what = running.lesson(
        external=options.external,
        tuning=options.tune,
        pool=options.pool,
        feedback=options.feedback,
        folder=options.corpus,
    )
    signals = _signals(reader) if options.signals else None
    model = running.teach(what, now=datetime.now(UTC), signals=signals)
    second = _second(QUICK, model, what, signals) if options.second else None
    taught = Seconded(model, second, Encoder(QUICK), QUICK) if second else model
    verdict = schooling.gate(taught, folder=options.out, frozen=options.tune, reader=reader) if options.feedback else []
    path = model.save(options.out)
    _say(f"{path}: {path.stat().st_size / 1e6:.1f} MB from {len(what.examples)} examples")
    if second:
        path = save_second(options.out, second, base=model.version, encoder=QUICK, card={})
        _say(f"{path}: {path.stat().st_size / 1e6:.1f} MB, second opinion, flags from {second.threshold:.4f}")
    for drop in verdict:
        _say(f"kept out of use: {drop}")
    if verdict:
        return 1
    storing.use(options.out, model.version)
    _say(f"{options.out}: now uses {model.version}, flags from {taught.threshold:.4f}")
    return 0


def _refit(options: argparse.Namespace) -> int:
    """Fit a second opinion for the model in use, which stays as it is."""
    from classifiers import running
    from classifiers.model import load
    from classifiers.second import save_second

    model = load(options.out)
    what = running.lesson(external=options.external, tuning=options.tune, folder=options.corpus)
    signals = _signals(rules_reader()) if model.card.get("signals") else None
    second = _second(options.encoder, model, what, signals)
    path = save_second(options.out, second, base=model.version, encoder=options.encoder, card={})
    _say(f"{path}: {path.stat().st_size / 1e6:.1f} MB, second opinion, flags from {second.threshold:.4f}")
    return 0


def _second(name: str, model: Model, what: Lesson, signals: Signals | None) -> Second:
    from classifiers import seconding

    real = [e for e in what.examples if e.group not in {"own", "taught"}] or what.examples
    return seconding.teach_second(model, real, what.tuning or real, Encoder(name), signals, name=name)


def _evaluate(options: argparse.Namespace) -> int:
    from classifiers import reporting

    request = reporting.Request(
        data=options.data,
        model=options.model,
        external=options.external,
        json=options.json,
        scorecard=options.scorecard,
        quick=options.quick,
        accurate=options.accurate,
    )
    reporting.show(reporting.run(request, rules_reader(), shipped_decision()))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from classifiers import comparing

    rows = comparing.compare(options.data, external=options.external, reader=rules_reader(), quick=options.quick)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    comparing.show(rows)
    return 0


def _check(options: argparse.Namespace) -> int:
    examples = corpus.load(options.corpus)
    faults = checking.check(examples)
    for fault in faults:
        _say(str(fault))
    _say(json.dumps(checking.counts(examples), indent=1))
    return 1 if faults else 0


def _list(options: argparse.Namespace) -> int:
    chosen = storing.current(options.models)
    for card in storing.versions(options.models):
        mark = "*" if card["version"] == chosen else " "
        threshold = card.get("threshold", "?")
        _say(f"{mark} {card['version']}  trained {card.get('trained_at', '?')}  flags from {threshold}")
    return 0


def _use(options: argparse.Namespace) -> int:
    storing.use(options.models, options.version)
    _say(f"{options.models}: now uses {options.version}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m classifiers", description="Train, measure and choose the model.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _train_options(commands.add_parser("train", help="fit a model on the corpus, with external labels if given"))
    _second_options(commands.add_parser("second", help="fit a second opinion for the model in use"))
    _evaluate_options(commands.add_parser("evaluate", help="score the shipped system on labelled news"))
    compare = commands.add_parser("compare", help="fit the candidates on one lesson and score them in one run")
    compare.add_argument("--data", type=Path, required=True, metavar="FILE", help="labelled news lines to score on")
    compare.add_argument(
        "--external", type=Path, metavar="FILE", help="labelled news lines that teach beside the corpus"
    )
    compare.add_argument("--json", type=Path, metavar="OUT", help="write the rows here")
    compare.add_argument("--quick", action="store_true", help="fewer candidates and resamples")
    compare.set_defaults(run=_compare)
    actions = commands.add_parser("corpus", help="look after the corpus").add_subparsers(
        required=True, metavar="ACTION"
    )
    check = actions.add_parser("check", help="near duplicates, patterns, counts")
    check.add_argument("--corpus", type=Path, default=corpus.FOLDER, metavar="DIR", help="folder of the corpus")
    check.set_defaults(run=_check)
    models = commands.add_parser("model", help="list versions, choose one").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing, using = models.add_parser("list", help="show the versions"), models.add_parser("use", help="choose one")
    using.add_argument("version")
    for part, run in ((listing, _list), (using, _use)):
        part.add_argument("--models", type=Path, default=storing.SHIPPED, metavar="DIR", help="folder of models")
        part.set_defaults(run=run)
    return parser


def _train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument("--external", type=Path, metavar="FILE", help="labelled news lines that teach beside the corpus")
    train.add_argument("--pool", type=Path, metavar="FILE", help="news lines that the stored teacher labels belong to")
    train.add_argument("--tune", type=Path, metavar="FILE", help="labelled news lines for threshold and calibration")
    train.add_argument("--feedback", type=Path, metavar="DB", help="the bot's SQLite file with thumbs; opens the gate")
    train.add_argument("--corpus", type=Path, default=corpus.FOLDER, metavar="DIR", help="folder of the corpus")
    train.add_argument("--out", type=Path, default=storing.SHIPPED, metavar="DIR", help="folder of models")
    train.add_argument(
        "--no-second",
        dest="second",
        action="store_const",
        const=False,
        default=available(QUICK),
        help="fit the linear model alone",
    )
    train.add_argument("--no-signals", dest="signals", action="store_false", help="teach without the rules' signals")
    train.set_defaults(run=_train)


def _second_options(second: argparse.ArgumentParser) -> None:
    second.add_argument("--external", type=Path, metavar="FILE", help="labelled news lines that teach it")
    second.add_argument("--tune", type=Path, metavar="FILE", help="labelled news lines for mix, threshold, calibration")
    second.add_argument("--encoder", default=QUICK, choices=(QUICK, ACCURATE), help="whose sentence vectors it reads")
    second.add_argument("--corpus", type=Path, default=corpus.FOLDER, metavar="DIR", help="folder of the corpus")
    second.add_argument("--out", type=Path, default=storing.SHIPPED, metavar="DIR", help="folder of models")
    second.set_defaults(run=_refit)


def _evaluate_options(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("--data", type=Path, metavar="FILE", help="labelled news lines; the corpus by default")
    evaluate.add_argument(
        "--model", type=Path, metavar="PATH", help="a model file or folder; the shipped one by default"
    )
    evaluate.add_argument("--external", type=Path, metavar="FILE", help="labelled news lines to teach the baselines")
    evaluate.add_argument("--json", type=Path, metavar="OUT", help="write the report here")
    evaluate.add_argument(
        "--scorecard", type=Path, metavar="FILE.md", help="write a Markdown page with plots beside it"
    )
    evaluate.add_argument("--accurate", action="store_true", help="score the accurate profile (needs its encoder)")
    evaluate.add_argument("--quick", action="store_true", help="fewer resamples, no encoder baseline")
    evaluate.set_defaults(run=_evaluate)


if __name__ == "__main__":
    sys.exit(main())
