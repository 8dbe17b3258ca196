"""`straitwatch run` in a process of its own, looked at from outside: readiness, figures, memory, CPU time."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class WatchProcess:
    """The watch's process: started, looked at, stopped."""

    def __init__(self, process: asyncio.subprocess.Process, metrics: str) -> None:
        self.process = process
        self._metrics = metrics
        self.peak_mb = 0

    @classmethod
    async def start(cls, command: Sequence[str], settings: Mapping[str, str], folder: Path) -> "WatchProcess":
        """Start it in `folder`, with these settings (names without prefix) and no others; it logs to watch.log."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            metrics = f"127.0.0.1:{free.getsockname()[1]}"
        others = {name: value for name, value in os.environ.items() if not name.startswith("STRAITWATCH_")}
        given = {f"STRAITWATCH_{name}": value for name, value in {**settings, "METRICS_LISTEN": metrics}.items()}
        with (folder / "watch.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, env={**others, **given}, cwd=folder, stdout=log, stderr=log
            )
        return cls(process, metrics)

    async def get(self, path: str) -> tuple[int, str]:
        """Ask its metrics address; (0, "") while it does not answer."""
        host, _, port = self._metrics.partition(":")
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = (await reader.read()).decode()
            writer.close()
        except OSError:
            return 0, ""
        return int(answer.split(" ", 2)[1]), answer

    def look(self) -> float:
        """Note how much memory it and its parsers use; gives the CPU seconds that they used so far."""
        seconds, pages = 0.0, 0
        for number in self._family():
            try:
                times = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
                pages += int(Path(f"/proc/{number}/statm").read_text(encoding="ascii").split()[1])
            except (OSError, ProcessLookupError):
                continue  # a parser that retired
            seconds += sum(map(int, times[11:15])) / os.sysconf("SC_CLK_TCK")  # with its children that ended
        self.peak_mb = max(self.peak_mb, pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000)
        return seconds

    def _family(self) -> list[str]:
        number = str(self.process.pid)
        try:
            children = [one.read_text(encoding="ascii") for one in Path(f"/proc/{number}/task").glob("*/children")]
        except OSError:
            children = []
        return [number, *" ".join(children).split()]

    async def stop(self) -> None:
        """Ask it to end; its log is shown where it ended badly."""
        if self.process.returncode is None:
            self.process.terminate()
        if await asyncio.wait_for(self.process.wait(), 30):
            sys.exit(f"the watch ended with {self.process.returncode}: see its log")


def figure(page: str, name: str) -> float:
    """Read one measurement of a metrics page, named with its labels; 0 where it is not there."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0.0
