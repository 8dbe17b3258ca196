"""`straitwatch stories`: list, show, merge and split stories, and measure the grouping."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.environment import load_settings
from bot.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy import Engine

    from bot.domain import Story

app = typer.Typer(help="List, show, merge and split stories; measure the grouping.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="JSONL with title, summary, published, source and story")]
Out = Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file")]


@app.command()
def evaluate(
    data: Data,
    json: Out = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer thresholds for the baselines")] = False,
) -> None:
    """Measure the grouping on news with known stories, beside simple baselines."""
    from rich.console import Console

    from bot.analysis.story_evaluation import evaluate as measure
    from rules.cues import load_reader

    figures = measure(data, load_reader(), quick=quick)
    _show_figures(Console(), figures)
    if json is not None:
        import json as encoding

        try:
            json.write_text(encoding.dumps(figures, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{json}: {error.strerror}. Give a file that can be written") from error


@app.command(name="list")
def list_stories(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far back")] = 7,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most")] = 50,
) -> None:
    """List the stories with news in the last days, the latest first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from bot.storage.stories import stories_between
    from bot.storage.transactions import looking

    now = datetime.now(UTC)
    with looking(_engine()) as tx:
        found = stories_between(tx, now - timedelta(days=days), now + timedelta(days=1))
    table = Table("id", "last news", "level", "stage", "publishers", "headline")
    for story in found[:limit]:
        stage = f"{story.direction.value}, {story.stage.value}"
        last = f"{story.last_at:%Y-%m-%d %H:%M}"
        row = (story.id, last, story.severity.word, stage, str(len(story.publishers)), escape(story.headline))
        table.add_row(*row)
    console = Console()
    console.print(table if found else f"No story in the last {days} days.")
    if len(found) > limit:
        console.print(f"{len(found) - limit} more: raise --limit")


@app.command()
def show(story: Annotated[str, typer.Argument(help="The story's id")]) -> None:
    """Show one story with its articles, copies and steps."""
    from rich.console import Console

    from bot.storage.stories import load_stories
    from bot.storage.transactions import looking

    with looking(_engine()) as tx:
        found = load_stories(tx, [story]).get(story)
    if found is None:
        raise NotFoundError(f"no story {story!r}. See: straitwatch stories list")
    _show_story(Console(), found)


@app.command()
def merge(
    one: Annotated[str, typer.Argument(help="A story's id")], other: Annotated[str, typer.Argument(help="Another's")]
) -> None:
    """Make one story of two; the one that was told first stays, and its message with it."""
    from rich.console import Console

    from bot.analysis.grouping.mending import merge as merge_rows
    from bot.storage.transactions import writing

    with writing(_engine()) as tx:
        _, grown = merge_rows(tx, one, other, now=datetime.now(UTC))
    console = Console()
    console.print(f"Merged into {grown.id}; its message shows all articles at its next change.")
    _show_story(console, grown)


@app.command()
def split(
    story: Annotated[str, typer.Argument(help="The story's id")],
    article: Annotated[str, typer.Argument(help="The id of the article to take out")],
) -> None:
    """Take an article out of a story into one of its own; they are not put together again."""
    from rich.console import Console

    from bot.analysis.grouping.mending import split as split_rows
    from bot.storage.transactions import writing

    with writing(_engine()) as tx:
        kept, new = split_rows(tx, story, article, now=datetime.now(UTC))
    console = Console()
    count = len(kept.articles)
    articles = "1 article" if count == 1 else f"{count} articles"
    console.print(f"{kept.id} keeps {articles} and its message; the new story is {new.id}.")
    _show_story(console, new)


def _engine() -> "Engine":
    from bot.storage.database import open_engine

    return open_engine(load_settings().database_url)


def _show_story(console: "Console", story: "Story") -> None:
    from rich.markup import escape
    from rich.table import Table

    console.print(f"[bold]{escape(story.headline)}[/]")
    facts = {
        "id": story.id,
        "topics": ", ".join(topic.value for topic in story.topics),
        "level": f"{story.severity.word}, {story.direction.value}, {story.stage.value}",
        "independent publishers": str(len(story.publishers)),
        "official document": story.official.url if story.official else "not found",
        "next step of": story.follows or "",
    }
    for name, value in facts.items():
        if value:
            console.print(f"[dim]{name}:[/] {escape(value)}")
    table = Table("article", "published", "publisher", "tier", "stage", "headline")
    for member in story.articles:
        kind = "official" if member.official else f"copy of {member.copy_of}" if member.copy_of else member.stage.value
        at = f"{member.at:%Y-%m-%d %H:%M}"
        table.add_row(member.article_id, at, escape(member.publisher), str(member.tier), kind, escape(member.title))
    console.print(table)


def _show_figures(console: "Console", figures: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("grouping", "pairwise F1 (P, R)", "BCubed F1 (P, R)", "over-merged")
    for name, found in [("straitwatch", figures), *figures["baselines"].items()]:
        cells = [
            f"{found[kind]['f1']:.3f} ({found[kind]['precision']:.2f}, {found[kind]['recall']:.2f})"
            for kind in ("pairwise", "bcubed")
        ]
        at = found.get("threshold")
        table.add_row(name if at is None else f"{name} at {at:.2f}", *cells, f"{found['over_merge_rate']:.1%}")
    console.print(table)
    counts = figures["stories"]
    console.print(
        f"{figures['n']} articles of {counts['true']} events in {counts['found']} stories; "
        f"{figures['split_rate']:.1%} of the events with several articles lie in more than one story; "
        f"{figures['items_per_second']:.0f} articles a second."
    )
