"""`straitwatch digest` and `straitwatch export`: digests as files, the check of templates, feed and calendar."""

import asyncio
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.environment import load_settings
from bot.errors import ConfigurationError, InputError, NotFoundError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.alerting.digests.exporting import Format
    from bot.alerting.periods import Period
    from bot.domain import Chat
    from bot.settings import Settings

_FORMATS = "html, md, json or text"


def digest(
    chat: Annotated[
        str, typer.Option("--chat", help="Id of the chat; without it everything is shown, as to a chat without rules")
    ] = "",
    week: Annotated[
        str,
        typer.Option("--week", help="Week in which it is due, such as 2026-W47, or day, such as 2026-11-24"),
    ] = "",
    form: Annotated[str, typer.Option("--format", help=f"Form of the digest: {_FORMATS}")] = "text",
    out: Annotated[str, typer.Option("--out", help="File to write, or - for standard output")] = "-",
    check_template: Annotated[
        bool, typer.Option("--check-template", help="Try your templates with invented digests and list their faults")
    ] = False,
) -> None:
    """Write a digest as a file, as of the last seven days or of a past week; nothing is sent."""
    settings = load_settings()
    if check_template:
        _check(settings.templates_dir)
        return
    from bot.alerting.digests.exporting import Format
    from bot.storage.database import open_engine

    if form not in set(Format):
        raise InputError(f"--format {form}: there is no such form. Use {_FORMATS}")
    now = datetime.now(UTC)
    engine = open_engine(settings.database_url)
    try:
        asked_by = _chat(engine, chat, settings)
        period = _period(asked_by, week, now)
        text = asyncio.run(_make(engine, asked_by, period, Format(form), settings, now=now))
    finally:
        engine.dispose()
    _write(out, text.encode())


def export_(
    form: Annotated[str, typer.Option("--format", help="atom: alerts as a feed; ics: dates ahead as a calendar")],
    out: Annotated[str, typer.Option("--out", help="File to write, or - for standard output")] = "-",
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="How many days of alerts the feed holds")] = 30,
    level: Annotated[str, typer.Option("--level", help="Lowest level of the feed's alerts")] = "low",
    lang: Annotated[str, typer.Option("--lang", help="Language of the words around the headlines")] = "en",
) -> None:
    """Write all alerts as an Atom feed, or all dates ahead as an iCalendar file."""
    from bot.alerting.calendars import YEAR, calendar
    from bot.alerting.digests.sunsets import shipped_sunsets
    from bot.alerting.syndication import atom
    from bot.domain import Severity
    from bot.storage.database import open_engine
    from bot.storage.digest_material import dated_stories, told_between
    from bot.storage.transactions import looking
    from bot.telegram.strings import strings

    if form not in {"atom", "ics"}:
        raise InputError(f"--format {form}: there is no such form. Use atom or ics")
    if level.upper() not in Severity.__members__:
        raise InputError(f"--level {level}: there is no such level. Use {', '.join(one.word for one in Severity)}")
    now, words = datetime.now(UTC), strings(lang)
    engine = open_engine(load_settings().database_url)
    try:
        with looking(engine) as tx:
            if form == "atom":
                told = told_between(tx, now - timedelta(days=days), now + timedelta(minutes=1))
                content = atom([one for one in told if one[0].severity >= Severity.of(level)], words)
            else:
                stories = dated_stories(tx, now.date(), now.date() + YEAR)
                content = calendar(stories, shipped_sunsets(), words, today=now.date())
    finally:
        engine.dispose()
    _write(out, content)


async def _make(
    engine: "Engine", chat: "Chat", period: "Period", form: "Format", settings: "Settings", *, now: datetime
) -> str:
    from dataclasses import replace

    from bot.alerting.charting import ChartProcess
    from bot.alerting.digests.exporting import Format, export
    from bot.alerting.digests.planning import ask, open_press
    from bot.alerting.digests.templating import Templates
    from bot.alerting.digests.wording import NO_LIMITS

    templates = Templates(settings.templates_dir)
    press = open_press(engine, period, [chat.key], now, templates)
    (asked,) = ask(engine, [chat], press.rules, period, now)
    made = replace(press.digest(asked), late=False, daily=period.end - period.start < timedelta(days=2))
    picture = None
    if form is Format.HTML:
        (picture,) = await ChartProcess().draw([replace(press.spec(chat), look="light")])
    text = export(made, press.sheet(asked, made, NO_LIMITS), form, templates, picture=picture)
    for fault in templates.faults:
        typer.secho(f"{fault}; the shipped template was used", fg=typer.colors.YELLOW, err=True)
    return text


def _chat(engine: "Engine", key: str, settings: "Settings") -> "Chat":
    from bot.domain import Chat, ChatKind
    from bot.storage.chats import all_chats, load_chat
    from bot.storage.transactions import looking

    if not key:
        created_at = datetime(1970, 1, 1, tzinfo=UTC)
        return Chat(key="", telegram_id=0, kind=ChatKind.TERMINAL, zone=settings.zone, created_at=created_at)
    with looking(engine) as tx:
        found = load_chat(tx, key)
        known = [] if found else [chat.key for chat in all_chats(tx)][:10]
    if found is None:
        remedy = f"Known chats: {', '.join(known)}" if known else "No chat has written to the bot yet"
        raise NotFoundError(f"--chat {key}: there is no such chat. {remedy}")
    return found


def _period(chat: "Chat", text: str, now: datetime) -> "Period":
    from dataclasses import replace

    from bot.alerting.periods import Period, period_ending

    if not text:
        return Period(key=now.date().isoformat(), start=now - timedelta(days=7), end=now)
    try:
        if "-W" in text:
            year, week = text.split("-W")
            day = date.fromisocalendar(int(year), int(week), chat.digest_weekday + 1)
            found = period_ending(replace(chat, digest_daily=False), day)
        else:
            found = period_ending(replace(chat, digest_daily=True), date.fromisoformat(text))
    except ValueError:
        raise InputError(f"--week {text}: not a week or day. Write 2026-W47 or 2026-11-24") from None
    if found is None or found.start >= now:
        raise InputError(f"--week {text}: this lies ahead. Choose a week that has begun")
    return replace(found, end=min(found.end, now))


def _check(folder: Path | None) -> None:
    from bot.alerting.digests.checking import check_templates

    faults = check_templates(folder)
    if faults:
        raise ConfigurationError(faults)
    where = f"in {folder} and the shipped ones" if folder else "shipped; STRAITWATCH_TEMPLATES_DIR names no folder"
    typer.echo(f"All templates are in order ({where}).")


def _write(out: str, content: bytes) -> None:
    """Write a file whole or not at all, or to standard output."""
    if out == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}. Name a file in a folder that can be written") from error
    typer.echo(f"Wrote {path} ({len(content):,} bytes).", err=True)
