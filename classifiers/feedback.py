"""Learn from use: read thumbs out of the bot's database as examples, and hold a new model to the old one's figures.

A thumb up says "relevant"; a thumb down teaches only with the reason "irrelevant" (a duplicate is still news). One vote
is an opinion: an article's label needs two people who agree, and one person gives at most a fifth of the labels.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classifiers.corpus import Example
from classifiers.errors import FeedbackError

VOTERS: Final = 2
"""How many different people must agree before an article's label teaches."""
LARGEST_SHARE: Final = 0.2
"""Share of the labels that one person may take part in, once there are ten labels."""
_UP: Final = frozenset({"up", "+1", "1", "👍"})
_DOWN: Final = frozenset({"down", "-1", "👎"})
_QUERY: Final = (
    "SELECT f.article_id, f.user_hash, f.vote, f.reason, a.title, a.summary"
    " FROM feedback AS f JOIN articles AS a ON a.id = f.article_id ORDER BY f.created_at, f.article_id, f.user_hash"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A frozen figure that a new model would lower beyond its interval."""

    figure: str
    old: float
    new: float
    floor: float

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.figure} would fall from {self.old:.3f} to {self.new:.3f}, below {self.floor:.3f}"


def examples_of(database: Path, *, voters: int = VOTERS) -> list[Example]:
    """Return the articles on which at least `voters` people agree, labelled by them.

    Opens the SQLite file read-only. Raises FeedbackError where it is missing, no database, or lacks the tables.
    """
    if not database.is_file():
        raise FeedbackError(f"{database}: no such database; give the bot's SQLite file")
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute(_QUERY).fetchall()
    except sqlite3.DatabaseError as e:
        raise FeedbackError(
            f"{database}: feedback cannot be read ({e}); is this the bot's database, and is it migrated?"
        ) from e
    return _agreed(rows, voters)


def drops(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Drop]:
    """Return the frozen figures that fall below the old report's interval; none means that the gate is open.

    Both are reports of `evaluation.evaluate` on the same items. The floor is the low end of the old interval.
    """
    pairs = [
        ("relevance average_precision", old["relevance"]["average_precision"], new["relevance"]["average_precision"]),
        ("relevance f1", old["relevance"]["f1"], new["relevance"]["f1"]),
        ("topics macro_f1", old["topics"]["macro_f1"], new["topics"]["macro_f1"]),
        ("direction accuracy", old["direction"]["accuracy"], new["direction"]["accuracy"]),
        ("stage macro_f1", old["stage"]["macro_f1"], new["stage"]["macro_f1"]),
    ]
    return [
        Drop(figure=name, old=before["value"], new=after["value"], floor=before["low"])
        for name, before, after in pairs
        if after["value"] < before["low"]
    ]


def _agreed(rows: Sequence[tuple[Any, ...]], voters: int) -> list[Example]:
    votes: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    texts: dict[str, tuple[str, str]] = {}
    for article, user, vote, reason, title, summary in rows:
        answer = _answer(str(vote), str(reason or ""))
        if answer is not None:
            votes[str(article)][str(user)] = answer  # a later vote of the same person replaces the earlier one
            texts[str(article)] = (str(title or ""), str(summary or ""))
    taken: Counter[str] = Counter()
    result: list[Example] = []
    for article, answers in votes.items():
        agreed = len(set(answers.values())) == 1 and len(answers) >= voters
        crowded = len(result) >= 10 and all(taken[user] > LARGEST_SHARE * len(result) for user in answers)
        if agreed and not crowded and texts[article][0].strip():
            taken.update(answers)
            title, body = texts[article]
            relevant = next(iter(answers.values()))
            result.append(
                Example(id=f"feedback:{article}", title=title, body=body, relevant=relevant, group="feedback")
            )
    return result


def _answer(vote: str, reason: str) -> bool | None:
    if vote in _UP:
        return True
    return False if vote in _DOWN and reason == "irrelevant" else None
