"""GDELT's Global Knowledge Graph, the English 15-minute bulk files: a net that corroborates. Pure.

`lastupdate.txt` names the newest files; the third is a zip of about 5 MB with one table of 27 tab-separated columns
and no header. The search API is never used: it sheds load at random.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.domain import Source
from bot.ingest.cleaning import TITLE_CHARS, canonical, link, plain
from bot.ingest.dates import read_time
from bot.ingest.items import Item, NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url, words

MAX_ZIP_BYTES = 40 * 1024 * 1024
MAX_TABLE_BYTES = 200 * 1024 * 1024
MAX_ITEMS = 300
DATE, DOMAIN, URL, THEMES, ORGANISATIONS, EXTRAS = 1, 3, 4, 8, 14, 26  # columns of GKG 2.1, from 0
COLUMNS = 27

# Titles that can report a change in trade controls or supply. Broad: the classifier decides, this only thins the flood.
TITLE_WORDS = re.compile(
    r"export (?:control|ban|curb|restriction|licen[cs]e|quota|rule|tax|duty)|\btariffs?\b|sanction|embargo|entity list|"
    r"import (?:ban|duty|curb|restriction|licen[cs]e)|trade (?:war|deal|truce|talks|restriction|curb|probe|barrier)|"
    r"anti-?dumping|countervailing|customs dut|blacklist|rare earth|gallium|germanium|graphite|antimony|tungsten|"
    r"cobalt|lithium|critical mineral|semiconductor|chip ?(?:maker|plant|export|ban|curb|shortage|supply)|supply chain|"
    r"shortage|\bchips?\b.{0,40}\b(?:china|export|ban)|force majeure|port (?:strike|closure|congestion)|dock ?workers|"
    r"suez|red sea|hormuz|panama canal|foreign investment (?:review|screening)|\bCFIUS\b|nvidia|"
    r"\bASML\b|\bTSMC\b|huawei|\bSMIC\b|nexperia",
    re.IGNORECASE,
)
THEME_WORDS = ("SANCTIONS", "TRADE_DISPUTE", "EXPORT_CONTROL", "TARIFF", "EMBARGO", "RARE_EARTH", "SEMICONDUCTOR")
ORGANISATION_WORDS = (
    "bureau of industry and security",
    "office of foreign assets control",
    "ministry of commerce",
    "trade representative",
    "world trade organization",
)
_TITLE = re.compile(r"<PAGE_TITLE>(.{1,1000}?)</PAGE_TITLE>")
_PRECISE = re.compile(r"<PAGE_PRECISEPUBTIMESTAMP>(\d{14})</PAGE_PRECISEPUBTIMESTAMP>")


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read the list of files and ask for the newest table, or read the table.

    Options: `domains_without` leaves out domains. An item's publisher is its domain.
    """
    if answer.step != "table":
        return _newest(answer, state)
    without = frozenset(words(source.options.get("domains_without")))
    found: dict[str, Item] = {}
    total = 0
    for row in _rows(answer.body):
        total += 1
        if len(row) == COLUMNS and row[DOMAIN] not in without and (item := _item(row)) and len(found) < MAX_ITEMS:
            found.setdefault(canonical(item.url), item)
    return Parsed(items=tuple(found.values()), state={"last": answer.url}, title="GDELT", lang="en", total=total)


def _newest(answer: Answer, state: State) -> Parsed:
    lines = answer.body[:4096].decode("ascii", "replace").split()
    table = next((word for word in lines if word.endswith(".gkg.csv.zip")), "")
    url = link(table, answer.url)
    if not url or urlsplit(url).hostname != urlsplit(answer.url).hostname:
        raise NotAFeedError("the answer does not name GDELT's newest table")
    if state.get("last") == url:
        return Parsed(title="GDELT")
    return Parsed(title="GDELT", follow={"url": url, "step": "table", "max_bytes": MAX_ZIP_BYTES})


def _rows(body: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entry = archive.infolist()[0]
            with archive.open(entry) as table:
                left = MAX_TABLE_BYTES
                while left > 0 and (line := table.readline(1024 * 1024)):
                    left -= len(line)
                    yield line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
    except (zipfile.BadZipFile, IndexError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise NotAFeedError(f"the table is not a zip file that can be read ({error})") from None


def _item(row: "list[str]") -> Item | None:
    titled = _TITLE.search(row[EXTRAS])
    title = plain(titled[1], TITLE_CHARS) if titled else ""
    url = link(row[URL])
    if not title or not url or not _concerns_us(title, row):
        return None
    seen_at = read_time(row[DATE])
    precise = _PRECISE.search(row[EXTRAS])
    written_at = read_time(precise[1]) if precise else None
    # a page cannot have been published after it was seen; such a time is its clock's fault
    return Item(
        title=title,
        url=url,
        guid=url,
        published_at=written_at if written_at and seen_at and written_at <= seen_at else seen_at,
        publisher=plain(row[DOMAIN], 100) or "unknown",
        lang="en",
    )


def _concerns_us(title: str, row: "list[str]") -> bool:
    if TITLE_WORDS.search(title):
        return True
    themed = any(word in row[THEMES] for word in THEME_WORDS)
    organisations = row[ORGANISATIONS].casefold()
    return themed and any(word in organisations for word in ORGANISATION_WORDS)


KIND = Kind(request=ask_url, parse=parse)
