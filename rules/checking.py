"""Check rule files: all faults, every example run, and warnings about what is doubtful. Reads the files it is given."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from rules.definitions import Catalog, Example, Rule
from rules.loading import load
from rules.places import Fault, Place, RuleFaults
from rules.query import Document, evaluate

Format = Literal["text", "json", "github"]
FORMATS: Final[tuple[Format, ...]] = ("text", "json", "github")
WANTED_EXAMPLES: Final = 3
"""Hits and misses that a rule needs for the status stable, each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check found; `faults` make a set unusable, `warnings` do not. `rules` counts the rules that loaded."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    rules: int = 0
    examples: int = 0

    @property
    def sound(self) -> bool:
        """Whether the set may be used."""
        return not self.faults


def check(paths: Sequence[Path]) -> Report:
    """Load the rule files in `paths`, run every example, and look for what is doubtful."""
    try:
        catalog = load(paths)
    except RuleFaults as error:
        return Report(faults=error.faults, warnings=())
    faults = [fault for rule in catalog.rules for fault in _failed_examples(rule)]
    warnings = [*_repeated(catalog), *(warning for rule in catalog.rules for warning in _doubtful(rule))]
    return Report(
        faults=tuple(sorted(faults)),
        warnings=tuple(sorted(warnings)),
        rules=len(catalog.rules),
        examples=sum(len(rule.hit) + len(rule.miss) for rule in catalog.rules),
    )


def document_of(example: Example) -> Document:
    """Return the document that an example describes."""
    return Document.of(title=example.title, text=example.text, fields=example.fields)


def _failed_examples(rule: Rule) -> Iterable[Fault]:
    for example in rule.hit:
        if evaluate(rule.query, document_of(example)) is None:
            yield Fault(
                place=example.place,
                message=f"rule {rule.id} misses its hit example: {_short(example)}",
                remedy="Widen the query, or correct the example.",
            )
    for example in rule.miss:
        hits = evaluate(rule.query, document_of(example))
        if hits is not None:
            words = ", ".join(dict.fromkeys(hit.word for hit in hits)) or "its fields alone"
            yield Fault(
                place=example.place,
                message=f"rule {rule.id} matches its miss example: {_short(example)}",
                remedy=f"It matched on {words}; narrow the query, or correct the example.",
            )


def _doubtful(rule: Rule) -> Iterable[Fault]:
    if rule.query.cost == "costly":
        yield Fault(
            place=rule.query_place,
            message=f"rule {rule.id} is costly: no word must be present, so every article is evaluated",
            remedy="Add a word or a field that must be there.",
        )
    for note in rule.query.notes:
        yield Fault(place=rule.query_place, message=f"rule {rule.id}: {note.message}")
    if rule.status == "stable":
        for name, examples in (("hit", rule.hit), ("miss", rule.miss)):
            if len(examples) < WANTED_EXAMPLES:
                yield Fault(
                    place=rule.place,
                    message=f"rule {rule.id} is stable with {len(examples)} {name} examples",
                    remedy=f"Add examples up to {WANTED_EXAMPLES}, or set status: test.",
                )
    both = {example.title for example in rule.hit} & {example.title for example in rule.miss}
    for title in sorted(both - {""}):
        yield Fault(
            place=rule.place, message=f"rule {rule.id} has {title!r} as hit and miss", remedy="Keep one of them."
        )


def _repeated(catalog: Catalog) -> Iterable[Fault]:
    """Find rules that ask the same thing."""
    first: dict[object, Rule] = {}
    for rule in catalog.rules:
        other = first.setdefault((rule.query.root, rule.within, rule.at_least), rule)
        if other is not rule:
            yield Fault(
                place=rule.query_place,
                message=f"rule {rule.id} asks the same as rule {other.id}",
                remedy=f"See {other.query_place}; keep one of them.",
            )


def _short(example: Example) -> str:
    text = " ".join((example.title or example.text).split())
    return text if len(text) <= 80 else text[:79] + "…"


def rendered(report: Report, style: Format = "text") -> str:
    """Return the report for a terminal, as JSON, or as GitHub workflow commands."""
    if style == "json":
        return json.dumps(
            {
                "sound": report.sound,
                "rules": report.rules,
                "examples": report.examples,
                "faults": [_plain(fault) for fault in report.faults],
                "warnings": [_plain(fault) for fault in report.warnings],
            },
            ensure_ascii=False,
            indent=2,
        )
    if style == "github":
        lines = [_command("error", fault) for fault in report.faults]
        return "\n".join(lines + [_command("warning", fault) for fault in report.warnings])
    lines = [str(fault) for fault in report.faults]
    lines += [f"{warning.place}: warning: {warning.message}" + _below(warning) for warning in report.warnings]
    counts = f"{report.rules} rules, {report.examples} examples" if report.rules or report.sound else "nothing loaded"
    return "\n".join([*lines, f"{counts}: {len(report.faults)} faults, {len(report.warnings)} warnings"])


def _below(fault: Fault) -> str:
    return f"\n    {fault.remedy}" if fault.remedy else ""


def _plain(fault: Fault) -> dict[str, object]:
    place: Place = fault.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "message": fault.message,
        "remedy": fault.remedy,
    }


def _command(level: str, fault: Fault) -> str:
    """Return one workflow command; its escapes are those of GitHub's documentation."""
    text = f"{fault.message}. {fault.remedy}" if fault.remedy else fault.message
    place = fault.place
    body = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    file = place.file.replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
    return f"::{level} file={file},line={place.line},col={place.column}::{body}"
