"""`straitwatch rules`: check, try, explain, test and backtest alert rules, and reload them in the running watch."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.environment import load_settings
from bot.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from rich.console import Console

    from rules.backtest import Backtest
    from rules.fixtures import Simulate

app = typer.Typer(help="Check, try, explain, test and backtest alert rules.", no_args_is_help=True)
Rules = Annotated[list[Path] | None, typer.Option("--rules", help="Rule files or folders beside the catalog")]


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; default: catalog and your folder")
    ] = None,
    style: Annotated[str, typer.Option("--format", help="text, json or github")] = "text",
) -> None:
    """Find every fault in rule files, with its place and remedy, and run their examples."""
    from rules.loading import shipped

    own = load_settings().rules_dir
    _run("check", *[str(path) for path in paths or [shipped(), *([own] if own else [])]], "--format", style)


@app.command()
def match(
    text: Annotated[str, typer.Argument(help="A headline, or - for standard input")],
    query: Annotated[str, typer.Option(help="Try this query instead of the catalog")] = "",
    rules: Rules = None,
) -> None:
    """Show which rules match a text, and by which words."""
    _run("match", text, *(["--query", query] if query else []), *_beside(rules))


@app.command()
def explain(rule: Annotated[str, typer.Argument(help="The id of a rule, or a query")], rules: Rules = None) -> None:
    """Say in words what a rule asks."""
    _run("explain", rule, *_beside(rules))


@app.command()
def test(
    files: Annotated[list[Path], typer.Argument(help="Fixture files")],
    matching: Annotated[
        bool, typer.Option("--matching", help="Match rules only: no classifier, no stories, one alert a match")
    ] = False,  # noqa: PT028 - a command by the name of test
) -> None:
    """Play fixture files through the whole pipeline on a virtual clock: who must be told what, and who must not."""
    from bot.rehearsal import Rehearsal

    if matching:
        _run("test", *map(str, files))
        return
    rehearsal = Rehearsal(load_settings())
    try:
        _run("test", *map(str, files), simulate=rehearsal)
    except typer.Exit:
        for line in rehearsal.silent:
            typer.echo(f"told nobody  {line}")
        raise


@app.command()
def reload() -> None:
    """Check your rules and have the running watch take them up; a faulty set is refused whole."""
    from bot.app import data_folder, load_assessor

    settings = load_settings()
    load_assessor(settings)
    reached = 0
    for place in data_folder(settings).glob("straitwatch-*.pid"):
        try:
            os.kill(int(place.read_text(encoding="utf-8")), signal.SIGHUP)
        except (OSError, ValueError):  # its process did not end well, and this is what it left behind
            continue
        reached += 1
    if not reached:
        raise NotFoundError(f"{data_folder(settings)}: no running watch found. Start one with `straitwatch run`")
    typer.echo(f"The rules are sound; {reached} running process{'es take' if reached > 1 else ' takes'} them up.")


@app.command()
def backtest(
    query: Annotated[str, typer.Argument(help="A query in the rule language, or the id of a rule")],
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days of the archive to search")] = 30,
    zone: Annotated[str, typer.Option(help="Time zone of the hours; default: that of the settings")] = "",
    chat: Annotated[str, typer.Option(help="Compare with this chat's other rules")] = "",
) -> None:
    """Show how often a rule would have fired on the stored archive, when, and what it would add."""
    from rich.console import Console

    from bot.alerting.backtesting import stored_of
    from bot.alerting.quiet import zone_of
    from bot.storage.archive import flagged_since
    from bot.storage.database import open_engine, reading
    from bot.storage.stories import load_stories
    from bot.storage.subscriptions import subscriptions_of
    from rules.backtest import backtest as run_backtest
    from rules.loading import load, shipped
    from rules.query import QueryError, parse

    settings, now = load_settings(), datetime.now(UTC)
    catalog = load([shipped(), *([settings.rules_dir] if settings.rules_dir else [])])
    known = {rule.id: rule for rule in catalog.rules}
    try:
        wanted = known[query].query if query in known else parse(query, filters=catalog.filters)
    except QueryError as error:
        raise InputError(error.pretty()) from None
    with reading(open_engine(settings.database_url)) as tx:
        stored = [stored_of(filed) for filed in flagged_since(tx, now - timedelta(days=days))]
        others = [parse(one.query) for one in subscriptions_of(tx, chat)] if chat else []
        found = run_backtest(
            wanted, stored, zone=zone_of(zone or settings.zone), other_rules=others, now=now, days=days
        )
        shown = load_stories(tx, found.story_ids[-5:])
    headlines = {story_id: story.headline for story_id, story in shown.items()}
    _show(Console(), query, found, headlines, compared=bool(chat))


def _show(console: "Console", query: str, found: "Backtest", headlines: dict[str, str], *, compared: bool) -> None:
    console.print(
        f"[bold]{found.count}[/] alerts in the last {found.days} days ({found.per_day_mean:.1f} a day), "
        f"{found.night_count} at night, from {found.articles} of {found.searched} stored articles: {query}"
    )
    if not found.searched:
        console.print("The archive is empty so far: let `straitwatch run` fill it for a while.")
    peak = max([*found.by_local_hour, 1])
    bars = "".join("▁▂▃▄▅▆▇█"[min(7, n * 8 // peak - (n * 8 // peak == 8))] if n else " " for n in found.by_local_hour)
    console.print(f"hour 0 |{bars}| 23")
    for story_id in found.story_ids[-5:]:
        console.print(f"  • {headlines.get(story_id, story_id)}")
    if compared:
        console.print(f"{len(found.added)} of them none of the chat's other rules would have told.")


def _beside(rules: list[Path] | None) -> list[str]:
    own = load_settings().rules_dir
    return [word for path in [*(rules or []), *([own] if own else [])] for word in ("--rules", str(path))]


def _run(*arguments: str, simulate: "Simulate | None" = None) -> None:
    from rules.__main__ import main

    status = main(arguments, simulate=simulate)
    if status:
        raise typer.Exit(status)
