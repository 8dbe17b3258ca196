"""Turn values into pages: the templates, their filters, and the headers that every answer carries."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from bot.domain import Direction, Severity, Stage, Topic
from bot.ingest.health import span
from bot.redaction import redact
from bot.telegram.places import COUNTRIES
from bot.telegram.strings import DIRECTIONS, SEVERITIES, STAGES, TIERS, TOPICS
from bot.web.links import host_of, safe_link

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_TOPICS = frozenset(topic.value for topic in Topic)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NO_CHARACTERS = dict.fromkeys((*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F))


class Renderer:
    """Renders the page's templates; `zone` is the time zone of every shown time."""

    def __init__(self, zone: str, *, guarded: bool) -> None:
        self._zone = ZoneInfo(zone)
        self.style = (files("bot.web") / "straitwatch.css").read_bytes()
        self.icon = (files("bot.web") / "icon.svg").read_bytes()
        self.style_mark = hashlib.sha256(self.style).hexdigest()[:12]
        self._environment = Environment(
            loader=PackageLoader("bot.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_printable,
        )
        self._environment.filters |= {
            "when": self.when,
            "day": day,
            "words": words,
            "link": safe_link,
            "host": host_of,
            "country": lambda code: COUNTRIES.get(code, code),
            "plain": lambda name: str(name).replace("_", " "),
            "distinct": distinct,
            "share": lambda number: f"{number:.0%}",
            "redact": redact,
        }
        self._environment.globals |= {
            "style_mark": self.style_mark,
            "guarded": guarded,
            "zone": zone,
            "ago": span,
            "topics": list(Topic),
            "directions": list(Direction),
            "stages": [stage for stage in Stage if stage is not Stage.NONE],
            "levels": sorted(Severity, reverse=True),
        }

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        """Give a template as an answer."""
        text = self._environment.get_template(template).render(**values)
        content = text.encode("utf-8", "replace")  # half of a surrogate pair from outside must not fail the page
        return HTMLResponse(content, status_code=status, headers={**HEADERS, **(headers or {})})

    def message(self, status: int, title: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
        """Give a short page that says what is wrong and what to do."""
        return self.page("message.html", status=status, headers=headers, title=title, text=text)

    def when(self, at: datetime | None) -> Markup | str:
        """Give a time in the page's zone as a `time` element; a dash for none."""
        if at is None:
            return "–"
        local = at.astimezone(self._zone)
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Markup('<time datetime="{}">{}, {:%H:%M}</time>').format(stamp, _date(local), local)


def day(value: date | None) -> Markup | str:
    """Give a date as a `time` element; a dash for none."""
    return "–" if value is None else Markup('<time datetime="{}">{}</time>').format(value.isoformat(), _date(value))


def words(value: object) -> str:
    """Give a value of the vocabulary as it is read: `Trade press`, `In force`, `Export controls`."""
    match value:
        case Topic():
            return TOPICS[value]
        case Direction():
            return DIRECTIONS[value]
        case Severity():
            return SEVERITIES[value]
        case Stage():
            return STAGES[value]
        case int():
            return TIERS.get(value, f"tier {value}").capitalize()
    named = str(value)
    return TOPICS[Topic(named)] if named in _TOPICS else named.replace("_", " ").capitalize()


def distinct(words: Iterable[str]) -> list[str]:
    """Give words once each, whatever their case, in the given order."""
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(word.casefold(), word)
    return list(found.values())


def _date(value: date) -> str:
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _printable(value: object) -> object:
    """Take control characters out of what is shown: HTML forbids them, and NUL cuts some readers off."""
    return value.translate(_NO_CHARACTERS) if type(value) is str else value
