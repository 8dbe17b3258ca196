"""Simple ways to group headlines, for comparison in the same run: exact title, MinHash, TF-IDF cosine. Pure.

Each takes headlines in order and gives a group number for each. The two with a threshold are given the best one for
the very data they are scored on, which flatters them.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

THRESHOLDS = tuple(step / 20 for step in range(2, 17))  # 0.10 to 0.80
MINHASH_AT = 0.8
_PERMUTATIONS = 128
_SHINGLE = 5  # characters
_WORD = re.compile(r"[^\W_]+")
_PRIME = (1 << 61) - 1

Groups = list[int]
Similarities = dict[tuple[int, int], float]  # (i, j) with i < j; pairs that are missing are 0


def exact_title(titles: Sequence[str]) -> Groups:
    """Group headlines with the same words."""
    seen: dict[str, int] = {}
    return [seen.setdefault(" ".join(_WORD.findall(title.lower())), index) for index, title in enumerate(titles)]


def minhash(titles: Sequence[str]) -> Groups:
    """Group headlines whose estimated Jaccard similarity of 5-character shingles is 0.8 or more, by single link."""
    signatures = [_signature(title) for title in titles]
    pairs: Similarities = {}
    for j, later in enumerate(signatures):
        for i in range(j):
            same = sum(a == b for a, b in zip(signatures[i], later, strict=True))
            pairs[i, j] = same / _PERMUTATIONS
    return single_link(len(titles), pairs, MINHASH_AT)


def tfidf(titles: Sequence[str]) -> Similarities:
    """Give the cosine of TF-IDF vectors of words (smooth idf, log tf) for all pairs that share a word."""
    counts = [Counter(_WORD.findall(title.lower())) for title in titles]
    seen = Counter(word for count in counts for word in count)
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    pairs: Similarities = defaultdict(float)
    for index, count in enumerate(counts):
        vector = {
            word: (1 + math.log(n)) * (1 + math.log((1 + len(titles)) / (1 + seen[word]))) for word, n in count.items()
        }
        norm = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
        for word, weight in vector.items():
            for earlier, other in postings[word]:
                pairs[earlier, index] += other * weight / norm
            postings[word].append((index, weight / norm))
    return dict(pairs)


def single_link(size: int, pairs: Similarities, threshold: float) -> Groups:
    """Join whatever is linked by a chain of pairs at or above the threshold."""
    parent = list(range(size))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for (i, j), value in pairs.items():
        if value >= threshold:
            parent[root(j)] = root(i)
    return [root(index) for index in range(size)]


def average_link(size: int, pairs: Similarities, threshold: float) -> Groups:
    """Join the two groups of highest mean similarity until none reaches the threshold (agglomerative)."""
    members = {index: [index] for index in range(size)}
    total: dict[int, dict[int, float]] = {index: {} for index in range(size)}
    for (i, j), value in pairs.items():
        total[i][j] = total[j][i] = value
    while True:
        best = max(
            (
                (value / (len(members[i]) * len(members[j])), -i, -j)
                for i, row in total.items()
                for j, value in row.items()
                if i < j
            ),
            default=(0.0, 0, 0),
        )
        if best[0] < threshold:
            break
        kept, gone = -best[1], -best[2]
        members[kept] += members.pop(gone)
        for other, value in total.pop(gone).items():
            del total[other][gone]
            if other != kept:
                total[kept][other] = total[other][kept] = total[kept].get(other, 0.0) + value
    group = {index: kept for kept, indexes in members.items() for index in indexes}
    return [group[index] for index in range(size)]


def best_of(
    link: Callable[[int, Similarities, float], Groups],
    size: int,
    pairs: Similarities,
    score: Callable[[Groups], float],
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[float, Groups]:
    """Give the threshold of the highest score, and the groups there."""
    tried = [(threshold, link(size, pairs, threshold)) for threshold in thresholds]
    return max(tried, key=lambda pair: (score(pair[1]), pair[0]))


def _signature(title: str) -> list[int]:
    text = " ".join(_WORD.findall(title.lower()))
    shingles = {text[start : start + _SHINGLE] for start in range(max(1, len(text) - _SHINGLE + 1))}
    hashes = [int.from_bytes(hashlib.blake2b(s.encode(), digest_size=7).digest()) for s in sorted(shingles)]
    return [
        min((value * (2 * number + 3) + number * number * 7919) % _PRIME for value in hashes)
        for number in range(_PERMUTATIONS)
    ]
