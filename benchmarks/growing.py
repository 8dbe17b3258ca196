"""The feeds of the chaos: they grow, they fail, they are cut off on their way, and they know what they have shown."""

import html
import random
from datetime import timedelta

from tests.fakes import one_round
from tests.fakes.bot_api import BotApi
from tests.fakes.feed_faults import Entry, rss
from tests.fakes.feed_server import FeedServer, Reply

FEEDS, CHATS = 4, (71, 72, 73)
OLD = 30  # items of a feed from before the watch


def _old(at: int, number: int) -> Entry:
    """Make an item from before the watch: without some, every few new ones would look like a publisher's new ids."""
    title = f"Council prize {at}-{number} awarded long ago"
    return Entry(title=title, link=f"https://house{at}.test/old/{number}", at=one_round.now() - timedelta(days=10))


class World:
    """The feeds and what they have shown so far."""

    def __init__(self, feeds: FeedServer, draw: random.Random) -> None:
        self._feeds = feeds
        self._draw = draw
        self.entries = [[_old(at, number) for number in range(OLD)] for at in range(FEEDS)]
        self.shown: dict[str, str] = {}  # link -> title
        self.entries_of: dict[str, list[str]] = {}  # validator -> links

    def grow(self) -> str:
        """Let one feed report something that no other has; gives the headline."""
        words = " ".join("".join(self._draw.choices("bcdfgklmnprstv", k=7)) for _ in range(6))
        return self._add(self._draw.randrange(FEEDS), f"Parliament bans {words}", words)

    def burst(self) -> None:
        """Let every feed report several long items that nobody asked for: what fills a disk."""
        for at in range(FEEDS):
            for _ in range(4):
                words = " ".join("".join(self._draw.choices("bcdfgklmnprstv", k=9)) for _ in range(400))
                self._add(at, f"Council prize for {words[:60]}", words)

    def told_everywhere(self, api: BotApi, title: str) -> bool:
        """Tell whether every chat shows a headline."""
        return all(any(title in html.unescape(one) for one in api.texts(chat)) for chat in CHATS)

    def serve(self, *, well: bool | None) -> None:
        """Serve all feeds: all well, all away, or with None some of them broken."""
        for at, entries in enumerate(self.entries):
            body = rss(entries)
            etag = f'"{at}-{len(entries)}"'
            self.entries_of.setdefault(etag, [entry.link for entry in entries[OLD:]])
            whole, away = Reply(body=body, headers={"ETag": etag}), Reply(status=503)
            half = Reply(body=body[: len(body) // 2], headers={"ETag": etag})
            broken = [away, half, Reply(body=b"<html>login</html>")]
            mixed = self._draw.choice([*broken, whole, whole, whole])
            self._feeds.serve(f"/{at}", mixed if well is None else whole if well else away)

    def _add(self, at: int, title: str, words: str) -> str:
        link = f"https://house{at}.test/{len(self.shown)}"
        published_at = one_round.now() - timedelta(minutes=90)
        self.entries[at].append(Entry(title=title, link=link, at=published_at, summary=words))
        self.shown[link] = title
        return title
