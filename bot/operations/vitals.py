"""The vital signs of a running process, and what is judged from them: is all well, and if not, what is to do? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

NOTHING_FETCHED_FOR = timedelta(minutes=45)  # every shipped source answers at least "unchanged" more often
OUTBOX_STUCK_AFTER = timedelta(minutes=15)
LOOP_STUCK_AFTER = timedelta(seconds=90)  # the poll job runs every two seconds
LOW_DISK = 300_000_000  # bytes: a backup and a day's news must still fit
DATABASE, FETCHING, OUTBOX, DISK, MODEL, JOBS, LOOP, LEADER = (
    *("database", "fetching", "outbox", "disk", "model", "jobs", "loop", "leader"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What one look at the process, its database and its disk gave. `database` is empty, or says what is wrong."""

    at: datetime
    started_at: datetime
    version: str = ""
    database: str = ""
    unstored: str = ""  # why the last poll could not be stored, though the database answers
    leading: bool = False
    leader: str | None = None  # who leads, this process or another
    model: str = ""  # version of the model in use
    model_file: str = ""  # the model's file where it is missing for the next start
    rules: str = ""
    active_sources: int = 0
    last_success_at: datetime | None = None  # of any source
    sources_by_state: Mapping[str, int] = field(default_factory=dict)
    failures_by_source: Mapping[str, int] = field(default_factory=dict)  # of those that fail
    owed: Mapping[str, int] = field(default_factory=dict)
    oldest_due_at: datetime | None = None
    last_sent_at: datetime | None = None
    sends: Mapping[str, int] = field(default_factory=dict)
    pace_free: int = 0
    pace_blocked: int = 0
    disk_free: int = 0
    jobs: Mapping[str, str] = field(default_factory=dict)  # jobs that failed last time, and how
    last_tick_at: datetime | None = None  # when the poll job ran last


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must be well. `text` says how it is, `remedy` what to do where it is not well."""

    name: str
    good: bool
    text: str
    remedy: str = ""


def judge(vitals: Vitals) -> list[Check]:
    """Judge everything that a running watch needs; all good means that news gets in and alerts get out."""
    checks = [_loop(vitals), _database(vitals), _disk(vitals), _model(vitals), _jobs(vitals)]
    if not vitals.database:
        checks += [_leader(vitals), _fetching(vitals), _outbox(vitals)]
    return checks


def alive(vitals: Vitals) -> Check:
    """Judge only what a restart of this process would mend."""
    return _loop(vitals)


def _loop(vitals: Vitals) -> Check:
    late = vitals.at - (vitals.last_tick_at or vitals.started_at)
    if late > LOOP_STUCK_AFTER:
        remedy = "Restart this process, and look at the log for what it did last"
        return Check(name=LOOP, good=False, text=f"polling stands still for {_span(late)}", remedy=remedy)
    return Check(name=LOOP, good=True, text="polling")


def _database(vitals: Vitals) -> Check:
    if vitals.database:
        return Check(name=DATABASE, good=False, text=vitals.database, remedy="Run `straitwatch doctor` on the server")
    if vitals.unstored:
        remedy = "Nothing is lost: the news is fetched again. Look at the space, locks and log of the database"
        return Check(name=DATABASE, good=False, text=f"cannot store news: {vitals.unstored}", remedy=remedy)
    return Check(name=DATABASE, good=True, text="answers")


def _leader(vitals: Vitals) -> Check:
    if vitals.leader is None:
        remedy = "It resolves itself within ten seconds; if it does not, compare the clocks of the machines"
        return Check(name=LEADER, good=False, text="no process leads: nothing is sent", remedy=remedy)
    return Check(name=LEADER, good=True, text="this process" if vitals.leading else vitals.leader)


def _fetching(vitals: Vitals) -> Check:
    if not vitals.active_sources:
        remedy = "Resume some: `straitwatch sources` lists them"
        return Check(name=FETCHING, good=False, text="no source is switched on", remedy=remedy)
    answered_at = vitals.last_success_at
    if answered_at is None or answered_at > vitals.at:  # by a clock that was ahead and says nothing any more
        answered_at = vitals.started_at
    since = vitals.at - max(answered_at, vitals.started_at)
    if since > NOTHING_FETCHED_FOR:
        remedy = "Check this machine's network and DNS, then `straitwatch sources`"
        return Check(name=FETCHING, good=False, text=f"no source answered for {_span(since)}", remedy=remedy)
    return Check(name=FETCHING, good=True, text=f"{vitals.active_sources} sources on")


def _outbox(vitals: Vitals) -> Check:
    since = None if vitals.oldest_due_at is None else vitals.at - max(vitals.oldest_due_at, vitals.started_at)
    sent_at = vitals.last_sent_at
    ahead = sent_at is not None and sent_at - vitals.at > timedelta(minutes=1)  # by a clock that was set back since
    idle = sent_at is None or ahead or vitals.at - sent_at > OUTBOX_STUCK_AFTER
    due = vitals.owed.get("due", 0)
    if since is not None and since > OUTBOX_STUCK_AFTER and idle:
        remedy = "Check that Telegram can be reached from here, and /delivery in the owner's chat"
        return Check(
            name=OUTBOX, good=False, text=f"{due} messages wait, nothing left for {_span(since)}", remedy=remedy
        )
    return Check(name=OUTBOX, good=True, text=f"{due} messages due")


def _disk(vitals: Vitals) -> Check:
    text = f"{vitals.disk_free / 1e9:.1f} GB free"
    if vitals.disk_free < LOW_DISK:
        remedy = "Free some space, or lower STRAITWATCH_RETENTION_DAYS"
        return Check(name=DISK, good=False, text=text, remedy=remedy)
    return Check(name=DISK, good=True, text=text)


def _model(vitals: Vitals) -> Check:
    if vitals.model_file:
        text = f"{vitals.model_file} is missing: the watch goes on with what it loaded, but could not start again"
        return Check(name=MODEL, good=False, text=text, remedy="Restore it, or `python -m classifiers train`")
    return Check(name=MODEL, good=True, text=vitals.model or "loaded")


def _jobs(vitals: Vitals) -> Check:
    if vitals.jobs:
        text = "; ".join(f"{name}: {problem}"[:200] for name, problem in sorted(vitals.jobs.items()))
        return Check(name=JOBS, good=False, text=text, remedy="Look at the log for `job_failed`")
    return Check(name=JOBS, good=True, text="all ran")


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 90 else f"{minutes} min"
