"""Limits of JSON payloads, checked on the bytes, so that a hostile payload costs no memory."""

import re

from fieldline.errors import PayloadError
from ingest.codecs import Limits

_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_NOT_COMMAS = bytes(byte for byte in range(256) if byte not in b',"')
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def check_size(payload: bytes, limits: Limits) -> None:
    """Raises PayloadError with reason `size`."""
    if len(payload) > limits.max_payload_bytes:
        raise PayloadError("size", f"expected at most {limits.max_payload_bytes} bytes, got {len(payload)}")


def check_limits(payload: bytes, limits: Limits) -> None:
    """Raises PayloadError with reason `size`, `depth` or `values`.

    Waveforms may have as many samples as the size allows.
    """
    if len(payload) > limits.max_payload_bytes:
        check_size(payload, limits)
    # What stands in texts counts here too, so these are upper bounds and most often they suffice.
    openings = payload.count(b"[") + payload.count(b"{")
    if openings > limits.max_depth and is_deeper(payload, limits.max_depth):
        raise PayloadError("depth", f"expected at most {limits.max_depth} levels of nesting")
    values = payload.count(b",") + 1
    if values > limits.max_values and b'"waveform"' not in payload:
        values = len(_outside_texts(payload, _NOT_COMMAS)) + 1
        if values > limits.max_values:
            raise PayloadError("values", f"expected at most {limits.max_values} values, got {values}")


def is_deeper(payload: bytes, max_depth: int) -> bool:
    """Whether arrays and objects nest deeper than `max_depth`; each pass below removes the innermost level."""
    brackets = _outside_texts(payload, _NOT_BRACKETS)
    for _ in range(max_depth):
        before = len(brackets)
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(brackets) == before:
            break
    # What does not close is malformed: the parser says so, but must not be led down a long way first.
    return brackets.count(b"[") + brackets.count(b"{") > max_depth or b"[]" in brackets or b"{}" in brackets


def _outside_texts(payload: bytes, deleted: bytes) -> bytes:
    if b"\\" in payload:
        return _TEXT.sub(b"", payload).translate(None, deleted)
    return b"".join(payload.translate(None, deleted).split(b'"')[::2])
