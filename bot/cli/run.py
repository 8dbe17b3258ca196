"""`straitwatch run` and `straitwatch worker`: the main job, alone or beside others."""

import asyncio
from typing import TYPE_CHECKING

import typer

from bot.cli.environment import load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from bot.watch import Watch


def run() -> None:
    """Watch the sources and tell the chats, until Ctrl-C."""
    from rich.console import Console

    from bot import app
    from bot.greeting import first_lines
    from bot.watch import Watch

    settings = load_settings()
    app.set_up_logging(settings)
    console = Console()
    with console.status("Loading the model, the rules and the database"):
        house = app.open_house(settings)
        watch = Watch(house, console)
        watch.prepare()
    for line in first_lines(house):
        console.print(line, highlight=False)
    asyncio.run(_run(watch, console))
    console.print("Stopped; everything owed is kept and leaves at the next start.")


def worker() -> None:
    """Watch beside other processes on one database: all share the sources, one of them sends and talks."""
    from rich.console import Console

    from bot import app
    from bot.watch import Watch

    settings = load_settings()
    app.set_up_logging(settings)
    house = app.open_house(settings)
    watch = Watch(house, Console())
    watch.prepare()
    typer.echo(f"Worker {app.worker_name()} on {house.engine.url.render_as_string(hide_password=True)}")
    asyncio.run(watch.run())
    typer.echo("Stopped; its sources were given back.")


async def _run(watch: "Watch", console: "Console") -> None:
    """Run the watch with a live status line, or a line a minute where the output is no terminal."""
    running = asyncio.create_task(watch.run())
    live = console.is_terminal
    with console.status("starting", spinner="dots") as shown:
        while not running.done():
            await asyncio.wait({running}, timeout=1 if live else 60)
            line = await asyncio.to_thread(watch.status)
            if live:
                shown.update(line)
            elif not running.done():
                console.print(line, highlight=False)
    await running
