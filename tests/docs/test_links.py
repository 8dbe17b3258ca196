"""Every relative link and every anchor in the written pages leads somewhere."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^( *)(`{3,}|~{3,})[^\n]*\n.*?^\1\2[`~]*[ ]*$", flags=re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", flags=re.DOTALL)
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^()\s>]+)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)", flags=re.MULTILINE)
OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:", flags=re.IGNORECASE)


@cache
def _prose(page: Path) -> str:
    """Give a page without its code, in which brackets are no links."""
    return CODE.sub("`code`", FENCE.sub("", page.read_text(encoding="utf-8")))


def _links(page: Path) -> Iterator[str]:
    text = _prose(page)
    for found in (*LINK.finditer(text), *REFERENCE.finditer(text)):
        if not OUTSIDE.match(found[1]):
            yield unquote(found[1])


@cache
def _anchors(page: Path) -> frozenset[str]:
    """Give the anchors of a page as GitHub makes them; the site generator's agree for the headings that we write."""
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.casefold()).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    found += re.findall(r"<a (?:id|name)=\"([^\"]+)\"", page.read_text(encoding="utf-8"))
    return frozenset(found)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading(page: Path) -> None:
    broken = []
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or not target.is_relative_to(ROOT):
            broken.append(f"{link}: there is no such file")
        elif anchor and target.suffix == ".md" and anchor not in _anchors(target):
            broken.append(f"{link}: {_name(target)} has no such heading")
    assert broken == []


def test_every_page_can_be_reached_from_the_index() -> None:
    start = ROOT / "docs" / "index.md"
    seen, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for link in _links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file() and target not in seen:
                seen.add(target)
                waiting.append(target)
    assert {_name(page) for page in PAGES if page.parent != ROOT} <= {_name(page) for page in seen}


def test_the_site_shows_every_page_once() -> None:
    site = tomllib.loads((ROOT / "docs" / "zensical.toml").read_text(encoding="utf-8"))["project"]
    shown: list[str] = []
    waiting = list(site["nav"])
    while waiting:
        for target in waiting.pop().values():
            if isinstance(target, list):
                waiting += target
            else:
                shown.append("README.md" if target == "index.md" else target)
    assert sorted(shown) == sorted(_name(page) for page in PAGES)


def test_every_page_begins_with_one_title() -> None:
    for page in PAGES:
        titles = re.findall(r"^# .+", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
        assert len(titles) == 1, f"{_name(page)}: {titles}"
