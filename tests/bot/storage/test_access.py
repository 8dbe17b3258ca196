from datetime import timedelta

from bot.storage.access import (
    CHAT,
    USER,
    add_invite,
    allow,
    allowed,
    claim_ownership,
    disallow,
    first_time,
    is_allowed,
    make_owner,
    owners,
    prune_access,
    redeem,
)
from tests.fakes.values import NOW


def test_ownership_can_be_claimed_once(engine):
    with engine.begin() as tx:
        assert claim_ownership(tx, 1, now=NOW)
        assert not claim_ownership(tx, 2, now=NOW)
        assert owners(tx) == {1}


def test_the_owner_of_the_settings_replaces_any_other(engine):
    with engine.begin() as tx:
        claim_ownership(tx, 1, now=NOW)
        make_owner(tx, 2, now=NOW)
        make_owner(tx, 2, now=NOW)
        assert owners(tx) == {2}


def test_an_invite_is_good_once_and_for_its_time(engine):
    with engine.begin() as tx:
        add_invite(tx, "code", note="", expires_at=NOW + timedelta(days=7), now=NOW)
        assert not redeem(tx, "cod", now=NOW)
        assert not redeem(tx, "code", now=NOW + timedelta(days=7))
        assert redeem(tx, "code", now=NOW)
        assert not redeem(tx, "code", now=NOW)


def test_who_was_let_in_can_be_shut_out(engine):
    with engine.begin() as tx:
        assert allow(tx, USER, 7, note="Grace", now=NOW)
        assert not allow(tx, USER, 7, note="Grace", now=NOW)
        allow(tx, CHAT, -1001, note="Desk", now=NOW)
        assert allowed(tx) == [(USER, 7, "Grace"), (CHAT, -1001, "Desk")]
        assert not is_allowed(tx, CHAT, 7)
        assert disallow(tx, USER, 7)
        assert not is_allowed(tx, USER, 7)


def test_an_update_comes_first_once_and_is_forgotten_later(engine):
    with engine.begin() as tx:
        assert first_time(tx, 12, now=NOW)
        assert not first_time(tx, 12, now=NOW)
        assert prune_access(tx, now=NOW + timedelta(hours=47)) == 0
        assert prune_access(tx, now=NOW + timedelta(hours=48)) == 1
        assert first_time(tx, 12, now=NOW)


def test_an_update_whose_change_was_rolled_back_may_come_again(engine):
    with engine.connect() as tx:
        first_time(tx, 12, now=NOW)
        tx.rollback()
    with engine.begin() as tx:
        assert first_time(tx, 12, now=NOW)
