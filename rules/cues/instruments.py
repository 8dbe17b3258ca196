"""Identifiers of official acts, normalised, and control-list numbers; pure.

The id is the best key for grouping: the same rule is called "FR Doc. 2026-00789" in one article and linked in another.
"""

from __future__ import annotations

import re

MAX_SCANNED = 40_000  # characters; ids of an official notice stand in its first pages

# Formats: Federal Register documents and pages, US orders, dockets, laws; MOFCOM announcements; EU, UK and UN acts.
_PATTERNS = {
    "fr": r"(?<![\d-])20[0-3]\d-\d{5}(?![\d-])",
    "frpage": r"\b\d{2,3}\s(?:FR|Fed\. Reg\.)\s\d{3,6}\b",
    "eo": r"\b(?:[Ee]xecutive [Oo]rder|E\.?O\.?)\s*(?:No\.?\s*)?1[0-9]{4}\b",
    "proc": r"\bProclamation\s(?:No\.?\s?)?\d{4,5}\b",
    "mofcom": r"\b(?:MOFCOM\s)?(?:Joint\s)?(?:Announcement|Ann\.|Notice)\s?(?:\(?\[?20\d\d\]?\)?\s)?"
    r"(?:No\.?|Number)?\s?\d{1,3}(?:\s?(?:of|,|/)\s?\(?20\d\d\)?|\s?\[20\d\d\])",
    "mofcom_zh": r"公告\s?[〔\[(（]?20\d\d\s?年?[〕\])）]?\s?第\s?\d{1,3}\s?号|20\d\d\s?年\s?第\s?\d{1,3}\s?号\s?公告",
    "decree": r"\b(?:State Council )?Decree\s(?:No\.?\s?)?[78]\d\d\b|国务院令第\d{3}号",
    "celex": r"\b3(?:19|20)\d\d[RLD]\d{4}\b",
    "eu": r"\b(?:Regulation|Decision|Directive|Verordnung|Beschluss|[Rr]èglement|Reglamento|Verordening|Reg\.)"
    r"\s\((?:EU|EC|UE|CFSP|EU, Euratom|PESC|GASP)\)\s?(?:No\.?\s|Nr\.?\s|n°\s?)?\d{1,4}/\d{1,4}\b",
    "docket": r"\b(?:BIS|USTR|OFAC|ITA|USITC|DOS|TREAS-DO)-20\d\d-\d{4}\b",
    "case": r"\b[AC]-\d{3}-\d{3}\b",
    "rin": r"\bRIN\s\d{4}-[A-Z]{2}\d{2}\b",
    "law": r"\b(?:Public Law|Pub\.\s?L\.)\s(?:No\.?\s)?\d{2,3}[-–]\d{1,3}\b",
    "bill": r"\bH\.\s?R\.\s?\d{1,5}\b",
    "gl": r"\b[Gg]eneral [Ll]icen[cs]e\s(?:No\.?\s)?\d{1,3}[A-Z]?\b|\bGL\s\d{1,3}[A-Z]\b",
    "nte": r"\b(?:NTE|Notice to [Ee]xporters)\s20\d\d/\d{1,2}\b",
    "unscr": r"\b(?:UN|U\.N\.|UNSC|Security Council)\s[Rr]esolution\s\d{3,4}\b|\bUNSCR\s\d{3,4}\b",
    "uksi": r"\b(?:S\.?I\.?|UK SI)\s(?:No\.?\s)?20\d\d/\d{1,4}\b",
    "section": r"\b[Ss]ection\s(?:122|201|232|301|337|338|1260H|889|5949)\b",
}
_PREFIX = {
    "fr": "FR", "eo": "EO", "proc": "Proclamation", "decree": "CN Decree", "docket": "Docket", "case": "Case",
    "law": "Pub. L.", "bill": "H.R.", "gl": "GL", "nte": "NTE", "unscr": "UNSCR", "uksi": "UK SI", "section": "Section",
}  # fmt: skip
# What the patterns above begin with: at most places of a text, one look spares trying all of them.
_BEGINS = r"(?=[2公国]|\b[0-9A-EG-JMNOPR-Vegrs])"
_ALL = re.compile(_BEGINS + "(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()) + ")")
# Ids that name a statute or a bill: they say what the text is about, not that it is an official act.
_STATUTES = frozenset({"section", "bill", "law", "unscr", "gl"})

_ECCN = re.compile(r"(?<![\w.-])[0-9][A-E][0-9]{3}(?:\.[a-z](?:\.\d+)*)?(?![\w-])")
_ECCN_CONTEXT = re.compile(
    r"\bECCNs?\b|Commerce Control List|\bBIS\b|Export Administration|export|licen[cs]|control|dual[- ]use"
    r"|出口管制|MOFCOM",
    re.IGNORECASE,
)
_CN_CONTEXT = re.compile(r"MOFCOM|China'?s? (?:Ministry of Commerce|commerce ministry)|商务部|出口管制")
_DIGIT = re.compile(r"\d")
_PROMISING = re.compile(r"\d{3}|[Gg]eneral [Ll]icen[cs]e|H\.\s?R\.|\bGL\s")  # what any of the patterns needs
_NUMBER = re.compile(r"\d[\d–-]*")


def _render(kind: str, text: str) -> str:
    if kind.startswith("mofcom"):
        return _announcement(text)
    if kind == "celex":
        return f"EU {text[1:5]}/{int(text[6:])}"
    if kind == "eu":
        return f"EU {_eu_number(text)}"
    if kind == "frpage":
        return re.sub(r"\s(?:FR|Fed\. Reg\.)\s", " FR ", text)
    if kind in {"rin", "fr", "docket", "case"}:
        return " ".join(([_PREFIX[kind]] if kind in _PREFIX else []) + text.split())
    if kind in {"gl", "nte", "uksi", "section"}:
        return f"{_PREFIX[kind]} {text.rsplit(maxsplit=1)[-1]}"
    number: str = _NUMBER.findall(text)[-1]
    return f"{_PREFIX[kind]} {number.replace('–', '-')}"


def _announcement(text: str) -> str:
    numbers = re.findall(r"\d+", text)
    year = next(number for number in numbers if len(number) == 4)
    number = next((number for number in numbers if len(number) < 4), "0")
    return f"MOFCOM {int(number)}/{year}"


def _eu_number(text: str) -> str:
    return text.rsplit(None, 1)[-1].rsplit(")", 1)[-1].removeprefix("n°")


def instruments(title: str, body: str) -> tuple[tuple[str, ...], bool]:
    """Return the normalised ids in order of appearance, and whether one of them names an official act itself."""
    found: dict[str, None] = {}
    official = False
    for text in (title[:MAX_SCANNED], body[:MAX_SCANNED]):
        if not _PROMISING.search(text):
            continue
        for match in _ALL.finditer(text):
            kind = match.lastgroup or ""
            found[_render(kind, match.group())] = None
            official = official or kind not in _STATUTES
    return tuple(found), official


def eccns(title: str, body: str) -> tuple[str, ...]:
    """Return export control classification numbers; those of the Chinese list (same shape) as ``CN 1C902``."""
    text = f"{title[:MAX_SCANNED]}\n{body[:MAX_SCANNED]}"
    codes = dict.fromkeys(_ECCN.findall(text)) if _DIGIT.search(text) else {}
    if not codes or not _ECCN_CONTEXT.search(text):
        return ()
    chinese = _CN_CONTEXT.search(text) is not None
    # Only the Chinese list numbers 9xx in its middle digits for national controls beyond the regimes (1C902, 3C004).
    return tuple(
        f"CN {code}" if chinese and code[2] == "9" and code[1] in "ABCDE" and "ECCN" not in text else code
        for code in codes
    )
