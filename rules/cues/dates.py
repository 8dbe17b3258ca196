"""Dates that a text gives for a measure: effective, expiry, end of comments; pure.

A day without a year is taken as the nearest such day between 60 days before and 305 days after publication.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), start=1)
    for name in names.split()
}  # fmt: skip
_MONTH = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_DATE = re.compile(
    rf"(?P<m1>{_MONTH})\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<y1>20\d\d))?"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<m2>{_MONTH})(?:,?\s+(?P<y2>20\d\d))?"
    r"|(?P<y3>20\d\d)-(?P<m3>\d\d)-(?P<d3>\d\d)"
    r"|(?P<y4>20\d\d)\s?年\s?(?P<m4>\d{1,2})\s?月\s?(?P<d4>\d{1,2})\s?[日号]",
    re.IGNORECASE,
)
_GAP = r"[^.;\d]{0,40}?"
_CUES = re.compile(
    rf"(?P<comment>comments?\s(?:must|are|should|will|due|period|by)?{_GAP}(?:received|submitted|due|by|until|ends?|closes?)\b"
    r"|(?:comment period|consultation)\s(?:ends|closes|runs until))"
    r"|(?P<expires>\b(?:until|through|till|expir(?:es?|ing|y)(?:\s(?:on|date))?|valid until|lapses?(?:\son)?"
    r"|ends?\son|sunsets?\son|up\sto)\b|有效期至|实施至)"
    r"|(?P<effective>\b(?:effective(?:\s(?:on|from|as\sof|date))?|in\sforce(?:\s(?:on|from|as\sof))?|into\sforce(?:\son)?"
    r"|take[sn]?\seffect(?:\son)?|taking\seffect|took\seffect(?:\son)?|into\seffect(?:\son)?|in\seffect"
    r"|(?:as\sof|starting|beginning|start(?:s|ed)?(?:\son)?|begin(?:s|ning)?(?:\son)?|as\sfrom|from|with\seffect\sfrom))\b"
    r"|自|施行)",
    re.IGNORECASE,
)
_AT_ONCE = re.compile(
    r"effective immediately|with immediate effect|immediately effective|takes? effect immediately|effective today"
    r"|自公布之日起",
    re.IGNORECASE,
)
_TRIGGER = re.compile(
    r"effect|force|until|through|till|expir|lapse|comment|as of|from|start|begin|sunset|consultation|有效期|施行|自",
    re.IGNORECASE,
)


_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A date with its role (effective, expires, comment) and the character range that says so."""

    role: str
    day: date
    start: int
    end: int


def dates(text: str, published_on: date | None) -> list[Found]:
    """Return the first date of each role in ``text``; ``published_on`` completes dates without a year."""
    dated = _DIGIT.search(text) or "mmediate" in text or "oday" in text or "公布之日" in text
    if not dated or not _TRIGGER.search(text):
        return []
    found: dict[str, Found] = {}
    at_once = _AT_ONCE.search(text)
    if at_once and published_on:
        found["effective"] = Found(role="effective", day=published_on, start=at_once.start(), end=at_once.end())
    for match in _DATE.finditer(text):
        cue = _nearest_cue(text, match)
        if cue is None or (cue[0] in found):
            continue
        day = _day(match, published_on)
        if day is not None:
            found[cue[0]] = Found(role=cue[0], day=day, start=cue[1], end=match.end())
    return list(found.values())


def _nearest_cue(text: str, match: re.Match[str]) -> tuple[str, int] | None:
    window = text[max(0, match.start() - 70) : match.start()]
    best: tuple[str, int] | None = None
    for cue in _CUES.finditer(window):
        gap = window[cue.end() :]
        if len(gap) <= 30 and not re.search(r"[.;]|\d{4}", gap):
            best = (cue.lastgroup or "", max(0, match.start() - 70) + cue.start())
    if best is None and re.match(r"\s?(?:起|之日起)", text[match.end() : match.end() + 4]):
        return ("effective", match.start())
    return best


def _day(match: re.Match[str], published_on: date | None) -> date | None:
    for suffix in "1234":
        if match.group(f"d{suffix}"):
            break
    named = match.group(f"m{suffix}").lower().rstrip(".")
    month = _MONTHS.get(named) or int(named)
    number, year = int(match.group(f"d{suffix}")), match.group(f"y{suffix}")
    try:
        if year:
            return date(int(year), month, number)
        if published_on is None:
            return None
        candidate = date(published_on.year, month, number)
        if candidate < published_on - timedelta(days=60):
            return date(published_on.year + 1, month, number)
        if candidate > published_on + timedelta(days=305):
            return date(published_on.year - 1, month, number)
    except ValueError:
        return None
    return candidate
