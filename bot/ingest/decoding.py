"""Undo a response's content coding piece by piece, with a bound that holds while decoding. Pure.

httpx decodes a whole network chunk before anybody can count: 1.6 KB of brotli become one chunk of a gigabyte. So only
gzip and deflate are asked for and understood, and no call inflates more than 64 KB at a time.
"""

import zlib
from collections.abc import Iterator

PIECE = 64 * 1024
UNDERSTOOD = "gzip, deflate"  # the value of Accept-Encoding


class TooLargeError(ValueError):
    """The decoded body would pass its bound."""


class CodingError(ValueError):
    """The content coding is unknown, stacked or broken."""


class BodyReader:
    """Collects a body of at most `max_bytes` decoded bytes; `coding` is the Content-Encoding header."""

    def __init__(self, coding: str, max_bytes: int) -> None:
        self._left = max_bytes
        self._parts: list[bytes] = []
        self._inflate = _inflater(coding)
        self._deflate = coding.strip().lower() == "deflate"
        self._started = False

    def feed(self, chunk: bytes) -> None:
        """Take a chunk as it came over the wire; raises TooLargeError or CodingError."""
        if self._inflate is None:
            self._keep(chunk)
            return
        try:
            for piece in self._inflated(chunk):
                self._keep(piece)
        except zlib.error as error:
            raise CodingError(f"the compressed body is broken ({error})") from error

    def body(self) -> bytes:
        """Give what was collected; raises CodingError where the compressed stream did not reach its end."""
        if self._inflate is not None and self._started and not self._inflate.eof:
            raise CodingError("the compressed body ends too early")
        return b"".join(self._parts)

    def _keep(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise TooLargeError
        self._parts.append(piece)

    def _inflated(self, chunk: bytes) -> Iterator[bytes]:
        assert self._inflate is not None
        if self._deflate and not self._started and chunk and chunk[0] & 0x0F != 8:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # some servers send raw deflate under this name
        self._started = self._started or bool(chunk)
        waiting = chunk
        while waiting:
            if self._inflate.eof:
                if not waiting.startswith(b"\x1f\x8b"):
                    return  # padding after the last member
                self._inflate = zlib.decompressobj(31)
            yield self._inflate.decompress(waiting, PIECE)
            waiting = self._inflate.unconsumed_tail or self._inflate.unused_data


def _inflater(coding: str) -> "zlib._Decompress | None":
    match coding.strip().lower():
        case "" | "identity" | "none" | "utf-8":  # the last two are seen in the wild and mean nothing
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(31)
        case "deflate":
            return zlib.decompressobj()
        case other:
            raise CodingError(f"content coding {other!r} was not asked for")
