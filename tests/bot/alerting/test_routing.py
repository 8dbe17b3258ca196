from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerting.routing import Snooze, Wanted, route
from bot.domain import AlertReason, DeliveryKind, DeliveryState, Mode, Severity, Topic
from tests.fakes.values import NOW, alert, chat, story, subscription

LATER = NOW + timedelta(hours=1)


def _route(*, the_alert=None, the_chat=None, the_story=None, sub=None, told=frozenset(), snoozes=()):
    one = the_chat or chat()
    wanted = [Wanted(subscription=sub or subscription(), words=("gallium",))]
    return route(
        the_alert or alert(),
        the_story or story(),
        wanted,
        chats={one.key: one},
        told=told,
        snoozes=snoozes,
        now=NOW,
        article_id="a9",
    )


def test_a_chat_that_asked_gets_one_message_with_the_rule_and_its_words() -> None:
    (delivery,) = _route().deliveries
    assert (delivery.kind, delivery.state) == (DeliveryKind.ALERT, DeliveryState.DUE)
    assert delivery.payload["rules"] == [{"name": "Everything", "words": ["gallium"]}]


def test_two_matching_rules_of_one_chat_still_make_one_message() -> None:
    wanted = [Wanted(subscription=subscription(id=name, name=name)) for name in ("one", "two")]
    routed = route(alert(), story(), wanted, chats={"42": chat()}, told=frozenset(), snoozes=(), now=NOW)
    assert len(routed.deliveries) == 1
    assert [rule["name"] for rule in routed.deliveries[0].payload["rules"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"the_chat": chat(disabled_reason="blocked")}, "chat_disabled", id="blocked"),
        pytest.param({"the_chat": chat(level=Severity.HIGH)}, "below_level", id="chat-level"),
        pytest.param({"sub": subscription(level=Severity.CRITICAL)}, "below_level", id="rule-level"),
        pytest.param({"the_chat": chat(mode=Mode.DIGEST_ONLY)}, "digest_only", id="digest-only"),
        pytest.param(
            {"snoozes": [Snooze(chat_key="42", what="story", value="s1", until=LATER)]}, "snoozed_story", id="story"
        ),
        pytest.param(
            {"snoozes": [Snooze(chat_key="42", what="rule", value="sub1", until=LATER)]}, "snoozed_rule", id="rule"
        ),
        pytest.param(
            {"snoozes": [Snooze(chat_key="42", what="topic", value="export_control", until=LATER)]},
            "snoozed_topic",
            id="topic",
        ),
        pytest.param(
            {
                "snoozes": [Snooze(chat_key="42", what="entity", value="huawei", until=LATER)],
                "the_story": story(entities=("huawei",)),
            },
            "snoozed_entity",
            id="entity",
        ),
    ],
)
def test_silence_has_a_reason(changes, reason) -> None:
    routed = _route(**changes)
    assert routed.deliveries == ()
    assert routed.silent == (("42", reason),)


def test_an_over_or_foreign_snooze_does_not_silence() -> None:
    over = Snooze(chat_key="42", what="story", value="s1", until=NOW)
    foreign = Snooze(chat_key="7", what="story", value="s1", until=LATER)
    assert len(_route(snoozes=[over, foreign]).deliveries) == 1


def test_a_chat_that_has_the_story_gets_an_edit_for_more_sources_and_a_reply_for_a_change() -> None:
    edit = _route(the_alert=alert(reason=AlertReason.MORE_SOURCES), told=frozenset({"42"}))
    change = _route(the_alert=alert(reason=AlertReason.STAGE_CHANGED), told=frozenset({"42"}))
    assert [one.kind for one in edit.deliveries] == [DeliveryKind.EDIT]
    assert [one.kind for one in change.deliveries] == [DeliveryKind.CHANGE, DeliveryKind.EDIT]
    assert change.deliveries[0].payload["article_id"] == "a9"


def test_a_story_that_grows_to_a_chats_level_reaches_it_as_new() -> None:
    strict = chat(level=Severity.HIGH)
    raised = _route(
        the_alert=alert(reason=AlertReason.SEVERITY_RAISED), the_chat=strict, the_story=story(severity=Severity.HIGH)
    )
    assert [one.kind for one in raised.deliveries] == [DeliveryKind.ALERT]


def test_quiet_hours_and_batches_hold_the_message_instead_of_dropping_it() -> None:
    quiet = chat(quiet_from="11:00", quiet_to="13:30")
    batched = chat(mode=Mode.BATCHED, batch_minutes=45)
    (held,) = _route(the_chat=quiet).deliveries
    (later,) = _route(the_chat=batched).deliveries
    assert (held.state, held.not_before) == (DeliveryState.HELD, NOW.replace(hour=13, minute=30))
    assert later.state is DeliveryState.HELD
    assert NOW < later.not_before <= NOW + timedelta(minutes=45)


def test_a_snoozed_topic_does_not_cut_off_a_story_that_is_already_followed() -> None:
    snooze = Snooze(chat_key="42", what="topic", value=Topic.EXPORT_CONTROL.value, until=LATER)
    followed = _route(the_alert=alert(reason=AlertReason.STAGE_CHANGED), told=frozenset({"42"}), snoozes=[snooze])
    assert followed.deliveries


def test_the_same_debt_is_never_booked_under_two_ids() -> None:
    assert _route().deliveries[0].id == replace(_route().deliveries[0], attempts=3).id
    assert _route().deliveries[0].id == _route(the_alert=alert(id="al2")).deliveries[0].id


def test_a_muted_rule_neither_speaks_nor_hurries_another_one() -> None:
    hasty = subscription(id="hasty", name="Hasty", mode=Mode.AT_ONCE)
    patient = subscription(id="patient", name="Patient", mode=Mode.BATCHED)
    routed = route(
        alert(),
        story(),
        [Wanted(subscription=hasty), Wanted(subscription=patient)],
        chats={"42": chat()},
        told=frozenset(),
        snoozes=[Snooze(chat_key="42", what="rule", value="hasty", until=LATER)],
        now=NOW,
    )
    (owed,) = routed.deliveries
    assert owed.payload["batched"]
    assert [rule["name"] for rule in owed.payload["rules"]] == ["Patient"]
