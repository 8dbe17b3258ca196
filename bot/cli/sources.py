"""`straitwatch sources` and `missed`: what is watched and how it fares, and where an item was lost."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.environment import load_settings
from bot.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.settings import Settings


app = typer.Typer(help="Show what is watched and how it fares; add, remove and exchange sources.")
COLUMNS = ("source", "tier", "state", "success", "new", "items", "undated", "next", "what it said")
COLOURS = {"ok": "green", "never": "dim", "silent": "yellow", "stale": "yellow", "failing": "red", "paused": "dim"}
Id = Annotated[str, typer.Argument(help="The id of a source")]


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Show all sources with their health."""
    if context.invoked_subcommand is None:
        show()


@app.command(name="list")
def show(
    state: Annotated[
        str, typer.Option(help="Only sources in this state: ok, failing, stale, silent, never, paused")
    ] = "",
) -> None:
    """Show all sources with their health, the worst first."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from bot.ingest.health import HealthState, health, span
    from bot.storage.database import reading
    from bot.storage.sources import all_sources

    if state and state not in set(HealthState):
        raise InputError(f"--state {state}: there is no such state. Use one of {', '.join(HealthState)}")
    now = datetime.now(UTC)
    with reading(_engine()) as tx:
        stored = all_sources(tx)
    order = list(HealthState)
    judged = sorted(((health(one.memory, now), one) for one in stored), key=lambda pair: order.index(pair[0].state))

    def ago(at: datetime | None) -> str:
        return "-" if at is None else span(now - at)

    table = Table(*COLUMNS, box=SIMPLE)
    table.columns[0].no_wrap = True
    for found, one in judged:
        if state and found.state.value != state:
            continue
        due = found.next_poll_at
        upcoming = (
            "" if found.state is HealthState.PAUSED else "now" if due is None or due <= now else f"in {span(due - now)}"
        )
        table.add_row(
            one.source.id,
            str(one.source.tier),
            f"[{COLOURS[found.state.value]}]{found.state.value}[/]",
            ago(found.last_success_at),
            ago(found.last_new_at),
            str(one.memory.items_new),
            f"{found.undated_share:.0%}" if one.memory.items_seen else "",
            upcoming,
            one.memory.last_status or found.text,
        )
    healthy = sum(found.state.value == "ok" for found, _ in judged)
    Console().print(table, f"{healthy} of {len(judged)} sources are healthy.")


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="A feed, or a page that has one")],
    tier: Annotated[
        int, typer.Option(min=1, max=5, help="1 official, 2 wire, 3 trade press, 4 regional, 5 analysis")
    ] = 4,
    publisher: Annotated[str, typer.Option(help="Publisher family, if it is not the host")] = "",
) -> None:
    """Find the feed behind an address and watch it from now on."""
    from dataclasses import replace

    from bot.app import find_feeds
    from bot.ingest.cleaning import redact
    from bot.ingest.discovery import make_source
    from bot.storage import sources as rows

    settings = load_settings()
    found = asyncio.run(find_feeds(settings, url))
    if not found.feeds:
        raise InputError(f"{redact(url)}: {found.problem}. Give the address of the feed itself")
    engine = _engine(settings)
    with engine.begin() as tx:
        source = make_source(found.feeds[0], {one.source.id for one in rows.all_sources(tx)}, tier=tier)
        source = replace(source, publisher=publisher or source.publisher)
        if not rows.add(tx, source, added_by="cli"):
            raise InputError(f"{source.url} is watched already")
    typer.echo(f"{source.id}: {source.name}, {source.url}, {found.feeds[0].items} items")
    for other in found.feeds[1:]:
        typer.echo(f"  also there: {other.url} ({other.items} items)")


@app.command()
def remove(source_id: Id) -> None:
    """Stop watching a source of yours for good, or switch a shipped one off."""
    _change(source_id, "remove")
    typer.echo(f"{source_id} is no longer watched.")


@app.command()
def pause(source_id: Id, reason: Annotated[str, typer.Option(help="Why, for the list")] = "paused by hand") -> None:
    """Stop polling a source until it is resumed."""
    _change(source_id, "pause", reason)
    typer.echo(f"{source_id} is paused.")


@app.command()
def resume(source_id: Id) -> None:
    """Poll a paused or switched-off source again."""
    _change(source_id, "resume")
    typer.echo(f"{source_id} is polled again.")


@app.command(name="export")
def export_opml(
    out: Annotated[Path | None, typer.Option("--out", help="File; default: standard output")] = None,
) -> None:
    """Write all sources as OPML."""
    from bot.ingest.opml import write_opml
    from bot.storage.database import reading
    from bot.storage.sources import all_sources

    with reading(_engine()) as tx:
        text = write_opml([one.source for one in all_sources(tx)])
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


@app.command(name="import")
def import_opml(file: Annotated[Path, typer.Argument(help="An OPML file")]) -> None:
    """Watch all feeds of an OPML file; those that are watched already stay as they are."""
    from bot.ingest.addresses import AddressGuard
    from bot.ingest.cleaning import redact
    from bot.ingest.discovery import FoundFeed, make_source, refuse_secret
    from bot.ingest.opml import read_opml
    from bot.storage import sources as rows

    try:
        outlines = read_opml(file.read_bytes())
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}. Give a readable OPML file") from error
    guard, added = AddressGuard(), 0
    with _engine().begin() as tx:
        taken = {one.source.id for one in rows.all_sources(tx)}
        for outline in outlines:
            refused = refuse_secret(outline.url) or guard.refuse_url(outline.url)
            if refused:
                typer.echo(f"left out {redact(outline.url)}: {refused}", err=True)
                continue
            found = FoundFeed(url=outline.url, title=outline.title, home=outline.home, lang="", items=0, undated=False)
            source = make_source(found, taken)
            if rows.add(tx, source, added_by="cli"):
                taken.add(source.id)
                added += 1
    typer.echo(f"{added} of {len(outlines)} feeds are new and watched from now on.")


def missed(url: Annotated[str, typer.Argument(help="Address of the item")]) -> None:
    """Say what became of an item: never read, dropped (why), not flagged (why), or told (to whom, when)."""
    from bot.storage.articles import find_by_url
    from bot.storage.database import reading
    from bot.storage.stories import alerts_of, load_assessments, story_of
    from bot.storage.whereabouts import deliveries_of

    with reading(_engine()) as tx:
        found = find_by_url(tx, url)
        for drop in found.drops:
            typer.echo(f"read from {drop.source_id} at {drop.dropped_at:%Y-%m-%d %H:%M} UTC and dropped: {drop.detail}")
        for article in (*found.articles, *found.known_as):
            same = "" if article in found.articles else "taken for "
            typer.echo(f"{same}{article.source_id}, {article.fetched_at:%Y-%m-%d %H:%M} UTC: {article.title}")
            assessment = load_assessments(tx, [article.id]).get(article.id)
            story_id = story_of(tx, article.id)
            if assessment is None:
                typer.echo("  it was not assessed")
            elif story_id is None:
                typer.echo(f"  not flagged: {assessment.reason}")
            else:
                typer.echo(f"  flagged ({assessment.reason}), story {story_id}, {len(alerts_of(tx, story_id))} alerts")
                for line in deliveries_of(tx, story_id) or ["no chat's rules asked for it"]:
                    typer.echo(f"    {line}")
    if not (found.articles or found.drops or found.known_as):
        typer.echo("never read: no source carried this address. `straitwatch sources add` watches its feed.")


def _change(source_id: str, what: str, *arguments: str) -> None:
    from bot.storage import sources as rows

    with _engine().begin() as tx:
        if source_id not in {one.source.id for one in rows.all_sources(tx)}:
            raise NotFoundError(f"{source_id}: no such source. `straitwatch sources` lists their ids")
        getattr(rows, what)(tx, source_id, *arguments)


def _engine(settings: "Settings | None" = None) -> "Engine":
    from bot.ingest.catalog import load_catalog
    from bot.storage.database import open_engine
    from bot.storage.sources import upsert_catalog
    from bot.storage.upgrading import upgrade

    settings = settings or load_settings()
    engine = open_engine(settings.database_url)
    upgrade(engine)
    with engine.begin() as tx:
        upsert_catalog(tx, load_catalog(settings.sources_file))
    return engine
