"""JSON as devices really send it.

| payload | becomes |
|---|---|
| `21.5`, `true`, `"open"`, `ON` | one value at the time of reception; booleans are 1 and 0; texts by `ingest/texts.py` |
| `{"ts": 1767225600123, "value": 21.5}` | one value at its time |
| `{"ts": …, "power_kw": 3.1, "oven": {"temp_degc": 180}}` | tags `power_kw`, `oven/temp_degc`; lists: `name/0` |
| `{"ts": …, "values": {"power_kw": 3.1}}` | the same as without `values` |
| `[{"ts": …, "value": 1}, {"ts": …, "value": 2}]` | arrays of the objects above |
| `[{"id": "Power", "v": 3.1, "q": true, "t": …}, …]` | a list of tags, by `ingest/json_shapes.py` |
| `{"power": {"value": 3.1, "ts": …}}` | tag `power` at its own time |
| `{"ts": …, "rate_hz": 10, "power": [3.1, 3.2]}` | samples of `power` from `ts` on |
| `[3.1, 3.2, 3.3]` | a vector: tags `<tag>/0`, `<tag>/1`, `<tag>/2` |
| `{"ts": …, "event": "order", "order": "4711", "phase": "start"}` | an event: tag `@order`, the rest its attributes |
| `{"ts": …, "event": "state", "state": "down", "recorded": …}` | the same, entered at `recorded`: the last one counts |
| `{"ts": …, "rate_hz": 25600, "waveform": [0.1, …]}` | a waveform; also base64 of little-endian float32 |

The time is looked for under the names of `ingest/time_names.py`, `ts` first, in the forms of `ingest/times.py` (epoch s, ms, µs, ns,
ISO 8601 and others), or where the plant file says; without one the time of reception holds. `seq` is the
device's own number of the message, `quality` one of `ingest/qualities.py`; both are no tags, and one that can't be read
costs no value. An event that can't be meant (an order's phase that is no word for one, a correction of nothing) is a bad
value. `null` is no sample. NaN, infinities and numbers that no float64 holds are bad values: the good ones
beside them go on. Of a key that stands twice in an object, the last counts. Samples of one tag in a list that no time
tells apart are refused.

What is nearly JSON is read by `ingest/json_lenient.py`, what is packed or in another encoding by `ingest/encodings.py`.
"""

from typing import Any

from fieldline.errors import PayloadError
from ingest.codecs import Codec, Limits, Problem
from ingest.encodings import as_utf8
from ingest.json_lenient import read_leniently
from ingest.json_limits import check_limits, check_size
from ingest.json_message import Message
from ingest.json_values import parse
from ingest.rows import Rows
from ingest.topics import Route

_PACKED = frozenset(b"\x1f\x28\x78\xff\xfe\xef\0")
"""What begins with one of these bytes is no JSON in UTF-8, and most often packed or in another encoding."""


def decode(payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
    """See `Codec`."""
    start = len(rows.time)
    if payload and payload[0] in _PACKED:
        payload = _unpacked(payload, limits)
    check_limits(payload, limits)
    message = Message(route, received_ns, rows)
    try:
        document = parse(payload)
    except (ValueError, RecursionError):
        _take_leniently(payload, message, route, received_ns, limits)
    else:
        message.take(_unquoted(document, limits) if type(document) is str else document, received_ns)
    return _finished(message, len(rows.time) - start, limits)


def read_document(document: Any, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
    """What `decode` does with a payload when it is parsed; other formats that carry documents end here too."""
    start = len(rows.time)
    message = Message(route, received_ns, rows)
    message.take(document, received_ns)
    return _finished(message, len(rows.time) - start, limits)


def _finished(message: Message, count: int, limits: Limits) -> Problem | None:
    problem = message.finish() if message.faults or message.shared else None
    if count > limits.max_values:
        # A payload with a waveform passes the check of the bytes, whatever stands beside the waveform.
        raise PayloadError("values", f"expected at most {limits.max_values} values, got {count}")
    return problem


def _unpacked(payload: bytes, limits: Limits) -> bytes:
    check_size(payload, limits)
    return as_utf8(payload, limits.max_payload_bytes)


def _unquoted(text: str, limits: Limits) -> Any:
    """The object or array that a text is, where a sender wrote JSON of JSON; else the text."""
    if text[:1] not in ("{", "["):
        return text
    try:
        inner = text.encode()
        check_limits(inner, limits)
        return parse(inner)
    except (ValueError, RecursionError, PayloadError):
        return text


def _take_leniently(payload: bytes, message: Message, route: Route, received_ns: int, limits: Limits) -> None:
    """Take what is no JSON as it stands."""
    if b"\0" in payload:  # the zeros of UTF-16, or those that C leaves at the end
        payload = _unpacked(payload, limits)
    documents, faults = read_leniently(payload, limits, route.decimal)
    for fault in faults:
        message.fault("syntax", fault)
    # Documents that a sender ran together came one after the other; the next message comes 1000 ns later at least.
    for number, document in enumerate(documents):
        message.take(document, received_ns + number)


_SAMPLES = (
    b"21.5",
    b'"open"',
    b'{"ts": 1767225600123, "value": true, "seq": 7, "quality": "uncertain"}',
    b'{"ts": "2026-01-01T00:00:00.123Z", "power_kw": 3.1, "oven": {"temp_degc": [180, 181]}, "mode": "auto"}',
    b'{"timestamp": 1767225600.5, "values": {"power_kw": 3.1, "note": null}}',
    b'[{"ts": 1767225600, "value": 1}, {"ts": 1767225601, "value": 2}]',
    b'{"ts": 1767225600123, "event": "order", "order": "4711", "phase": "start"}',
    b'{"ts": 1767225600123, "rate_hz": 25600, "waveform": [0.1, 0.2, 0.3]}',
    b'[{"id": "Press.Power", "v": 42.5, "q": true, "t": 1767225600123}, {"id": "Press.Mode", "v": "auto", "q": 192}]',
    b'{"Messages": [{"DataSetWriterId": 7, "Payload": {"P": {"Value": 1.5, "StatusCode": {"Code": 0}}}}], "a": "42.5 kW"}',
    b'{"ts": 1767225600, "interval_s": 60, "power_kw": ["1.5", "ON"], "values": [1, 2, 3]}',
    b'{\'a\': 12., b: True, "c": [.5, +3,],}\n{"a": "007"}\0',
    b"42.5 kW",
)


def _nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


COMPONENT = Codec(decode=decode, samples=_SAMPLES, nested=_nested)
