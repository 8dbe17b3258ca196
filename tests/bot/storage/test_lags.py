"""The lag of an alert is read from what is stored, for the article that made us tell."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.domain import DeliveryKind, DeliveryState
from bot.storage import outbox
from bot.storage.articles import add_new
from bot.storage.chats import save_chat
from bot.storage.lags import alert_lag
from bot.storage.schema import deliveries
from bot.storage.stories import save_alerts, save_story
from tests.fakes.values import NOW, alert, article, chat, delivery, member, story

EARLIER = article(
    id="a0", url="https://wire.example/0", published_at=NOW - timedelta(days=1), fetched_at=NOW - timedelta(hours=20)
)
TOLD = article(tier=3, published_at=NOW - timedelta(minutes=7), fetched_at=NOW)
UNDATED = article(tier=1, published_at=None)
SENT_AT = NOW + timedelta(seconds=1, milliseconds=250)


def _store(engine, *, told=TOLD, reader=None, batched=False, **changes):
    reader = reader or chat()
    owed = delivery(
        payload={"story_id": "s1", "alert_id": "al1", "batched": batched},
        chat_key=reader.key,
        **{"state": DeliveryState.SENT, "sent_at": SENT_AT, **changes},
    )
    parts = (member(article_id="a0", at=EARLIER.at), member(at=told.at))
    with engine.begin() as tx:
        save_chat(tx, reader)
        add_new(tx, [EARLIER, told])
        tale = story(articles=parts)
        save_story(tx, tale, now=NOW)
        save_alerts(tx, [(alert(), tale)])
        outbox.enqueue(tx, [owed])
        return alert_lag(tx, owed.id)


def test_an_alert_is_timed_from_the_article_that_made_us_tell(engine) -> None:
    lag = _store(engine)
    assert lag is not None
    assert (lag.tier, lag.published_at, lag.fetched_at, lag.accepted_at) == (3, TOLD.published_at, NOW, SENT_AT)
    assert lag.since_publication == pytest.approx(7 * 60 + 1.25)
    assert lag.inside == pytest.approx(1.25)


def test_an_undated_article_counts_from_its_poll(engine) -> None:
    lag = _store(engine, told=UNDATED)
    assert lag is not None
    assert (lag.tier, lag.since_publication) == (1, pytest.approx(1.25))


def test_a_clock_that_is_behind_gives_no_negative_lag(engine) -> None:
    lag = _store(engine, sent_at=NOW - timedelta(seconds=3))
    assert lag is not None
    assert lag.inside == 0


NIGHT = chat(quiet_from="11:00", quiet_to="13:00", zone="UTC")
PAUSED = chat(paused_until=NOW + timedelta(hours=2))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"kind": DeliveryKind.CHANGE}, id="no-alert"),
        pytest.param({"state": DeliveryState.DUE, "sent_at": None}, id="not-sent"),
        pytest.param({"batched": True}, id="batched-by-wish"),
        pytest.param({"reader": NIGHT}, id="quiet-hours"),
        pytest.param({"reader": PAUSED}, id="paused"),
    ],
)
def test_what_says_nothing_about_our_speed_has_no_lag(engine, changes) -> None:
    assert _store(engine, **changes) is None


def test_what_is_gone_has_no_lag(engine) -> None:
    _store(engine)
    with engine.begin() as tx:
        tx.execute(update(deliveries).values(payload={"story_id": "s1", "alert_id": "pruned"}))
        assert alert_lag(tx, "d1") is None
        assert alert_lag(tx, "unknown") is None
