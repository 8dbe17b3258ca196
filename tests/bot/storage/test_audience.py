"""A process reads the audience again when, and only when, some process changed it."""

from datetime import timedelta

import pytest

from bot.domain import ChatKind
from bot.storage.articles import add_articles
from bot.storage.audience import AudienceMemory
from bot.storage.chats import add_chat, disable, enable, forget_chat, leave_topic, save_chat, suspect, trust
from bot.storage.migration import migrate_chat
from bot.storage.regrouping import absorb
from bot.storage.revisions import audience_revision
from bot.storage.stories import save_story
from bot.storage.subscriptions import delete_subscription, end_snooze, save_subscription, snooze
from tests.fakes.values import NOW, article, assessment, chat, story, subscription


def rule(**changes):
    return subscription(**{"query": "topic:export_control", **changes})


LATER = NOW + timedelta(hours=1)


@pytest.fixture
def told(engine):
    """A chat with a rule, a topic and a snoozed story; gives the engine."""
    with engine.begin() as tx:
        save_chat(tx, chat())
        save_chat(tx, chat(key="-7:3", telegram_id=-7, thread_id=3, kind=ChatKind.SUPERGROUP))
        save_subscription(tx, rule())
        add_articles(tx, [article()])
        save_story(tx, story(id="s1"), now=NOW)
        save_story(tx, story(id="s2", articles=()), now=NOW)
        snooze(tx, "42", what="story", value="s2", until=LATER)
    return engine


CHANGES = {
    "chat saved": lambda tx: save_chat(tx, chat(title="other")),
    "chat added": lambda tx: add_chat(tx, chat(key="9", telegram_id=9)),
    "chat disabled": lambda tx: disable(tx, 42, reason="blocked"),
    "chat enabled": lambda tx: enable(tx, 42, now=NOW),
    "topic closed": lambda tx: leave_topic(tx, "-7:3"),
    "chat erased": lambda tx: forget_chat(tx, "42"),
    "group moved": lambda tx: migrate_chat(tx, -7, -1007),
    "rule saved": lambda tx: save_subscription(tx, rule(name="other")),
    "rule deleted": lambda tx: delete_subscription(tx, "42", rule().id),
    "snoozed": lambda tx: snooze(tx, "42", what="topic", value="shipping", until=LATER),
    "snooze ended": lambda tx: end_snooze(tx, "42", what="story", value="s2"),
    "snoozed story merged": lambda tx: absorb(tx, kept="s1", gone="s2"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_of_the_audience_is_seen_by_other_processes(told, change) -> None:
    other = AudienceMemory()
    with told.begin() as tx:
        before = other.load(tx, now=NOW)
    with told.begin() as tx:
        change(tx)
    with told.begin() as tx:
        assert other.load(tx, now=NOW) is not before


def test_without_a_change_nothing_is_read_again(told) -> None:
    memory = AudienceMemory()
    with told.begin() as tx:
        first = memory.load(tx, now=NOW)
        suspect(tx, 42, now=NOW)
        trust(tx, 42)
        assert not add_chat(tx, chat())
        assert memory.load(tx, now=LATER) is first


def test_a_change_that_was_rolled_back_is_forgotten(told) -> None:
    memory = AudienceMemory()
    with told.connect() as tx:
        save_subscription(tx, rule(query="topic:shipping"))
        memory.load(tx, now=NOW)
        tx.rollback()
    with told.begin() as tx:
        wanted = memory.load(tx, now=NOW).wanted(story(), article(), assessment(), now=NOW)
    assert [one.subscription.query for one in wanted] == [rule().query]


def test_rules_come_and_go_one_by_one(told) -> None:
    memory = AudienceMemory()

    def who(*changed, gone=()):
        with told.begin() as tx:
            for one in changed:
                save_subscription(tx, one)
            for key in gone:
                delete_subscription(tx, "42", key)
        with told.begin() as tx:
            found = memory.load(tx, now=NOW).wanted(story(), article(), assessment(), now=NOW)
        return sorted(one.subscription.id for one in found)

    assert who() == ["sub1"]
    assert who(rule(id="sub2", name="second", query="topic:export_control OR gallium")) == ["sub1", "sub2"]
    assert who(rule(id="sub2", name="second", query="nosuchword")) == ["sub1"]
    assert who(rule(id="sub2", name="second", query='"unclosed')) == ["sub1"]
    assert who(rule(paused=True)) == []
    assert who(rule()) == ["sub1"]
    assert who(gone=["sub1"]) == []


def test_the_mark_differs_after_each_change(told) -> None:
    marks = set()
    for number in range(5):
        with told.begin() as tx:
            save_chat(tx, chat(title=str(number)))
            marks.add(audience_revision(tx))
    assert len(marks) == 5
