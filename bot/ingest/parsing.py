"""Parse hostile bytes in processes that can be killed: limited CPU, limited memory, a wall clock in this process."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, Self

from bot.domain import Source
from bot.ingest.fetching import Failure, FailureKind, Response
from bot.ingest.items import Parsed, from_json
from bot.ingest.worker import FRAME, run_job

RETIRE_AFTER_JOBS = 2000
RETIRE_ABOVE_KB = 300 * 1024  # glibc does not give back what fragmented parsing took


class Parsers(Protocol):
    """Where parsing happens: `ParserPool` in production, `InlineParsers` in one-shot commands and tests."""

    async def parse(
        self, source: Source, response: Response, state: Mapping[str, Any], *, at: datetime
    ) -> Parsed | Failure:
        """Read the response as the source's kind does."""
        ...

    async def extract(self, body: bytes, url: str) -> Mapping[str, Any] | Failure:
        """Extract the text of an article page."""
        ...


class InlineParsers:
    """Parse in this process, without a limit: for texts that the user chose and for tests."""

    async def parse(
        self, source: Source, response: Response, state: Mapping[str, Any], *, at: datetime
    ) -> Parsed | Failure:
        """Read the response as the source's kind does."""
        return _parsed(run_job(_feed_job(source, response, state, at), response.body))

    async def extract(self, body: bytes, url: str) -> Mapping[str, Any] | Failure:
        """Extract the text of an article page."""
        return _page(run_job({"what": "page", "url": url}, body))


class ParserPool:
    """An asynchronous context manager over a few parser processes, started on first need.

    `cpu_seconds` is one job's allowance, `deadline` its limit by the wall clock. The process that worked last is used
    first, so that a second one starts only when the first is busy.
    """

    def __init__(self, *, size: int = 2, cpu_seconds: int = 4, deadline: timedelta = timedelta(seconds=20)) -> None:
        self._cpu_seconds = cpu_seconds
        self._deadline = deadline.total_seconds()
        self._idle: list[_Process | None] = [None] * size
        self._room = asyncio.Semaphore(size)
        self._dying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._idle:
            if process:
                self._let_go(process)
        self._idle = [None] * len(self._idle)
        await asyncio.gather(*self._dying)

    async def parse(
        self, source: Source, response: Response, state: Mapping[str, Any], *, at: datetime
    ) -> Parsed | Failure:
        """Read the response as the source's kind does; a Failure where the parser was stopped or the body is wrong."""
        result = await self._do(_feed_job(source, response, state, at), response.body)
        return result if isinstance(result, Failure) else _parsed(result)

    async def extract(self, body: bytes, url: str) -> Mapping[str, Any] | Failure:
        """Extract the text of an article page."""
        result = await self._do({"what": "page", "url": url}, body)
        return result if isinstance(result, Failure) else _page(result)

    async def _do(self, head: Mapping[str, Any], body: bytes) -> dict[str, Any] | Failure:
        async with self._room:
            process = self._idle.pop()
            kept: _Process | None = None
            try:
                try:
                    process = process or await _Process.start(self._cpu_seconds)
                except OSError as error:
                    return Failure(kind=FailureKind.PARSER, text=f"no parser could be started ({error})")
                result, kept = await self._ask(process, head, body), process
                if process.tired or isinstance(result, Failure):
                    kept = None
                return result
            finally:
                if kept is None:
                    self._idle.insert(0, None)
                else:
                    self._idle.append(kept)
                if kept is None and process is not None:
                    self._let_go(process)

    def _let_go(self, process: "_Process") -> None:
        """Kill a process at once and collect its remains beside other work."""
        process.kill()
        task = asyncio.create_task(process.bury())
        self._dying.add(task)
        task.add_done_callback(self._dying.discard)

    async def _ask(self, process: "_Process", head: Mapping[str, Any], body: bytes) -> dict[str, Any] | Failure:
        try:
            async with asyncio.timeout(self._deadline):
                return await process.do(head, body)
        except TimeoutError:
            return Failure(
                kind=FailureKind.PARSER, text=f"reading took longer than {self._deadline:g} s and was stopped"
            )
        except (asyncio.IncompleteReadError, ConnectionError):
            return Failure(kind=FailureKind.PARSER, text=await process.last_words(self._cpu_seconds))


class _Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._jobs = 0
        self._peak_kb = 0

    @classmethod
    async def start(cls, cpu_seconds: int) -> "_Process":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot.ingest.worker", str(cpu_seconds)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # a hostile document must find no token in the environment
            env={"PYTHONPATH": os.pathsep.join(entry or "." for entry in sys.path), "LANG": "C.UTF-8"},
            start_new_session=True,  # Ctrl-C reaches the program, which ends its parsers itself
        )
        return cls(process)

    @property
    def tired(self) -> bool:
        return self._jobs >= RETIRE_AFTER_JOBS or self._peak_kb > RETIRE_ABOVE_KB

    async def do(self, head: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        written = json.dumps(head).encode()
        stdin.write(FRAME.pack(len(written), len(body)) + written)
        stdin.write(body)
        await stdin.drain()
        length, _ = FRAME.unpack(await stdout.readexactly(FRAME.size))
        result: dict[str, Any] = json.loads(await stdout.readexactly(length))
        self._jobs += 1
        self._peak_kb = int(result.pop("peak_kb", 0))
        return result

    async def last_words(self, cpu_seconds: int) -> str:
        assert self._process.stderr is not None
        error = (await self._process.stderr.read(64 * 1024)).decode(errors="replace").strip()
        code = await self._process.wait()
        if code < 0 and not error:
            return f"reading needed more than {cpu_seconds} s of CPU and was stopped"
        return f"the parser stopped: {error.splitlines()[-1] if error else f'exit code {code}'}"[:200]

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def bury(self) -> None:
        with contextlib.suppress(ConnectionError):  # what was still to be written to it
            await self._process.communicate()


def _feed_job(source: Source, response: Response, state: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    described = asdict(source)
    described["poll_every"] = None  # parsers have no use for it, and JSON no word
    return {
        "what": "feed",
        "source": described,
        "url": response.url,
        "headers": dict(response.headers),
        "step": response.request.step,
        "state": dict(state),
        "at": at.isoformat(),
    }


def _parsed(result: Mapping[str, Any]) -> Parsed | Failure:
    if "refused" in result:
        return Failure(kind=FailureKind.NOT_A_FEED, text=str(result["refused"]))
    return from_json(result["parsed"])


def _page(result: Mapping[str, Any]) -> Mapping[str, Any] | Failure:
    if "refused" in result:
        return Failure(kind=FailureKind.NOT_A_FEED, text=str(result["refused"]))
    page: Mapping[str, Any] = result["page"]
    return page
