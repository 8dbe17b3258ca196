"""The parser's own process: reads jobs from standard input, writes results to standard output.

Every job gets a fresh allowance of CPU seconds from the kernel; a parser that outruns it is killed by it, and the pool
starts another. The process knows no settings, no token and no database.
"""

import json
import logging
import math
import re
import resource
import struct
import sys
import warnings
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from bot.domain import Source, SourceKind
from bot.ingest.items import NotAFeedError, to_json
from bot.ingest.kind import Answer

FRAME = struct.Struct(">II")  # length of the JSON head, length of the body
MEMORY_BYTES = 1024 * 1024 * 1024
BYTES_A_SECOND = 6 * 1024 * 1024  # party lists of 20 MB and more get time for their size; feeds are far smaller


def run_job(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Do one job and give its JSON-ready result; `{"refused": text}` where the body is not what it should be."""
    if head["what"] == "page":
        from bot.ingest.pages import extract  # noqa: PLC0415 - only pages need it

        return {"page": asdict(extract(body, head["url"]))}
    from bot.ingest.kinds import KINDS  # noqa: PLC0415 - only jobs need it

    source = Source(**{**head["source"], "kind": SourceKind(head["source"]["kind"])})
    answer = Answer(
        url=head["url"],
        headers=head["headers"],
        body=body,
        step=head["step"],
        at=datetime.fromisoformat(head["at"]),
    )
    try:
        return {"parsed": to_json(KINDS[source.kind].parse(source, answer, head["state"]))}
    except NotAFeedError as error:
        return {"refused": str(error)}


def main() -> None:
    """Serve until the input ends."""
    cpu_seconds = int(sys.argv[1])
    with suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints must not end up between the frames
    # nobody reads along: a full pipe would stop the process, and only its last words are of interest
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    while job := _receive(source):
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowance = math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds + len(job[1]) // BYTES_A_SECOND
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (allowance if hard < 0 else min(allowance, hard), hard))
        result = run_job(*job)
        result["peak_kb"] = _peak_kb()
        written = json.dumps(result).encode()
        target.write(FRAME.pack(len(written), 0) + written)
        target.flush()


def _peak_kb() -> int:
    """Give the most memory that this process ever used, 0 where the system does not say.

    Not `ru_maxrss`: that outlives exec, so that a large parent would make every one of its parsers look large.
    """
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
        return int(found[1]) if found else 0
    return 0


def _receive(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    lengths = source.read(FRAME.size)
    if len(lengths) < FRAME.size:
        return None
    head_length, body_length = FRAME.unpack(lengths)
    head: dict[str, Any] = json.loads(source.read(head_length))
    return head, source.read(body_length)


if __name__ == "__main__":
    main()
