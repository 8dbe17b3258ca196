"""Forget what is older than the operator wants to keep; counts stay, they hold no news."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, exists, select

from bot.crashpoints import reached
from bot.storage import articles as article_rows
from bot.storage import digests, outbox
from bot.storage.access import prune_access
from bot.storage.callbacks import prune_callbacks
from bot.storage.schema import alerts, messages, stories, story_articles
from bot.storage.subscriptions import prune_snoozes

MEMORY = timedelta(days=90)  # how long an item is known after its feed dropped it


def prune(engine: Engine, *, before: datetime, now: datetime) -> dict[str, int]:
    """Delete articles, stories, alerts, sent deliveries and expired button states; returns rows by table.

    Each table is a transaction of its own, so that writers wait for milliseconds only; what is half done is finished
    by the next call.
    """
    removed: dict[str, int] = {}
    with engine.begin() as tx:
        removed.update(article_rows.prune(tx, before, sightings_before=min(before, now - MEMORY)))
    reached("prune_half")
    with engine.begin() as tx:
        held = exists().where(story_articles.c.story_id == stories.c.id)
        removed["stories"] = tx.execute(delete(stories).where(stories.c.last_at < before, ~held)).rowcount
        known = select(stories.c.id)
        for table in (alerts, messages):
            at = table.c.decided_at if table is alerts else table.c.sent_at
            gone = delete(table).where(at < before, table.c.story_id.not_in(known))
            removed[table.name] = tx.execute(gone).rowcount
    with engine.begin() as tx:
        removed["deliveries"] = outbox.prune(tx, before=before)
        removed["digests"] = digests.prune(tx, before=before)
        removed["access"] = prune_access(tx, now=now)
        removed["callbacks"] = prune_callbacks(tx, now=now)
        removed["snoozes"] = prune_snoozes(tx, now=now)
    return removed
