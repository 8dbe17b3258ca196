"""The bodies and headers of the feed server: healthy feeds, and one fault a route. Pure."""

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # the time around which all built-in feeds are dated


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed; empty fields are left out."""

    title: str = "Ministry widens licence rule for magnet exports"
    link: str = "https://news.test/a"
    guid: str = ""
    at: datetime | None = None
    summary: str = ""
    extra: str = ""  # XML as it is


def rss(entries: Sequence[Entry], *, head: str = "", home: str = "https://news.test/") -> bytes:
    """Write RSS 2.0; titles and summaries are escaped once."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>T</title><link>{home}</link>{head}'
        + "".join(_item(entry) for entry in entries)
        + "</channel></rss>"
    ).encode()


def atom(entries: Sequence[Entry]) -> bytes:
    """Write Atom 1.0."""
    parts = [
        f"<entry><title>{escape(entry.title)}</title><id>{escape(entry.guid or entry.link)}</id>"
        f'<link rel="alternate" href="{escape(entry.link)}"/>'
        + (f"<updated>{entry.at.isoformat()}</updated>" if entry.at else "")
        + f"<summary>{escape(entry.summary)}</summary></entry>"
        for entry in entries
    ]
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{"".join(parts)}</feed>'.encode()


def series(number: int, *, start: int = 0, every: timedelta = timedelta(hours=1), scheme: str = "https") -> list[Entry]:
    """Make distinct entries, the newest first, the newest an hour before NOW."""
    return [
        Entry(
            title=f"Notice {start + n}: licence rule {start + n} for dual-use goods takes effect",
            link=f"https://news.test/notice/{start + n}",
            guid=f"{scheme}://news.test/id/{start + n}",
            at=NOW - every * (n + 1),
            summary=f"The ministry says that rule {start + n} applies from the day of publication on, and lists goods.",
        )
        for n in range(number)
    ]


def healthy(path: str, headers: Mapping[str, str]) -> Reply:
    """Answer `/feed/<anything>`: ten entries of its own, with an ETag that works."""
    tag = f'"{path}"'
    if headers.get("if-none-match") == tag:
        return Reply(status=304, headers={"ETag": tag})
    number = sum(path.encode()) * 1000 + len(path)
    return Reply(headers={"ETag": tag}, body=rss(series(10, start=number)))


def _cases(guid: str = "") -> list[Entry]:
    return [Entry(title=f"Case {n}", link=f"https://news.test/{n}", guid=guid, at=NOW) for n in range(12)]


def _item(entry: Entry) -> str:
    return "".join(
        (
            f"<item><title>{escape(entry.title)}</title>",
            f"<link>{escape(entry.link)}</link>" if entry.link else "",
            f'<guid isPermaLink="false">{escape(entry.guid)}</guid>' if entry.guid else "",
            f"<pubDate>{format_datetime(entry.at)}</pubDate>" if entry.at else "",
            f"<description>{escape(entry.summary)}</description>" if entry.summary else "",
            f"{entry.extra}</item>",
        )
    )


def gzip_bomb(megabytes: int = 1024) -> bytes:
    """Make a gzip stream of zeros: one full-flushed megabyte, repeated; its checksum is wrong, but far away."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1024 * 1024)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * megabytes + packer.flush() + bytes(8)


def _doctype(subset: str, use: str) -> bytes:
    return (
        f'<?xml version="1.0"?><!DOCTYPE rss [{subset}]><rss version="2.0"><channel><title>T</title><item>'
        f"<title>Rule {use}</title><link>https://news.test/x</link><pubDate>{format_datetime(NOW)}</pubDate>"
        "</item></channel></rss>"
    ).encode()


def _laughs() -> bytes:
    lines = ['<!ENTITY l0 "ha">']
    lines += [f'<!ENTITY l{n} "' + f"&l{n - 1};" * 10 + '">' for n in range(1, 10)]
    subset = "".join(lines)
    return _doctype(subset, "&l9;")


def _in_first(extra: str) -> bytes:
    return rss([Entry(at=NOW, extra=extra), Entry(title="The second item stands", link="https://news.test/2", at=NOW)])


def _plain(body: bytes, **headers: str) -> Callable[[], Reply]:
    return lambda: Reply(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


TITLES: tuple[str, ...] = (
    "</title><script>alert(1)</script>",
    "<b>bold</b> & <i>thin</i>",
    "NUL \x00 and bell \x07",
    "right to left \u202etxt.exe\u202c and isolate \u2066x\u2069",
    "zero\u200bwidth\ufeff and soft\u00adhyphen",
    "emoji 👩‍👩‍👧 and flags 🇹🇼",
    "Ṱ̷̛o̷͘m̴̀ę̴ stacked marks " + "\u0301" * 300,
    "&amp;amp;lt;b&amp;amp;gt; twice escaped",
    "' OR 1=1; DROP TABLE articles; --",
    "${jndi:ldap://127.0.0.1/a} {{7*7}} %s %n",
    "../../etc/passwd\\..\\windows",
    "=cmd|' /C calc'!A0",
    "a" * 5000,
    "   \t\n  ",
    "半导体出口管制 " * 80,
    "\U000e0041\U000e0042 tagged",
)

PRESENT = Entry(title="Now", link="https://news.test/n", at=NOW)
ALL_HOURS = "<skipHours>" + "".join(f"<hour>{n}</hour>" for n in range(24)) + "</skipHours>"
STYLED = escape('<p style="' + "a" * 80_000 + '">x</p>')

HOSTILE: dict[str, Callable[[], Reply]] = {
    "/gz-1g": lambda: Reply(body=gzip_bomb(), headers={"Content-Encoding": "gzip"}),
    "/gzgz": lambda: Reply(body=gzip.compress(gzip_bomb(64)), headers={"Content-Encoding": "gzip, gzip"}),
    "/br-1g": _plain(b"\x8b" + bytes(2000), Content_Encoding="br"),
    "/zstd-1g": _plain(b"\x28\xb5\x2f\xfd" + bytes(2000), Content_Encoding="zstd"),
    "/charset-lies": lambda: Reply(
        body=rss([Entry(title="Zölle für Graphit", at=NOW)]).decode().encode("latin-1"),
        headers={"Content-Type": "application/xml; charset=utf-8"},
    ),
    "/utf32-bom": lambda: Reply(
        body=rss([Entry(title="出口管制 notice", at=NOW)]).decode().replace("utf-8", "utf-32").encode("utf-32")
    ),
    "/lol": lambda: Reply(body=_laughs()),
    "/quadratic": lambda: Reply(body=_doctype('<!ENTITY a "' + "a" * 100_000 + '">', "&a;" * 5000)),
    "/xxe": lambda: Reply(body=_doctype('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;")),
    "/ext-dtd": lambda: Reply(
        body=_doctype('<!ENTITY % d SYSTEM "http://127.0.0.1:9/evil.dtd"> %d;', "with an external subset")
    ),
    "/style-80k": lambda: Reply(body=_in_first(f"<description>{STYLED}</description>")),
    "/comment-320k": lambda: Reply(body=_in_first(f"<description>{escape('<!--' * 80_000)}</description>")),
    "/author-32k": lambda: Reply(body=_in_first(f"<author>a@{'a.' * 16_000}!</author>")),
    "/author-cdata": lambda: Reply(body=_in_first(f"<author><![CDATA[a@{'a.' * 16_000}!]]></author>")),
    "/nest-100k": lambda: Reply(body=_in_first("<div>" * 100_000)),
    "/items-20k": lambda: Reply(body=rss([Entry(title=f"Case {n}", link=f"/{n}", at=NOW) for n in range(20_000)])),
    "/guid-dup": lambda: Reply(body=rss(_cases(guid="same"))),
    "/guid-none": lambda: Reply(body=rss(_cases())),
    "/date-future": lambda: Reply(body=rss([Entry(at=NOW + timedelta(days=3650)), PRESENT])),
    "/date-none": lambda: Reply(body=rss([Entry(), PRESENT])),
    "/empty-200": Reply,
    "/login-html": _plain(b"<!DOCTYPE html><html><body>Please sign in</body></html>", Content_Type="text/html"),
    "/title-html": lambda: Reply(body=rss([Entry(title="<b>Curbs</b> on &amp;quot;chips&amp;quot; & tools", at=NOW)])),
    "/link-javascript": lambda: Reply(
        body=rss([Entry(link="javascript:alert(1)", at=NOW), Entry(title="Data", link="data:text/html,x", at=NOW)])
    ),
    "/userinfo-secret": lambda: Reply(body=rss([Entry(link="https://user:hunter2@news.test/a", at=NOW)])),
    "/ttl-1": lambda: Reply(body=rss(series(2), head="<ttl>1</ttl>")),
    "/skiphours-all": lambda: Reply(
        body=rss(series(2), head=ALL_HOURS)
    ),
    "/maxage-1y": lambda: Reply(body=rss(series(2)), headers={"Cache-Control": "public, max-age=31536000"}),
    **{f"/title-blns/{n}": _plain(rss([Entry(title=title, at=NOW)])) for n, title in enumerate(TITLES)},
}  # fmt: skip

RETRY_AFTER = {
    "secs": "120",
    "date": "Tue, 24 Nov 2026 13:00:00 GMT",
    "past": "Mon, 01 Jan 2001 00:00:00 GMT",
    "1e9": "1000000000",
    "junk": "soon",
}


def timed_faults(path: str, headers: Mapping[str, str], times: int, root: str) -> Reply | None:
    """Answer the routes that look at the request, at how often they were asked, or at where they stand."""
    found = {
        "/304-forever": lambda: _validated('"x"', "", headers),
        "/lastmod-2041": lambda: _validated("", "Tue, 01 Jan 2041 00:00:00 GMT", headers),
        "/etag-weak": lambda: _validated('W/"weak"', "", headers),
        "/301-chain": lambda: _to("/301-second", 301),
        "/301-second": lambda: _to("/feed/moved", 301),
        "/301-then-302": lambda: _to("/302-temp", 301),
        "/302-temp": lambda: _to("/feed/temporary", 302),
        "/308-loop": lambda: _to("/308-loop", 308),
        "/redirect-private": lambda: _to("http://10.0.0.1/feed", 302),
        "/redirect-metadata": lambda: _to("http://169.254.169.254/latest/meta-data", 302),
        "/redirect-port": lambda: _to("http://news.test:22/", 302),
        "/redirect-file": lambda: _to("file:///etc/passwd", 302),
        "/redirect-none": lambda: Reply(status=302),
        "/410": lambda: Reply(status=410),
        "/404": lambda: Reply(status=404),
        "/500": lambda: Reply(status=500, body=b"<html>oops</html>"),
        "/503-ra": lambda: Reply(status=503, headers={"Retry-After": "3600"}),
        "/guid-flip": lambda: Reply(body=rss(series(20, scheme="https" if times % 2 else "http"))),
        "/session-guid": lambda: Reply(body=rss([_sessioned(entry, times) for entry in series(20)])),
        "/shrinks-to-0": lambda: Reply(body=rss(series(30) if times == 1 else [])),
    }.get(path)
    if found:
        return found()
    if path.startswith("/429-"):
        return Reply(status=429, headers={"Retry-After": RETRY_AFTER[path[5:]]})
    return None


def _validated(etag: str, modified: str, headers: Mapping[str, str]) -> Reply:
    sent = {"ETag": etag} if etag else {"Last-Modified": modified}
    if headers.get("if-none-match") == etag != "" or headers.get("if-modified-since") == modified != "":
        return Reply(status=304, headers=sent)
    return Reply(body=rss(series(3)), headers=sent)


def _to(place: str, status: int) -> Reply:
    return Reply(status=status, headers={"Location": place})


def _sessioned(entry: Entry, times: int) -> Entry:
    session = f"{times:032x}"
    return Entry(
        title=entry.title,
        link=f"{entry.link}?PHPSESSID={session}",
        guid=f"{entry.link}?sid={session}",
        at=entry.at,
        summary=entry.summary,
    )
