"""Plan the digests of 10,000 chats that are due in the same minute, and measure what that costs.

    python benchmarks/digest.py [--quick] [--chats N] [--profiles N] [--json OUT]

Measured: seconds and peak memory of planning; how long an urgent alert waits for its place in the outbox meanwhile;
chats planned twice or not at all after a `kill -9` in the middle; size, time and sameness of the picture.
`--profiles` is the number of different sets of rules among the chats; `--profiles 0` gives every chat its own.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

END = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOW = END + timedelta(seconds=30)
STORIES_A_WEEK = 300
KILL_POINT = "digest_claimed#3"  # in the third of three or more transactions


def prepare(path, chats, profiles, seed=3):
    """Fill a database: six weeks of stories, and chats with one to three rules each."""
    import random

    from bot.domain import Severity
    from bot.storage.schema import feedback
    from tests.fakes.values import chat, subscription
    from tests.fakes.weeks import GOODS, WHO, add_chats, add_sources, add_stories, add_unflagged, open_world

    chance = random.Random(seed)
    engine = open_world(f"sqlite:///{path}")
    with engine.begin() as tx:
        add_sources(tx, 90, healthy=88, now=NOW)
        for week in range(6):
            start = END - timedelta(days=7 * (week + 1))
            add_stories(tx, STORIES_A_WEEK, start=start, end=start + timedelta(days=7), seed=week)
        add_unflagged(tx, 300, start=END - timedelta(days=7), end=END)
    kinds = profiles or chats
    made = [
        [
            f'({chance.choice(GOODS)} OR "{chance.choice(WHO)}") AND NOT case{number}{place}'
            for place in range(1 + number % 3)
        ]
        for number in range(kinds)
    ]
    long_ago = END - timedelta(days=3)
    everybody, rules = [], []
    for number in range(chats):
        key = str(10_000 + number)
        level = Severity.LOW if number % kinds % 3 else Severity.MEDIUM
        everybody.append(chat(key=key, telegram_id=int(key), created_at=long_ago, level=level))
        rules += [
            subscription(id=f"{key}-{place}", chat_key=key, name=f"Rule {place}", query=query, created_at=long_ago)
            for place, query in enumerate(made[number % kinds])
        ]
    with engine.begin() as tx:
        add_chats(tx, everybody, rules)
        votes = [
            {"chat_key": one.key, "story_id": f"s{vote}", "user_hash": "u", "vote": 1, "created_at": END - timedelta(1)}
            for number, one in enumerate(everybody)
            for vote in range(number % 7)  # so that equal rules do not make equal digests
        ]
        tx.execute(feedback.insert(), votes)
    engine.dispose()


def plan(path, pictures):
    """Plan in this process, with the real chart process."""
    from bot.alerting.charting import ChartProcess
    from bot.alerting.digests.planning import plan_due
    from bot.storage.database import open_engine

    engine = open_engine(f"sqlite:///{path}")
    waits, stop = [], threading.Event()
    urgent = threading.Thread(target=_be_urgent, args=(path, waits, stop))
    urgent.start()
    began, cpu_before = time.perf_counter(), time.process_time()
    report = asyncio.run(plan_due(engine, now=NOW, charts=ChartProcess(pictures / "cache"), pictures=pictures))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_before
    stop.set()
    urgent.join()
    waits.sort()
    return {
        "planned": report.planned,
        "skipped": report.skipped,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),  # of planning and of the urgent alerts; what a machine without other work takes
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "urgent_alerts": len(waits),
        "urgent_median_s": round(statistics.median(waits), 3) if waits else None,
        "urgent_p95_s": round(waits[int(len(waits) * 0.95)], 3) if waits else None,
        "charts_failed": report.charts_failed,
    }


def _be_urgent(path, waits, stop):
    """Owe an urgent alert four times a second, then claim it as the sender would: the wait for both is measured."""
    from bot.domain import ChatKind, Delivery, DeliveryKind
    from bot.storage.database import open_engine
    from bot.storage.outbox import claim, enqueue, mark_sent

    engine = open_engine(f"sqlite:///{path}")
    number = 0
    while not stop.wait(0.25):
        began = time.perf_counter()
        number += 1
        one = Delivery(
            id=f"urgent{number}",
            chat_key="10000",
            kind=DeliveryKind.ALERT,
            subject=f"story{number}",
            payload={"story_id": "s"},
            priority=30,
            not_before=NOW,
            created_at=NOW,
        )
        with engine.begin() as tx:
            enqueue(tx, [one])
        held = claim(engine, now=NOW, lease=timedelta(minutes=2), limit=1, kinds=[ChatKind.PRIVATE])
        assert held
        assert held[0].delivery.kind is DeliveryKind.ALERT, "a digest left before an alert"
        with engine.begin() as tx:
            mark_sent(tx, held[0], now=NOW, message_ids=(number,))
        waits.append(time.perf_counter() - began)
    engine.dispose()


def crash(path, pictures):
    """Plan in a process that dies in the middle, then plan again, and count what each chat is owed."""
    from collections import Counter

    from sqlalchemy import select

    from bot.storage.database import open_engine
    from bot.storage.schema import chats, deliveries, digests

    command = [sys.executable, __file__, "--child", "--path", str(path), "--pictures", str(pictures)]
    died = subprocess.run(command, env={**os.environ, "CRASH_AT": KILL_POINT}, capture_output=True, check=False)
    engine = open_engine(f"sqlite:///{path}")
    with engine.begin() as tx:
        before = len(tx.execute(select(digests.c.chat_key).where(digests.c.note == "")).all())
    subprocess.run(command, check=True, capture_output=True)
    with engine.begin() as tx:
        owed = Counter(tx.scalars(select(deliveries.c.chat_key).where(deliveries.c.kind == "digest")))
        everybody = set(tx.scalars(select(chats.c.key)))
    return {
        "exit": died.returncode,
        "planned_before_the_kill": before,
        "twice": sum(count > 1 for count in owed.values()),
        "lost": len(everybody - set(owed)),
    }


def chart():
    """Draw the picture of a full week in both looks, each twice, in the chart process."""
    from dataclasses import replace

    from bot.alerting.charting import ChartProcess
    from tests.fakes.weeks import sample_chart

    spec = sample_chart()
    specs = [spec, replace(spec, look="light")]
    maker = ChartProcess()
    first = asyncio.run(maker.draw(specs))
    began = time.perf_counter()
    second = asyncio.run(maker.draw([*specs, *specs, *specs, *specs]))
    many = time.perf_counter() - began
    began = time.perf_counter()
    asyncio.run(maker.draw(specs[:1]))
    one = time.perf_counter() - began
    return {
        "seconds_with_start_of_the_process": round(one, 2),
        "seconds_each_in_a_running_process": round((many - one) / 7, 3),
        "bytes": [len(picture or b"") for picture in first],
        "same_bytes": first * 4 == second,
    }


def main():
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="800 chats")
    parser.add_argument("--chats", type=int, default=10_000)
    parser.add_argument("--profiles", type=int, default=200)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pictures", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(plan(asked.path, asked.pictures)))
        return
    chats = 800 if asked.quick else asked.chats
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root / "plan.sqlite3", chats, asked.profiles)
        prepare(root / "crash.sqlite3", min(chats, 600 if asked.quick else 2_000), asked.profiles)
        command = [sys.executable, __file__, "--child", "--path", str(root / "plan.sqlite3")]
        planned = subprocess.run([*command, "--pictures", str(root / "pictures")], check=True, capture_output=True)
        figures = {
            "chats": chats,
            "profiles": asked.profiles or chats,
            "stories_a_week": STORIES_A_WEEK,
            "planning": json.loads(planned.stdout.splitlines()[-1]),
            "crash": crash(root / "crash.sqlite3", root / "pictures"),
            "chart": chart(),
        }
    print(json.dumps(figures, indent=2))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
