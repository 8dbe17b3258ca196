"""How much two articles look like reports of one event, and what makes the later one a step of its own. Pure."""

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.analysis.grouping.traits import Traits
from bot.domain import Direction

SIGMA_HOURS = 72.0  # time decay: exp(-(gap / sigma)^2 / 2), as in Miranda et al. 2018 (arXiv:1809.00540)
# Factors for agreement and conflict of actor, names, action and topic; flat between half and twice these values.
SAME_LEAD = 1.1
OTHER_LEAD = 0.75
OTHER_NAMES = 0.5
OTHER_ACTION = 0.9
OTHER_TOPIC = 0.9

COPY_TITLE = 0.8  # Jaccard of headlines from which on they are one text
COPY_HEAD = 0.7
EDITION_TITLE = 0.6  # one publisher's rewording of its own headline
COPY_WITHIN = timedelta(hours=72)
EDITION_WITHIN = timedelta(hours=24)
_LATER = timedelta(hours=20)
_OPPOSED = frozenset((Direction.TIGHTENING, Direction.EASING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An article in the window: its traits and its unit vector, as parallel terms and weights."""

    traits: Traits
    terms: tuple[str, ...]
    weights: "array[float]"


def similarity(vector: Mapping[str, float], one: Traits, other: Member) -> float:
    """Compare an article, given as unit vector and traits, with a member of the window: 0 to about 1.1."""
    get = vector.get
    cosine = sum(get(term, 0.0) * weight for term, weight in zip(other.terms, other.weights, strict=True))
    return cosine * agreement(one, other.traits) if cosine > 0.0 else 0.0


def agreement(one: Traits, other: Traits) -> float:
    """Give the factor for time, actor, names, action and topic; 1 where nothing speaks for or against."""
    hours = abs((one.at - other.at).total_seconds()) / 3600
    if one.day_only or other.day_only:
        hours = max(0.0, hours - 24)
    factor = math.exp(-((hours / SIGMA_HOURS) ** 2) / 2)
    if one.lead and other.lead:
        factor *= SAME_LEAD if one.lead == other.lead else OTHER_LEAD
    if one.names and other.names and one.names.isdisjoint(other.names):
        factor *= OTHER_NAMES
    if one.actions and other.actions and one.actions.isdisjoint(other.actions):
        factor *= OTHER_ACTION
    if one.topics and other.topics and one.topics.isdisjoint(other.topics):
        factor *= OTHER_TOPIC
    return factor


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Give the share of common elements; 0 where both are empty."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


def is_copy(one: Traits, other: Traits) -> bool:
    """Tell whether two articles are one text: syndicated, or editions of one publisher. Symmetric."""
    if abs(one.at - other.at) > COPY_WITHIN or _different_documents(one, other) or step_between(one, other):
        return False
    digits = {word for word in one.title if word[0].isdigit()} ^ {word for word in other.title if word[0].isdigit()}
    heads = jaccard(one.head, other.head)
    if min(len(one.head), len(other.head)) >= 12 and heads >= COPY_HEAD:
        return not digits
    if digits or min(len(one.title), len(other.title)) < 4:
        return False
    titles = 1.0 if one.key == other.key else jaccard(one.title, other.title)
    if one.publisher == other.publisher and abs(one.at - other.at) <= EDITION_WITHIN:
        return titles >= EDITION_TITLE
    told_apart = min(len(one.head), len(other.head)) >= 8 and heads < 0.25
    return titles >= COPY_TITLE and not told_apart


def same_document(one: Traits, other: Traits) -> bool:
    """Tell whether one article is the official document that the other is, or names in its text."""
    return not (one.own.isdisjoint(other.instruments) and other.own.isdisjoint(one.instruments))


def _different_documents(one: Traits, other: Traits) -> bool:
    return bool(one.own and other.own) and one.own.isdisjoint(other.own)


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
