"""Labelled examples: this package's corpus, and news lines in the exchange format; faults name file and line."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from classifiers.errors import CorpusError
from classifiers.taxonomy import DIRECTIONS, FAMILIES, KINDS, STAGES, TOPICS

FOLDER: Final = Path(__file__).parent / "corpus"
"""The folder of the corpus that comes with the package."""
TEACHER_LABELS: Final = "teacher-labels.json.gz"
"""Probabilities of a slower teacher model for news that nobody labelled: ids and numbers, no text."""
_KEYS: Final = frozenset({"id", "title", "body", "relevant", "topics", "direction", "stage", "kind", "family", "note"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled text. `relevant` is None where experts would split; direction and stage are "" where not relevant.

    `group` is what must not straddle a split (a publisher, or "own"); `stands_for` is how many items of the natural
    stream this one represents; `taught` a teacher model's probability, for items that nobody labelled.
    """

    id: str
    title: str
    body: str = ""
    relevant: bool | None
    topics: tuple[str, ...] = ()
    direction: str = ""
    stage: str = ""
    kind: str = ""
    family: str = ""
    note: str = ""
    group: str = "own"
    origin: str = ""
    published: str = ""
    stands_for: float = 1.0
    place: str = ""
    taught: float | None = None

    @property
    def chance(self) -> float:
        """Return how likely the item is relevant by its label: 1 or 0, what a teacher said, or a half."""
        if self.relevant is not None:
            return float(self.relevant)
        return 0.5 if self.taught is None else self.taught


def load(folder: Path = FOLDER) -> list[Example]:
    """Read every `*.jsonl` of a folder, in the order of names; raise CorpusError at the first faulty line."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise CorpusError(f"{folder}: no corpus file (*.jsonl) here")
    examples = [_own(record, place) for path in files for place, record in _records(path)]
    _unique(examples)
    return examples


def load_news(path: Path) -> list[Example]:
    """Read news lines (`id, title, summary, relevant, topics, direction, stage, w, ...`), plain or gzipped.

    Absent and null fields are allowed. Raises CorpusError with file and line for a line that is no JSON object, has
    neither title nor summary, or carries a label that does not exist.
    """
    return [_news(record, place) for place, record in _records(path)]


def load_taught(pool: Path, labels: Path | None = None) -> list[Example]:
    """Read the news lines of a pool that a teacher model has labelled; raise CorpusError for a faulty label line.

    The labels (`{"id", "p"}` a line, no text) come with the package: only who has the pool can use them.
    """
    path = FOLDER / TEACHER_LABELS if labels is None else labels
    chances: dict[str, float] = {}
    for place, record in _records(path):
        chance = record.get("p")
        if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
            raise CorpusError(f"{place}: p must be a probability, not {chance!r}")
        chances[str(record.get("id"))] = float(chance)
    found = []
    for place, record in _records(pool):
        chance = chances.get(str(record.get("id")))
        if chance is not None:
            unlabelled = _news({**record, "relevant": "?", "topics": []}, place)
            found.append(replace(unlabelled, taught=chance, group="taught", direction="", stage=""))
    return found


def _records(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{path}:{number}", _record(line, f"{path}:{number}")
    except UnicodeDecodeError as e:
        raise CorpusError(f"{path}:{number + 1}: not UTF-8 ({e.reason})") from e
    except (OSError, EOFError) as e:
        raise CorpusError(f"{path}: cannot be read ({e})") from e


def _record(line: str, place: str) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as e:
        raise CorpusError(f"{place}: not JSON ({e.msg}, column {e.colno})") from e
    if not isinstance(record, dict):
        raise CorpusError(f"{place}: not a JSON object")
    return record


def _own(record: Mapping[str, Any], place: str) -> Example:
    if record.keys() != _KEYS:
        odd = sorted(record.keys() ^ _KEYS)
        raise CorpusError(f"{place}: keys missing or unknown: {', '.join(odd)}")
    _kinds(record, place)
    relevant, topics = record["relevant"], record["topics"]
    _must_be(record["kind"], KINDS, "kind", place)
    if relevant:
        if not 1 <= len(topics) <= 3:
            raise CorpusError(f"{place}: a relevant example has one to three topics, not {len(topics)}")
        _must_be(record["direction"], DIRECTIONS, "direction", place)
        _must_be(record["stage"], STAGES, "stage", place)
    elif topics or record["direction"] or record["stage"]:
        raise CorpusError(f"{place}: an example that is not relevant has no topics, direction or stage")
    if not relevant or record["family"]:
        _must_be(record["family"], FAMILIES, "family", place)
    _topics(topics, place)
    return Example(**{**record, "topics": tuple(topics)}, place=place)


def _kinds(record: Mapping[str, Any], place: str) -> None:
    """Refuse values of the wrong JSON kind."""
    if not isinstance(record["relevant"], bool):
        raise CorpusError(f"{place}: relevant must be true or false, not {record['relevant']!r}")
    if not isinstance(record["topics"], list):
        raise CorpusError(f"{place}: topics must be a list, not {record['topics']!r}")
    for key in _KEYS - {"relevant", "topics"}:
        if not isinstance(record[key], str):
            raise CorpusError(f"{place}: {key} must be text, not {record[key]!r}")
    if not record["id"] or not record["title"].strip():
        raise CorpusError(f"{place}: id and title must not be empty")


def _news(record: Mapping[str, Any], place: str) -> Example:
    title, summary = _text(record, "title", place), _text(record, "summary", place)
    if not title.strip() and not summary.strip():
        raise CorpusError(f"{place}: neither title nor summary")
    label = record.get("relevant")
    mark = {True: "1", False: "0", None: "?"}.get(label, str(label)) if not isinstance(label, str) else label
    _must_be(mark, ("1", "0", "?"), "relevant", place)
    topics = record.get("topics") or []
    if not isinstance(topics, list):
        raise CorpusError(f"{place}: topics must be a list, not {topics!r}")
    _topics(topics, place)
    direction, stage = _label(record, "direction", DIRECTIONS, place), _label(record, "stage", STAGES, place)
    weight = record.get("w")
    if weight is not None and (
        isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < 1e12
    ):
        raise CorpusError(f"{place}: w must be a number that is not negative, not {weight!r}")
    return Example(
        id=str(record.get("id") or place),
        title=title,
        body=summary,
        relevant={"1": True, "0": False, "?": None}[mark],
        topics=tuple(topics),
        direction=direction,
        stage=stage,
        kind=_text(record, "kind", place),
        group=publisher(record),
        origin=_text(record, "origin", place),
        published=_text(record, "published", place),
        stands_for=1.0 if weight is None else float(weight),
        place=place,
    )


def publisher(record: Mapping[str, Any]) -> str:
    """Return what groups items of one publisher: the last two labels of its domain, else the name of its source."""
    host = ""
    url = record.get("url")
    if isinstance(url, str) and "//" in url:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:  # an ill-formed address groups by its source name instead
            host = ""
    return ".".join(host.split(".")[-2:]) if host else str(record.get("source") or record.get("origin") or "unknown")


def _text(record: Mapping[str, Any], key: str, place: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CorpusError(f"{place}: {key} must be text, not {value!r}")
    return value


def _label(record: Mapping[str, Any], key: str, allowed: Iterable[str], place: str) -> str:
    value = record.get(key)
    if value in (None, "", "-"):
        return ""
    _must_be(value, allowed, key, place)
    return str(value)


def _topics(topics: list[Any], place: str) -> None:
    for topic in topics:
        _must_be(topic, TOPICS, "topic", place)
    if len(set(topics)) != len(topics):
        raise CorpusError(f"{place}: a topic stands twice")


def _must_be(value: Any, allowed: Iterable[str], key: str, place: str) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise CorpusError(f"{place}: {key} {value!r} is none of {', '.join(allowed)}")


def _unique(examples: Iterable[Example]) -> None:
    seen: dict[str, str] = {}
    for example in examples:
        if example.id in seen:
            raise CorpusError(f"{example.place}: id {example.id!r} stands already at {seen[example.id]}")
        seen[example.id] = example.place
