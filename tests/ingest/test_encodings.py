"""Packed payloads and other encodings: read, never beyond the limit, whatever a header promises."""

import gzip
import tracemalloc
import zlib

import pytest
import zstandard

from fieldline.errors import PayloadError
from ingest.encodings import as_utf8

TEXT = '{"power": 42.5, "unit": "°C"}'
PLAIN = TEXT.encode()
LIMIT = 1 << 20


def gzipped(data: bytes) -> bytes:
    """Without the time of day, which would give tests other names in each process."""
    return gzip.compress(data, mtime=0)


UNSIZED = zstandard.ZstdCompressor(write_content_size=False)


@pytest.mark.parametrize(
    "payload",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN,
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        gzipped(PLAIN),
        gzipped(PLAIN[:5]) + gzipped(PLAIN[5:]),
        gzipped(PLAIN) + b"\0\0\0",
        *(zlib.compress(PLAIN, level) for level in (1, 6, 9)),
        zstandard.compress(PLAIN),
        UNSIZED.compress(PLAIN),
        gzipped(TEXT.encode("utf-16")),
    ],
)
def test_whatever_a_payload_is_packed_in_its_text_comes_out(payload: bytes) -> None:
    assert as_utf8(payload, LIMIT) == PLAIN


@pytest.mark.parametrize(
    "payload",
    [b"5\0", b"21.5\0", b"x^2 is a text", b"(a)", b"\x1f", b"", b"\xff\x00\x01", b"\xff\x00", b"\x00\xff1\x00"],
)
def test_what_is_neither_packed_nor_in_another_encoding_stays_as_it_is(payload: bytes) -> None:
    assert as_utf8(payload, LIMIT).rstrip(b"\0") == payload.rstrip(b"\0")


@pytest.mark.parametrize(
    "payload",
    [
        gzipped(PLAIN)[:-9],
        gzipped(PLAIN)[:10] + b"damage",
        zlib.compress(PLAIN)[:-5],
        zstandard.compress(PLAIN * 9000)[:-3],
        b"\x28\xb5\x2f\xfd" + b"\xff" * 9,
        TEXT.encode("utf-16")[:-1],
    ],
)
def test_what_is_cut_off_or_damaged_is_refused(payload: bytes) -> None:
    with pytest.raises(PayloadError) as refused:
        as_utf8(payload, LIMIT)

    assert refused.value.reason == "syntax"


@pytest.mark.parametrize(
    "pack", [gzip.compress, zlib.compress, zstandard.compress, UNSIZED.compress, lambda data: gzip.compress(gzip.compress(data) * 40)]
)  # fmt: skip
def test_a_small_payload_that_unpacks_to_a_large_one_is_refused_without_memory_for_it(pack) -> None:  # type: ignore[no-untyped-def]
    bomb = pack(b"0" * (64 << 20))
    assert len(bomb) < LIMIT
    tracemalloc.start()
    try:
        with pytest.raises(PayloadError) as refused:
            as_utf8(bomb, LIMIT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert refused.value.reason == "size"
    assert peak < 8 << 20
