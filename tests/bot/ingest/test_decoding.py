import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest.decoding import BodyReader, CodingError, TooLargeError
from tests.fakes.feed_faults import gzip_bomb


def read(coding: str, body: bytes, *, limit: int = 100_000, step: int = 1000) -> bytes:
    reader = BodyReader(coding, limit)
    for start in range(0, len(body), step):
        reader.feed(body[start : start + step])
    return reader.body()


@given(st.binary(max_size=5000), st.integers(1, 900))
def test_what_was_packed_comes_out_however_it_is_cut(text: bytes, step: int) -> None:
    assert read("gzip", gzip.compress(text), step=step) == text
    assert read("deflate", zlib.compress(text), step=step) == text
    assert read("", text, step=step) == text


def test_raw_deflate_is_understood_too() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    assert read("deflate", packer.compress(b"news " * 100) + packer.flush()) == b"news " * 100


def test_members_that_follow_each_other_are_one_body() -> None:
    assert read("gzip", gzip.compress(b"one ") + gzip.compress(b"two") + bytes(40)) == b"one two"


def test_a_bomb_stops_at_the_bound() -> None:
    with pytest.raises(TooLargeError):
        read("gzip", gzip_bomb(1024), limit=1_000_000, step=65_536)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "x-unknown"])
def test_codings_that_were_not_asked_for_are_refused(coding: str) -> None:
    with pytest.raises(CodingError, match="not asked for"):
        BodyReader(coding, 1000)


def test_broken_and_cut_streams_are_errors() -> None:
    with pytest.raises(CodingError, match="broken"):
        read("gzip", b"not gzip at all")
    with pytest.raises(CodingError, match="too early"):
        read("gzip", gzip.compress(b"news" * 1000)[:-12])
