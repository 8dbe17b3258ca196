"""A world of news for the running watch: many feeds, a host each, that note which item they served when.

    feeds = Feeds(100, random.Random(1))
    await feeds.listen()
    feeds.publish(7, alerting=True, at=now)     # an item in the feed of house 7, at feeds.url(7)

Every alerting item is another event: a state and what it does to the exports of a good.
"""

import asyncio
import itertools
import random
import re
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

SHOWN = 15  # items of a feed
STATES = (
    *("China", "Washington", "Brussels", "Japan", "India", "London", "Russia", "Indonesia", "Seoul", "Canada"),
    *("Chile", "Australia", "Taiwan", "Vietnam", "Kazakhstan", "Mexico"),
)
GOODS = (
    *("gallium", "graphite", "lithium", "chipmaking tools", "rare earth magnets", "nickel ore", "urea", "drones"),
    *("cobalt", "antimony", "germanium", "tungsten", "polysilicon", "battery cathodes", "titanium sponge", "helium"),
)
DEEDS = (
    *("bans exports of {}", "imposes export controls on {}", "requires export licences for {}"),
    *("suspends exports of {}", "adds tariffs on imports of {}", "halts shipments of {}"),
)
OTHER = (
    "festival in {b} draws record crowds for day {n}",
    "{b} coach names squad for match {n}",
    "storm passes {b} without damage, road {n} open again",
    "library in {b} shows {n} old maps",
    "how {a} is made: visit number {n} to the works",
    "choir of {b} sings for {n} guests",
)
LINK = re.compile(r"https://house\d+\.example/(\d+)")


@dataclass(slots=True)
class Item:
    """One item of a feed and its way; times are of the monotonic clock."""

    number: int
    house: int
    title: str
    alerting: bool
    published_at: datetime
    available_at: float
    served_at: float = 0.0
    accepted_at: dict[int, float] = field(default_factory=dict)  # by chat: the alert of it there
    shown_in: set[int] = field(default_factory=set)  # chats that any message or edit showed it in

    @property
    def url(self) -> str:
        """The address of the item's page; `LINK` finds it in a text."""
        return f"https://house{self.house}.example/{self.number}"

    def xml(self) -> str:
        """Write the item as its feed shows it."""
        more = ("The order takes effect on Monday. " if self.alerting else "") + _filling(self.number)
        return (
            f"<item><title>{self.title}</title><link>{self.url}</link><guid>{self.url}</guid>"
            f"<description>{self.title}. {more}"
            f"</description><pubDate>{format_datetime(self.published_at)}</pubDate></item>"
        )


class Feeds:
    """All feeds, one a host, in the event loop of the caller; each begins with items of the last three days."""

    def __init__(self, hosts: int, chance: random.Random) -> None:
        self.items: list[Item] = []
        self.asked_at: dict[int, list[float]] = defaultdict(list)  # by house
        self._shown = [deque[Item](maxlen=SHOWN) for _ in range(hosts)]
        self._bodies: list[tuple[str, bytes] | None] = [None] * hosts
        self._chance = chance
        self._servers: list[asyncio.Server] = []
        self._port = 0
        pairs = list(itertools.product(STATES, GOODS))
        chance.shuffle(pairs)
        self._events = itertools.cycle(pairs)  # no two alike in one run: each is a story of its own
        for house in range(hosts):
            for age in range(SHOWN, 0, -1):  # a third of what a feed shows at the start is of the last day
                self.publish(house, alerting=False, at=datetime.now(UTC) - timedelta(hours=age * 5))

    async def listen(self) -> None:
        """Begin to answer, on 127.0.1.1 and the following addresses, all at one port."""
        hosts = [_host_of(house) for house in range(len(self._shown))]
        self._servers.append(await asyncio.start_server(self.talk, hosts[0], 0))
        self._port = self._servers[0].sockets[0].getsockname()[1]
        self._servers.append(await asyncio.start_server(self.talk, hosts[1:], self._port, backlog=16))

    def close(self) -> None:
        """Answer no more."""
        for server in self._servers:
            server.close()

    def url(self, house: int) -> str:
        """Give the address of a feed."""
        return f"http://{_host_of(house)}:{self._port}/feed"

    def publish(self, house: int, *, alerting: bool, at: datetime) -> None:
        """Put a new item into a feed."""
        number = len(self.items)
        if alerting:
            state, good = next(self._events)
            title = f"{state} {self._chance.choice(DEEDS).format(good)}, trade ministry says"
        else:
            title = self._chance.choice(OTHER).format(
                a=self._chance.choice(GOODS), b=self._chance.choice(STATES), n=number
            )
        now = time.monotonic()
        item = Item(number=number, house=house, title=title, alerting=alerting, published_at=at, available_at=now)
        self.items.append(item)
        self._shown[house].append(item)
        self._bodies[house] = None

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request as a feed's server does, and note which items are served for the first time."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            house = _house_of(writer.get_extra_info("sockname")[0])
            self.asked_at[house].append(time.monotonic())
            await asyncio.sleep(self._chance.uniform(0.05, 0.25))
            tag, body = self._body(house)
            if f"if-none-match: {tag}" in head:
                writer.write(f"HTTP/1.1 304 Same\r\nETag: {tag}\r\nConnection: close\r\n\r\n".encode())
            else:
                kind = "Content-Type: application/rss+xml\r\nConnection: close"
                size = f"ETag: {tag}\r\nContent-Length: {len(body)}"
                writer.write(f"HTTP/1.1 200 Fine\r\n{kind}\r\n{size}\r\n\r\n".encode() + body)
                now = time.monotonic()
                for item in self._shown[house]:
                    item.served_at = item.served_at or now
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the watch was stopped in the middle
        finally:
            writer.close()

    def _body(self, house: int) -> tuple[str, bytes]:
        known = self._bodies[house]
        if known is None:
            items = "".join(item.xml() for item in reversed(self._shown[house]))
            text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>f</title>{items}</channel></rss>'
            known = self._bodies[house] = (f'"v{self._shown[house][-1].number}"', text.encode())
        return known


def _filling(number: int) -> str:
    return " ".join(f"word{(number * 31 + n * n) % 9973}" for n in range(25))


def _host_of(house: int) -> str:
    return f"127.0.{1 + house // 250}.{1 + house % 250}"


def _house_of(host: str) -> int:
    third, fourth = map(int, host.split(".")[2:])
    return (third - 1) * 250 + fourth - 1
