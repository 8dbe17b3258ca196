"""The folder of the digests' pictures: files named by their content, shared by chats, deleted when they are old."""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path

KEEP_FOR = timedelta(days=10)  # longer than any digest waits to be sent
_NAME = "digest-{}.png"


class Pictures:
    """Stores pictures for deliveries, which name them by their absolute path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, picture: bytes, *, now: datetime) -> Path:
        """Store a picture whole or not at all; the same bytes are the same file. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = (self._folder / _NAME.format(hashlib.blake2b(picture, digest_size=12).hexdigest())).absolute()
        if not path.is_file():
            written = path.with_suffix(f".{os.getpid()}.part")
            written.write_bytes(picture)
            written.replace(path)
        os.utime(path, (now.timestamp(), now.timestamp()))
        return path

    def tidy(self, now: datetime) -> int:
        """Delete pictures that no digest can still need; returns how many."""
        old = (now - KEEP_FOR).timestamp()
        found = [path for path in self._folder.glob(_NAME.format("*")) if path.stat().st_mtime < old]
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)
