"""A story's life in a chat: the alert, its silent edits, the replies to it, and what happens when it is gone."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.alerting.routing import PRIORITY
from bot.domain import Alert, AlertReason, ChatKind, Delivery, DeliveryKind, DeliveryState, Severity, Stage, derive_id
from bot.storage import outbox
from bot.storage.batching import fold_batches
from bot.storage.callbacks import get_callback
from bot.storage.chats import save_chat
from bot.storage.posts import root_post
from bot.storage.schema import articles
from bot.storage.stories import save_alerts, save_story
from bot.telegram.composing import StoryComposer
from bot.telegram.sender import LEASE
from tests.fakes import bot_api_faults as faults
from tests.fakes.sending import make_sender, state_of
from tests.fakes.values import NOW, alert, chat, member, story

LATER = NOW + timedelta(minutes=1)  # after the first alert was sent
RULES = [{"name": "Gallium", "words": ["gallium", "export"]}]


def tell(engine, one, told, kind, *, rules=None, at=NOW, there=None):
    """Store a story and an alert, and owe the chat a delivery about it."""
    there = there or chat()
    payload = {"story_id": one.id, "alert_id": told.id, **({"rules": rules} if rules else {})}
    delivery = Delivery(
        id=derive_id(there.key, kind.value, told.id),
        chat_key=there.key,
        kind=kind,
        subject=told.id,
        payload=payload,
        priority=PRIORITY[kind],
        not_before=at,
        created_at=at,
    )
    with engine.begin() as tx:
        save_chat(tx, there)
        for article in one.articles:
            if not tx.scalar(articles.select().where(articles.c.id == article.article_id)):
                tx.execute(articles.insert().values(**row(article)))
        save_story(tx, one, now=at)
        save_alerts(tx, [(told, one)])
        outbox.enqueue(tx, [delivery])
    return delivery


def row(article):
    return {
        "id": article.article_id,
        "source_id": article.source_id,
        "publisher": article.publisher,
        "tier": article.tier,
        "lang": "en",
        "url": article.url,
        "url_key": article.article_id,
        "title": article.title,
        "summary": "",
        "text": "",
        "guid": "",
        "instruments": [],
        "fetched_at": NOW,
    }


MORE = member(article_id="a2", publisher="gazette", tier=1, official=True, url="https://gazette.example/7")
GROWN = story(articles=(member(), MORE), stage=Stage.IN_FORCE, effective_on=date(2025, 7, 10))


@pytest.fixture
async def shown(engine, api, target, clock):
    """Send the story's first alert; gives (sender, the message)."""
    tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES)
    sender = make_sender(engine, target, clock)
    await sender.drain()
    return sender, api.chat(42).last


async def test_the_alert_carries_buttons_whose_meaning_is_stored(engine, api, shown, clock):
    _, message = shown
    data = message.data("Why?").split(":")
    assert data[:2] == ["v1", "why"]
    with engine.connect() as tx:
        state = get_callback(tx, data[2], chat_key="42", now=clock.now())
        assert root_post(tx, "42", "s1").message_id == message.message_id
    assert state == {"story_id": "s1", "alert_id": "al1", "rules": RULES}


async def test_later_sources_edit_the_alert_silently_and_keep_why_it_came(engine, api, shown):
    sender, message = shown
    more = alert(id="al2", decided_at=LATER, reason=AlertReason.MORE_SOURCES)
    tell(engine, GROWN, more, DeliveryKind.EDIT)
    await sender.drain()
    assert len(api.chat(42).messages) == 1
    assert "Gallium (gallium, export)" in message.text
    assert "2 independent publishers" in message.text
    assert message.links[0] == "https://gazette.example/7"
    assert len(message.edits) == 1
    assert message.data("Why?") == api.chat(42).last.data("Why?")


async def test_a_change_of_stage_answers_the_alert_and_the_alert_shows_the_new_stage(engine, api, shown):
    sender, message = shown
    changed = alert(id="al3", decided_at=LATER, reason=AlertReason.STAGE_CHANGED, was="announced")
    tell(engine, GROWN, changed, DeliveryKind.CHANGE)
    tell(engine, GROWN, changed, DeliveryKind.EDIT)
    await sender.drain()
    first, reply = api.chat(42).messages
    assert first is message
    assert "In force" in first.text
    assert reply.reply_to == message.message_id
    assert reply.text.startswith("🔁 Stage: Announced → In force")


async def test_an_edit_that_changes_nothing_counts_as_done(engine, api, shown):
    sender, message = shown
    owed = tell(engine, story(), alert(id="al2", decided_at=LATER, reason=AlertReason.MORE_SOURCES), DeliveryKind.EDIT)
    await sender.drain()
    assert state_of(engine, owed).state is DeliveryState.SENT
    assert message.edits == []


@pytest.mark.parametrize("why", ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"])
async def test_an_alert_that_was_deleted_is_sent_anew_and_followed_from_then_on(engine, api, shown, why):
    sender, message = shown
    message.deleted = True
    api.fail(faults.bad_request(why), method="editMessageText")
    tell(engine, GROWN, alert(id="al2", decided_at=LATER, reason=AlertReason.MORE_SOURCES), DeliveryKind.EDIT)
    await sender.drain()
    assert len(api.texts(42)) == 1
    with engine.connect() as tx:
        assert root_post(tx, "42", "s1").message_id == api.chat(42).last.message_id


async def test_a_reply_to_a_deleted_alert_arrives_all_the_same(engine, api, shown):
    sender, message = shown
    message.deleted = True
    tell(
        engine,
        GROWN,
        alert(id="al3", decided_at=LATER, reason=AlertReason.STAGE_CHANGED, was="announced"),
        DeliveryKind.CHANGE,
    )
    await sender.drain()
    assert api.chat(42).last.reply_to is None


async def test_an_alert_that_waited_shows_the_latest_state_and_its_edits_are_dropped(engine, api, target, clock):
    tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES, at=NOW + timedelta(minutes=5))
    edit = tell(engine, GROWN, alert(id="al2", decided_at=LATER, reason=AlertReason.MORE_SOURCES), DeliveryKind.EDIT)
    sender = make_sender(engine, target, clock)
    clock.pass_by(minutes=10)
    await sender.drain()
    assert "2 independent publishers" in api.chat(42).last.text
    assert state_of(engine, edit).state in {DeliveryState.CANCELLED, DeliveryState.SENT}
    assert len(api.chat(42).messages) == 1


class Meanwhile:
    """A target at which something happens while the first message, or the first edit, is on its way."""

    def __init__(self, target, happens, *, at="send"):
        self._target, self._waiting, self.kinds = target, {at: happens}, target.kinds

    async def send(self, *arguments):
        self._waiting.pop("send", int)()
        return await self._target.send(*arguments)

    async def edit(self, *arguments):
        self._waiting.pop("edit", int)()
        return await self._target.edit(*arguments)


CHANGED = alert(id="al3", decided_at=NOW + timedelta(seconds=1), reason=AlertReason.STAGE_CHANGED, was="announced")


def grows(engine):
    return [tell(engine, GROWN, CHANGED, kind) for kind in (DeliveryKind.CHANGE, DeliveryKind.EDIT)]


def states(engine, owed):
    return [state_of(engine, one).state for one in owed]


async def test_a_change_decided_while_the_alert_was_on_its_way_is_told(engine, api, target, clock):
    tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES)
    owed = []
    await make_sender(engine, Meanwhile(target, lambda: owed.extend(grows(engine))), clock).drain()
    first, reply = api.chat(42).messages
    assert reply.text.startswith("🔁 Stage: Announced → In force")
    assert "In force" in first.text
    assert len(first.edits) == 1
    assert states(engine, owed) == [DeliveryState.SENT] * 2


async def test_a_change_decided_before_the_alert_was_composed_is_not_told_again(engine, api, target, clock):
    tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES)
    owed = grows(engine)
    await make_sender(engine, target, clock).drain()
    (message,) = api.chat(42).messages
    assert "In force" in message.text
    assert message.edits == []
    assert states(engine, owed) == [DeliveryState.CANCELLED] * 2
    assert "says it already" in state_of(engine, owed[0]).last_error


async def test_an_alert_that_is_refused_takes_no_change_with_it(engine, api, target, clock):
    first = tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES)
    change = grows(engine)[0]
    api.fail(faults.bad_request("a fault nobody knows"), method="sendMessage", times=3)
    sender = make_sender(engine, target, clock)
    for _ in range(4):
        await sender.drain()
        clock.pass_by(hours=1)
    assert state_of(engine, first).state is DeliveryState.PARKED
    assert state_of(engine, change).state is DeliveryState.SENT
    assert "In force" in api.chat(42).last.text


async def test_an_edit_makes_those_that_wait_behind_it_needless_and_leaves_a_held_change_alone(engine, api, shown):
    sender, message = shown
    change, edit = grows(engine)
    with engine.begin() as tx:
        held = {"state": "held", "not_before": NOW + timedelta(hours=8)}
        tx.execute(outbox.deliveries.update().where(outbox.deliveries.c.id == change.id).values(held))
    later = tell(engine, GROWN, alert(id="al4", reason=AlertReason.MORE_SOURCES), DeliveryKind.EDIT)
    await sender.drain()
    assert len(message.edits) == 1
    assert sorted(states(engine, [edit, later])) == [DeliveryState.CANCELLED, DeliveryState.SENT]
    assert state_of(engine, change).state is DeliveryState.HELD


async def test_an_edit_decided_while_another_is_on_its_way_is_made(engine, api, target, clock, shown):
    _, message = shown
    tell(engine, replace(GROWN, stage=Stage.ANNOUNCED), alert(id="al2"), DeliveryKind.EDIT)
    grow = Meanwhile(target, lambda: tell(engine, GROWN, CHANGED, DeliveryKind.EDIT), at="edit")
    await make_sender(engine, grow, clock).drain()
    assert len(message.edits) == 2
    assert "In force" in message.text


async def test_an_alert_whose_second_half_leaves_later_does_not_take_a_change_for_told(engine, api, target, clock):
    owed = tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES)
    change = grows(engine)[0]
    with engine.begin() as tx:
        outgoing = StoryComposer(clock.now)(tx, replace(owed, message_ids=(7,)), chat())
        whole = StoryComposer(clock.now)(tx, owed, chat())
    assert change.id in whole.tells
    assert outgoing.tells == ()


async def test_a_change_of_a_story_that_the_chat_never_saw_comes_as_a_whole_alert(engine, api, target, clock):
    changed = alert(reason=AlertReason.SEVERITY_RAISED, was="low")
    tell(engine, story(), changed, DeliveryKind.CHANGE)
    await make_sender(engine, target, clock).drain()
    assert "1 independent publisher" in api.chat(42).last.text


async def test_a_second_attempt_says_that_it_may_be_a_repeat(engine, api, target, clock):
    tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES)
    api.fail(faults.reset(accepted=True), method="sendMessage")
    sender = make_sender(engine, target, clock)
    await sender.drain()
    clock.pass_by(minutes=1)
    await sender.drain()
    first, second = api.texts(42)
    assert "Possibly a repeat" not in first
    assert "Possibly a repeat" in second


async def test_each_chat_reads_its_own_language_and_hears_its_own_level(engine, api, target, clock):
    german = chat(key="43", telegram_id=43, lang="de", silent_below=Severity.CRITICAL)
    tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES)
    tell(engine, story(), alert(), DeliveryKind.ALERT, rules=RULES, there=german)
    await make_sender(engine, target, clock).drain()
    assert "Why: Gallium" in api.texts(42)[0]
    assert "Grund: Gallium" in api.texts(43)[0]
    assert [api.chat(key).last.silent for key in (42, 43)] == [False, True]


OTHER = replace(story(), id="s2", headline="Another matter", articles=(member(article_id="a9"),))


@pytest.fixture
def batched(engine, target, clock):
    """Owe a chat two alerts in half an hour, to be batched; gives the sender."""
    second = Alert(id="al9", story_id="s2", reason=AlertReason.NEW_STORY, decided_at=NOW)
    made = [tell(engine, story(), alert(), DeliveryKind.ALERT), tell(engine, OTHER, second, DeliveryKind.ALERT)]
    held = {"state": DeliveryState.HELD, "not_before": NOW + timedelta(minutes=30)}
    with engine.begin() as tx:
        tx.execute(outbox.deliveries.delete())
        outbox.enqueue(
            tx,
            [
                replace(one, subject=of, payload={**one.payload, "rules": RULES, "batched": True}, **held)
                for one, of in zip(made, ("s1", "s2"), strict=True)
            ],
        )
    return make_sender(engine, target, clock)


async def test_a_batch_tells_several_stories_at_once(api, batched, clock):
    await batched.drain()
    assert api.texts(42) == []
    clock.pass_by(minutes=30)
    await batched.drain()
    (text,) = api.texts(42)
    assert text.startswith("2 alerts")
    assert "Another matter" in text
    assert "/why_s2" in text  # a batch has no buttons of each story


async def test_a_change_of_a_batched_story_replies_to_its_batch(engine, api, batched, clock):
    clock.pass_by(minutes=30)
    await batched.drain()
    batch = api.chat(42).last
    clock.pass_by(minutes=1)
    change = alert(id="al2", reason=AlertReason.STAGE_CHANGED, was="announced", decided_at=clock.now())
    tell(engine, GROWN, change, DeliveryKind.CHANGE, at=clock.now())
    edit = tell(engine, GROWN, change, DeliveryKind.EDIT, at=clock.now())
    await batched.drain()
    reply = api.chat(42).last
    assert reply.text.startswith("🔁 Stage: Announced → In force")
    assert reply.reply_to == batch.message_id
    assert batch.edits == []
    assert state_of(engine, edit).state is DeliveryState.CANCELLED


async def test_a_change_decided_while_a_batch_was_on_its_way_is_told(engine, api, batched, target, clock):
    clock.pass_by(minutes=30)
    owed = []
    await make_sender(engine, Meanwhile(target, lambda: owed.extend(grows(engine))), clock).drain()
    batch, reply = api.chat(42).messages
    assert "In force" not in batch.text
    assert reply.text.startswith("🔁 Stage: Announced → In force")
    assert reply.reply_to == batch.message_id
    assert state_of(engine, owed[0]).state is DeliveryState.SENT


async def test_a_change_held_with_its_batch_is_not_told_again(engine, api, batched, clock):
    change, edit = grows(engine)
    with engine.begin() as tx:
        held = {"state": "held", "not_before": NOW + timedelta(minutes=31)}
        tx.execute(outbox.deliveries.update().where(outbox.deliveries.c.id == change.id).values(held))
    clock.pass_by(minutes=30)
    await batched.drain()
    clock.pass_by(minutes=2)
    await batched.drain()
    (text,) = api.texts(42)
    assert "In force" in text
    assert states(engine, [change, edit]) == [DeliveryState.CANCELLED] * 2


async def test_a_change_composed_while_another_sender_has_the_batch_on_its_way_is_told(engine, api, batched, clock):
    clock.pass_by(minutes=30)
    with engine.begin() as tx:
        fold_batches(tx, now=clock.now())
    (held,) = outbox.claim(engine, now=clock.now(), lease=LEASE, limit=1, kinds=list(ChatKind))
    with engine.begin() as tx:
        outbox.mark_intent(tx, held, now=clock.now(), until=clock.now() + LEASE)
    change = grows(engine)[0]
    await batched.drain()
    assert state_of(engine, change).state is DeliveryState.SENT
    assert "In force" in api.chat(42).last.text


async def test_what_changes_before_the_batch_leaves_is_told_by_the_batch_alone(engine, api, batched, clock):
    clock.pass_by(minutes=1)
    change = alert(id="al2", reason=AlertReason.STAGE_CHANGED, was="announced", decided_at=clock.now())
    owed = tell(engine, GROWN, change, DeliveryKind.CHANGE, at=clock.now())
    await batched.drain()
    assert api.texts(42) == []
    assert "yet to leave" in state_of(engine, owed).last_error
    clock.pass_by(minutes=30)
    await batched.drain()
    (text,) = api.texts(42)
    assert "In force" in text


async def test_a_story_that_is_no_longer_stored_is_dropped_with_its_reason(engine, api, target, clock):
    owed = tell(engine, story(), alert(), DeliveryKind.ALERT)
    with engine.begin() as tx:
        tx.exec_driver_sql("DELETE FROM story_articles")
        tx.exec_driver_sql("DELETE FROM stories")
    await make_sender(engine, target, clock).drain()
    done = state_of(engine, owed)
    assert (done.state, done.last_error) == (DeliveryState.CANCELLED, "the story is no longer stored")
