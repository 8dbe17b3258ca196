from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from bot.analysis.grouping import StoryIndex
from bot.analysis.grouping.mending import merge, split
from bot.analysis.growth import begin, grow
from bot.domain import Alert, AlertReason, Delivery, DeliveryKind, DeliveryState
from bot.errors import InputError, NotFoundError
from bot.storage import articles as article_rows
from bot.storage import outbox, stories
from bot.storage.database import open_engine
from bot.storage.posts import Post, root_post, save_post
from bot.storage.schema import deliveries, messages, metadata, snoozes
from tests.fakes.values import NOW, article, assessment

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def tx(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'mending.db'}")
    metadata.create_all(engine)
    with engine.begin() as tx:
        yield tx
    engine.dispose()


def _tell(tx, *numbers, now=NOW, follows=None):
    """Store a story of articles a<number>, each of its own publisher."""
    grown = None
    for number in numbers:
        title = f"Freedonia curbs graphite, report {number}"
        one = article(id=f"a{number}", publisher=f"p{number}", title=title)
        read = assessment(article_id=one.id)
        article_rows.add_articles(tx, [one])
        stories.save_assessments(tx, [read], now=now)
        grown = (
            begin(one, read, official=False, now=now, follows=follows)
            if grown is None
            else grow(grown, one, read, official=False, copy_of=None, now=now)
        )
        stories.save_story(tx, grown, now=now + timedelta(seconds=number))
    return grown


def _alert(tx, story, chat, state=DeliveryState.DUE):
    alert = Alert(id=f"al-{story.id}", story_id=story.id, reason=AlertReason.NEW_STORY, decided_at=NOW)
    stories.save_alerts(tx, [(alert, story)])
    owed = Delivery(
        id=f"d-{story.id}-{chat}",
        chat_key=chat,
        kind=DeliveryKind.ALERT,
        subject=story.id,
        payload={"story_id": story.id, "alert_id": alert.id},
        priority=1,
        state=state,
        not_before=NOW,
        created_at=NOW,
    )
    outbox.enqueue(tx, [owed])


def _show(tx, story, chat, number):
    save_post(
        tx,
        Post(chat_key=chat, message_id=number, story_id=story.id, alert_id="", root=True, sent_at=NOW),
    )


def test_a_merge_keeps_the_story_that_was_told_first_with_all_articles(tx) -> None:
    first, second = _tell(tx, 1, 2), _tell(tx, 3, now=LATER)
    before, grown = merge(tx, second.id, first.id, now=LATER)
    assert before.id == grown.id == first.id
    assert len(before.articles) == 2
    assert [member.article_id for member in grown.articles] == ["a1", "a2", "a3"]
    assert grown.publishers == {"p1", "p2", "p3"}
    assert stories.load_stories(tx, [first.id])[first.id].publishers == grown.publishers


def test_the_merged_id_still_leads_to_the_story(tx) -> None:
    first, second, third = _tell(tx, 1), _tell(tx, 2, now=LATER), _tell(tx, 3, now=LATER + timedelta(hours=1))
    merge(tx, second.id, third.id, now=LATER)
    merge(tx, first.id, second.id, now=LATER)
    assert {key: story.id for key, story in stories.load_stories(tx, [second.id, third.id]).items()} == {
        second.id: first.id,
        third.id: first.id,
    }


def test_each_chat_keeps_one_message_that_is_edited(tx) -> None:
    first, second = _tell(tx, 1), _tell(tx, 2, now=LATER)
    _show(tx, first, "both", 10)
    _show(tx, second, "both", 11)
    _show(tx, second, "late", 12)
    merge(tx, first.id, second.id, now=LATER)
    assert root_post(tx, "both", first.id).message_id == 10
    assert root_post(tx, "late", first.id).message_id == 12
    assert root_post(tx, "both", second.id) is None
    assert set(tx.scalars(select(messages.c.story_id))) == {first.id}


def test_a_chat_that_has_the_story_is_not_sent_the_other_half(tx) -> None:
    first, second = _tell(tx, 1), _tell(tx, 2, now=LATER)
    _alert(tx, first, "both", DeliveryState.SENT)
    _alert(tx, second, "both")
    _alert(tx, second, "late")
    merge(tx, first.id, second.id, now=LATER)
    rows = {row.id: (row.state, row.subject) for row in tx.execute(select(deliveries))}
    assert rows[f"d-{second.id}-both"][0] == DeliveryState.CANCELLED.value
    assert rows[f"d-{second.id}-late"] == (DeliveryState.DUE.value, first.id)
    assert {alert.id for alert in stories.alerts_of(tx, first.id)} == {f"al-{first.id}", f"al-{second.id}"}


def test_a_snoozed_story_stays_silent_when_merged(tx) -> None:
    first, second = _tell(tx, 1), _tell(tx, 2, now=LATER)
    tx.execute(insert(snoozes).values(chat_key="42", what="story", value=second.id, until=LATER))
    merge(tx, first.id, second.id, now=LATER)
    assert first.id in set(tx.scalars(select(snoozes.c.value)))


def test_the_next_step_of_a_merged_story_follows_the_one_that_stays(tx) -> None:
    first, second = _tell(tx, 1), _tell(tx, 2, now=LATER)
    step = _tell(tx, 3, now=LATER, follows=second.id)
    merge(tx, first.id, second.id, now=LATER)
    assert stories.load_stories(tx, [step.id])[step.id].follows == first.id


def test_a_split_takes_the_article_and_its_evidence_out(tx) -> None:
    story = _tell(tx, 1, 2, 3)
    _show(tx, story, "42", 10)
    kept, new = split(tx, story.id, "a2", now=LATER)
    assert [member.article_id for member in kept.articles] == ["a1", "a3"]
    assert [member.article_id for member in new.articles] == ["a2"]
    assert stories.load_stories(tx, [story.id])[story.id].publishers == {"p1", "p3"}
    assert stories.story_of(tx, "a2") == new.id
    assert root_post(tx, "42", story.id).message_id == 10


def test_the_first_article_can_be_split_off(tx) -> None:
    story = _tell(tx, 1, 2)
    kept, new = split(tx, story.id, "a1", now=LATER)
    assert kept.id == story.id
    assert kept.id != new.id
    assert kept.headline == "Freedonia curbs graphite, report 2"


def test_a_copy_whose_original_is_split_off_counts_as_a_source(tx) -> None:
    story = _tell(tx, 1)
    copied = article(id="a2", publisher="p2", title="Freedonia curbs graphite, report 1")
    read = assessment(article_id="a2")
    article_rows.add_articles(tx, [copied])
    stories.save_assessments(tx, [read], now=NOW)
    stories.save_story(tx, grow(story, copied, read, official=False, copy_of="a1", now=LATER), now=LATER)
    kept, _ = split(tx, story.id, "a1", now=LATER)
    assert kept.publishers == {"p2"}


def test_what_a_user_split_stays_split_after_a_restart(tx) -> None:
    story = _tell(tx, 1, 2, 3, 4)
    _, new = split(tx, story.id, "a2", now=LATER)
    index = StoryIndex()
    index.refresh(tx, now=LATER)
    fifth = replace(article(id="a5", publisher="p5", title="Freedonia curbs graphite, report 2"), published_at=NOW)
    read = assessment(article_id="a5")
    article_rows.add_articles(tx, [fifth])
    stories.save_assessments(tx, [read], now=LATER)
    grown = grow(new, fifth, read, official=False, copy_of=None, now=LATER)
    stories.save_story(tx, grown, now=LATER)
    index.add(new.id, fifth, read)
    assert index.unite(tx, new, grown, now=LATER) == (new, grown)


def test_stories_that_turn_out_to_be_one_are_united_with_the_change_told_once(tx) -> None:
    first, second = _tell(tx, 1, 2), _tell(tx, 3, 4, now=LATER)
    index = StoryIndex()
    index.refresh(tx, now=LATER)
    before, after = index.unite(tx, second, second, now=LATER)
    assert (before.id, after.id) == (first.id, first.id)
    assert (len(before.articles), len(after.articles)) == (2, 4)
    assert index.unite(tx, before, after, now=LATER) == (before, after)


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (lambda tx: merge(tx, "nope", "nope", now=NOW), NotFoundError, "no story 'nope'"),
        (lambda tx: merge(tx, _tell(tx, 1).id, _tell(tx, 1).id, now=NOW), InputError, "one story already"),
        (lambda tx: split(tx, _tell(tx, 1).id, "a1", now=NOW), InputError, "nothing to split"),
        (lambda tx: split(tx, _tell(tx, 1, 2).id, "a9", now=NOW), InputError, "not in story"),
    ],
    ids=["unknown story", "one and the same", "last article", "article of another story"],
)
def test_what_cannot_be_mended_is_refused_with_its_reason(tx, act, error, said) -> None:
    with pytest.raises(error, match=said):
        act(tx)
