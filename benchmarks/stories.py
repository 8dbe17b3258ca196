"""Measure how fast articles are grouped as the window grows, and that the cost stays flat.

Builds a 7-day window of invented headlines (Zipf-distributed words, events of one to forty reports, copies), then times
place + add + unite for further articles at each size. Run: python benchmarks/stories.py [--quick] [--json OUT]
"""

import argparse
import json
import random
import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.analysis.grouping import Window, traits_of
from bot.domain import Article, Assessment, Direction, Severity, Stage, Topic

START = datetime(2026, 3, 2, tzinfo=UTC)
WINDOW = timedelta(days=7)
STATES = ("China", "US", "EU", "Japan", "India", "Britain", "Russia", "Iran", "Korea", "Taiwan", "Canada", "Chile")
DEEDS = ("curbs", "bans", "halts", "lifts", "extends", "proposes", "approves", "probes", "sanctions", "blocks", "cuts")
GOODS = ("gallium", "graphite", "lithium", "chips", "magnets", "steel", "nickel", "wheat", "urea", "drones", "cobalt")


def _word(number: int) -> str:
    """Make the word of a rank: pronounceable, so that stemming and folding have their usual work."""
    sounds = ["ba", "ko", "ri", "ten", "mul", "sa", "dor", "vin", "pe", "gra", "lo", "shi"]
    made = ""
    while True:
        made += sounds[number % len(sounds)]
        number //= len(sounds)
        if number == 0:
            return made


class Stream:
    """An endless stream of invented articles at an even pace that fills the window with `size` articles."""

    def __init__(self, size: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._step = WINDOW / size
        self._count = 0
        self._open: list[tuple[str, list[str], int]] = []  # event id, its words, reports left

    def next(self) -> tuple[str, Article, Assessment]:
        """Give the next article, and the event that it reports."""
        draw = self._random
        if not self._open or draw.random() < 0.45:
            reports = min(40, int(draw.paretovariate(1.1)))
            words = [draw.choice(STATES), draw.choice(DEEDS), draw.choice(GOODS), *(self._rank() for _ in range(6))]
            self._open.append((f"e{self._count}", words, reports))
            self._open = self._open[-400:]
        place = draw.randrange(len(self._open))
        event, words, left = self._open[place]
        if left <= 1:
            self._open.pop(place)
        else:
            self._open[place] = (event, words, left - 1)
        title = " ".join([*words[:3], *draw.sample(words[3:], 4), self._rank(), self._rank()])
        summary = " ".join([*words[3:], *(self._rank() for _ in range(25))])
        self._count += 1
        at = START + self._step * self._count
        number = f"a{self._count}"
        article = Article(
            id=number,
            source_id=f"s{draw.randrange(400)}",
            publisher=f"p{draw.randrange(300)}",
            tier=3,
            lang="en",
            url="",
            title=title,
            summary=summary,
            published_at=at,
            fetched_at=at,
        )
        assessment = Assessment(
            article_id=number,
            probability=0.9,
            flagged=True,
            reason="",
            topics=(Topic.EXPORT_CONTROL,),
            direction=Direction.TIGHTENING,
            stage=Stage.ANNOUNCED,
            severity=Severity.LOW,
            potential=Severity.LOW,
            goods=(words[2],),
        )
        return event, article, assessment

    def _rank(self) -> str:
        return _word(min(60_000, int(self._random.paretovariate(0.55)) + 40))


def measure(size: int, articles: int) -> dict[str, float]:
    """Fill a window with `size` articles, then time the placing of further ones, old ones leaving meanwhile."""
    stream, window = Stream(size, seed=size), Window()
    started = time.perf_counter()
    for _ in range(size):
        event, article, assessment = stream.next()
        window.add(event, traits_of(article, assessment))
    filled = time.perf_counter() - started
    arrivals = [stream.next() for _ in range(articles)]
    each: list[float] = []
    tidied = arrivals[0][1].at
    started, cpu = time.perf_counter(), time.process_time()
    for _, article, assessment in arrivals:
        begun = time.perf_counter()
        traits = traits_of(article, assessment)
        placed = window.place(traits)
        story = placed.story_id or article.id
        window.add(story, traits, follows=placed.follows)
        for other in window.unions(story):
            window.unite(story, other)
        if article.at - tidied >= timedelta(hours=1):
            window.forget(article.at - WINDOW)
            tidied = article.at
        each.append(time.perf_counter() - begun)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    each.sort()
    return {
        "window": size,
        "articles_per_second": round(articles / seconds, 1),
        "articles_per_cpu_second": round(articles / cpu, 1),  # what counts where others use the machine too
        "p50_ms": round(each[len(each) // 2] * 1000, 2),
        "p99_ms": round(each[int(len(each) * 0.99)] * 1000, 2),
        "max_ms": round(each[-1] * 1000, 2),
        "filled_per_second": round(size / filled, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    sizes = [5_000, 50_000] if options.quick else [10_000, 50_000, 200_000]
    rows = []
    for size in sizes:
        rows.append(measure(size, articles=1_000 if options.quick else 4_000))
        print(rows[-1])
    flatness = rows[-1]["articles_per_cpu_second"] / rows[0]["articles_per_cpu_second"]
    result = {
        "sizes": rows,
        "slowest": min(row["articles_per_second"] for row in rows),
        "flatness": round(flatness, 2),
    }
    print(f"slowest {result['slowest']} articles/s; the largest window runs at {flatness:.0%} of the smallest's speed")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
