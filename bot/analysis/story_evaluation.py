"""Measure the grouping on news with known stories: pairwise and BCubed figures beside simple baselines.

Pure but for reading the file. The items run through the same `Window` as in production, in time order; attributes come
from the rules' cues. Items that belong to no story ("-") would not have been flagged and are left out.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.analysis import story_baselines as simple
from bot.analysis.grouping import Traits, Window, traits_of
from bot.domain import Article, Assessment, Direction, Severity, Stage, Topic
from bot.errors import InputError
from rules.cues import CueReader

NO_STORY = "-"
BASELINE_ITEMS = 1500  # baselines compare all pairs: beyond this many items they are scored on the first ones only


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Precision, recall and their harmonic mean, 0 to 1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the data: an article and the story that it belongs to."""

    article: Article
    story: str


def read_items(path: Path) -> list[Item]:
    """Read JSONL with title, summary, published, source and story; in time order, without those of no story.

    Raises InputError with file and line for anything else.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}. Give a JSONL file of news items") from error
    items = [item for number, line in enumerate(lines, start=1) if line.strip() for item in _item(path, number, line)]
    if not items:
        raise InputError(f"{path}: no item with a story id. Each line needs a `story` other than “{NO_STORY}”")
    return sorted(items, key=lambda item: item.article.at)


def _item(path: Path, number: int, line: str) -> list[Item]:
    place = f"{path}:{number}"
    try:
        row = json.loads(line)
        title, story, published = row["title"], row["story"], row["published"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place}: {error!r}. Each line is an object with title, published and story") from error
    if story == NO_STORY:
        return []
    try:
        at = datetime.fromisoformat(str(published))
    except ValueError as error:
        raise InputError(f"{place}: published {published!r} is no ISO 8601 time") from error
    source = str(row.get("source") or "unknown")
    article = Article(
        id=str(row.get("id") or place),
        source_id=source,
        publisher=source,
        tier=3,
        lang=str(row.get("lang") or "en"),
        url=str(row.get("url") or ""),
        title=str(title),
        summary=str(row.get("summary") or ""),
        text=str(row.get("text") or ""),
        fetched_at=at if at.tzinfo else at.replace(tzinfo=UTC),
    )
    return [Item(article=article, story=str(story))]


def read_traits(article: Article, reader: CueReader) -> Traits:
    """Give what grouping sees of an article when the rules alone have read it."""
    cues = reader.read(article.title, article.body, published_at=article.at, tier=article.tier)
    assessment = Assessment(
        article_id=article.id,
        probability=1.0,
        flagged=True,
        reason="measured",
        topics=tuple(Topic(topic) for topic in cues.topics),
        direction=Direction(cues.direction),
        stage=Stage(cues.stage),
        severity=Severity.MEDIUM,
        potential=Severity.MEDIUM,
        issuers=cues.issuers,
        targets=cues.targets,
        entities=cues.entities,
        goods=cues.goods,
        instruments=cues.instruments,
    )
    return traits_of(article, assessment)


def group(traits: Sequence[Traits]) -> list[str]:
    """Run articles through a window in the given order, merging as production does; gives the story of each."""
    window = Window()
    for one in traits:
        placed = window.place(one)
        story = placed.story_id or one.article_id
        window.add(story, one, follows=placed.follows)
        while others := window.unions(story):
            window.unite(others[0], story)
            story = others[0]
    return [window.story_of(one.article_id) or "" for one in traits]


def pairwise(gold: Sequence[Hashable], found: Sequence[Hashable]) -> Score:
    """Score the pairs of items that are put together; 1 where there is no pair to find."""
    both = _pairs(Counter(zip(gold, found, strict=True)))
    return _score(both, _pairs(Counter(found)), both, _pairs(Counter(gold)))


def bcubed(gold: Sequence[Hashable], found: Sequence[Hashable]) -> Score:
    """Score by item (Bagga and Baldwin 1998): the share of its group that is its event's, and of its event found."""
    both = Counter(zip(gold, found, strict=True))
    in_gold, in_found = Counter(gold), Counter(found)
    precision = sum(n * n / in_found[b] for (_, b), n in both.items())
    recall = sum(n * n / in_gold[a] for (a, _), n in both.items())
    return _score(precision, len(gold), recall, len(gold))


def mixing(gold: Sequence[Hashable], found: Sequence[Hashable]) -> dict[str, float]:
    """Give the over-merge rate (groups of two or more that hold several events) and the split rate (the reverse)."""
    return {"over_merge_rate": _mixed(found, gold), "split_rate": _mixed(gold, found)}


def evaluate(path: Path, reader: CueReader, *, quick: bool = False) -> dict[str, Any]:
    """Measure grouping and baselines on a file; gives JSON-ready figures. Raises InputError."""
    items = read_items(path)
    gold = [item.story for item in items]
    started = time.perf_counter()
    found = group([read_traits(item.article, reader) for item in items])
    seconds = time.perf_counter() - started
    return {
        "n": len(items),
        "pairwise": asdict(pairwise(gold, found)),
        "bcubed": asdict(bcubed(gold, found)),
        **mixing(gold, found),
        "stories": {"true": len(set(gold)), "found": len(set(found)), "largest": max(Counter(found).values())},
        "items_per_second": round(len(items) / seconds, 1),
        "baselines": _baselines([item.article.title for item in items], gold, quick=quick),
    }


def _baselines(titles: Sequence[str], gold: Sequence[str], *, quick: bool) -> dict[str, Any]:
    titles, gold = titles[:BASELINE_ITEMS], gold[:BASELINE_ITEMS]
    thresholds = simple.THRESHOLDS[::3] if quick else simple.THRESHOLDS
    cosine = simple.tfidf(titles)
    found: dict[str, tuple[float | None, simple.Groups]] = {
        "exact_title": (None, simple.exact_title(titles)),
        "minhash_0.8": (simple.MINHASH_AT, simple.minhash(titles)),
    }
    for name, link in (("tfidf_single", simple.single_link), ("tfidf_average", simple.average_link)):
        found[name] = simple.best_of(link, len(titles), cosine, lambda g: pairwise(gold, g).f1, thresholds)
    return {name: _baseline(gold, groups, threshold) for name, (threshold, groups) in found.items()}


def _baseline(gold: Sequence[str], groups: simple.Groups, threshold: float | None) -> Mapping[str, Any]:
    scores = {"pairwise": asdict(pairwise(gold, groups)), "bcubed": asdict(bcubed(gold, groups))}
    return {"n": len(gold), "threshold": threshold, **scores, **mixing(gold, groups)}


def _pairs(sizes: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _score(right: float, found: float, hit: float, wanted: float) -> Score:
    precision = right / found if found else 1.0
    recall = hit / wanted if wanted else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Score(precision=round(precision, 4), recall=round(recall, 4), f1=round(f1, 4))


def _mixed(groups: Sequence[Hashable], labels: Sequence[Hashable]) -> float:
    held: dict[Hashable, list[Hashable]] = defaultdict(list)
    for name, label in zip(groups, labels, strict=True):
        held[name].append(label)
    several = [found for found in held.values() if len(found) > 1]
    return round(sum(len(set(found)) > 1 for found in several) / len(several), 4) if several else 0.0
