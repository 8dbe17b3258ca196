"""How many rules a chat may have, and how many of the costly kind: the operator's settings. Pure but for the texts."""

from collections.abc import Iterable, Sequence

from bot.domain import Subscription
from bot.telegram.commands.turns import Turn
from rules.query import QueryError, parse


def full(turn: Turn, found: Sequence[Subscription]) -> str:
    """Give the text for a chat that has no room for one more rule, or nothing."""
    return too_many(turn) if len(found) >= turn.services.rules_most else ""


def too_many(turn: Turn) -> str:
    """Give the text for more rules than a chat may have."""
    most = turn.services.rules_most
    return turn.t("A chat can have {count} rules. Delete one first, or join two with OR.", count=most)


def too_costly(turn: Turn, others: Iterable[Subscription], query: str) -> str:
    """Give the text for one more rule that no word can find beside the `others` of the chat, or nothing."""
    most = turn.services.costly_most
    if not _costly(query) or sum(_costly(one.query) for one in others if not one.paused) < most:
        return ""
    return turn.t(
        "This rule has no required word, so each article must be tried: a chat can have {count} of these. Add a word "
        "or field that must be there.",
        count=most,
    )


def _costly(query: str) -> bool:
    try:
        return parse(query).cost == "costly"
    except QueryError:  # an older version's; it is not evaluated
        return False
