"""Does the sender keep Telegram's limits, use them up, and let urgent alerts overtake? 10,000 messages, virtual time.

    python benchmarks/pacing.py [--json OUT] [--quick]

The real sender, outbox and pacer run on an event loop whose clock jumps; the target is a stand-in that notes when each
request arrives. Requests travel 5 to 30 ms and are answered after 20 to 150 ms, so windows are counted at the far end.
A digest for thousands of private chats, with groups and channels that get dozens of messages each, fills the queue;
urgent alerts are put in at random times. Every window of 1 s and 60 s is looked at.
"""

import argparse
import asyncio
import json
import random
import selectors
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.domain import Chat, ChatKind, Delivery, DeliveryKind, derive_id
from bot.storage import outbox
from bot.storage.chats import save_chat
from bot.storage.database import open_engine
from bot.storage.schema import metadata
from bot.telegram.messages import DEFAULT_OPTIONS, Options, Outgoing, Part, Sent
from bot.telegram.pacing import Pacer
from bot.telegram.sender import Sender

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MESSAGES, QUICK_MESSAGES = 10_000, 1_500
URGENT, QUICK_URGENT = 60, 20
OVERALL, PRIVATE, SHARED = 30, 1, 20  # Telegram's limits: a second, a second and chat, a minute and chat


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self.virtual = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Give the virtual time in seconds."""
        return self.virtual


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout:
            self._loop.virtual += timeout
        return ready


class LoopClock:
    """The wall clock of the virtual loop."""

    def now(self) -> datetime:
        """Give the virtual present."""
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await asyncio.sleep(seconds)


class FarEnd:
    """Notes when requests arrive."""

    kinds = frozenset({ChatKind.PRIVATE, ChatKind.SUPERGROUP, ChatKind.CHANNEL})

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.arrived: list[tuple[float, int, str]] = []  # (time, telegram id, text)

    async def send(self, chat: Chat, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        """Let the request travel, note it, and answer."""
        del options
        await asyncio.sleep(self._chance.uniform(0.005, 0.030))
        self.arrived.append((asyncio.get_running_loop().time(), chat.telegram_id, part.plain))
        await asyncio.sleep(self._chance.uniform(0.020, 0.150))
        return Sent(message_id=len(self.arrived))

    async def edit(self, chat: Chat, message_id: int, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        """Never asked for here."""
        raise NotImplementedError

    async def check(self) -> None:
        """Answer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), quick=options.quick)
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2))
    sys.exit(0 if result["passed"] else 1)


def run(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Fill the outbox, drain it in virtual time, and give the measured figures."""
    chance = random.Random(20260302)
    far = FarEnd(chance)
    started = time.perf_counter()
    loop = VirtualLoop()
    try:
        urgent = loop.run_until_complete(drain(folder, far, chance, quick=quick))
    finally:
        loop.close()
    return figures(far, urgent, wall=time.perf_counter() - started)


async def drain(folder: Path, far: FarEnd, chance: random.Random, *, quick: bool) -> dict[str, float]:
    """Send everything; gives by urgent text the time at which it was put in."""
    engine = open_engine(f"sqlite:///{folder / 'pacing.sqlite3'}")
    # The disk is not the subject here: `benchmarks/crash.py` runs with full durability.
    event.listen(engine, "checkout", lambda connection, *_: connection.execute("PRAGMA synchronous=OFF"))
    metadata.create_all(engine)
    chats = [*population(QUICK_MESSAGES if quick else MESSAGES)]
    with engine.begin() as tx:
        for chat, _ in chats:
            save_chat(tx, chat)
        outbox.enqueue(
            tx, [owed(chat, f"digest {n}", DeliveryKind.DIGEST) for chat, many in chats for n in range(many)]
        )
    sender = Sender(engine, far, compose, Pacer(), clock=LoopClock(), offload=inline, chance=chance)
    stop, total = asyncio.Event(), sum(many for _, many in chats)
    number = QUICK_URGENT if quick else URGENT
    running = asyncio.create_task(sender.run(stop))
    urgent: dict[str, float] = {}
    span = total / OVERALL
    for moment in sorted(chance.uniform(0.1 * span, 0.9 * span) for _ in range(number)):
        await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
        chat = chance.choice(chats)[0]
        text = f"urgent {len(urgent)}"
        urgent[text] = asyncio.get_running_loop().time()
        now = LoopClock().now()
        with engine.begin() as tx:
            outbox.enqueue(tx, [owed(chat, text, DeliveryKind.ALERT, now=now)])
    while len(far.arrived) < total + number:  # noqa: ASYNC110 - virtual time costs nothing
        await asyncio.sleep(0.5)
    stop.set()
    await running
    engine.dispose()
    return urgent


def population(messages: int) -> list[tuple[Chat, int]]:
    """Give chats with the number of messages owed to each: a tenth to busy groups and channels, the rest to people."""
    shared = max(messages // 500, 2)
    chats = [
        (chat(-1_000_000_000_000 - n, ChatKind.SUPERGROUP if n % 2 else ChatKind.CHANNEL), 50) for n in range(shared)
    ]
    busy = max(messages // 200, 5)
    chats += [(chat(1_000 + n, ChatKind.PRIVATE), 10) for n in range(busy)]
    rest = messages - 50 * shared - 10 * busy
    return chats + [(chat(100_000 + n, ChatKind.PRIVATE), 1) for n in range(rest)]


def chat(number: int, kind: ChatKind) -> Chat:
    return Chat(key=str(number), telegram_id=number, kind=kind, created_at=START)


def owed(chat: Chat, text: str, kind: DeliveryKind, *, now: datetime = START) -> Delivery:
    return Delivery(
        id=derive_id(chat.key, text),
        chat_key=chat.key,
        kind=kind,
        subject=text,
        payload={"text": text},
        priority=30 if kind is DeliveryKind.ALERT else 70,
        not_before=now,
        created_at=now,
    )


def compose(tx: object, delivery: Delivery, chat: Chat) -> Outgoing:
    del tx, chat
    text = str(delivery.payload["text"])
    return Outgoing(parts=(Part(html=text, plain=text),))


async def inline(function: Any) -> Any:
    return function()


def figures(far: FarEnd, urgent: dict[str, float], *, wall: float) -> dict[str, Any]:
    """Measure the windows, the use of the ceiling, and how long the urgent alerts took."""
    by_chat: dict[int, list[float]] = defaultdict(list)
    for at, telegram_id, _ in far.arrived:
        by_chat[telegram_id].append(at)
    times = sorted(at for at, _, _ in far.arrived)
    waits = sorted(at - urgent[text] for at, _, text in far.arrived if text in urgent)
    # The tail, when only busy groups are left, says nothing about the ceiling: it is measured over the first 90 %.
    bulk = times[: int(len(times) * 0.9)]
    result: dict[str, Any] = {
        "messages": len(times),
        "virtual_seconds": round(times[-1], 1),
        "worst_second_overall": worst(times, 1.0),
        "worst_second_private": max(worst(sorted(one), 1.0) for id_, one in by_chat.items() if id_ > 0),
        "worst_minute_shared": max(worst(sorted(one), 60.0) for id_, one in by_chat.items() if id_ < 0),
        "ceiling_used": round(len(bulk) / (bulk[-1] - bulk[0]) / OVERALL, 4),
        "urgent": len(waits),
        "urgent_seconds_p95": round(waits[int(len(waits) * 0.95)], 2),
        "urgent_seconds_max": round(waits[-1], 2),
        "wall_seconds": round(wall, 1),
    }
    result["passed"] = (
        result["worst_second_overall"] <= OVERALL
        and result["worst_second_private"] <= PRIVATE
        and result["worst_minute_shared"] <= SHARED
        and result["ceiling_used"] >= 0.95
        and result["urgent_seconds_p95"] <= 5.0
    )
    return result


def worst(times: Sequence[float], seconds: float) -> int:
    """Give the largest number of times in any half-open window of that length."""
    most = start = 0
    for end, at in enumerate(times):
        while times[start] <= at - seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


if __name__ == "__main__":
    main()
