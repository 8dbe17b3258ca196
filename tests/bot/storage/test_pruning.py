from datetime import timedelta

from sqlalchemy import func, select

from bot.storage import digests
from bot.storage.chats import save_chat
from bot.storage.pruning import prune
from bot.storage.schema import digests as table
from tests.fakes.values import NOW, chat


def test_pruning_forgets_which_digests_were_planned_long_ago(engine):
    with engine.begin() as tx:
        save_chat(tx, chat())
        digests.claim(tx, ["42"], "2024-W01", now=NOW - timedelta(days=500))
        digests.claim(tx, ["42"], "2025-W28", now=NOW - timedelta(days=2))
    removed = prune(engine, before=NOW - timedelta(days=400), now=NOW)
    assert removed["digests"] == 1
    with engine.begin() as tx:
        assert tx.scalar(select(func.count()).select_from(table)) == 1
