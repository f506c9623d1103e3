"""Sparkplug B's payload: fields, data types and values. Source: Eclipse Sparkplug 3.0, chapter 6."""

import math
from enum import IntEnum
from typing import Any

import numpy as np

from fieldline.errors import PayloadError
from fieldline.frames import Quality
from ingest.sparkplug.wire import Field, Table, decode

PROPERTY_VALUE: Table = {
    1: Field("type", "uint"),
    2: Field("is_null", "bool"),
    3: Field("int_value", "uint"),
    4: Field("long_value", "uint"),
    5: Field("float_value", "float"),
    6: Field("double_value", "double"),
    7: Field("boolean_value", "bool"),
    8: Field("string_value", "text"),
    9: Field("propertyset_value", "bytes"),
    10: Field("propertysets_value", "bytes"),
}
PROPERTY_SET: Table = {1: Field("keys", "text", True), 2: Field("values", PROPERTY_VALUE, True)}
DATA_SET: Table = {
    1: Field("num_of_columns", "uint"),
    2: Field("columns", "text", True),
    3: Field("types", "bytes", True),
    4: Field("rows", "bytes", True),
}
TEMPLATE: Table = {
    1: Field("version", "text"),
    2: Field("metrics", "bytes", True),
    3: Field("parameters", "bytes", True),
    4: Field("template_ref", "text"),
    5: Field("is_definition", "bool"),
}
METRIC: Table = {
    1: Field("name", "text"),
    2: Field("alias", "uint"),
    3: Field("timestamp", "uint"),
    4: Field("datatype", "uint"),
    5: Field("is_historical", "bool"),
    6: Field("is_transient", "bool"),
    7: Field("is_null", "bool"),
    8: Field("metadata", "bytes"),
    9: Field("properties", PROPERTY_SET),
    10: Field("int_value", "uint"),
    11: Field("long_value", "uint"),
    12: Field("float_value", "float"),
    13: Field("double_value", "double"),
    14: Field("boolean_value", "bool"),
    15: Field("string_value", "text"),
    16: Field("bytes_value", "bytes"),
    17: Field("dataset_value", "bytes"),
    18: Field("template_value", "bytes"),
    19: Field("extension_value", "bytes"),
}
PAYLOAD: Table = {
    1: Field("timestamp", "uint"),
    2: Field("metrics", METRIC, True),
    3: Field("seq", "uint"),
    4: Field("uuid", "text"),
    5: Field("body", "bytes"),
}

DataType = IntEnum(
    "DataType",
    "Unknown Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float Double Boolean String DateTime Text UUID DataSet Bytes File"
    " Template PropertySet PropertySetList Int8Array Int16Array Int32Array Int64Array UInt8Array UInt16Array UInt32Array"
    " UInt64Array FloatArray DoubleArray BooleanArray StringArray DateTimeArray",
    start=0,
)
"""What a metric's value is."""

WIDTHS: dict[int, int] = {DataType.Int8: 8, DataType.Int16: 16, DataType.Int32: 32, DataType.Int64: 64}
ARRAYS = {
    DataType.Int8Array: "<i1", DataType.Int16Array: "<i2", DataType.Int32Array: "<i4", DataType.Int64Array: "<i8",
    DataType.UInt8Array: "<u1", DataType.UInt16Array: "<u2", DataType.UInt32Array: "<u4", DataType.UInt64Array: "<u8",
    DataType.FloatArray: "<f4", DataType.DoubleArray: "<f8", DataType.DateTimeArray: "<i8",
}  # fmt: skip
"""Arrays of numbers that are packed one behind the other, little-endian."""
_STALE = 500
_NUMBERS = frozenset((*range(DataType.Int8, DataType.Boolean + 1), DataType.DateTime))
_TEXTS = frozenset({DataType.String, DataType.Text, DataType.UUID})
_VALUES = tuple(METRIC[number].name for number in range(10, 20))


def decode_payload(data: bytes) -> dict[str, Any]:
    """The payload's fields by name; `metrics` is there in any case. Raises PayloadError."""
    payload = decode(data, PAYLOAD)
    payload.setdefault("metrics", [])
    return payload


def value_of(metric: dict[str, Any], datatype: int) -> Any:
    """A number, a text or a list of those; None for null. Raises PayloadError for what is no reading.

    datatype : the metric's own, or else that of its birth
    """
    if metric.get("is_null"):
        return None
    raw = next((metric[name] for name in _VALUES if name in metric), None)
    if raw is None:
        raise PayloadError("value", "expected a value or is_null, got neither")
    if datatype in _NUMBERS and isinstance(raw, int | float):
        return _finite(signed(raw, datatype))
    if datatype in _TEXTS and isinstance(raw, str):
        return raw
    if datatype in ARRAYS or datatype in (DataType.BooleanArray, DataType.StringArray):
        return decode_array(datatype, raw)
    name = DataType(datatype).name if datatype in DataType._value2member_map_ else f"data type {datatype}"
    if datatype == DataType.Unknown and isinstance(raw, int | float | str):
        raise PayloadError("value", "its data type is not told: neither here nor in a birth")
    raise PayloadError(
        "value", f"a {name} is not read" if not isinstance(raw, int | float | str) else f"{raw!r:.40} is no {name}"
    )


def quality_of(code: int) -> Quality:
    """What the property `Quality` means: 0 bad, 192 good, 500 stale; between them OPC's codes, of which the upper two bits tell."""
    if code == _STALE:
        return Quality.STALE
    return Quality.BAD if code < 64 or 128 <= code < 192 else Quality.UNCERTAIN if code < 128 else Quality.GOOD


def signed(raw: float, datatype: int) -> float:
    """A signed number, which travels as an unsigned one: wrapped to its own width or sign-extended to 32 bits."""
    width = WIDTHS.get(datatype)
    if width is None or not isinstance(raw, int):
        return raw
    half = 1 << width - 1
    return ((raw & (1 << width) - 1) ^ half) - half


def decode_array(datatype: int, raw: Any) -> list[Any]:
    """The items of an array. Raises PayloadError."""
    if not isinstance(raw, bytes):
        raise PayloadError("value", f"an array is bytes, got {raw!r:.40}")
    if datatype == DataType.StringArray:
        return _texts(raw)
    if datatype == DataType.BooleanArray:
        count = int.from_bytes(raw[:4], "little")
        if len(raw) < 4 or len(raw) - 4 != (count + 7) // 8:
            raise PayloadError("value", f"{len(raw)} bytes are no array of booleans")
        return np.unpackbits(np.frombuffer(raw[4:], np.uint8))[:count].tolist()
    kind = np.dtype(ARRAYS[DataType(datatype)])
    if len(raw) % kind.itemsize:
        raise PayloadError("value", f"{len(raw)} bytes are no array of numbers of {kind.itemsize} bytes")
    items = np.frombuffer(raw, kind)
    if not np.isfinite(items).all():
        raise PayloadError("value", "expected finite numbers")
    found: list[Any] = items.tolist()
    return found


def _texts(raw: bytes) -> list[str]:
    try:
        return [text.decode() for text in raw.removesuffix(b"\0").split(b"\0")] if raw else []
    except UnicodeDecodeError as error:
        raise PayloadError("value", "expected texts in UTF-8") from error


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise PayloadError("value", f"expected a finite number, got {value}")
    return value
