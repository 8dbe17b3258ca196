from datetime import UTC, date, datetime, timedelta

from bot.alerting.digests.material import Personal
from bot.alerting.periods import Period
from bot.domain import Alert, AlertReason, Severity
from bot.storage import articles as article_rows
from bot.storage import digests
from bot.storage import stories as story_rows
from bot.storage.chats import save_chat
from bot.storage.digest_material import dated_stories, gather, reports, told_between
from bot.storage.schema import feedback, stories
from bot.storage.subscriptions import save_subscription, snooze
from tests.fakes.values import article, assessment, chat, member, story, subscription
from tests.fakes.weeks import add_sources

END = datetime(2026, 11, 23, 8, tzinfo=UTC)
START = END - timedelta(days=7)
PERIOD = Period(key="2026-W48", start=START, end=END)


def _chats(engine, *keys):
    with engine.begin() as tx:
        for key in keys:
            save_chat(tx, chat(key=key, telegram_id=int(key), created_at=START - timedelta(days=30)))


def _tell(tx, story_id, at, *, reason=AlertReason.NEW_STORY, **changes):
    one = article(id=f"a-{story_id}", url=f"https://wire.example/{story_id}", fetched_at=at, published_at=at)
    article_rows.add_articles(tx, [one])
    story_rows.save_assessments(tx, [assessment(article_id=one.id)], now=at)
    told = story(id=story_id, articles=(member(article_id=one.id, at=at),), first_at=at, last_at=at, **changes)
    story_rows.save_story(tx, told, now=at)
    alert = Alert(id=f"{story_id}-{reason.value}", story_id=story_id, reason=reason, decided_at=at)
    story_rows.save_alerts(tx, [(alert, told)])


def test_a_period_is_claimed_once_by_each_chat(engine) -> None:
    _chats(engine, "1", "2", "3")
    with engine.begin() as tx:
        assert digests.claim(tx, ["1", "2"], "2026-W48", now=END) == ["1", "2"]
    with engine.begin() as tx:
        assert digests.claim(tx, ["1", "2", "3"], "2026-W48", now=END) == ["3"]
        assert digests.claim(tx, ["1"], "2026-W49", now=END) == ["1"]
        assert digests.planned(tx, {"2026-W49"}) == {("1", "2026-W49")}


def test_a_chat_that_is_gone_claims_nothing(engine) -> None:
    _chats(engine, "1")
    with engine.begin() as tx:
        assert digests.claim(tx, ["1", "9"], "2026-W48", now=END) == ["1"]


def test_slots_are_those_of_chats_that_want_a_digest_and_can_get_it(engine) -> None:
    with engine.begin() as tx:
        save_chat(tx, chat(key="1", telegram_id=1, digest_weekday=3, zone="Asia/Tokyo"))
        save_chat(tx, chat(key="2", telegram_id=2, digest_on=False))
        save_chat(tx, chat(key="3", telegram_id=3, disabled_reason="blocked"))
    with engine.begin() as tx:
        ((slot, found),) = digests.open_slots(tx).items()
    assert [key for key, _ in found] == ["1"]
    assert (slot.chat().digest_weekday, slot.chat().zone) == (3, "Asia/Tokyo")


def test_the_last_run_is_remembered(engine) -> None:
    with engine.begin() as tx:
        assert digests.last_run_at(tx) is None
        digests.note_run(tx, now=START)
        digests.note_run(tx, now=END)
        assert digests.last_run_at(tx) == END


def test_what_is_a_chats_own_is_counted_in_the_period(engine) -> None:
    _chats(engine, "1", "2")
    votes = [("s1", 1, START), ("s2", 1, END - timedelta(hours=1)), ("s3", -1, START), ("s4", 1, END)]
    with engine.begin() as tx:
        for story_id, vote, at in votes:
            row = {"chat_key": "1", "story_id": story_id, "user_hash": "u", "vote": vote, "created_at": at}
            tx.execute(feedback.insert().values(**row))
        snooze(tx, "1", what="story", value="s1", until=END + timedelta(days=1))
        found = digests.personal(tx, ["1", "2"], PERIOD, notes=("skipped",), now=END)
    assert found["1"] == Personal(useful=2, useless=1, snoozed=frozenset({("story", "s1")}))
    assert found["2"] == Personal()


def test_skipped_periods_are_told_until_the_next_digest_that_is_sent(engine) -> None:
    _chats(engine, "1")
    with engine.begin() as tx:
        digests.claim(tx, ["1"], "2026-W45", now=END - timedelta(days=21), note="skipped")
        digests.claim(tx, ["1"], "2026-W46", now=END - timedelta(days=14))
        digests.claim(tx, ["1"], "2026-W47", now=END - timedelta(days=7), note="skipped")
        digests.claim(tx, ["1"], "2026-D1", now=END - timedelta(days=6), note="unasked")
        found = digests.personal(tx, ["1"], PERIOD, notes=("skipped", "paused"), now=END)
    assert found["1"].skipped == (("2026-W47", "skipped"),)


def test_rules_are_given_by_chat_with_paused_ones(engine) -> None:
    _chats(engine, "1", "2")
    with engine.begin() as tx:
        save_subscription(tx, subscription(id="a", chat_key="1", level=Severity.HIGH))
        save_subscription(tx, subscription(id="b", chat_key="1", name="Other", paused=True))
        found = digests.rules_of(tx, ["1", "2"])
    assert [(one.id, one.level, one.paused) for one in found["1"]] == [("a", Severity.HIGH, False), ("b", None, True)]
    assert found.get("2") is None


def test_a_period_holds_the_stories_told_in_it_and_alerts_to_compare_with(engine) -> None:
    with engine.begin() as tx:
        add_sources(tx, 4, healthy=3, now=END)
        _tell(tx, "before", START - timedelta(days=20))
        _tell(tx, "in", START)
        _tell(tx, "grown", START + timedelta(hours=1), reason=AlertReason.MORE_SOURCES)
        _tell(tx, "after", END)
        made = gather(tx, PERIOD, now=END)
        texts = list(reports(tx, made))
    assert list(made.stories) == ["in"]
    assert [row.story_id for row in made.alerts] == ["before", "in", "grown"]
    assert (made.pipe.read, made.pipe.sources, made.pipe.healthy, made.pipe.failing) == (2, 4, 3, ("Source 03",))
    assert made.known_since == START - timedelta(days=20)
    assert [one.article.id for one in texts] == ["a-in"]


def test_near_misses_are_unflagged_articles_of_the_period_the_most_probable_first(engine) -> None:
    with engine.begin() as tx:
        for number, at in enumerate((START, START + timedelta(days=1), END)):
            one = article(id=f"n{number}", url=f"https://wire.example/n{number}", fetched_at=at)
            article_rows.add_articles(tx, [one])
            found = assessment(article_id=one.id, flagged=False, probability=0.1 + number / 10)
            story_rows.save_assessments(tx, [found], now=at)
        made = gather(tx, PERIOD, now=END)
    assert [one.article.id for one in made.near] == ["n1", "n0"]


def test_a_story_that_was_merged_is_shown_as_the_one_it_was_merged_into(engine) -> None:
    with engine.begin() as tx:
        _tell(tx, "kept", START - timedelta(days=9))
        _tell(tx, "merged", START + timedelta(days=1))
        tx.execute(stories.update().where(stories.c.id == "merged").values(merged_into="kept"))
        made = gather(tx, PERIOD, now=END)
    assert list(made.stories) == ["kept"]


def test_dates_are_found_by_any_of_the_three_fields(engine) -> None:
    day = date(2026, 12, 1)
    with engine.begin() as tx:
        _tell(tx, "effective", START, effective_on=day)
        _tell(tx, "expires", START, expires_on=day)
        _tell(tx, "comments", START, comment_due_on=day)
        _tell(tx, "later", START, effective_on=day + timedelta(days=40))
        _tell(tx, "none", START)
        found = dated_stories(tx, END.date(), END.date() + timedelta(days=30))
    assert {one.id for one in found} == {"effective", "expires", "comments"}


def test_alerts_are_given_with_their_stories_the_latest_first(engine) -> None:
    with engine.begin() as tx:
        _tell(tx, "old", START)
        _tell(tx, "new", START + timedelta(days=1))
        _tell(tx, "grown", START + timedelta(days=2), reason=AlertReason.MORE_SOURCES)
        found = told_between(tx, START, END)
    assert [(row.story_id, one.id) for row, one in found] == [("new", "new"), ("old", "old")]


def test_old_digests_are_forgotten(engine) -> None:
    _chats(engine, "1")
    with engine.begin() as tx:
        digests.claim(tx, ["1"], "2026-W40", now=END - timedelta(days=60))
        digests.claim(tx, ["1"], "2026-W48", now=END)
        assert digests.prune(tx, before=END - timedelta(days=30)) == 1
        assert digests.planned(tx, {"2026-W40", "2026-W48"}) == {("1", "2026-W48")}
