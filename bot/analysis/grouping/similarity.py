"""How much two articles look like reports of one event, and what makes the later one a step of its own. Pure."""

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise, repeat
from operator import mul
from typing import TypeVar

from bot.analysis.grouping.traits import Traits
from bot.domain import Direction

SIGMA_HOURS = 72.0  # time decay: exp(-(gap / sigma)^2 / 2), as in Miranda et al. 2018 (arXiv:1809.00540)
# Factors where actor, names or action differ; the result is much the same between half and twice each discount.
OTHER_LEAD = 0.75
OTHER_NAMES = 0.5
OTHER_ACTION = 0.9

# Copies are told by Jaccard similarity: of word pairs of the headline, and of the concepts of headline and text.
COPY_TITLE = 0.8
COPY_TEXT = 0.75  # from here on one text, whatever stands above it; needs LONG concepts beneath both headlines
LIKE_TEXT = 0.6  # what a like headline needs beneath it, where there is SOME text
APART_TEXT = 0.35  # the same for an identical headline: two desks do write the same one
SOME, LONG = 8, 12
EDITION_TITLE = 0.6  # one publisher's rewording of its own headline, by concepts
COPY_WITHIN = timedelta(hours=72)
EDITION_WITHIN = timedelta(hours=24)
_LATER = timedelta(hours=20)
T = TypeVar("T")
_OPPOSED = frozenset((Direction.TIGHTENING, Direction.EASING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An article in the window: its traits, and the unit vector of its terms as it was when the article came."""

    traits: Traits
    unit: "array[float]"

    @property
    def vector(self) -> dict[str, float]:
        """Give the unit vector by term."""
        return dict(zip(self.traits.terms, self.unit, strict=True))


def similarity(vector: Mapping[str, float], one: Traits, other: Member) -> float:
    """Compare an article, given as unit vector and traits, with a member of the window: 0 to 1."""
    cosine = sum(map(mul, map(vector.get, other.traits.terms, repeat(0.0)), other.unit))
    return cosine * agreement(one, other.traits) if cosine > 0.0 else 0.0


def agreement(one: Traits, other: Traits) -> float:
    """Give the factor for time, actor, names and action, at most 1; what is not stated counts as agreeing."""
    hours = abs((one.at - other.at).total_seconds()) / 3600
    if one.day_only or other.day_only:
        hours = max(0.0, hours - 24)
    factor = math.exp(-((hours / SIGMA_HOURS) ** 2) / 2)
    if one.lead and other.lead and one.lead != other.lead:
        factor *= OTHER_LEAD
    if one.names and other.names and not meet(one.names, other.names):
        factor *= OTHER_NAMES
    if one.actions and other.actions and not meet(one.actions, other.actions):
        factor *= OTHER_ACTION
    return factor


def meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two short tuples have an element in common."""
    return any(element in other for element in one)


def jaccard(one: frozenset[T], other: frozenset[T]) -> float:
    """Give the share of common elements; 0 where both are empty."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


def is_copy(one: Traits, other: Traits) -> bool:
    """Tell whether two articles are one text: syndicated, or editions of one publisher. Symmetric."""
    if abs(one.at - other.at) > COPY_WITHIN or not (_same_text(one, other) or _edition(one, other)):
        return False
    return _numbers(one) == _numbers(other) and not _different_documents(one, other) and not step_between(one, other)


def _same_text(one: Traits, other: Traits) -> bool:
    """Compare headlines, and what stands beneath them where both have enough of it."""
    beneath = min(one.spoken - one.titled, other.spoken - other.titled)
    alike = 1.0 if one.key == other.key else _pairs_in_common(one, other)
    if (beneath < LONG and alike < COPY_TITLE) or min(one.spoken, other.spoken) < 4:
        return False
    texts = jaccard(one.text, other.text) if beneath >= SOME else None
    if texts is None:
        return alike >= COPY_TITLE
    if beneath >= LONG and texts >= COPY_TEXT:
        return True
    return alike >= COPY_TITLE and texts >= (APART_TEXT if alike == 1.0 else LIKE_TEXT)


def _edition(one: Traits, other: Traits) -> bool:
    """Tell whether a publisher has reworded its own article. Official texts are never that: each stands for itself."""
    if one.publisher != other.publisher or one.official or abs(one.at - other.at) > EDITION_WITHIN:
        return False
    if jaccard(one.title, other.title) < EDITION_TITLE or min(one.titled, other.titled) < 4:
        return False
    return one.lead == other.lead and one.names == other.names


def _pairs_in_common(one: Traits, other: Traits) -> float:
    if jaccard(one.title, other.title) < EDITION_TITLE:
        return 0.0
    mine, yours = one.key.split(), other.key.split()
    return jaccard(frozenset(pairwise(mine)), frozenset(pairwise(yours)))


def _numbers(traits: Traits) -> set[str]:
    return {word for word in traits.title if word[0].isdigit()}


def same_document(one: Traits, other: Traits) -> bool:
    """Tell whether one article is the official document that the other is, or names in its text."""
    return meet(one.own, other.instruments) or meet(other.own, one.instruments)


def _different_documents(one: Traits, other: Traits) -> bool:
    return bool(one.own and other.own) and not meet(one.own, other.own)


def step_between(one: Traits, other: Traits) -> str:
    """Name what makes the later of two articles a step of its own, or "" where nothing does. Symmetric."""
    earlier, later = (one, other) if one.at <= other.at else (other, one)
    apart = later.at - earlier.at > _LATER
    if apart and _different_documents(earlier, later):
        return "another official document"
    if _conflict(earlier.steps, later.steps):
        return "another number in the series"
    if apart and _conflict(earlier.counts, later.counts):
        return "another list of parties"
    opposed = frozenset((earlier.direction, later.direction)) == _OPPOSED
    if later.undoes and not earlier.undoes and opposed:
        return "a reversal"
    if later.replies and not earlier.replies and earlier.lead and later.lead and earlier.lead != later.lead:
        return "a retaliation"
    return ""


def _conflict(one: frozenset[tuple[str, str]], other: frozenset[tuple[str, str]]) -> bool:
    """Tell whether both count the same noun and never with the same number."""
    nouns = {noun for noun, _ in one} & {noun for noun, _ in other}
    mine = {pair for pair in one if pair[0] in nouns}
    yours = {pair for pair in other if pair[0] in nouns}
    return bool(nouns) and mine.isdisjoint(yours)
