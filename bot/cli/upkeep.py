"""`straitwatch db`, `settings` and the other commands that keep an installation well."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import checkup
from bot.cli.environment import load_settings

db = typer.Typer(help="Upgrade, back up, restore and move the database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Hang the commands of this module into the `straitwatch` command."""
    app.add_typer(db, name="db")
    app.command(name="settings")(settings)
    app.command(name="doctor")(checkup.doctor)
    app.command(name="replay")(checkup.replay)


def settings(
    example: Annotated[bool, typer.Option("--example", help="Print .env.example instead of what is in force")] = False,
) -> None:
    """Show the settings in force, secrets hidden, and where each comes from."""
    if example:
        from bot.settings import env_example

        typer.echo(env_example(), nl=False)
        return
    from rich.console import Console
    from rich.table import Table

    from bot.redaction import HIDDEN, redact

    found = load_settings()
    table = Table("setting", "value", "meaning")
    for name, field in type(found).model_fields.items():
        value = getattr(found, name)
        mark = "" if value == field.default else "[bold]"
        shown = HIDDEN if name == "ping_url" and value else redact(str(value))
        table.add_row(f"{mark}{name}", shown, field.description or "")
    Console().print(table)


@db.command()
def upgrade() -> None:
    """Bring the database to this version's schema."""
    from bot.storage.database import open_engine
    from bot.storage.upgrading import upgrade as run_upgrade

    before, after = run_upgrade(open_engine(load_settings().database_url))
    typer.echo(f"schema {after}" + ("" if before == after else f", was {before or 'empty'}"))


@db.command()
def backup(
    file: Annotated[Path | None, typer.Argument(help="Target file; default: backups/ beside the data")] = None,
) -> None:
    """Write everything into one SQLite file, while the watch may run."""
    from bot.app import data_folder
    from bot.storage.copies import backup as run_backup
    from bot.storage.database import open_engine

    found = load_settings()
    target = file or data_folder(found) / "backups" / f"straitwatch-{datetime.now(UTC):%Y%m%d-%H%M%S}.sqlite3"
    size = run_backup(open_engine(found.database_url), target)
    typer.echo(f"{target}: {size:,} bytes")


@db.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `straitwatch db backup` wrote")],
    overwrite: Annotated[bool, typer.Option(help="Replace what the database holds")] = False,
) -> None:
    """Bring a backup back into the database of the settings."""
    from bot.storage.copies import restore as run_restore

    rows = run_restore(file, load_settings().database_url, overwrite=overwrite)
    typer.echo(f"{sum(rows.values()):,} rows of {len(rows)} tables restored")


@db.command()
def copy(
    address: Annotated[str, typer.Argument(help="Database address of the empty target, of either engine")],
) -> None:
    """Copy everything into another database, such as from SQLite to PostgreSQL."""
    from bot.storage.copies import copy as run_copy
    from bot.storage.database import open_engine

    rows = run_copy(open_engine(load_settings().database_url), address)
    typer.echo(f"{sum(rows.values()):,} rows of {len(rows)} tables copied")
