"""What grouping compares of one article, taken from its headline, the head of its text and its assessment. Pure."""

import re
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.grouping.wording import ACTION_NAMES, ACTOR_NAMES, bare, words
from bot.domain import Article, Assessment, Direction, Stage

HEAD_CHARACTERS = 400  # of the text beneath the headline: what follows is background that other events share
# Weights of a term before its rarity; chosen on two windows of news and three other weeks, flat around these values.
HEAD_WEIGHT = 0.5
NAME_WEIGHT = 0.5  # companies, bodies and places that the rules recognised
GOODS_WEIGHT = 0.5

# What comes in numbered steps, and what lists of parties count: only there a different number is a different event.
# Tolls, prices and days of a strike change within one event.
_STEPS = frozenset(
    ("packag", "round", "tranch", "batch", "phas", "wav", "list", "extension", "revision", "amendment"),
)
_COUNTED = frozenset(
    ("firm", "entity", "target", "organization", "organisation", "individual", "bank", "item", "product", "licenc"),
)
_NUMBERED = re.compile(r"^\d+(?:th)?$")
_REPLY_WORDS = frozenset(("retaliat", "tit", "revenge"))
_REPLY_PHRASES = ("hits back", "hit back", "strikes back", "fires back")
_UNDOING = frozenset((Stage.SUSPENDED, Stage.REVERSED, Stage.EXPIRED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One article as grouping sees it, kept small: a window may hold hundreds of thousands.

    Plain tuples rather than sets: the garbage collector leaves them alone, so that its pauses stay short.

    `terms` are the concepts of headline and head, then `e:` names and `g:` goods; `weights` theirs before rarity.
    """

    article_id: str
    publisher: str
    official: bool  # of a tier-1 source
    at: datetime
    key: str  # the bare headline
    titled: int  # how many of the terms, from the first, are concepts of the headline
    spoken: int  # the same for headline and head
    terms: tuple[str, ...]
    weights: "array[float]"
    lead: str  # the state that the headline names first, or ""
    names: tuple[str, ...]  # companies, bodies and places that the headline names, sorted
    actions: tuple[str, ...]
    steps: frozenset[tuple[str, str]]  # ("package", "12th")
    counts: frozenset[tuple[str, str]]  # ("firm", "28")
    own: tuple[str, ...]  # instruments that the source itself states: the article is that document
    instruments: tuple[str, ...]
    direction: Direction
    undoes: bool  # reports that something is suspended, reversed or expired
    replies: bool  # reports a retaliation

    @property
    def title(self) -> frozenset[str]:
        """Give the concepts of the headline."""
        return frozenset(self.terms[: self.titled])

    @property
    def text(self) -> frozenset[str]:
        """Give the concepts of headline and head together."""
        return frozenset(self.terms[: self.spoken])

    @property
    def day_only(self) -> bool:
        """Tell whether the source seems to date by day: midnight sharp may stand for any hour of that day."""
        return (self.at.hour, self.at.minute, self.at.second) == (0, 0, 0)


def traits_of(article: Article, assessment: Assessment) -> Traits:
    """Read an article's traits; works on any text, an empty one included."""
    title, head = words(article.title), words(article.body[:HEAD_CHARACTERS])
    key = bare(article.title)
    terms = dict.fromkeys(title, 1.0)
    titled = len(terms)
    for word in head:
        terms.setdefault(word, HEAD_WEIGHT)
    spoken = len(terms)
    terms.update((f"e:{name}", NAME_WEIGHT) for name in assessment.entities)
    terms.update((f"g:{name}", GOODS_WEIGHT) for name in assessment.goods)
    spaced = f" {key} "
    return Traits(
        article_id=article.id,
        publisher=article.publisher,
        official=article.tier == 1,
        at=article.at,
        key=key,
        titled=titled,
        spoken=spoken,
        terms=tuple(sys.intern(term) for term in terms),
        weights=array("f", terms.values()),
        lead=next((word for word in title if word in ACTOR_NAMES), ""),
        names=tuple(sorted(name for name in assessment.entities if f" {name.replace('_', ' ')} " in spaced)),
        actions=tuple(sorted(ACTION_NAMES.intersection(title))),
        steps=_numbered(title, _STEPS) or _numbered(head, _STEPS),
        counts=_numbered(title, _COUNTED),
        own=tuple(article.instruments),
        instruments=tuple(assessment.instruments),
        direction=assessment.direction,
        undoes=assessment.stage in _UNDOING,
        replies=not _REPLY_WORDS.isdisjoint(title) or any(phrase in spaced for phrase in _REPLY_PHRASES),
    )


def _numbered(text: Sequence[str], nouns: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Find numbers and the noun that they count, at most two words on: "12th sanctions package", "28 Chinese firms"."""
    found = set()
    for index, word in enumerate(text):
        if _NUMBERED.match(word):
            noun = next((other for other in text[index + 1 : index + 4] if other in nouns), None)
            if noun:
                found.add((noun, word))
    return frozenset(found)
