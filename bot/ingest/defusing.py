"""Take out of a feed, before any parser sees it, what makes parsers expand, read files or crawl. Pure, linear."""

import re

MAX_ITEMS = 500
MANY_TAGS = 5000  # below this no nesting is deep enough to cost
MAX_DEPTH = 100  # of elements inside one item
SHORT_FIELD = 512  # bytes of a field such as an author or a date

_BARE = re.compile(rb"&(?!(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)")
_REFERENCE = re.compile(rb"&#(?:([0-9]{1,20})|[xX]([0-9A-Fa-f]{1,20}));")
_SPACES = re.compile(rb"\s*")
_ITEM = re.compile(rb"<(?:[\w-]{1,20}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ROOTS = re.compile(rb"<(?:[\w-]{1,20}:)?(rss|rdf|feed|channel|redirect|item|entry)[\s>/]", re.IGNORECASE)
_LONG_RUN = re.compile(rb"<([A-Za-z][\w:.-]{0,40})([^<>]{0,400})>([^<]{%d,})" % SHORT_FIELD)
_LONG_CDATA = re.compile(rb"<([A-Za-z][\w:.-]{0,40})[^<>]{0,400}>\s{0,40}<!\[CDATA\[")
_TAG = re.compile(rb"<(/?)([A-Za-z][\w:.-]{0,40})(?:[^<>]*[^<>/])?>")
_UNCLOSED = frozenset(
    (b"br", b"img", b"hr", b"p", b"li", b"input", b"meta", b"link", b"col", b"wbr", b"source", b"area")
)
# Fields that parsers run quadratic patterns on and that nobody writes so many characters into.
_SHORT = re.compile(
    rb"(?:[\w-]+:)?(?:author|creator|contributor|publisher|managingeditor|webmaster|name|email|owner|pubdate|date|"
    rb"published|updated|issued|modified|created|expirationdate|category|subject|keywords)$",
    re.IGNORECASE,
)


def defuse(data: bytes) -> bytes:
    """Take out of a UTF-8 document what makes parsers expand, read or crawl: DTDs, over-long fields, too many items."""
    data = _without_dtd(_capped(data))
    if data.count(b"<") > MANY_TAGS:
        data = _flattened(data)
    data = _REFERENCE.sub(_sound, data)
    if _BARE.search(data):
        data = _ampersands_escaped(data)
    return _short_cdata(_LONG_RUN.sub(_cut, data))


def _capped(data: bytes) -> bytes:
    starts = (found.start() for found in _ITEM.finditer(data))
    for number, start in enumerate(starts):
        if number == MAX_ITEMS:
            root = _ROOTS.search(data)
            closing = {b"rss": b"</channel></rss>", b"feed": b"</feed>"}.get(root[1].lower() if root else b"", b"")
            return data[:start] + closing
    return data


def _without_dtd(data: bytes) -> bytes:
    start = _dtd_at(data)
    if start is None:
        return data
    root = _ROOTS.search(data, start)
    if root is None:
        return data[:start]
    declared = data[start : root.start()]
    if b"[" in declared or b"<!ENTITY" in declared.upper():
        return data[:start] + data[root.start() :]
    end = declared.find(b">")
    return data[:start] + data[start + end + 1 :] if end >= 0 else data


def _dtd_at(data: bytes) -> int | None:
    """Find where the document type is declared: behind the XML declaration and comments, before anything else."""
    at = 0
    while True:
        at = _SPACES.match(data, at).end()  # type: ignore[union-attr]  # it matches the empty string as well
        for opening, closing in ((b"<!--", b"-->"), (b"<?", b"?>")):
            if data.startswith(opening, at):
                end = data.find(closing, at)
                if end < 0:
                    return None
                at = end + len(closing)
                break
        else:
            return at if data[at : at + 9].upper() == b"<!DOCTYPE" else None


def _ampersands_escaped(data: bytes) -> bytes:
    """Mend the commonest fault of feeds, `R&D`, which costs a strict parser the feed and a loose one the title."""
    parts: list[bytes] = []
    at = 0
    while (start := data.find(b"<![CDATA[", at)) >= 0:
        end = data.find(b"]]>", start)
        if end < 0:
            break
        parts += [_BARE.sub(b"&amp;", data[at:start]), data[start:end]]
        at = end
    return b"".join((*parts, _BARE.sub(b"&amp;", data[at:])))


def _sound(found: "re.Match[bytes]") -> bytes:
    """Replace references to characters that do not exist, over which parsers stumble."""
    number = int(found[1]) if found[1] else int(found[2], 16)
    exists = number in {9, 10, 13} or 0x20 <= number < 0xD800 or 0xE000 <= number < 0x110000
    return found[0] if exists else b"&#xFFFD;"


def _flattened(data: bytes) -> bytes:
    """Take out tags that lie too deep inside an item: parsers search their stack of open elements at every end tag."""
    depth = 0

    def keep(found: "re.Match[bytes]") -> bytes:
        nonlocal depth
        name = found[2].lower()
        if name.endswith((b"item", b"entry")):
            depth = 0
        elif found[1]:
            depth -= 1
            return found[0] if depth < MAX_DEPTH else b""
        elif name not in _UNCLOSED:
            depth += 1
            return found[0] if depth <= MAX_DEPTH else b""
        return found[0]

    return _TAG.sub(keep, data)


def _cut(found: "re.Match[bytes]") -> bytes:
    if not _SHORT.match(found[1]):
        return found[0]
    return b"<" + found[1] + found[2] + b">" + found[3][:SHORT_FIELD].rpartition(b" ")[0]


def _short_cdata(data: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    for found in _LONG_CDATA.finditer(data):
        if found.start() < at:
            continue
        end = data.find(b"]]>", found.end())
        if end < 0:
            break
        if end - found.end() > SHORT_FIELD and _SHORT.match(found[1]):
            parts.append(data[at : found.end() + SHORT_FIELD])
            at = end
    parts.append(data[at:])
    return b"".join(parts)
