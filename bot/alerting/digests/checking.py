"""Find the faults of digest templates before Sunday does: lay every one out with invented digests."""

from collections.abc import Iterator
from pathlib import Path

from bot.alerting.digests.layout import MarkError, lay_piece
from bot.alerting.digests.samples import sample_sheets
from bot.alerting.digests.sheet import Sheet
from bot.alerting.digests.templating import (
    CAPTION,
    FAILURES,
    HTML,
    MARKDOWN,
    NAMES,
    TELEGRAM,
    TEXT,
    Templates,
    fault_of,
)
from bot.errors import Fault
from bot.telegram.markup import CAPTION_LIMIT, split

_IMAGE = "data:image/png;base64,"


def check_templates(folder: Path | None) -> list[Fault]:
    """Lay out all templates, those of `folder` and the shipped ones for the rest; gives at most one fault a template.

    A file in the folder that no digest uses is a fault as well: a misspelt name would never be noticed otherwise.
    """
    sheets = sample_sheets()
    found = []
    for name in NAMES:
        own = folder / name if folder is not None else None
        path = own if own is not None and own.is_file() else Path(name)
        templates = Templates(folder)
        try:
            for sheet in sheets:
                _try(name, templates, sheet)
        except FAILURES as error:
            found.append(_place(error, path))
    return [*found, *_strangers(folder)]


def _try(name: str, templates: Templates, sheet: Sheet) -> None:
    if name in {HTML, MARKDOWN, TEXT}:
        text = templates.own(name).render(sheet=sheet, image=_IMAGE if sheet.picture else "")
        if sheet.title not in text and name != MARKDOWN:
            raise ValueError("the digest's title does not appear in what it gives")
        return
    template = templates.own(name)
    for macro, *values in _pieces(name, sheet):
        if not hasattr(template.module, str(macro)):
            raise ValueError(f"the macro {macro} is missing")
        blocks = lay_piece(template, str(macro), *values)
        if name == CAPTION and len(split(blocks, limit=CAPTION_LIMIT)) > 1:
            raise ValueError(f"the caption is longer than the {CAPTION_LIMIT} characters that a picture may have")


def _pieces(name: str, sheet: Sheet) -> Iterator[tuple[object, ...]]:
    if name == CAPTION:
        yield "caption", sheet.title, sheet.subtitle, sheet.lead, sheet.picture
    if name == TELEGRAM:
        yield from (("note", note) for note in sheet.notes)
        yield from (("heading", group.title) for group in sheet.groups)
        yield from (("card", card) for group in sheet.groups for card in group.cards)
        yield from (("section", section) for section in sheet.sections)
        yield "ending", sheet.ending


def _place(error: Exception, path: Path) -> Fault:
    """Say what is wrong; a mark that Telegram does not know is looked up in the template's text."""
    if isinstance(error, MarkError) and path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        number = next((place for place, line in enumerate(lines, 1) if error.mark in line), 0)
        return fault_of(error, f"{path}:{number}" if number else path)
    return fault_of(error, path)


def _strangers(folder: Path | None) -> list[Fault]:
    known = ", ".join(NAMES)
    return [
        Fault(place=str(path), problem="no digest uses this file", remedy=f"Name it like one of {known}")
        for path in sorted(folder.glob("*.j2") if folder is not None else ())
        if path.name not in NAMES
    ]
