"""`straitwatch demo`: a week of news in seconds, offline."""

import asyncio
import tempfile
from datetime import datetime
from pathlib import Path


def demo() -> None:
    """Play a week of invented news through the real pipeline, and show what the chats would see."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from bot.demo.week import END, START, run_week

    console = Console()
    console.print(
        "[bold]Straitwatch demonstration[/]: 12 invented sources on a local server, one week of news, offline"
    )
    total = (END - START).total_seconds()
    bar = Progress(
        TextColumn("{task.fields[day]}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), console=console
    )
    with tempfile.TemporaryDirectory(prefix="straitwatch-demo-") as folder, bar:
        task = bar.add_task("week", total=total, day="Mon 14 Jul 06:00")

        def progress(at: datetime) -> None:
            bar.update(task, completed=(at - START).total_seconds(), day=f"{at:%a %d %b %H:%M}")

        totals = asyncio.run(run_week(Path(folder), console, progress))
    drops = sum(n for what, n in totals.items() if what.startswith("dropped:"))
    console.print(
        f"[bold]The week:[/] {totals['polls']} polls, {totals['read']} items read, {totals['flagged']} flagged, "
        f"{totals['alerts']} alerts and updates, {totals['silent:not_flagged']} not relevant, {drops} dropped."
    )
    console.print("Next: `make run` watches the real sources; set STRAITWATCH_TELEGRAM_TOKEN for Telegram.")
