"""Test rules with stories on a virtual clock: items in order of time, expected and forbidden alerts per chat.

The idea is promtool's `test rules`. This module reads the fixture file and judges; who turns items into alerts is the
caller's: `matched` below only matches rules, the bot injects its whole pipeline. The schema is in docs/rules.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from rules.correlation import reached
from rules.definitions import Catalog
from rules.places import Fault, Place, RuleFaults
from rules.query import Document, Query, evaluate


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article of a scenario; `fields` as for `Document.of`, `story` names the event that it reports."""

    at: datetime
    title: str
    text: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    story: str | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRule:
    """A rule of a chat: a rule of the catalog by its id, or a query typed there."""

    name: str
    query: Query
    within: timedelta | None = None
    at_least: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """An alert that must come, or must not; None stands for any. `count` is the exact number wanted."""

    chat: str
    rule: str | None = None
    at: datetime | None = None
    title: str | None = None
    count: int | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One test: items in order of time, the chats with their rules, and what must and must not be told."""

    name: str
    start_at: datetime
    items: tuple[Item, ...]
    chats: Mapping[str, tuple[ChatRule, ...]]
    expect: tuple[Expectation, ...]
    forbid: tuple[Expectation, ...]
    catalog: Catalog
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert of the simulation."""

    chat: str
    rule: str
    at: datetime
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one scenario; no faults means that it passed."""

    name: str
    faults: tuple[Fault, ...]
    told: tuple[Told, ...]


Simulate = Callable[[Scenario], Sequence[Told]]


def run(paths: Sequence[Path], simulate: Simulate | None = None) -> tuple[Outcome, ...]:
    """Run every scenario of the fixture files; raises RuleFaults when the files themselves are faulty."""
    from rules.scenarios import scenarios_in  # noqa: PLC0415 - it builds this module's values

    scenarios: list[Scenario] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            scenarios.extend(scenarios_in(path))
        except RuleFaults as error:
            faults.extend(error.faults)
    if faults:
        raise RuleFaults(faults)
    return tuple(judge(scenario, (simulate or matched)(scenario)) for scenario in scenarios)


def matched(scenario: Scenario) -> tuple[Told, ...]:
    """Tell each chat of each item that matches one of its rules; correlated rules tell once their count is reached."""
    told = []
    matched_at: dict[tuple[str, str], list[datetime]] = {}
    for item in scenario.items:
        document = Document.of(title=item.title, text=item.text, fields=item.fields)
        for chat, chat_rules in scenario.chats.items():
            for rule in chat_rules:
                if evaluate(rule.query, document) is None:
                    continue
                times = matched_at.setdefault((chat, rule.name), [])
                times.append(item.at)
                fired = reached(times, now=item.at, within=rule.within, at_least=rule.at_least)
                if rule.at_least is None or len(fired) == rule.at_least:
                    told.append(Told(chat=chat, rule=rule.name, at=item.at, title=item.title))
    return tuple(told)


def judge(scenario: Scenario, told: Sequence[Told]) -> Outcome:
    """Compare what was told with what was expected and forbidden."""
    faults = []
    for wanted in scenario.expect:
        found = [alert for alert in told if _fits(alert, wanted)]
        if wanted.count is None and not found:
            message = f"{scenario.name}: expected {_words(wanted, scenario)}, it did not come"
            faults.append(Fault(place=wanted.place, message=message, remedy=_came(told, wanted.chat, scenario)))
        elif wanted.count is not None and len(found) != wanted.count:
            message = f"{scenario.name}: expected {wanted.count} of {_words(wanted, scenario)}, {len(found)} came"
            faults.append(Fault(place=wanted.place, message=message, remedy=_came(told, wanted.chat, scenario)))
    for unwanted in scenario.forbid:
        for alert in told:
            if _fits(alert, unwanted):
                message = f"{scenario.name}: forbidden {_words(unwanted, scenario)} came: {alert.title}"
                remedy = f"By rule {alert.rule} at {_clock(alert.at, scenario)}."
                faults.append(Fault(place=unwanted.place, message=message, remedy=remedy))
    return Outcome(name=scenario.name, faults=tuple(faults), told=tuple(told))


def _fits(alert: Told, wanted: Expectation) -> bool:
    return (
        alert.chat == wanted.chat
        and wanted.rule in (None, alert.rule)
        and wanted.at in (None, alert.at)
        and (wanted.title is None or wanted.title.casefold() in alert.title.casefold())
    )


def _words(wanted: Expectation, scenario: Scenario) -> str:
    parts = [f"an alert in {wanted.chat}"]
    parts += [f"of {wanted.rule}"] if wanted.rule else []
    parts += [f"at {_clock(wanted.at, scenario)}"] if wanted.at else []
    parts += [f"titled {wanted.title!r}"] if wanted.title else []
    return " ".join(parts)


def _clock(moment: datetime, scenario: Scenario) -> str:
    """Return the time since the start, as a fixture writes it."""
    minutes = int((moment - scenario.start_at).total_seconds() // 60)
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _came(told: Sequence[Told], chat: str, scenario: Scenario) -> str:
    came = [f"{alert.rule} at {_clock(alert.at, scenario)}: {alert.title}" for alert in told if alert.chat == chat]
    return f"What came in {chat}: {'; '.join(came[:5]) or 'nothing'}."
