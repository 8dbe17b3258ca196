"""The export control network of China's Ministry of Commerce: a form POST that answers JSON. Pure.

Traps of the server: without the headers of its own pages it answers 200 with every Chinese character replaced by `?`,
and every page number gives the same 20 rows, so that the archive grows here only by polling often.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from bot.domain import Source
from bot.ingest.cleaning import TITLE_CHARS, link, plain
from bot.ingest.dates import read_time
from bot.ingest.items import Item, NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State
from bot.ingest.kinds.json_feed import load_json

CHINA_HOURS = 8.0
HEADERS = {
    "Accept": "application/json;charset=utf-8",
    "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
    "X-Requested-With": "XMLHttpRequest",
}
_NOTICE = re.compile(r"公告\s?[〔\[(（]?(20\d\d)\s?年?[〕\])）]?\s?第\s?(\d{1,3})\s?号")
_NOTICE_BEFORE = re.compile(r"(20\d\d)\s?年\s?第\s?(\d{1,3})\s?号\s?公告")


def request(source: Source, state: State, now: datetime) -> Mapping[str, Any]:
    """Ask for the first page of the column that the option `column` names."""
    del state, now
    fields = {"columnID": source.options.get("column", 1), "pageNumber": 1, "pageNum": 1, "pageSize": 20, "title": ""}
    return {"url": source.url, "method": "POST", "headers": HEADERS, "body": urlencode(fields).encode()}


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read the rows; raises NotAFeedError where there are none or the characters were destroyed."""
    del source, state
    found = load_json(answer.body)
    info = found.get("pageInfo") if isinstance(found, dict) else None
    rows = info.get("rows") if isinstance(info, dict) else None
    if not isinstance(rows, list):
        raise NotAFeedError("the answer is not MOFCOM's list of announcements")
    titles = "".join(str(row.get("title") or "") for row in rows if isinstance(row, dict))
    if titles.count("?") * 2 > len(titles) > 0:
        raise NotAFeedError("MOFCOM answered with question marks in place of Chinese")
    home = "{0.scheme}://{0.netloc}/".format(urlsplit(answer.url))
    items = [item for row in rows if isinstance(row, dict) and (item := _item(row, home))]
    return Parsed(items=tuple(items), title="MOFCOM", lang="zh", total=len(rows))


def _item(row: "dict[str, Any]", home: str) -> Item | None:
    title = plain(str(row.get("title") or ""), TITLE_CHARS)
    if not title:
        return None
    content = plain(str(row.get("content") or ""))
    # the title names the announcement itself; the text also those that it repeals
    found = _NOTICE.search(title) or _NOTICE_BEFORE.search(title) or _NOTICE.search(content[:300])
    url = link(str(row.get("url") or row.get("htmlUrl") or ""), home)
    return Item(
        title=title,
        summary=content,
        url=url,
        guid=str(row.get("articleId") or row.get("id") or ""),
        published_at=read_time(str(row.get("publishTimeStr") or ""), zone_hours=CHINA_HOURS),
        lang="zh",
        instruments=(f"MOFCOM {int(found[2])}/{found[1]}",) if found else (),
    )


KIND = Kind(request=request, parse=parse)
