"""The shipped calendar of sunsets: dates on which known measures end or change, none of them confirmed. Pure."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import yaml

from bot.alerting.digests.values import DateKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Sunset:
    """One entry of the calendar. Every one is to be verified: a sunset may have been extended since."""

    id: str
    on: date
    kind: DateKind
    title: str
    note: str = ""


@cache
def shipped_sunsets() -> tuple[Sunset, ...]:
    """Give the calendar in order of dates."""
    text = files("bot.alerting").joinpath("sunsets.yaml").read_text(encoding="utf-8")
    entries = yaml.safe_load(text)["sunsets"]
    found = [
        Sunset(
            id=entry["id"],
            on=entry["date"],
            kind=DateKind(entry["kind"]),
            title=entry["title"],
            note=entry.get("note", ""),
        )
        for entry in entries
    ]
    return tuple(sorted(found, key=lambda sunset: (sunset.on, sunset.id)))
