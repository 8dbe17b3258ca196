"""Roles and topics as subscriptions: presets become rules, so that one mechanism routes everything. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count

from bot.domain import Subscription, Topic, derive_id
from bot.telegram.markup import one_line
from bot.telegram.strings import N_, Translator

TOPICS_NAME = N_("Topics")  # the name of the subscription that the topic buttons write
NAME_LIMIT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What people of one trade want first: topics to switch on, or a rule of its own named like the role."""

    id: str
    mark: str
    name: str
    topics: tuple[Topic, ...] = ()
    query: str = ""


_CHIPS = (
    "goods:(semiconductors OR chips OR chipmaking_tools OR photoresist OR wafers) OR semiconductor* OR chipmak* "
    "OR lithograph* OR foundry"
)
_MINERALS = (
    "topic:critical_minerals OR gallium OR germanium OR antimony OR graphite OR tungsten OR cobalt OR lithium "
    'OR "rare earth" OR "rare earths"'
)
ROLES = (
    Role(
        id="compliance",
        mark="⚖️",
        name=N_("Trade compliance"),
        topics=(
            Topic.EXPORT_CONTROL,
            Topic.ENTITY_LISTING,
            Topic.SANCTIONS,
            Topic.ENFORCEMENT,
            Topic.INVESTMENT_SCREENING,
            Topic.TECH_TRANSFER,
        ),
    ),
    Role(
        id="supply",
        mark="🚢",
        name=N_("Supply chain"),
        topics=(
            Topic.LOGISTICS_DISRUPTION,
            Topic.PRODUCTION_DISRUPTION,
            Topic.SHORTAGE_PRICE,
            Topic.SOURCING_SHIFT,
            Topic.TARIFF_TRADE_MEASURE,
        ),
    ),
    Role(id="chips", mark="🔬", name=N_("Semiconductors"), query=_CHIPS),
    Role(id="minerals", mark="⛏️", name=N_("Critical minerals watch"), query=_MINERALS),
    Role(id="everything", mark="🌐", name=N_("Everything"), topics=tuple(Topic)),
)


OURS = frozenset({TOPICS_NAME, *(role.name for role in ROLES)})  # names whose subscriptions the topic buttons write


def role_of(role_id: str) -> Role | None:
    """Give the role of that id."""
    return next((role for role in ROLES if role.id == role_id), None)


def topics_query(topics: Collection[Topic]) -> str:
    """Write a choice of topics in the rule language; at least one."""
    ordered = [topic for topic in Topic if topic in topics]
    if len(ordered) == len(Topic):
        return "topic:*"
    names = [topic.value for topic in ordered]
    return f"topic:{names[0]}" if len(names) == 1 else f"topic:({' OR '.join(names)})"


def chosen_topics(subscriptions: Iterable[Subscription]) -> frozenset[Topic]:
    """Give the topics that a chat's topic buttons show as on."""
    row = named(subscriptions, TOPICS_NAME)
    if row is None or row.paused:
        return frozenset()
    if row.query == "topic:*":
        return frozenset(Topic)
    return frozenset(topic for topic in Topic if re.search(rf"\b{topic.value}\b", row.query))


def with_topics(
    subscriptions: Sequence[Subscription], topics: Collection[Topic], *, chat_key: str, now: datetime
) -> Subscription | None:
    """Give the subscription that the topic buttons write, or None where no topic is left."""
    if not topics:
        return None
    row = named(subscriptions, TOPICS_NAME)
    return Subscription(
        id=row.id if row is not None else new_id(chat_key, TOPICS_NAME, now),
        chat_key=chat_key,
        name=TOPICS_NAME,
        query=topics_query(topics),
        level=row.level if row is not None else None,
        mode=row.mode if row is not None else None,
        created_at=row.created_at if row is not None else now,
    )


def named(subscriptions: Iterable[Subscription], name: str) -> Subscription | None:
    """Give the subscription of that name, whatever the case of its letters."""
    folded = name.casefold()
    return next((one for one in subscriptions if one.name.casefold() == folded), None)


def title_of(name: str, words: Translator) -> str:
    """Give a subscription's name as it is shown: those that we gave are translated, the users' own stay."""
    return words.t(name) if name in OURS else one_line(name, NAME_LIMIT)


def free_name(subscriptions: Iterable[Subscription], wanted: str, *, reserved: Collection[str] = OURS) -> str:
    """Give a name that no subscription of the chat has: the wanted one, or it with a number."""
    taken = {name.casefold() for name in (*(one.name for one in subscriptions), *reserved)}
    wanted = wanted[:NAME_LIMIT].strip() or "Rule"
    numbered = (f"{wanted} {number}" for number in count(2))
    return next(name for name in chain((wanted,), numbered) if name.casefold() not in taken)


def new_id(chat_key: str, name: str, now: datetime) -> str:
    """Derive the id of a new subscription."""
    return derive_id("subscription", chat_key, name.casefold(), now.isoformat())


def topic_named(text: str) -> Topic | None:
    """Give the topic that was typed: by id, with blanks or dashes, or the only one that begins so."""
    folded = re.sub(r"[\s-]+", "_", text.strip().casefold())
    if not folded:
        return None
    exact = [topic for topic in Topic if topic.value.rstrip("s") == folded.rstrip("s")]
    begun = [topic for topic in Topic if topic.value.startswith(folded)]
    found = exact or begun
    return found[0] if len(found) == 1 else None
