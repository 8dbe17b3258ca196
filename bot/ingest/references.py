"""Secrets in the addresses and headers of sources: written as `${NAME}`, never as themselves. Pure.

A reference is what is stored, shown and exported. Its value comes from the environment variable NAME, or from the file
that NAME_FILE names, and is put in by `bot.ingest.keyring` when a request leaves.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
REMEDY = "Write ${NAME} in its place, and set NAME in the environment or .env, or NAME_FILE to a file that holds it"
REFUSED_HERE = (
    "the address names a secret of the machine, as only the operator's own sources file may "
    "(STRAITWATCH_SOURCES_FILE, docs/sources.md)"
)

_STRONG = re.compile(
    r"(?:api|access|private|subscription|feed)[_.-]?key|token|secret(?!ar)|auth(?!or(?!iz))|passw|pwd$|passphrase"
    r"|signature|^sig$|credential",
    re.IGNORECASE,
)
_WEAK = re.compile(r"(?:^|[_-])key$|^code$|^hash$", re.IGNORECASE)
# what providers print in their manuals, and switches that merely sound like secrets
_PUBLIC = frozenset(
    {
        "true",
        "false",
        "none",
        "null",
        "yes",
        "no",
        "demo",
        "demo_key",
        "demokey",
        "public",
        "guest",
        "anonymous",
        "basic",
    }
)
_WORD = re.compile(r"[a-z]{1,20}|\d{1,5}|[a-z]{1,15}[-_ ][a-z]{1,15}", re.IGNORECASE)
_SHAPED = re.compile(
    r"(?<!\d)\d{5,16}(?::|%3A)[A-Za-z0-9_-]{30,}"  # a bot token
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"  # a JSON web token
    r"|\b(?:gh[pousr]_|glpat-|github_pat_|xox[abpr]-|sk[-_](?:live|test|proj)[-_])[A-Za-z0-9_-]{10,}"
    r"|\bAKIA[A-Z0-9]{16}\b",
    re.IGNORECASE,
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")
_TELLING_HEADER = re.compile(r"authorization|cookie|token|secret|key|auth|signature|credential", re.IGNORECASE)
_OUR_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "user-agent", "accept-encoding", "if-none-match"}
    | {"if-modified-since", "te", "upgrade", "expect", "proxy-authorization"}
)


def references_in(text: str) -> tuple[str, ...]:
    """Give the names that `text` refers to, each once, in order."""
    return tuple(dict.fromkeys(REFERENCE.findall(text)))


def has_reference(text: str) -> bool:
    """Tell whether `text` refers to a secret, even in a form that cannot be resolved or is percent-encoded."""
    return "${" in text or "${" in unquote(text)


def tells_secret(name: str) -> bool:
    """Tell whether a parameter of this name is likely to hold a secret."""
    return bool(_STRONG.search(name) or _WEAK.search(name))


def source_references(url: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the names of all secrets that a source needs, in its address and its headers."""
    texts = [url, *map(str, headers_of(options).values())]
    return tuple(dict.fromkeys(name for text in texts for name in references_in(text)))


def headers_of(options: Mapping[str, Any]) -> Mapping[str, str]:
    """Give the headers that a source wants to be asked with."""
    found = options.get("headers")
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, Mapping) else {}


def malformed(text: str) -> str | None:
    """Say what is wrong with the references of `text`, or None."""
    rest = REFERENCE.sub("", text)
    if "${" not in rest:
        return None
    return "a reference to a secret is ${NAME}: letters, digits and underscores in braces"


def misplaced(url: str) -> str | None:
    """Say which part of `url` must not be secret, or None: scheme, host, port and fragment stay readable."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None  # the address guard says what is wrong
    place = parts.netloc.rpartition("@")[2]
    if has_reference(parts.scheme) or has_reference(place) or has_reference(parts.fragment):
        return "a secret may stand in the user part, the path or the query of an address, not in its host or fragment"
    return None


def literal_secret(url: str) -> str | None:
    """Say which part of `url` holds a secret in the clear, or None. The text never holds the secret itself.

    A path is only judged by shape and by telling names before a slash, since nothing else tells a key from an id.
    """
    try:
        parts = urlsplit(url)
        user = parts.netloc.rpartition("@")[0]
    except ValueError:
        return None
    if user:
        name, colon, password = REFERENCE.sub("", user).partition(":")
        if password or (name and not colon):
            return "the address holds a user name and password"
    for text in (parts.query, parts.fragment):
        for name, value in parse_qsl(text.replace(";", "&"), keep_blank_values=True):
            if _is_secret(name, value):
                return f"the parameter {name[:40]!r} holds a secret"
    segments = parts.path.split("/")
    for before, segment in pairwise(segments):
        name, equals, value = segment.partition("=")
        if _is_secret(name, value) if equals else (_STRONG.fullmatch(before) and _is_secret(before, segment)):
            return f"the path holds a secret after {(name if equals else before)[:40]!r}"
    if _SHAPED.search(unquote(REFERENCE.sub("", url))):
        return "the address holds what looks like a token"
    return None


def literal_header(name: str, value: str) -> str | None:
    """Say what is wrong with a header of a source, or None; a telling header holds a reference or nothing secret."""
    if not _HEADER_NAME.fullmatch(name):
        return f"headers: {name[:40]!r} is no name of a header"
    if name.lower() in _OUR_HEADERS:
        return f"headers: {name!r} is set by Straitwatch itself"
    if not value.isascii() or not value.isprintable():
        return f"headers: the value of {name!r} holds characters that no header can carry"
    if malformed(value):
        return f"headers: {name}: {malformed(value)}"
    if not references_in(value) and (_TELLING_HEADER.search(name) or _SHAPED.search(value)):
        return f"headers: {name!r} holds a secret"
    return None


def origin(url: str) -> tuple[str, str, int]:
    """Give scheme, host and port of `url`; ('', '', 0) where it is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0
    return parts.scheme, (parts.hostname or "").lower(), port


def may_carry(granted: tuple[str, str, int], asked: tuple[str, str, int]) -> bool:
    """Tell whether a secret of one origin may go to another: the same, or its step up from http to https."""
    return granted == asked or (granted[:1] == ("http",) and asked == ("https", granted[1], 443) and granted[2] == 80)


def without_references(url: str) -> str:
    """Give a link to show: parameters and user parts that are secret left out, a secret path percent-encoded."""
    if not has_reference(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    kept = "&".join(pair for pair in parts.query.split("&") if pair and not has_reference(pair))
    place = parts.netloc.rpartition("@")[2]
    path = quote(parts.path, safe="/%:@!&'()*+,;=~-._")
    return parts._replace(netloc=place, path=path, query=kept, fragment="").geturl()


def _is_secret(name: str, value: str) -> bool:
    """Judge a named value: strong names by any value that is no public word, weak ones by a value like a key."""
    value = REFERENCE.sub("", value)
    if not value or value.lower() in _PUBLIC:
        return False
    if _STRONG.search(name):
        return len(value) >= 4
    if _WEAK.search(name):
        return len(value) >= 7 and not _WORD.fullmatch(value)
    return False
