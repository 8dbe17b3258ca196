"""The chaos's report as tables, and whether it is good."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def good(report: Mapping[str, Any]) -> bool:
    """Tell whether nothing was lost, all invariants hold, and health turned wherever it had to."""
    return (
        report["lost"] == 0
        and report["copies"] <= report["copies_allowed"]
        and report["drained_after"] is not None
        and not any(report["invariants"].values())
        and not any(one["fault"] for one in report["troubles"])
    )


def show(reports: Sequence[Mapping[str, Any]]) -> None:
    """Print what every engine went through, and what became of it."""
    console = Console(width=150)
    for report in reports:
        console.print(_troubles(report))
        console.print(_figures(report))
        for name, fault in report["invariants"].items():
            console.print(f"[red]BAD[/] {name}: {fault}" if fault else f"[green]ok[/]  {name}", highlight=False)
        verdict = "[green]good[/]" if good(report) else "[red]BAD[/]"
        console.print(f"{report['engine']}: {verdict}, {report['seconds']} s\n", highlight=False)


def _troubles(report: Mapping[str, Any]) -> Table:
    table = Table(title=f"{report['engine']}: long troubles, and what /readyz said", title_justify="left")
    for name in ("trouble", "how", "red after", "green after", "news after", "red/green/none", "checks"):
        table.add_column(name, justify="right" if "after" in name or "/" in name else "left")
    for one in report["troubles"]:
        answers = f"{one['red']} / {one['green']} / {one['away']}"
        red = _seconds(one["red_after"]) if one["wanted"] else "not asked"
        checks = f"[red]{one['fault']}[/]" if one["fault"] else one["seen"]
        table.add_row(
            one["name"], one["how"], red, _seconds(one["green_after"]), _seconds(one["flow_after"]), answers, checks
        )
    return table


def _figures(report: Mapping[str, Any]) -> Table:
    table = Table(title=f"{report['engine']}: all the time, and the end", title_justify="left")
    table.add_column("what")
    table.add_column("number", justify="right")
    for name in ("items", "stories", "messages"):
        table.add_row(name, str(report[name]))
    for name, number in sorted(report["done"].items()):
        table.add_row(name, str(number))
    table.add_row("drained after", _seconds(report["drained_after"]))
    table.add_row("copies (allowed)", f"{report['copies']} ({report['copies_allowed']})")
    table.add_row("given up after two answers withheld, yet there", str(report["in_doubt"]))
    bad = [f"{report[name]} {name}" for name in ("unread", "untold", "parked") if report[name]]
    table.add_row("lost", f"{report['lost']}{' (' + ', '.join(bad) + ')' if bad else ''}")
    return table


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
