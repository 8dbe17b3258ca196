"""What the digest's picture shows, and the process that draws it: alerts a day by direction, and topics by week.

Matplotlib draws in a process of its own, so that neither its time nor its memory is the bot's: the parent
writes one line of JSON a chart, the child answers with PNGs. Only the DejaVu fonts that matplotlib ships are used.
"""

import asyncio
import json
import os
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)
FRAME = struct.Struct(">I")
_SECONDS_A_CHART = 15.0  # by the wall clock, on a machine that is busy
_SECONDS_TO_START = 45.0  # the first start of all lists the fonts of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSpec:
    """What is drawn, words included. `up` and `down` count alerts a day; `heat[topic][week]` counts stories.

    Equal specs give equal bytes. `now_from` is the place of the digest's first day among `days`.
    """

    title: str
    days: tuple[str, ...]
    up: tuple[int, ...]
    down: tuple[int, ...]
    up_label: str
    down_label: str
    now_from: int
    heat_title: str
    topics: tuple[str, ...]
    weeks: tuple[str, ...]
    heat: tuple[tuple[int, ...], ...]
    nothing: str  # stands in the place of an empty heat map
    look: str = "dark"


class ChartMaker(Protocol):
    """Draws charts; None in the place of one that could not be drawn."""

    async def draw(self, specs: Sequence[ChartSpec]) -> list[bytes | None]:
        """Give one PNG a spec, in their order."""
        ...


class NoCharts:
    """Draws nothing: the digests go out as text."""

    async def draw(self, specs: Sequence[ChartSpec]) -> list[bytes | None]:
        """Give None for each spec."""
        return [None] * len(specs)


class ChartProcess:
    """Draws in a fresh process a call, which ends with it. `cache` is a folder where it may keep the list of fonts."""

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache

    async def draw(self, specs: Sequence[ChartSpec]) -> list[bytes | None]:
        """Draw all specs; where the process fails or takes too long, the rest is None and the reason is logged."""
        if not specs:
            return []
        drawn: list[bytes | None] = []
        try:
            process = await self._start()
        except OSError as error:
            log.warning("charts_not_drawn", reason=str(error))
            return [None] * len(specs)
        try:
            await self._converse(process, specs, drawn)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            log.warning("charts_not_drawn", reason=await _last_words(process, error), missing=len(specs) - len(drawn))
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        return [*drawn, *([None] * (len(specs) - len(drawn)))]

    async def _start(self) -> asyncio.subprocess.Process:
        if self._cache is not None:
            await asyncio.to_thread(lambda folder: folder.mkdir(parents=True, exist_ok=True), self._cache)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot.alerting.charts"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(self._cache),
            start_new_session=True,  # Ctrl-C reaches the program, which ends its processes itself
        )

    async def _converse(
        self, process: asyncio.subprocess.Process, specs: Sequence[ChartSpec], drawn: list[bytes | None]
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        allowance = _SECONDS_TO_START
        for spec in specs:
            async with asyncio.timeout(allowance):
                process.stdin.write(json.dumps(asdict(spec)).encode() + b"\n")
                await process.stdin.drain()
                (length,) = FRAME.unpack(await process.stdout.readexactly(FRAME.size))
                drawn.append(await process.stdout.readexactly(length) or None)
            allowance = _SECONDS_A_CHART
        process.stdin.close()


def _environment(cache: Path | None) -> dict[str, str]:
    """Give the child's environment: no token, no settings, one thread."""
    found = {"PYTHONPATH": os.pathsep.join(entry or "." for entry in sys.path), "LANG": "C.UTF-8"}
    found |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    return found if cache is None else {**found, "MPLCONFIGDIR": str(cache.absolute())}


async def _last_words(process: asyncio.subprocess.Process, error: Exception) -> str:
    if process.returncode is None:
        process.kill()
    _, said = await process.communicate()
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else type(error).__name__


def spec_of(values: Mapping[str, Any]) -> ChartSpec:
    """Rebuild a spec from JSON."""
    fixed: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()}
    fixed["heat"] = tuple(tuple(row) for row in values["heat"])
    return ChartSpec(**fixed)
