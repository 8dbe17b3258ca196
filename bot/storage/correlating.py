"""Remember which articles matched a rule that asks for several of them, and tell when there are enough."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from bot.domain import Match
from bot.storage.schema import rule_hits
from bot.storage.upsert import insert_new
from rules.correlation import reached
from rules.definitions import Rule


def fired_rules(
    tx: Connection, article_id: str, matches: Sequence[Match], correlated: Mapping[str, Rule], *, now: datetime
) -> list[str]:
    """Book the matches of one article and give the ids of the rules that fire by it.

    A rule without `within` and `at_least` fires on each match, one of `correlated` once as many articles matched in
    its time as it asks for. Booking an article twice changes nothing.
    """
    fired = []
    for match in matches:
        rule = correlated.get(match.rule_id)
        if rule is None:
            fired.append(match.rule_id)
            continue
        insert_new(tx, rule_hits, [{"rule_id": rule.id, "article_id": article_id, "hit_at": now}])
        times = tx.scalars(select(rule_hits.c.hit_at).where(rule_hits.c.rule_id == rule.id)).all()
        if reached(times, now=now, within=rule.within, at_least=rule.at_least):
            fired.append(rule.id)
    return fired
