"""The buttons below an alert: snooze and the two votes. The keyboard changes in place; the text stays.

The state of these buttons is what `bot.telegram.composing` stored: `{"story_id", "alert_id", "rules"}`.
"""

from datetime import timedelta

from bot.domain import ChatKind, Story
from bot.storage.feedback import Vote, save_vote, voter
from bot.storage.outbox import cancel_open
from bot.storage.stories import load_stories
from bot.storage.subscriptions import snooze as save_snooze
from bot.storage.subscriptions import subscriptions_of
from bot.telegram.commands.turns import Answer, Turn, rows
from bot.telegram.markup import one_line
from bot.telegram.menus.roles import named, title_of
from bot.telegram.rendering import alert_buttons
from bot.telegram.strings import N_

SPANS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "1w": timedelta(weeks=1)}
SPAN_NAMES = {"1h": N_("1 h"), "1d": N_("1 day"), "1w": N_("1 week")}
REASONS = {
    "irrelevant": N_("Not relevant"),
    "duplicate": N_("Duplicate"),
    "wrong_direction": N_("Wrong direction"),
    "too_minor": N_("Too minor"),
    "old_news": N_("Old news"),
    "bad_link": N_("Bad link"),
}


def snooze(turn: Turn) -> Answer:
    """Offer what can be snoozed, and for how long."""
    story = _story(turn)
    if story is None:
        return _gone(turn)
    offered = [("story", turn.t("This story"))]
    rule = _first_rule(turn)
    if rule:
        offered.append(("rule", turn.t("Rule “{name}”", name=one_line(title_of(rule, turn.words), 24))))
    if story.topics:
        offered.append(("topic", turn.words.topic(story.topics[0])))
    lines = [
        tuple(
            turn.button(f"{name} · {time}" if span == "1h" else time, "sn", f"{what}.{span}")
            for span in SPANS
            if (time := turn.t(SPAN_NAMES[span]))
        )
        for what, name in offered
    ]
    return Answer(keyboard=(*lines, (turn.button(turn.t("Back"), "back"),)))


def snoozed(turn: Turn) -> Answer:
    """Silence a story, its rule or its topic in this chat, and cancel what is still owed about the story."""
    what, _, span = turn.args.partition(".")
    story = _story(turn)
    if story is None or span not in SPANS:
        return _gone(turn)
    value = _value(turn, story, what)
    if not value:
        return _gone(turn)
    until = turn.now + SPANS[span]
    save_snooze(turn.tx, turn.chat.key, what=what, value=value, until=until)
    if what == "story":
        cancel_open(turn.tx, chat_key=turn.chat.key, subject=story.id, reason="snoozed")
    told = turn.t("Snoozed for {time}. /mute shows and ends snoozes.", time=turn.t(SPAN_NAMES[span]))
    return _usual(turn, toast=told)


def up(turn: Turn) -> Answer:
    """Store that an alert was useful."""
    return _vote(turn, 1, "")


def down(turn: Turn) -> Answer:
    """Store that an alert was not useful, and ask why.

    The usual buttons stay above the reasons where others see them too; a channel's readers are not asked, since one
    of them would change the buttons of all.
    """
    stored = _vote(turn, -1, "")
    if stored.loud or turn.here.kind is ChatKind.CHANNEL:
        return stored
    buttons = [turn.button(turn.t(name), "fb", reason) for reason, name in REASONS.items()]
    usual = () if turn.here.kind is ChatKind.PRIVATE else alert_buttons(turn.words, turn.short)
    below = (*rows(buttons, 2), (turn.button(turn.t("Back"), "back"),))
    return Answer(keyboard=(*usual, *below), toast=stored.toast)


def reason(turn: Turn) -> Answer:
    """Store why an alert was not useful."""
    return _vote(turn, -1, turn.args if turn.args in REASONS else "")


def back(turn: Turn) -> Answer:
    """Show the usual buttons again."""
    return _usual(turn)


def _vote(turn: Turn, vote: int, why: str) -> Answer:
    story_id = str(turn.state.get("story_id", ""))
    if not story_id:
        return _gone(turn)
    story = _story(turn)
    one = Vote(
        story_id=story_id,
        alert_id=str(turn.state.get("alert_id", "")),
        article_id=story.articles[0].article_id if story is not None and story.articles else "",
        vote=vote,
        reason=why,
        created_at=turn.now,
    )
    kept = save_vote(turn.tx, turn.chat.key, voter(turn.tx, turn.person.id), one)
    if not kept:
        return _usual(turn, toast=turn.t("You have voted very often today. This vote was not counted."))
    asked = vote < 0 and not why and turn.here.kind is not ChatKind.CHANNEL
    thanks = turn.t("Noted. What was wrong?") if asked else turn.t("Thank you, noted.")
    return _usual(turn, toast=thanks)


def _usual(turn: Turn, *, toast: str = "") -> Answer:
    return Answer(keyboard=alert_buttons(turn.words, turn.short), toast=toast)


def _gone(turn: Turn) -> Answer:
    return Answer(toast=turn.t("The story is no longer stored."), loud=True)


def _story(turn: Turn) -> Story | None:
    story_id = str(turn.state.get("story_id", ""))
    return load_stories(turn.tx, [story_id]).get(story_id) if story_id else None


def _first_rule(turn: Turn) -> str:
    rules = turn.state.get("rules") or []
    return str(rules[0].get("name", "")) if rules else ""


def _value(turn: Turn, story: Story, what: str) -> str:
    """Give what a snooze of that kind silences, as routing compares it."""
    if what == "story":
        return story.id
    if what == "topic" and story.topics:
        return story.topics[0].value
    if what == "rule":
        found = named(subscriptions_of(turn.tx, turn.chat.key), _first_rule(turn))
        return found.id if found is not None else ""
    return ""
