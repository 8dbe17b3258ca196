"""Alerts as an Atom feed, for those who read feeds instead of chats. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from bot.alerting.digests.material import AlertRow
from bot.alerting.digests.phrases import change_words
from bot.alerting.digests.values import Change, Entry
from bot.domain import AlertReason, Story, StoryArticle
from bot.telegram.markup import one_line, safe_address
from bot.telegram.strings import Translator

_ATOM = "http://www.w3.org/2005/Atom"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def atom(told: Sequence[tuple[AlertRow, Story]], words: Translator) -> bytes:
    """Give alerts as an Atom feed (RFC 4287), in the order given; equal input gives equal bytes.

    An entry is one alert; it links the official document, or else the best source, and lists the others. A story that
    changes gets a new entry, which its reader has not seen yet.
    """
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", "urn:straitwatch:alerts")
    _add(feed, "title", words.t("Straitwatch: alerts"))
    _add(feed, "updated", _stamp(max((row.decided_at for row, _ in told), default=_EPOCH)))
    _add(_add(feed, "author"), "name", "Straitwatch")
    for row, story in told:
        _entry(_add(feed, "entry"), row, story, words)
    ET.indent(feed)
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True)) + b"\n"


def _entry(entry: ET.Element, row: AlertRow, story: Story, words: Translator) -> None:
    signal = [words.severity(row.severity), words.direction(row.direction), words.stage(row.stage)]
    headline = one_line(story.headline) or words.t("(no headline)")
    _add(entry, "id", f"urn:straitwatch:alert:{row.id}")
    _add(entry, "title", f"{' · '.join(word for word in signal if word)}: {headline}")
    _add(entry, "updated", _stamp(row.decided_at))
    _add(entry, "published", _stamp(story.first_at))
    for place, article in enumerate(story.sources):
        if address := safe_address(article.url):
            link = _add(entry, "link")
            link.set("rel", "related" if place else "alternate")
            link.set("href", address)
            link.set("title", one_line(article.publisher, 80))
    for topic in row.topics:
        _add(entry, "category").set("term", topic.value)
    new = row.reason is AlertReason.NEW_STORY
    changes = () if new else (Change(reason=row.reason, was=row.was),)
    lines = [change_words(Entry(story=story, new=new, changes=changes), words)]
    lines += [_source(article, words) for article in story.sources]
    _add(entry, "content", "\n".join(lines)).set("type", "text")  # a must where there is no link


def _source(article: StoryArticle, words: Translator) -> str:
    kind = words.t("official document") if article.official else words.tier(article.tier)
    return " · ".join(word for word in (one_line(article.publisher, 80), kind, safe_address(article.url)) if word)


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    made = ET.SubElement(parent, f"{{{_ATOM}}}{name}")
    made.text = text
    return made


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
