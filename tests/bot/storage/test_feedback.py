from datetime import timedelta

from bot.storage.feedback import VOTES_A_DAY, Vote, erase_votes, save_vote, tally, vote_of, voter, votes_of_user
from tests.fakes.values import NOW


def vote(**changes):
    given = {"story_id": "s1", "alert_id": "al1", "article_id": "a1", "vote": 1, "reason": "", "created_at": NOW}
    return Vote(**{**given, **changes})


def test_a_voter_has_one_name_that_is_not_the_id(engine):
    with engine.begin() as tx:
        name = voter(tx, 42)
        assert name == voter(tx, 42)
        assert name != voter(tx, 43)
        assert name != "42"


def test_a_later_vote_replaces_the_earlier(engine):
    with engine.begin() as tx:
        name = voter(tx, 42)
        save_vote(tx, "42", name, vote())
        save_vote(tx, "42", name, vote(vote=-1, reason="old_news"))
        assert vote_of(tx, "42", "s1", name) == vote(vote=-1, reason="old_news")
        assert tally(tx) == (0, 1)


def test_votes_are_capped_a_day(engine):
    with engine.begin() as tx:
        name = voter(tx, 42)
        for number in range(VOTES_A_DAY):
            assert save_vote(tx, "42", name, vote(story_id=f"s{number}"))
        assert not save_vote(tx, "42", name, vote(story_id="one more"))
        assert save_vote(tx, "42", voter(tx, 43), vote())
        assert save_vote(tx, "42", name, vote(story_id="one more", created_at=NOW + timedelta(days=1)))


def test_a_users_votes_are_given_and_erased_in_all_chats(engine):
    with engine.begin() as tx:
        name = voter(tx, 42)
        save_vote(tx, "42", name, vote())
        save_vote(tx, "-1001", name, vote())
        save_vote(tx, "-1001", voter(tx, 43), vote())
        assert len(votes_of_user(tx, name)) == 2
        assert erase_votes(tx, name) == 2
        assert tally(tx) == (1, 0)
        assert tally(tx, chat_key="42") == (0, 0)
