"""Parse message texts in HTML mode as strictly as Telegram does: text + entities, or the error that Telegram gives.

One thing is stricter: an ampersand that begins no entity is an error here, since it betrays text that was not escaped.
"""

import re
from typing import Any
from urllib.parse import urlsplit

_ENTITIES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "a": "text_link",
}
_TOKEN = re.compile(
    r"<(?P<end>/?)(?P<tag>[a-zA-Z0-9-]*)(?P<attributes>[^<>]*)>|&(?P<name>#?[a-zA-Z0-9]+);|(?P<bad>[<&])"
)
_ATTRIBUTE = re.compile(r"""\s+([a-zA-Z-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class MarkupError(Exception):
    """What Telegram answers behind "Bad Request: can't parse entities: "."""


def units(text: str) -> int:
    """Count UTF-16 units, independently of the product's own count."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(html: str) -> tuple[str, list[dict[str, Any]]]:
    """Give the visible text, trimmed as Telegram trims it, and its entities; raises MarkupError."""
    text = ""
    entities: list[dict[str, Any]] = []
    stack: list[tuple[str, int, dict[str, str]]] = []
    at = 0
    for token in _TOKEN.finditer(html):
        text += html[at : token.start()]
        at = token.end()
        place = len(html[: token.start()].encode())
        if token["bad"]:
            what = "Unescaped ampersand" if token["bad"] == "&" else "Unsupported start tag"
            raise MarkupError(f"{what} at byte offset {place}")
        if token["name"]:
            text += _decode(token["name"], place)
        elif token["end"]:
            _close(token["tag"].lower(), stack, entities, text, place)
        else:
            _open(token["tag"].lower(), token["attributes"], stack, text, place)
    if stack:
        raise MarkupError(f'Can\'t find end tag corresponding to start tag "{stack[-1][0]}"')
    text += html[at:]
    return _trim(text, entities)


def _decode(name: str, place: int) -> str:
    if name in _NAMED:
        return _NAMED[name]
    if name.startswith("#"):
        code = int("0" + name[1:], 0) if name[1:2] in {"x", "X"} else int(name[1:])
        return chr(code)
    raise MarkupError(f"Unknown entity &{name}; at byte offset {place}")


def _open(tag: str, attributes: str, stack: list[tuple[str, int, dict[str, str]]], text: str, place: int) -> None:
    if tag not in _ENTITIES and tag not in {"span", "tg-emoji"}:
        raise MarkupError(f'Unsupported start tag "{tag}" at byte offset {place}')
    found = _ATTRIBUTE.findall(attributes)
    if _ATTRIBUTE.sub("", attributes).strip():
        raise MarkupError(f'Bad attributes of tag "{tag}" at byte offset {place}')
    values = {name.lower(): _unquote(value) for name, value in found}
    if tag == "span" and values.get("class") != "tg-spoiler":
        raise MarkupError(f'Tag "span" must have class "tg-spoiler" at byte offset {place}')
    stack.append((tag, units(text), values))


def _unquote(value: str) -> str:
    value = value[1:-1] if value[:1] in {'"', "'"} else value
    return re.sub(r"&(#?[a-zA-Z0-9]+);", lambda found: _decode(found[1], 0), value)


def _close(
    tag: str,
    stack: list[tuple[str, int, dict[str, str]]],
    entities: list[dict[str, Any]],
    text: str,
    place: int,
) -> None:
    if not stack:
        raise MarkupError(f"Unexpected end tag at byte offset {place}")
    opened, start, values = stack.pop()
    if tag not in {opened, ""}:
        raise MarkupError(f'Unmatched end tag at byte offset {place}, expected "</{opened}>", found "</{tag}>"')
    length = units(text) - start
    if not length:
        return
    entity: dict[str, Any] = {"type": _ENTITIES.get(opened, "spoiler"), "offset": start, "length": length}
    if opened == "a":
        url = values.get("href", "")
        if urlsplit(url).scheme not in {"http", "https", "tg", "mailto"}:
            return  # Telegram drops the link and keeps the text
        entity["url"] = url
    entities.append(entity)


def _trim(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    lead = units(text) - units(text.lstrip())
    text = text.strip()
    end = units(text)
    kept = []
    for entity in sorted(entities, key=lambda one: (one["offset"], -one["length"])):
        start = max(0, entity["offset"] - lead)
        stop = min(end, entity["offset"] + entity["length"] - lead)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return text, kept
