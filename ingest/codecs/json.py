"""JSON as devices really send it.

| payload | becomes |
|---|---|
| `21.5`, `true`, `"open"` | one value at the time of reception; booleans are 1 and 0, texts go to `@text/<tag>` |
| `{"ts": 1767225600123, "value": 21.5}` | one value at its time |
| `{"ts": …, "power_kw": 3.1, "oven": {"temp_degc": 180}}` | tags `power_kw`, `oven/temp_degc`; lists: `name/0` |
| `{"ts": …, "values": {"power_kw": 3.1}}` | the same as without `values` |
| `[{"ts": …, "value": 1}, {"ts": …, "value": 2}]` | arrays of the objects above |
| `{"ts": …, "event": "order", "order": "4711", "phase": "start"}` | an event: tag `@order`, the rest its attributes |
| `{"ts": …, "event": "state", "state": "down", "recorded": …}` | the same, entered at `recorded`: the last one counts |
| `{"ts": …, "rate_hz": 25600, "waveform": [0.1, …]}` | a waveform; also base64 of little-endian float32 |

`ts` (or `timestamp`) is epoch s, ms, µs, ns or ISO 8601; without it the time of reception holds. `seq` is the
device's own number of the message, `quality` one of good, uncertain, bad, stale or an OPC quality of 64 and more;
both are no tags. An event that can't be meant (an order's phase that is no word for one, a correction of nothing) is a bad
value. `null` is no sample. NaN, infinities and numbers that no float64 holds are bad values: the good ones
beside them go on. Of a key that stands twice in an object, the last counts.
"""

import json
import struct
from collections.abc import Callable
from typing import Any

from fieldline.errors import PayloadError
from fieldline.event_kinds import fault_of
from ingest.codecs import Codec, Limits, Problem
from ingest.json_limits import check_limits
from ingest.json_values import (
    LARGEST_INT,
    NUMERIC,
    Unreadable,
    are_plain,
    flat,
    parse,
    read_quality,
    read_samples,
    read_sequence,
)
from ingest.rows import Rows
from ingest.times import epoch_factor, parse_iso, parse_time
from ingest.topics import Route, check_name

_META = frozenset({"ts", "timestamp", "seq", "quality"})
_SAMPLE = _META | {"value"}
_MAX_SHAPES = 64


def decode(payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
    """See `Codec`."""
    check_limits(payload, limits)
    document = parse(payload)
    start = len(rows)
    message = _Message(route, received_ns, rows)
    kind = type(document)
    if kind is dict:
        message.take_object(document, "")
    elif kind is list:
        message.take_array(document)
    else:
        message.take_value(document, received_ns, "")
    if len(rows) - start > limits.max_values:
        # A payload with a waveform passes the check of the bytes, whatever stands beside the waveform.
        raise PayloadError("values", f"expected at most {limits.max_values} values, got {len(rows) - start}")
    return message.problem() if message.faults else None


class _Message:
    """One payload on its way into the rows."""

    __slots__ = ("faults", "received", "route", "rows")

    def __init__(self, route: Route, received: int, rows: Rows) -> None:
        self.route = route
        self.received = received
        self.rows = rows
        self.faults: list[tuple[str, str, int]] = []

    def problem(self) -> Problem:
        """All faults as one; the first gives the reason."""
        shown = "; ".join(detail for _, detail, _ in self.faults[:5])
        more = f"; and {len(self.faults) - 5} more" if len(self.faults) > 5 else ""
        return Problem(self.faults[0][0], shown + more, sum(count for _, _, count in self.faults))

    # -- shapes

    def take_array(self, items: list[Any]) -> None:
        if self._take_samples(items):
            return
        for at, item in enumerate(items):
            if type(item) is dict:
                self.take_object(item, f"[{at}]")
            elif item is None or len(items) == 1:
                self.take_value(item, self.received, f"[{at}]")
            else:
                self._fault("time", f"[{at}]: values of an array need a time each")

    def take_object(self, fields: dict[str, Any], path: str) -> None:
        try:
            if "event" in fields:
                self._take_event(fields)
            elif "waveform" in fields:
                self._take_waveform(fields)
            elif "value" in fields and fields.keys() <= _SAMPLE:
                start = len(self.rows)
                self.take_value(fields["value"], self._time(fields), f"{path}.value" if path else "value")
                if "seq" in fields or "quality" in fields:
                    self._mark(fields, start)
            else:
                self._take_fields(fields, path)
        except PayloadError as error:
            lost = sum(key not in _META for key in fields) if error.reason in ("time", "quality", "seq") else 1
            self._fault(error.reason, f"{path}: {error.detail}" if path else error.detail, max(lost, 1))

    def take_value(self, value: Any, time: int, path: str) -> None:
        route, rows = self.route, self.rows
        if route.value_tag_number < 0:
            route.value_asset_number = rows.assets.number(route.value_asset)
            route.value_tag_number = rows.tags.number(route.value_tag)
        if type(value) is float or (type(value) in NUMERIC and -LARGEST_INT < value < LARGEST_INT):
            rows.add(time, self.received, route.value_asset_number, route.value_tag_number, value)
        elif type(value) is list or type(value) is dict:
            for name, inner in flat(route.value_tag, value):
                self._take_tag(route.value_asset_number, name, inner, time)
        else:
            self._take_other(route.value_asset_number, route.value_tag, value, time, path)

    def _take_samples(self, items: list[Any]) -> bool:
        """The common array, `{"ts", "value"}` with numbers, in columns; False, and nothing taken, for any other."""
        count = len(items)
        try:
            times = [item["ts"] for item in items]
            values = [item["value"] for item in items]
            if sum(map(len, items)) != 2 * count or not are_plain(values):
                return False
            times = self._times(times)
        except (KeyError, TypeError, PayloadError):
            return False
        if not times:
            return count == 0
        route, rows = self.route, self.rows
        tag = rows.tags.number(route.value_tag)
        rows.time += times
        rows.value += values
        rows.tag += [tag] * count
        rows.runs.append((count, rows.assets.number(route.value_asset), self.received))
        return True

    def _times(self, times: list[Any]) -> list[int]:
        kinds = set(map(type, times))
        if kinds == {int}:
            low, factor = min(times), epoch_factor(max(times))
            if low >= 0 and epoch_factor(low) == factor:
                return [time * factor for time in times] if factor > 1 else times
        if kinds == {str}:
            zone = self.route.zone
            return [parse_iso(time, zone) for time in times]
        return [parse_time(time, self.route.zone) for time in times]

    def _take_fields(self, fields: dict[str, Any], path: str) -> None:
        time, start = self._time(fields), len(self.rows)
        inner = fields.get("values")
        if type(inner) is dict:
            self._take_flat(inner, time, path)
            fields = {key: value for key, value in fields.items() if key != "values"}
        self._take_flat(fields, time, path)
        if "seq" in fields or "quality" in fields:
            self._mark(fields, start)

    def _take_flat(self, fields: dict[str, Any], time: int, path: str) -> None:
        route, rows = self.route, self.rows
        keys = tuple(fields)
        shape = route.shapes.get(keys)
        if shape is None:
            shape = self._learn(keys)
        if shape is not None:
            names, tags = shape
            values = [fields[name] for name in names]
            if are_plain(values):
                rows.time += [time] * len(values)
                rows.tag += tags
                rows.value += values
                rows.runs.append((len(values), rows.assets.number(route.object_asset), self.received))
                return
        asset = rows.assets.number(route.object_asset)
        for name, value in flat("", {key: value for key, value in fields.items() if key not in _META}):
            try:
                self._take_tag(asset, route.prefix + check_name(name), value, time, f"{path}.{name}" if path else name)
            except PayloadError as error:
                self._fault(error.reason, f"{path}.{name}: {error.detail}" if path else error.detail)

    def _learn(self, keys: tuple[str, ...]) -> tuple[tuple[str, ...], list[int]] | None:
        """What to do with objects of these keys, remembered by topic; None when a key is no name."""
        names = tuple(key for key in keys if key not in _META)
        try:
            tags = [self.rows.tags.number(self.route.prefix + check_name(name)) for name in names]
        except PayloadError:
            return None
        if len(self.route.shapes) >= _MAX_SHAPES:
            self.route.shapes.clear()
        self.route.shapes[keys] = shape = (names, tags)
        return shape

    def _take_tag(self, asset: int, name: str, value: Any, time: int, path: str = "") -> None:
        if type(value) in NUMERIC and -LARGEST_INT < value < LARGEST_INT:
            self.rows.add(time, self.received, asset, self.rows.tags.number(name), value)
        else:
            self._take_other(asset, name, value, time, path or name)

    def _take_other(self, asset: int, name: str, value: Any, time: int, path: str) -> None:
        """A text, null, or what can't be a value."""
        if value is None:
            return
        if type(value) is str:
            try:
                text = value.encode()
            except UnicodeEncodeError:
                self._fault("value", f"{path}: text that UTF-8 can't hold")
                return
            self.rows.add_payload(time, self.received, asset, self.rows.tags.number(f"@text/{name}"), text)
        else:
            shown = (
                value.literal if type(value) is Unreadable else str(value)[:20] if type(value) is int else "an array"
            )
            self._fault("value", f"{path or name}: expected a finite number, got {shown[:40]}")

    def _take_event(self, fields: dict[str, Any]) -> None:
        kind = fields["event"]
        if type(kind) is not str:
            raise PayloadError("value", f"event: expected a text, got {type(kind).__name__}")
        tag = f"@{check_name(kind)}"
        attributes = {key: value for key, value in fields.items() if key not in _META and key != "event"}
        try:
            text = json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        except (TypeError, ValueError) as error:  # an Unreadable in it, or text that UTF-8 can't hold
            raise PayloadError("value", "event: an attribute is no finite number and no text") from error
        fault = fault_of(kind, attributes)
        if fault is not None:
            raise PayloadError("value", f"event {kind}: {fault}")
        self._add_block(fields, tag, text, self.rows.add_event)

    def _take_waveform(self, fields: dict[str, Any]) -> None:
        rate = fields.get("rate_hz")
        if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 < rate < 1e12:
            raise PayloadError("value", "rate_hz: expected the sample rate in Hz, above 0")
        samples = read_samples(fields["waveform"])
        extra = sorted(fields.keys() - _META - {"waveform", "rate_hz"})
        if extra:
            self._fault("value", f"{', '.join(extra[:5])}: a waveform has no other fields", len(extra))
        block = struct.pack("<d", rate) + samples.tobytes()
        self._add_block(fields, "@waveform", block, self.rows.add_payload)

    def _add_block(
        self, fields: dict[str, Any], tag: str, payload: bytes, add: Callable[[int, int, int, int, bytes], None]
    ) -> None:
        rows, start, time = self.rows, len(self.rows), self._time(fields)
        asset = rows.assets.number(self.route.object_asset)
        add(time, self.received, asset, rows.tags.number(tag), payload)
        self._mark(fields, start)

    # -- what stands beside the values

    def _time(self, fields: dict[str, Any]) -> int:
        value = fields.get("ts")
        if value is None:
            value = fields.get("timestamp")
            if value is None:
                return self.received
        return parse_time(value, self.route.zone)

    def _mark(self, fields: dict[str, Any], start: int) -> None:
        """Quality and number of the rows from `start`; takes the rows back when one of them can't be read."""
        try:
            quality, seq = read_quality(fields.get("quality")), read_sequence(fields.get("seq"))
        except PayloadError:
            self.rows.take(start)
            raise
        self.rows.mark(start, quality, seq)

    def _fault(self, reason: str, detail: str, count: int = 1) -> None:
        self.faults.append((reason, detail, count))


_SAMPLES = (
    b"21.5",
    b'"open"',
    b'{"ts": 1767225600123, "value": true, "seq": 7, "quality": "uncertain"}',
    b'{"ts": "2026-01-01T00:00:00.123Z", "power_kw": 3.1, "oven": {"temp_degc": [180, 181]}, "mode": "auto"}',
    b'{"timestamp": 1767225600.5, "values": {"power_kw": 3.1, "note": null}}',
    b'[{"ts": 1767225600, "value": 1}, {"ts": 1767225601, "value": 2}]',
    b'{"ts": 1767225600123, "event": "order", "order": "4711", "phase": "start"}',
    b'{"ts": 1767225600123, "rate_hz": 25600, "waveform": [0.1, 0.2, 0.3]}',
)


def _nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


COMPONENT = Codec(decode=decode, samples=_SAMPLES, nested=_nested)
