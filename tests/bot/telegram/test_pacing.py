import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import ChatKind
from bot.telegram.pacing import Limits, Pacer
from tests.fakes.values import chat

PERSON = chat()
GROUP = chat(key="-7", telegram_id=-7, kind=ChatKind.SUPERGROUP)
CHANNEL = chat(key="-8", telegram_id=-8, kind=ChatKind.CHANNEL)
EXACT = Limits(overall_window=1.0, private_window=1.0, shared_window=60.0)


def worst(times, seconds):
    least = seconds - 1e-6  # what floating point makes of the window
    return max((sum(at - least < other <= at for other in times) for at in times), default=0)


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 0.3)), min_size=50, max_size=400))
def test_no_window_is_ever_over_its_limit_whatever_is_asked_when(asked):
    chats = [chat(key=str(n), telegram_id=n) for n in range(1, 41)]
    chats += [chat(key=f"-{n}", telegram_id=-n, kind=ChatKind.GROUP) for n in range(1, 22)]
    pacer, now, taken = Pacer(EXACT), 0.0, []
    for number, (which, gap) in enumerate(asked):
        now += gap
        one = chats[which]
        if number % 7 == 0:
            now = pacer.ready_at(one, now)
        if pacer.take(one, now):
            taken.append((now, one))
    assert worst([at for at, _ in taken], 1.0) <= 30
    for one in chats:
        times = [at for at, other in taken if other is one]
        assert worst(times, 1.0 if one.kind is ChatKind.PRIVATE else 60.0) <= (1 if one.telegram_id > 0 else 20)


def test_ready_at_is_the_first_moment_that_works():
    pacer = Pacer(EXACT)
    assert pacer.take(PERSON, 10.0)
    assert not pacer.take(PERSON, 10.5)
    assert pacer.ready_at(PERSON, 10.5) == 11.0
    assert pacer.take(PERSON, 11.0)


def test_the_topics_of_a_forum_share_one_window():
    pacer = Pacer(EXACT)
    topics = [chat(key=f"-9:{n}", telegram_id=-9, thread_id=n, kind=ChatKind.SUPERGROUP) for n in range(2)]
    assert all(pacer.take(topics[n % 2], 10.0) for n in range(20))
    assert not pacer.take(topics[0], 11.0)
    assert pacer.blocked(11.0) == frozenset({-9})
    assert pacer.take(topics[1], 70.0)


def test_a_restart_remembers_slots_and_holds():
    first = Pacer(EXACT)
    for _ in range(20):
        first.take(CHANNEL, 10.0)
    first.hold(-7, 100.0)
    first.hold(None, 12.0)
    second = Pacer(EXACT, first.changes())
    assert first.changes() == {}
    assert second.ready_at(CHANNEL, 11.0) == 70.0
    assert second.ready_at(GROUP, 11.0) == 100.0
    assert second.ready_at(PERSON, 11.0) == 12.0
    assert second.free(11.0) == 0
    assert second.free(12.0) == 30


@pytest.mark.parametrize("restart", [False, True], ids=["running", "after a restart"])
def test_a_clock_that_is_set_back_holds_nothing_up_and_breaks_no_limit(restart):
    pacer, hour = Pacer(EXACT), 3600.0
    for _ in range(20):
        pacer.take(CHANNEL, 10.0 + hour)
    pacer.take(PERSON, 10.0 + hour)
    pacer.hold(-7, 15.0 + hour)
    if restart:
        pacer = Pacer(EXACT, pacer.changes())
    assert pacer.free(10.0) == 9  # what left a moment ago still counts
    assert not pacer.take(CHANNEL, 10.0)
    assert {CHANNEL.telegram_id, PERSON.telegram_id, -7} == pacer.blocked(10.0)
    assert pacer.take(PERSON, 11.0)
    assert pacer.ready_at(GROUP, 11.0) == 15.0
    assert pacer.ready_at(CHANNEL, 11.0) == 70.0
    assert set(pacer.changes()) >= {"all", "hold:-7"}  # the next process must not inherit the wrong hour


def test_a_hold_that_is_over_is_taken_out_of_what_is_saved():
    pacer = Pacer(EXACT)
    pacer.hold(None, 12.0)
    assert set(pacer.changes()) == {"hold:all"}
    assert pacer.blocked(13.0) == frozenset()  # asked in each round, before what is stale
    pacer.hold(-7, 15.0)
    assert pacer.stale(13.0) == ["hold:all"]
    assert pacer.stale(13.0) == []
    assert pacer.blocked(16.0) == frozenset()
    pacer.hold(-7, 20.0)
    assert pacer.stale(16.0) == []  # it is held again


def test_a_shorter_hold_never_ends_a_longer_one():
    pacer = Pacer(EXACT)
    pacer.hold(42, 100.0)
    pacer.hold(42, 50.0)
    assert pacer.ready_at(PERSON, 0.0) == 100.0
    assert pacer.next_release(0.0) == 100.0
    assert pacer.blocked(100.0) == frozenset()


def test_what_no_longer_matters_is_forgotten():
    pacer = Pacer(EXACT)
    pacer.take(PERSON, 0.0)
    pacer.take(GROUP, 100.0)
    pacer.hold(5, 10.0)
    assert sorted(pacer.stale(130.0)) == ["hold:5", "private:42"]
    assert pacer.stale(130.0) == []


def test_the_last_slots_of_a_group_are_kept_for_what_is_urgent():
    pacer = Pacer()
    taken = [pacer.take(GROUP, 100.0 + n / 10, urgent=False) for n in range(20)]
    assert taken == [True] * 16 + [False] * 4
    assert pacer.crowded(102.0) == frozenset({GROUP.telegram_id})
    assert pacer.blocked(102.0) == frozenset()
    assert [pacer.take(GROUP, 102.5 + n) for n in range(5)] == [True] * 4 + [False]
    assert pacer.blocked(107.0) == frozenset({GROUP.telegram_id})
    assert pacer.ready_at(GROUP, 107.0) == 160.5
    assert pacer.ready_at(GROUP, 107.0, urgent=False) > 160.5
    assert all(pacer.take(PERSON, 100.0 + 2 * n, urgent=False) for n in range(5))
