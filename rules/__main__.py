"""Try rules without the bot: python -m rules check|match|explain|test. Prints; exits 1 when something is wrong."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rules.checking import FORMATS, check, rendered
from rules.definitions import Catalog, Rule
from rules.explaining import explained, parts_of
from rules.fixtures import Simulate, run
from rules.loading import RuleFaults, load, shipped
from rules.matching import RuleSet
from rules.query import Document, QueryError, parse
from rules.vocabulary import nearest


def main(arguments: Sequence[str] | None = None, *, simulate: Simulate | None = None) -> int:
    """Run one command and return its exit status: 0 for good, 1 for faults.

    `simulate` turns the items of a fixture into alerts; without it `test` matches rules and no more.
    """
    options = _options().parse_args(arguments, argparse.Namespace(simulate=simulate))
    try:
        return int(options.run(options))
    except RuleFaults as error:
        _print("\n".join(str(fault) for fault in error.faults))
        return 1


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rules", description="Check, try and explain alert rules.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checking = commands.add_parser("check", help="find every fault in rule files and run their examples")
    checking.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files or folders; default: the catalog")
    checking.add_argument("--format", choices=FORMATS, default="text")
    checking.set_defaults(run=_check)
    matching = commands.add_parser("match", help="show which rules match a text")
    matching.add_argument("text", help="a headline, or - to read from standard input")
    matching.add_argument("--query", help="try this query instead of the catalog")
    matching.set_defaults(run=_match)
    explaining = commands.add_parser("explain", help="say in words what a rule asks")
    explaining.add_argument("rule", help="the id of a rule, or a query")
    explaining.set_defaults(run=_explain)
    testing = commands.add_parser("test", help="run fixture files on a virtual clock")
    testing.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    testing.set_defaults(run=_test)
    for command in (matching, explaining):
        command.add_argument(
            "--rules", action="append", type=Path, metavar="PATH", help="rule files beside the catalog"
        )
    return parser


def _catalog(options: argparse.Namespace) -> Catalog:
    return load([shipped(), *(options.rules or [])])


def _check(options: argparse.Namespace) -> int:
    report = check(options.paths or [shipped()])
    _print(rendered(report, options.format))
    return 0 if report.sound else 1


def _match(options: argparse.Namespace) -> int:
    text = sys.stdin.read() if options.text == "-" else options.text
    title, _, body = text.strip().partition("\n")
    document = Document.of(title=title, text=body, fields={})
    if options.query:
        try:
            queries = {options.query: parse(options.query, filters=_catalog(options).filters)}
        except QueryError as fault:
            _print(fault.pretty())
            return 1
    else:
        queries = {rule.id: rule.query for rule in _catalog(options).rules}
    matches = RuleSet.of(queries).match(document)
    for match in matches:
        words = ", ".join(dict.fromkeys(hit.word for hit in match.hits))
        _print(f"{match.key}: {words or 'its fields alone'}")
    if not matches:
        _print("No rule matches. Rules on topic, severity and other fields need the whole pipeline.")
    return 0


def _explain(options: argparse.Namespace) -> int:
    catalog = _catalog(options)
    rule = catalog.get(options.rule)
    if rule is not None:
        _print(_described(rule))
        return 0
    try:
        query = parse(options.rule, filters=catalog.filters)
    except QueryError as fault:
        _print(fault.pretty())
        return 1
    _print("\n".join(parts_of(query)))
    meant = nearest(options.rule, tuple(entry.id for entry in catalog.rules))
    if meant and ("_" in options.rule or "-" in options.rule) and " " not in options.rule:  # meant as an id
        _print(f"(Read as a query. There is also a rule {meant}.)")
    return 0


def _described(rule: Rule) -> str:
    """Return everything about one rule as text."""
    return "\n".join(explained(rule))


def _test(options: argparse.Namespace) -> int:
    outcomes = run(options.paths, options.simulate)
    for outcome in outcomes:
        _print(f"{'FAILED' if outcome.faults else 'passed'}  {outcome.name}")
        for fault in outcome.faults:
            _print(str(fault))
    failed = sum(bool(outcome.faults) for outcome in outcomes)
    _print(f"{len(outcomes)} tests, {failed} failed")
    return 1 if failed else 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
