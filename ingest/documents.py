"""Documents of formats other than JSON, made into what a JSON parser gives: held to the limits, and of its types only."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import Any

from fieldline.errors import PayloadError
from ingest.codecs import Limits
from ingest.json_values import Unreadable, parse


def check_size(payload: bytes, limits: Limits) -> None:
    """Raises PayloadError with reason `size`."""
    if len(payload) > limits.max_payload_bytes:
        raise PayloadError("size", f"expected at most {limits.max_payload_bytes} bytes, got {len(payload)}")


def parse_json(payload: bytes) -> Any:
    """The document that a payload is. Raises PayloadError."""
    try:
        return parse(payload)
    except (ValueError, RecursionError) as error:
        raise PayloadError("syntax", f"expected JSON: {error}") from error


def parse_cbor(payload: bytes, limits: Limits) -> Any:
    """The one item of CBOR (RFC 8949) that the payload is, as cbor2 gives it. Raises PayloadError."""
    import cbor2  # a quarter of all imports of ingest, for a format that few send

    source = BytesIO(payload)
    try:
        document = cbor2.load(source, max_depth=max(limits.max_depth, 1) + 1)
    except cbor2.CBORDecodeError as error:
        reason = "depth" if "depth" in str(error) else "syntax"
        raise PayloadError(reason, f"expected CBOR: {error}") from error
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise PayloadError("syntax", f"expected CBOR: {error}") from error
    if source.tell() < len(payload):
        raise PayloadError("syntax", f"expected one item of CBOR, got {len(payload) - source.tell()} bytes behind it")
    return document


def plain_document(document: Any, limits: Limits) -> Any:
    """The same with keys that are texts, and values as JSON has them. Raises PayloadError with reason `depth` or `values`."""
    return _Plain(limits).of(document, limits.max_depth)


class _Plain:
    """One document on its way. Counts its values: a cycle ends at the depth, a bomb at the count."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.max_values
        self._left = limits.max_values
        self._depth = limits.max_depth

    def of(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping | list | tuple):
            if depth == 0:
                raise PayloadError("depth", f"expected at most {self._depth} levels of nesting")
            if isinstance(value, Mapping):
                return {_key(key): self.of(inner, depth - 1) for key, inner in value.items()}
            return [self.of(inner, depth - 1) for inner in value]
        self._left -= 1
        if self._left < 0:
            raise PayloadError("values", f"expected at most {self._most} values")
        return _scalar(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        return key.decode("utf-8", "backslashreplace")
    return str(key)[:80]


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal | Fraction | float):
        try:
            number = float(value)
        except (OverflowError, ValueError):
            number = math.inf
        return number if math.isfinite(number) else Unreadable(str(value)[:40])
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return Unreadable(f"{len(value)} bytes")
    return Unreadable(type(value).__name__)
