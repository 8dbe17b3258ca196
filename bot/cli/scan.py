"""`straitwatch scan`: assess one text, file or page, and show why."""

import asyncio
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.environment import load_settings
from bot.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from bot.domain import Article, Assessment
    from bot.settings import Settings

MAX_BYTES = 5_000_000
LONGEST_HEADLINE = 300  # characters
SENTENCES_TRIED = 8
COLOURS = {"tightening": "red", "easing": "green", "mixed": "yellow", "unclear": "dim"}


def scan(
    what: Annotated[str, typer.Argument(help="A file, an http(s) address, or - for standard input")],
    explain: Annotated[bool, typer.Option("--explain", help="Show the text with all matched words marked")] = False,
    json: Annotated[bool, typer.Option("--json", help="Write the assessment as JSON")] = False,
) -> None:
    """Assess one text or page and explain the verdict."""
    from rich.console import Console

    from bot.app import load_assessor

    settings = load_settings()
    article = _read(what, settings)
    assessor = load_assessor(settings)
    readings = headlined(article)
    best = max(zip(assessor.assess(readings), readings, strict=True), key=lambda pair: pair[0].probability)[1]
    (assessment,) = assessor.assess([best], explain=True)
    if json:
        from bot.storage.codec import to_json

        Console().print_json(data={"title": best.title, **to_json(assessment)})
        return
    show(Console(), best, assessment, whole=explain)


def _read(what: str, settings: "Settings") -> "Article":
    if what.startswith(("http://", "https://")):
        return asyncio.run(_fetch(what, settings))
    if what == "-":
        content, name = sys.stdin.buffer.read(MAX_BYTES), "standard input"
    else:
        path = Path(what)
        try:
            content, name = path.read_bytes()[:MAX_BYTES], path.name
        except OSError as error:
            raise InputError(f"{what}: {error.strerror}. Give a readable file, an http(s) address, or -") from error
    return _article(content, url="", name=name)


async def _fetch(url: str, settings: "Settings") -> "Article":
    from bot.app import make_fetcher
    from bot.ingest.cleaning import redact
    from bot.ingest.fetching import Request
    from bot.ingest.polling import judge

    async with make_fetcher(settings) as fetcher:
        response = await fetcher.fetch(Request(url=url))
    failure = judge(response)
    if failure is not None:
        raise InputError(f"{redact(url)}: {failure.text}. Check the address, or save the page and scan the file")
    return _article(response.body, url=response.url, name=url)


def _article(content: bytes, *, url: str, name: str) -> "Article":
    from bot.ingest.pages import extract

    head = content[:2000].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")) or b"<body" in head:
        page = extract(content, url=url or None)
        title, text = page.title, page.text
    else:
        decoded = content.decode("utf-8", errors="replace").replace("\x00", "")
        title, _, text = decoded.strip().partition("\n")
        if len(title) > LONGEST_HEADLINE:
            title, text = "", decoded
    if not (title.strip() or text.strip()):
        raise InputError(f"{name}: no text found. Give an article with a headline and some text")
    return _made(title.strip(), text.strip(), url)


def _made(title: str, text: str, url: str) -> "Article":
    from bot.domain import Article

    return Article(
        id="scan",
        source_id="scan",
        publisher="scan",
        tier=3,
        lang="en",
        url=url,
        title=title,
        text=text,
        fetched_at=datetime.now(UTC),
    )


def headlined(article: "Article") -> list["Article"]:
    """Give the article, or, where it has no headline, one reading for each of its first sentences as headline.

    A headline decides much. Without one, the sentence that reports most stands in for it, as an editor would choose.
    """
    if article.title:
        return [article]
    flat = re.sub(r"\bU\. ?S\. ?(?=\w)", "US ", article.text[:6000])
    sentences = [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n+", flat)]
    told = [part for part in sentences if not re.match(r"[A-Z][A-Z .]+:", part)]  # no turns of an interview
    fitting = [part for part in told if 40 <= len(part) <= LONGEST_HEADLINE][:SENTENCES_TRIED]
    return [_made(part, article.text, article.url) for part in fitting] or [
        _made(article.text[:LONGEST_HEADLINE], article.text, article.url)
    ]


def show(console: "Console", article: "Article", assessment: "Assessment", *, whole: bool) -> None:
    """Print the verdict, the attributes, the matches with their words marked, and the strongest terms."""
    from rich.panel import Panel
    from rich.table import Table

    verdict = "[bold green]FLAGGED[/]" if assessment.flagged else "[bold]not flagged[/]"
    console.print(Panel(f"{verdict}: {assessment.reason}", title=article.title[:100] or "untitled", title_align="left"))
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    colour = COLOURS[assessment.direction.value]
    dates = [
        f"{word} {day.isoformat()}"
        for word, day in (
            ("effective", assessment.effective_on),
            ("expires", assessment.expires_on),
            ("comments due", assessment.comment_due_on),
        )
        if day
    ]
    rows = {
        "probability": f"{assessment.probability:.1%} (calibrated to the stream's prevalence)",
        "topics": ", ".join(topic.value for topic in assessment.topics) or "none",
        "direction": f"[{colour}]{assessment.direction.value}[/]",
        "stage": assessment.stage.value,
        "severity": f"{assessment.severity.word} (with a second publisher: {assessment.potential.word})",
        "issuer → target": f"{', '.join(assessment.issuers) or '?'} → {', '.join(assessment.targets) or '?'}",
        "entities": ", ".join(assessment.entities),
        "goods": ", ".join(assessment.goods),
        "instruments": ", ".join((*assessment.instruments, *assessment.eccns)),
        "dates": ", ".join(dates),
        "rules": "\n".join(f"{match.title} ({', '.join(match.words[:6])})" for match in assessment.matches),
        "strongest terms": ", ".join(f"{term} {weight:+.2f}" for term, weight in assessment.terms),
    }
    for name, value in rows.items():
        if value:
            table.add_row(f"[dim]{name}[/]", value)
    console.print(table)
    text = mark(article, assessment)
    console.print(Panel(text if whole else text[:600], title="words that matched", title_align="left"))


def mark(article: "Article", assessment: "Assessment") -> "Text":
    """Give headline and text with the words of rules, direction and stage marked."""
    from rich.text import Text

    title, body = Text(article.title, style="bold"), Text(article.body)
    for match in assessment.matches:
        for where, start, end in match.spans:
            (title if where == "title" else body).stylize("black on yellow", start, end)
    for what, where, start, end in assessment.evidence:
        style = "bold magenta" if what == "stage" else "bold cyan"
        (title if where == "title" else body).stylize(style, start, end)
    return Text.assemble(title, "\n\n", body)
