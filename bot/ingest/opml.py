"""Lists of feeds as other readers exchange them: OPML 2.0 (opml.org/spec2.opml). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from bot.domain import Source
from bot.errors import InputError
from bot.ingest.cleaning import TITLE_CHARS, link, redact, squeeze
from bot.ingest.references import literal_secret

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 30
MAX_FEEDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list."""

    title: str
    url: str
    home: str = ""


def read_opml(body: bytes) -> tuple[Outline, ...]:
    """Read the feeds of an OPML file; raises InputError that names the line.

    Declared entities are refused (none of them is needed, and they are how XML files explode), as are other addresses
    than http(s). Every address still passes the address guard when it is polled.
    """
    if len(body) > MAX_BYTES:
        raise InputError(f"The OPML file is larger than {MAX_BYTES // 1024 // 1024} MiB. Split it")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = reader.refuse_entities
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat's interface: this is all of it
    except expat.ExpatError as error:
        raise InputError(f"line {error.lineno}: not OPML ({expat.ErrorString(error.code)}). Export it again") from None
    if not reader.is_opml:
        raise InputError("The file is XML but not OPML: its first element is not <opml>")
    return tuple(reader.found.values())


def write_opml(sources: Iterable[Source]) -> str:
    """Write sources as OPML. Passwords and keys in addresses are left out."""
    lines = [
        f"    <outline type={quoteattr('rss')} text={quoteattr(one.name)} title={quoteattr(one.name)}"
        f" xmlUrl={quoteattr(redact(one.url))}/>"
        for one in sources
    ]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n  <head><title>Straitwatch</title></head>\n'
    return head + "  <body>\n" + "\n".join(lines) + "\n  </body>\n</opml>\n"


class _Reader:
    def __init__(self) -> None:
        self.found: dict[str, Outline] = {}
        self.is_opml = False
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self.is_opml = name.lower() == "opml"
        if self._depth > MAX_DEPTH:
            raise InputError(f"The OPML file is nested deeper than {MAX_DEPTH}. Flatten its folders")
        values = {key.lower(): value for key, value in attributes.items()}
        given = values.get("xmlurl", "")
        url = link(given)
        if name.lower() != "outline" or not url:
            return
        if "@" in given and literal_secret(given):
            url = given.strip()  # as it is, so that it is refused: without its password it would be another feed
        title = squeeze(values.get("title") or values.get("text") or redact(url), TITLE_CHARS)
        self.found.setdefault(url, Outline(title=title, url=url, home=link(values.get("htmlurl", ""))))
        if len(self.found) > MAX_FEEDS:
            raise InputError(f"The OPML file names more than {MAX_FEEDS} feeds. Split it")

    def end(self, name: str) -> None:
        del name
        self._depth -= 1

    def refuse_entities(self, *declared: object) -> None:
        raise InputError(f"The OPML file declares the entity {declared[0]!r}, which is refused. Export it again")
