"""From the bytes of a payload to UTF-8: gzip, zlib and zstd unpacked, UTF-16 and UTF-32 by their mark or their NULs.

What is unpacked is never longer than a payload may be, whatever a header promises, and is not unpacked twice.
"""

import zlib

import zstandard

from fieldline.errors import PayloadError

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZLIB_SECONDS = (b"\x01", b"\x5e", b"\x9c", b"\xda")
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_MAX_ZSTD_WINDOW = 1 << 23
"""Of zstd's default levels none has a larger one [bytes]."""


def as_utf8(payload: bytes, max_bytes: int) -> bytes:
    """The payload's text as UTF-8, without a byte order mark; bytes in no known packing or encoding as they came.

    max_bytes : of what is unpacked. Raises PayloadError with reason `size` or `syntax`.
    """
    data = _unpacked(payload, max_bytes)
    if data[:3] == b"\xef\xbb\xbf":
        return data[3:]
    encoding, skipped = _encoding_of(data)
    if encoding is None:
        return data
    try:
        text = data[skipped:].decode(encoding).encode()
    except UnicodeError as error:
        raise PayloadError("syntax", f"not {encoding}: {error}") from error
    if len(text) > max_bytes:
        raise PayloadError("size", f"expected at most {max_bytes} bytes, got {len(text)} as UTF-8")
    return text


def _encoding_of(data: bytes) -> tuple[str | None, int]:
    """The encoding that a mark tells, or the zero bytes of the first signs, and the mark's length; None for UTF-8."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    zeros = [byte == 0 for byte in data[:4]]
    # What JSON begins with is ASCII in any encoding.
    if len(data) % 2 or len(data) < 2 or not data[:4].isascii():
        return None, 0
    if zeros[0] == zeros[1] or zeros[2:] not in ([], zeros[:2]):
        return None, 0
    return ("utf-16-le" if zeros[1] else "utf-16-be"), 0


def _unpacked(payload: bytes, max_bytes: int) -> bytes:
    if payload.startswith(_GZIP):
        return _inflated(payload, zlib.MAX_WBITS | 16, max_bytes)
    if payload[:1] == b"\x78" and payload[1:2] in _ZLIB_SECONDS and not payload.isascii():
        return _inflated(payload, zlib.MAX_WBITS, max_bytes)
    if payload.startswith(_ZSTD):
        return _of_zstd(payload, max_bytes)
    return payload


def _inflated(payload: bytes, bits: int, max_bytes: int) -> bytes:
    """What gzip, in one part or several, or zlib packed."""
    parts, left = [], max_bytes
    while payload:
        unpacker = zlib.decompressobj(bits)
        try:
            part = unpacker.decompress(payload, left + 1)
        except zlib.error as error:
            raise PayloadError("syntax", f"damaged gzip or zlib: {error}") from error
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise _too_large(max_bytes)
        if not unpacker.eof:
            raise PayloadError("syntax", "gzip or zlib that is cut off")
        payload = unpacker.unused_data.lstrip(b"\0") if bits > zlib.MAX_WBITS else b""
    return b"".join(parts)


def _of_zstd(payload: bytes, max_bytes: int) -> bytes:
    try:
        promised = zstandard.frame_content_size(payload)
        with zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW).stream_reader(payload) as reader:
            data = bytes(reader.read(max_bytes + 1))
    except zstandard.ZstdError as error:
        raise PayloadError("syntax", f"damaged zstd: {error}") from error
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    # A frame that does not promise its size and is cut off shows as JSON that is.
    if promised not in (-1, len(data)):
        raise PayloadError("syntax", f"zstd that is cut off: {len(data)} of {promised} bytes")
    return data


def _too_large(max_bytes: int) -> PayloadError:
    return PayloadError("size", f"expected at most {max_bytes} bytes when it is unpacked")
