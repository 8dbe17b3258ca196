"""Turn what publishers send into plain text and plain links. Pure, linear in the text's length.

This is the border: behind it no text holds markup, NUL, control or direction-changing characters, and every link is
absolute http(s) without a password.
"""

import html
import re
import unicodedata
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from bot.ingest.references import REFERENCE, tells_secret

TITLE_CHARS = 500
SUMMARY_CHARS = 20_000
URL_CHARS = 2_000

# C0 and C1 but for white space; soft hyphen; zero-width space, word joiner, BOM; marks, embeddings, overrides and
# isolates of direction; interlinear and tag characters; surrogates and non-characters. The joiners U+200C and U+200D
# are spelling in several scripts and stay.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_MARKS = re.compile("([\u0300-\u036f]{4})[\u0300-\u036f]+")  # stacked marks run over the lines above
_SPACE = re.compile(r"\s+")
_HIDDEN = frozenset({"script", "style", "noscript", "template", "iframe", "object", "svg", "head"})
_TIGHT = frozenset(
    {"a", "abbr", "b", "bdi", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u", "wbr"}
)
_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:_-]*)")
_MARKED_UP = re.compile(
    r"<(?:/?(?:p|br|b|i|em|strong|a|span|div|img|ul|ol|li|h[1-6]|table|td|tr|sup|sub|font|script|style|cite|q|u|s)\b|!--)",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos|nbsp|[a-z]{3,8});")

# Names that never identify a page. Short ambiguous ones (`cid`, `sid`, `ts`, `id`) stay: a page taken for another is a
# lost alert, a page taken for two is caught by its title.
_TRACKING = re.compile(
    r"(?:utm_|mtm_|pk_|hsa_|vero_|oly_|at_(?:medium|campaign)|mc_[ce]id|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|"
    r"twclid|igshid|mkt_tok|_hs|cmpid|ncid|icid|smid|guccounter|guce_|ocid$|ito$|xtor|spm$|ref$|ref_src|referrer$|sref$|"
    r"rss$|feed(?:name|type)$|partner$|source$|traffic_source|sc_|s_cid|soc_|share$|trk|__twitter|taid$|tpcc$)",
    re.IGNORECASE,
)
_SESSION = re.compile(r"(?:php|asp|j|cf)?_?sess(?:ion)?_?(?:id)?|cftoken|nonce", re.IGNORECASE)
_SESSION_VALUE = re.compile(r"[0-9A-Fa-f]{16,}|(?=.*\d)[0-9A-Za-z_-]{24,}")
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#;]*", re.IGNORECASE)
_WRAPPERS = {"www.bing.com": "url", "www.google.com": "url", "news.url.google.com": "url"}


def plain(text: str, limit: int = SUMMARY_CHARS) -> str:
    """Turn text or HTML into one line of plain text of at most `limit` characters.

    Markup that was escaped twice is undone as well, as are entities that were; a lone `<` between words stays.
    """
    text = text[: limit * 8]
    for _ in range(3):
        before = text
        if "<" in text:
            text = strip_markup(text)
        if "&" in text:
            text = html.unescape(text)
        if text == before or not (_MARKED_UP.search(text) or _ENTITY.search(text)):
            break
    return squeeze(text, limit)


def squeeze(text: str, limit: int) -> str:
    """Take out unwanted characters and white space runs; cut at a word's end where the text is longer than `limit`."""
    text = _MARKS.sub(r"\1", _UNWANTED.sub("", unicodedata.normalize("NFC", text)))
    text = _SPACE.sub(" ", text).strip()
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, _, tail = cut.rpartition(" ")
    return (head if head and len(tail) < 40 else cut) + "…"


def strip_markup(text: str) -> str:
    """Take tags, comments and hidden elements out of HTML. One pass: an unterminated construct ends the reading.

    The standard library's HTMLParser is quadratic on such constructs in older patch releases.
    """
    parts: list[str] = []
    at = 0
    while (start := text.find("<", at)) >= 0:
        parts.append(text[at:start])
        if text.startswith("<!--", start):
            end = text.find("-->", start + 4)
            at = end + 3 if end >= 0 else len(text)
        elif text.startswith("<![CDATA[", start):
            end = text.find("]]>", start + 9)
            parts.append(text[start + 9 : end if end >= 0 else len(text)])
            at = end + 3 if end >= 0 else len(text)
        elif text[start + 1 : start + 2] in {"!", "?"}:
            end = text.find(">", start)
            at = end + 1 if end >= 0 else len(text)
        elif tag := _TAG_NAME.match(text, start + 1):
            at = _after_tag(text, tag, parts)
        else:
            parts.append("<")
            at = start + 1
    parts.append(text[at:])
    return "".join(parts)


def _after_tag(text: str, tag: re.Match[str], parts: list[str]) -> int:
    name = tag[1].lower()
    end = text.find(">", tag.end())
    if end < 0:
        return len(text)
    if name not in _TIGHT:
        parts.append(" ")
    if name in _HIDDEN and not tag[0].startswith("/") and text[end - 1] != "/":
        close = re.compile(f"</{name}", re.IGNORECASE).search(text, end)
        if close is None:
            return len(text)
        end = text.find(">", close.end())
    return end + 1 if end >= 0 else len(text)


def link(href: str, page_url: str = "") -> str:
    """Give an absolute http(s) link without user name and password, or '' where there is none to be had."""
    href = _UNWANTED.sub("", href).strip().replace("\\", "/")
    href = "".join(href.split()) if len(href) < URL_CHARS else ""
    if not href or re.fullmatch(r"https?:/{0,2}", href, re.IGNORECASE):
        return ""  # urljoin would make the page itself of a scheme alone
    try:
        parts = urlsplit(urljoin(page_url, href))
        port = parts.port
        host = (
            (parts.hostname or "").encode("idna").decode() if not (parts.hostname or "").isascii() else parts.hostname
        )
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    place = f"[{host}]" if ":" in host else host
    if port and port != {"http": 80, "https": 443}[parts.scheme]:
        place += f":{port}"
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    clean = urlunsplit((parts.scheme, place, path, query, quote(parts.fragment, safe="/%:@!$&'()*+,;=~-._?")))
    return clean if len(clean) <= URL_CHARS else ""


def canonical(url: str) -> str:
    """Reduce a link to what identifies the page: no scheme, `www.`, fragment, tracking or session parameters.

    Links that only wrap another (Bing, Google Alerts) are unwrapped. The result identifies; it is not for fetching.
    """
    try:
        parts = urlsplit(url)
        number = parts.port
    except ValueError:
        return url.strip()  # what is no address identifies nothing but itself
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    wrapped = _WRAPPERS.get(parts.hostname or "")
    inner = next((value for name, value in pairs if name == wrapped), "") if wrapped else ""
    if inner.startswith(("http://", "https://")):
        return canonical(inner)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("amp.")
    port = f":{number}" if number not in {None, 80, 443} else ""
    path = re.sub(r"/{2,}", "/", _PATH_SESSION.sub("", parts.path)).rstrip("/")
    path = path.removesuffix("/amp").removesuffix("/index.html")
    kept = sorted((n, v) for n, v in pairs if not _TRACKING.match(n) and not _is_session(n, v))
    return host + port + path + (f"?{urlencode(kept)}" if kept else "")


def _is_session(name: str, value: str) -> bool:
    return bool(_SESSION.fullmatch(name) or (name.lower() == "sid" and _SESSION_VALUE.fullmatch(value)))


def redact(url: str) -> str:
    """Hide password and key-like parameters of an address that is to be shown or logged; references stay."""
    try:
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
    except ValueError:
        return "(not an address)"
    query = "&".join(
        f"{name}=…" if tells_secret(name) and REFERENCE.sub("", value) else (f"{name}={value}" if sep else name)
        for name, sep, value in (pair.partition("=") for pair in parts.query.split("&") if pair)
    )
    password = user.partition(":")[2]
    place = f"{user}@{host}" if REFERENCE.fullmatch(password or user) else host
    return urlunsplit((parts.scheme, place, parts.path, query, ""))
