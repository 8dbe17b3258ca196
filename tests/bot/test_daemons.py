import threading
import time
from concurrent.futures import CancelledError

import pytest

from bot.daemons import DaemonThreads


def test_work_gives_its_result_or_its_error() -> None:
    threads = DaemonThreads(2, name="t")
    assert [threads.submit(pow, 2, n).result(10) for n in range(5)] == [1, 2, 4, 8, 16]
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 / 0).result(10)
    threads.end(within=10)


def test_as_many_run_at_once_as_there_are_threads() -> None:
    threads, together = DaemonThreads(3, name="t"), threading.Barrier(3)
    for one in [threads.submit(together.wait, 10) for _ in range(3)]:
        one.result(10)
    threads.end(within=10)


def test_the_end_waits_for_what_has_begun_and_cancels_the_rest() -> None:
    threads, begun, let = DaemonThreads(1, name="t"), threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        let.wait(10)
        return "done"

    first, second = threads.submit(work), threads.submit(work)
    assert begun.wait(10)
    threading.Timer(0.05, let.set).start()
    threads.end(within=10)
    assert first.done()
    assert first.result() == "done"
    with pytest.raises(CancelledError):
        second.result(0)
    with pytest.raises(RuntimeError):
        threads.submit(work)


def test_the_end_leaves_behind_what_takes_too_long() -> None:
    threads, begun, never = DaemonThreads(2, name="t"), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        never.wait(20)

    threads.submit(work)
    assert begun.wait(10)
    before = time.monotonic()
    threads.end(within=0.1)
    assert time.monotonic() - before < 5
    never.set()
