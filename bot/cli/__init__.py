"""The `straitwatch` command: one module a command group. Owns typer; heavy imports stay inside the commands."""

import logging
import sys

import typer

from bot.cli import demo, digest, rules, run, scan, sources, stories, upkeep
from bot.errors import StraitwatchError
from bot.redaction import guard_logging, guard_tracebacks

app = typer.Typer(
    name="straitwatch",
    help="Watches trade news and official gazettes; tells Telegram chats when export controls or supply chains shift.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="run")(run.run)
app.command(name="worker")(run.worker)
app.command(name="demo")(demo.demo)
app.command(name="scan")(scan.scan)
app.command(name="digest")(digest.digest)
app.command(name="export")(digest.export_)
app.command(name="missed")(sources.missed)
app.add_typer(sources.app, name="sources")
app.add_typer(rules.app, name="rules")
app.add_typer(stories.app, name="stories")
upkeep.register(app)


def main() -> None:
    """Run the command; an expected failure is shown as text with its remedy, never as a traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    redactor = guard_logging(logging.getLogger())
    try:
        app()
    except StraitwatchError as error:
        typer.secho(redactor(str(error)), fg=typer.colors.RED, err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    finally:
        guard_tracebacks()  # typer puts a hook of its own in place when it starts
