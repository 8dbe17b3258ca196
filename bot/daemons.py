"""Threads that the end of the process does not wait for: what they do may be cut off anywhere, as by a kill."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreads(Executor):
    """Run work in `count` threads, started by the first work.

    The pool of the standard library joins its threads at exit, so that Ctrl-C waits for whatever they are in, such as
    seconds of loading a model. Use this for work that a kill cannot harm: transactions.
    """

    def __init__(self, count: int, *, name: str) -> None:
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._take, name=f"{name}_{number}", daemon=True) for number in range(count)
        ]
        self._lock = threading.Lock()
        self._ended = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have `fn` run by the next free thread. Raises RuntimeError after the end."""
        with self._lock:
            if self._ended:
                raise RuntimeError("these threads have ended")
            future: Future[T] = Future()
            self._work.put((future, lambda: fn(*args, **kwargs)))
            for thread in self._threads:
                if thread.ident is None:
                    thread.start()
        return future

    def end(self, *, within: float) -> None:
        """Cancel what has not begun, and wait for what has, `within` seconds at most."""
        with self._lock:
            self._ended = True
            with suppress(Empty):  # a thread may take the last one in this very moment
                while waiting := self._work.get_nowait():
                    waiting[0].cancel()
            for _ in self._threads:
                self._work.put(None)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(within / len(self._threads))

    def _take(self) -> None:
        while taken := self._work.get():
            future, call = taken
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - whoever waits for the result is to get it, as in any pool
                future.set_exception(error)
            del future, call, taken  # else the last result lives until the next work
