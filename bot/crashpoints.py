"""Named points at which a crash test may kill the process; without `CRASH_AT` in the environment they do nothing.

The points stand where a crash hurts most: between a commit and the act that it announces. `benchmarks/crash.py` and the
tests set the variable for the processes that they start, and prove with it that no alert is lost.
"""

import os

POINTS = (
    "fetched",
    "parsed",
    "entries_committed",
    "matched",
    "outbox_committed",
    "lease_taken",
    "intent_committed",
    "request_written",
    "response_read",
    "sent_committed",
    "digest_claimed",
    "migrate_half",
    "prune_half",
)


def reached(name: str) -> None:
    """Die at once, as by `kill -9`, where `CRASH_AT` is `name`, or `name#n` at the n-th time that it is reached.

    Read from the environment at each call, since the point of the exercise is the process that is told to die.
    """
    wanted, _, turn = os.environ.get("CRASH_AT", "").partition("#")
    if wanted != name:
        return
    if turn and int(turn) > 1:
        os.environ["CRASH_AT"] = f"{name}#{int(turn) - 1}"
        return
    os._exit(137)
