"""The digest outside of Telegram: as HTML for e-mail, Markdown, plain text or JSON. Pure."""

import base64
import json
from enum import StrEnum

from bot.alerting.digests.sheet import Sheet
from bot.alerting.digests.templating import HTML, MARKDOWN, TEXT, Templates
from bot.alerting.digests.values import Digest
from bot.storage.codec import to_json

VERSION = 1  # of the JSON form; raised when a field changes its meaning or goes


class Format(StrEnum):
    """The forms of a digest."""

    HTML = "html"
    MARKDOWN = "md"
    JSON = "json"
    TEXT = "text"


def export(digest: Digest, sheet: Sheet, form: Format, templates: Templates, *, picture: bytes | None = None) -> str:
    """Give a digest in a form; the picture is held by the HTML itself, the other forms have its text."""
    if form is Format.JSON:
        return as_json(digest)
    if form is Format.MARKDOWN:
        return templates.document(MARKDOWN, sheet)
    if form is Format.TEXT:
        return templates.document(TEXT, sheet)
    image = "" if picture is None else "data:image/png;base64," + base64.b64encode(picture).decode()
    return templates.document(HTML, sheet, image=image)


def as_json(digest: Digest) -> str:
    """Give a digest as JSON: the fields of `Digest`, with a `version`; equal digests give equal text."""
    values = to_json(digest)
    values["personal"]["snoozed"] = sorted(values["personal"]["snoozed"])
    return json.dumps({"version": VERSION, **values}, ensure_ascii=False, indent=2) + "\n"
