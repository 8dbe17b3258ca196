import os
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain import ChatKind, Delivery, DeliveryKind, DeliveryState, Mode, Severity
from bot.storage import outbox
from bot.storage.callbacks import get_callback, prune_callbacks, put_callback
from bot.storage.chats import (
    add_chat,
    all_chats,
    disable,
    enable,
    forget_chat,
    leave_topic,
    load_chat,
    owner_chats,
    save_chat,
    suspect,
    trust,
)
from bot.storage.database import open_engine
from bot.storage.migration import migrate_chat
from bot.storage.posts import Post, drop_post, post_of, root_post, save_post
from bot.storage.schema import access, metadata
from bot.storage.subscriptions import (
    active_subscriptions,
    delete_subscription,
    end_snooze,
    load_subscription,
    prune_snoozes,
    save_subscription,
    snooze,
    snoozes_of,
    subscriptions_of,
)
from tests.fakes.values import NOW, chat, subscription

GROUP = chat(key="-7", telegram_id=-7, kind=ChatKind.GROUP, level=Severity.HIGH, mode=Mode.BATCHED, paused_until=NOW)
TOPICS = [chat(key=f"-8:{n}", telegram_id=-8, thread_id=n, kind=ChatKind.SUPERGROUP) for n in (3, 4)]


def owed(chat_key, *, at=NOW, state=DeliveryState.DUE):
    return Delivery(
        id=f"d{chat_key}{at:%d}",
        chat_key=chat_key,
        kind=DeliveryKind.ALERT,
        subject="s1",
        payload={},
        priority=30,
        state=state,
        not_before=at,
        created_at=at,
    )


def test_a_chat_comes_back_as_it_was_stored(engine):
    with engine.begin() as tx:
        save_chat(tx, GROUP)
        assert load_chat(tx, "-7") == GROUP
        assert not add_chat(tx, chat(key="-7", telegram_id=-7))
        assert load_chat(tx, "-7") == GROUP
        assert load_chat(tx, "-9") is None


def test_shutting_us_out_of_a_forum_disables_all_its_topics_and_only_them(engine):
    with engine.begin() as tx:
        for one in (*TOPICS, GROUP):
            save_chat(tx, one)
            outbox.enqueue(tx, [owed(one.key)])
        assert disable(tx, -8, reason="kicked") == 2
        assert disable(tx, -8, reason="kicked again") == 0, "the owner is told once"
        assert [one.key for one in all_chats(tx, enabled_only=True)] == ["-7"]
        assert outbox.load_delivery(tx, "d-8:316").state is DeliveryState.PARKED
        assert outbox.load_delivery(tx, "d-716").state is DeliveryState.DUE


def test_who_comes_back_gets_the_news_of_the_last_day_and_not_older(engine):
    with engine.begin() as tx:
        save_chat(tx, GROUP)
        outbox.enqueue(tx, [owed("-7"), owed("-7", at=NOW - timedelta(days=3))])
        disable(tx, -7, reason="blocked")
        assert enable(tx, -7, now=NOW + timedelta(hours=1)) == 1
        assert load_chat(tx, "-7").disabled_reason == ""


def test_a_suspicion_must_last_a_day(engine):
    with engine.begin() as tx:
        save_chat(tx, GROUP)
        assert not suspect(tx, -7, now=NOW)
        assert not suspect(tx, -7, now=NOW + timedelta(hours=23))
        assert suspect(tx, -7, now=NOW + timedelta(hours=24))
        trust(tx, -7)
        assert not suspect(tx, -7, now=NOW + timedelta(hours=48))


def test_saving_settings_keeps_what_telegram_told_about_the_chat(engine):
    with engine.begin() as tx:
        save_chat(tx, GROUP)
        suspect(tx, -7, now=NOW)
        save_chat(tx, GROUP)
        assert suspect(tx, -7, now=NOW + timedelta(hours=24))


def test_a_topic_that_is_gone_sends_to_general_and_keeps_its_key(engine):
    with engine.begin() as tx:
        save_chat(tx, TOPICS[0])
        leave_topic(tx, "-8:3")
        assert load_chat(tx, "-8:3").thread_id is None


def fill(tx, key):
    save_subscription(tx, subscription(id=f"sub{key}", chat_key=key, name=f"only {key}"))
    save_subscription(tx, subscription(id=f"same{key}", chat_key=key, name="same"))
    snooze(tx, key, what="story", value="s1", until=NOW + timedelta(days=1))
    put_callback(tx, f"c{key}", chat_key=key, payload={}, expires_at=NOW + timedelta(days=1))
    save_post(tx, Post(chat_key=key, message_id=9, story_id="s1", alert_id="a1", root=True, sent_at=NOW))
    outbox.enqueue(tx, [owed(key)])


def test_a_group_that_got_a_new_id_takes_everything_along(engine):
    with engine.begin() as tx:
        save_chat(tx, GROUP)
        fill(tx, "-7")
        tx.execute(access.insert().values(kind="chat", value="-7", created_at=NOW))
    with engine.begin() as tx:
        assert migrate_chat(tx, -7, -100_7) == 1
        assert migrate_chat(tx, -7, -100_7) == 0, "who learns of it second changes nothing"
        assert load_chat(tx, "-7") is None
        moved = load_chat(tx, "-1007")
        assert (moved.kind, moved.level) == (ChatKind.SUPERGROUP, Severity.HIGH)
        assert {one.name for one in subscriptions_of(tx, "-1007")} == {"only -7", "same"}
        assert snoozes_of(tx, ["-1007"], now=NOW) == {"-1007": frozenset({("story", "s1")})}
        assert root_post(tx, "-1007", "s1").message_id == 9
        assert outbox.load_delivery(tx, "d-716").chat_key == "-1007"
        assert get_callback(tx, "c-7", chat_key="-1007", now=NOW) == {}
        assert tx.execute(access.select()).mappings().one()["value"] == "-1007"


def test_a_group_that_moves_to_a_subscribed_one_joins_it(engine):
    with engine.begin() as tx:
        save_chat(tx, GROUP)
        save_chat(tx, chat(key="-1007", telegram_id=-1007, kind=ChatKind.SUPERGROUP, level=Severity.CRITICAL))
        fill(tx, "-7")
        fill(tx, "-1007")
        migrate_chat(tx, -7, -1007)
        assert load_chat(tx, "-1007").level is Severity.CRITICAL, "its own settings win"
        assert [one.key for one in all_chats(tx)] == ["-1007"]
        assert sorted(one.name for one in subscriptions_of(tx, "-1007")) == ["only -1007", "only -7", "same"]


def test_a_crash_in_the_middle_of_a_move_changes_nothing(tmp_path):
    address = f"sqlite:///{tmp_path}/crash.sqlite3"
    engine = open_engine(address)
    metadata.create_all(engine)
    with engine.begin() as tx:
        save_chat(tx, GROUP)
        fill(tx, "-7")
    code = (
        "import sys; from bot.storage.database import open_engine; from bot.storage.migration import migrate_chat\n"
        "with open_engine(sys.argv[1]).begin() as tx: migrate_chat(tx, -7, -1007)"
    )
    environment = {**os.environ, "CRASH_AT": "migrate_half"}
    assert subprocess.run([sys.executable, "-c", code, address], env=environment, check=False).returncode == 137
    with engine.begin() as tx:
        assert load_chat(tx, "-1007") is None
        assert len(subscriptions_of(tx, "-7")) == 2
        assert migrate_chat(tx, -7, -1007) == 1
    engine.dispose()


def test_no_chat_reaches_what_belongs_to_another(engine):
    with engine.begin() as tx:
        for key in ("1", "2"):
            save_chat(tx, chat(key=key, telegram_id=int(key)))
            fill(tx, key)
        assert load_subscription(tx, "1", "sub2") is None
        assert not delete_subscription(tx, "1", "sub2")
        assert get_callback(tx, "c2", chat_key="1", now=NOW) is None
        assert not end_snooze(tx, "1", what="rule", value="sub2")
        assert forget_chat(tx, "1")["subscriptions"] == 2
        assert load_chat(tx, "1") is None
        assert len(subscriptions_of(tx, "2")) == 2


def test_two_rules_of_a_chat_cannot_share_a_name(engine):
    with engine.begin() as tx:
        save_subscription(tx, subscription(id="a", name="same"))
    with pytest.raises(IntegrityError), engine.begin() as tx:
        save_subscription(tx, subscription(id="b", name="same"))


def test_paused_rules_and_disabled_chats_ask_for_nothing(engine):
    with engine.begin() as tx:
        for key, reason in (("1", ""), ("2", "blocked")):
            save_chat(tx, chat(key=key, telegram_id=int(key), disabled_reason=reason))
            save_subscription(tx, subscription(id=f"on{key}", chat_key=key, name="on"))
            save_subscription(tx, subscription(id=f"off{key}", chat_key=key, name="off", paused=True))
        assert [one.id for one in active_subscriptions(tx)] == ["on1"]


def test_snoozes_and_buttons_end(engine):
    later = NOW + timedelta(hours=1)
    with engine.begin() as tx:
        snooze(tx, "1", what="topic", value="sanctions", until=later)
        put_callback(tx, "c", chat_key="1", payload={"x": 1}, expires_at=later)
        assert get_callback(tx, "c", chat_key="1", now=NOW) == {"x": 1}
        assert get_callback(tx, "c", chat_key="1", now=later) is None
        assert snoozes_of(tx, ["1"], now=later) == {}
        assert (prune_snoozes(tx, now=later), prune_callbacks(tx, now=later)) == (1, 1)


def test_a_message_is_found_again_until_it_is_gone(engine):
    with engine.begin() as tx:
        save_post(tx, Post(chat_key="1", message_id=5, story_id="s1", alert_id="a1", root=True, sent_at=NOW))
        save_post(tx, Post(chat_key="1", message_id=6, story_id="s1", alert_id="a2", root=False, sent_at=NOW))
        assert root_post(tx, "1", "s1").message_id == 5
        assert post_of(tx, "1", 6).alert_id == "a2"
        assert post_of(tx, "2", 6) is None
        drop_post(tx, "1", 5)
        assert root_post(tx, "1", "s1") is None


def test_the_owners_are_known_by_their_private_chats(engine):
    with engine.begin() as tx:
        save_chat(tx, chat(key="1", telegram_id=1))
        save_chat(tx, chat(key="2", telegram_id=2))
        tx.execute(access.insert().values(kind="owner", value="2", created_at=NOW))
        assert [one.key for one in owner_chats(tx)] == ["2"]
