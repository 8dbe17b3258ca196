"""Decide whether a story's growth is worth telling: Story before and after -> Alert, or the reason for silence. Pure.

A story is told once. Afterwards only a change that people act on is told again: its stage, direction or severity, or
the official document that confirms a rumour. Everything else edits the message that is there.
"""

from datetime import datetime

from bot.domain import Alert, AlertReason, Direction, Severity, Silence, Stage, Story, derive_id

# How far a measure has come. A later stage is news; an earlier one is a late report of what is known.
STAGE_ORDER = {
    Stage.NONE: 0,
    Stage.RUMOUR: 1,
    Stage.PROPOSAL: 2,
    Stage.ANNOUNCED: 3,
    Stage.IN_FORCE: 4,
    Stage.ENFORCEMENT: 4,
    Stage.EXPIRED: 5,
    Stage.SUSPENDED: 6,
    Stage.REVERSED: 7,
}
_CLEAR = frozenset({Direction.TIGHTENING, Direction.EASING})


def decide(before: Story | None, after: Story, *, now: datetime) -> Alert | Silence:
    """Compare a story before and after one more article; `before` is None for the first."""
    if before is None:
        return _alert(after, AlertReason.NEW_STORY, now=now)
    if before.stage is not after.stage and STAGE_ORDER[after.stage] > STAGE_ORDER[before.stage] > 0:
        return _alert(after, AlertReason.STAGE_CHANGED, now=now, was=before.stage.value)
    if before.direction is not after.direction and {before.direction, after.direction} <= _CLEAR:
        return _alert(after, AlertReason.DIRECTION_CHANGED, now=now, was=before.direction.value)
    if after.severity > before.severity and after.severity >= Severity.HIGH:
        return _alert(after, AlertReason.SEVERITY_RAISED, now=now, was=before.severity.word)
    if before.official is None and after.official is not None:
        return _alert(after, AlertReason.CONFIRMED, now=now)
    if len(after.publishers) > len(before.publishers):
        return _alert(after, AlertReason.MORE_SOURCES, now=now, was=str(len(before.publishers)))
    return Silence(story_id=after.id, reason="already_told")


def _alert(story: Story, reason: AlertReason, *, now: datetime, was: str = "") -> Alert:
    # The id holds what changed into what, so that a crash and replay decide the same alert again, not a second one.
    state = (story.stage.value, story.direction.value, story.severity.word)
    marks = (str(len(story.publishers)),) if reason is AlertReason.MORE_SOURCES else state
    alert_id = derive_id("alert", story.id, reason.value, was, *marks)
    return Alert(id=alert_id, story_id=story.id, reason=reason, decided_at=now, was=was)
