"""`straitwatch doctor` and `straitwatch replay`: is all well, and would a past alert be decided alike today."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.environment import load_settings
from bot.errors import ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from bot.analysis.replaying import Decided, Heard
    from bot.domain import Alert, Assessment
    from bot.operations.vitals import Check


def doctor(
    fetch: Annotated[bool, typer.Option("--fetch", help="Ask every source once; nothing is stored")] = False,
) -> None:
    """Check settings, token, chats, database, disk, clock, sources, model and rules, and say what to do."""
    from bot.operations.vitals import Check

    try:
        settings = load_settings()
    except ConfigurationError as error:
        _show([Check(name=one.place, good=False, text=one.problem, remedy=one.remedy) for one in error.faults])
        raise typer.Exit(1) from None
    from bot import app
    from bot.operations.doctor import examine

    checks = [
        Check(name="settings", good=True, text="in order"),
        *asyncio.run(examine(settings, now=app.now(), fetch=fetch)),
    ]
    _show(checks)
    bad = sum(not check.good for check in checks)
    if bad:
        typer.echo(f"{bad} of {len(checks)} checks found something to do.")
        raise typer.Exit(1)
    typer.echo(f"All {len(checks)} checks passed.")


def replay(alert: Annotated[str, typer.Argument(help="Id of an alert; `straitwatch stories show` lists them")]) -> None:
    """Decide a past alert again from what is stored, and say whether today's model and rules would differ."""
    from bot import app
    from bot.analysis.replaying import replay as run_replay
    from bot.storage.database import open_engine
    from bot.storage.replays import load_replay
    from bot.storage.transactions import looking

    settings = load_settings()
    engine = open_engine(settings.database_url)
    try:
        with looking(engine) as tx:
            filed = load_replay(tx, alert)
    finally:
        engine.dispose()
    if filed is None:
        raise NotFoundError(
            f"{alert}: there is no such alert, or its articles are older than STRAITWATCH_RETENTION_DAYS. "
            "`straitwatch stories` lists what is kept"
        )
    assessor = app.load_assessor(settings)
    typer.echo(f"Alert {filed.alert.id} on story {filed.alert.story_id}")
    typer.echo(f"  decided  {filed.alert.decided_at:%Y-%m-%d %H:%M:%S} UTC: {filed.said}")
    for one in filed.heard:
        judged = one.assessment
        typer.echo(f"  read     {one.article.fetched_at:%Y-%m-%d %H:%M} {one.article.source_id}: {one.article.title}")
        typer.echo(f"           model {judged.model_version}, rules {judged.rules_version}: {judged.reason}")
    then = _same(run_replay(filed.alert.story_id, filed.heard), filed.alert)
    typer.echo(f"  rebuilt  from what is stored: {_words(then, filed.said)}")
    today = assessor.assess([one.article for one in filed.heard])
    anew = [_reassessed(one, judged) for one, judged in zip(filed.heard, today, strict=True)]
    now = _same(run_replay(filed.alert.story_id, anew), filed.alert)
    typer.echo(
        f"  today    model {assessor.versions['model']}, rules {assessor.versions['rules']}: {_words(now, filed.said)}"
    )
    for one, judged in zip(filed.heard, today, strict=True):
        if one.assessment.flagged != judged.flagged:
            typer.echo(
                f"           {one.article.title}: {'flagged' if judged.flagged else 'not flagged'}; {judged.reason}"
            )


def _reassessed(one: "Heard", judged: "Assessment") -> "Heard":
    from dataclasses import replace

    return replace(one, assessment=judged)


def _same(decided: "list[Decided]", alert: "Alert") -> "Decided | None":
    """Find the alert that stands for a past one: of its reason, at its time; else of its time."""
    at = [one for one in decided if one.alert.decided_at == alert.decided_at]
    return next((one for one in at if one.alert.reason is alert.reason), at[0] if at else None)


def _words(found: "Decided | None", said: str) -> str:
    from bot.storage.replays import said_of

    if found is None:
        return "DIFFERENT: no alert"
    told = said_of(found.alert, found.story)
    return f"the same, {told}" if told == said else f"DIFFERENT: {told}"


def _show(checks: "list[Check]") -> None:
    for check in checks:
        mark = typer.style("ok  ", fg=typer.colors.GREEN) if check.good else typer.style("BAD ", fg=typer.colors.RED)
        typer.echo(f"{mark}{check.name}: {check.text}")
        if check.remedy:
            typer.echo(f"      -> {check.remedy}")
