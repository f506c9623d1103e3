"""InfluxDB line protocol, as Telegraf and many gateways send it.

    cpu,host=a usage_idle=98.5,usage_user=1.2 1767225600123456789

On the topic `telegraf/hall1` that is asset `telegraf/hall1/a` with tags `cpu/usage_idle` and `cpu/usage_user`: the tags' values, in
the order of their keys, are levels below the topic's asset, and the measurement stands before the field. The field `value` has
the measurement's name alone. Floats, integers (`5i`, `5u`) and booleans are values, texts in quotes go to `@text/<tag>`.

A time is s, ms, µs or ns by its magnitude; without one the time of reception holds. Of a line that cannot be read the whole is a
dead letter, the lines beside it go on.

    [[topic]]
    pattern = "telegraf/{host}"
    asset = "plant/it/{host}"
    codec = "line_protocol"
    options = { levels = ["cpu"], drop = ["host"], measurement = false, precision = "s" }

`levels` : keys of the tags whose values are levels, in this order; the values of the others stand between measurement and field
`drop` : keys of tags that say nothing; `measurement` : whether it stands before the field; `precision` : `ns`, `us`, `ms` or `s`
"""

import re
from itertools import groupby
from typing import Any, Literal

import msgspec

from fieldline.errors import PayloadError
from ingest.codecs import Codec, Limits, Problem
from ingest.lines import Point, points, read_head
from ingest.rows import Rows
from ingest.times import parse_time
from ingest.topics import Route, asset_below, check_name

_FACTORS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_MOST_SERIES = 1000
_MOST_SHAPES = 64
_NO_WHOLE = re.compile(r"[.eE][^,]*i|u")
_LARGEST = 1e18
_numbers = msgspec.json.Decoder(list[float | bool]).decode
_whole_numbers = msgspec.json.Decoder(list[int]).decode


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a `[[topic]]` can tell: see the module's text."""

    levels: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    measurement: bool = True
    precision: Literal["auto", "ns", "us", "ms", "s"] = "auto"


class _Series:
    """What a measurement with its tags is. asset : its number; before : what stands before a field's name; shapes : tags by keys."""

    __slots__ = ("asset", "before", "shapes")

    def __init__(self, name: str, tags: list[tuple[str, str]], route: Route, rows: Rows) -> None:
        options: Options = route.options
        told = {key: value for key, value in tags if key not in options.drop}
        levels = list(told) if options.levels is None else [key for key in options.levels if key in told]
        self.asset = rows.assets.number(asset_below(route.object_asset, [told[key] for key in levels]))
        others = [value for key, value in told.items() if key not in levels]
        self.before = "/".join([*([name] if options.measurement else []), *others])
        self.shapes: dict[tuple[str, ...], list[int]] = {}

    def tag(self, key: str, prefix: str) -> str:
        """The name of a field's tag."""
        before = self.before
        return prefix + check_name(before if key == "value" and before else f"{before}/{key}" if before else key)


def decode(payload: bytes, route: Route, received_ns: int, rows: Rows, limits: Limits) -> Problem | None:
    """See `Codec`."""
    if len(payload) > limits.max_payload_bytes:
        raise PayloadError("size", f"expected at most {limits.max_payload_bytes} bytes, got {len(payload)}")
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise PayloadError("syntax", "expected UTF-8") from error
    message = _Message(route, received_ns, rows, limits)
    if "\n" in text and message.take_columns(text):
        return None
    if '"' in text or "\\" in text or "#" in text:
        message.take_any(text)
    else:
        for line in text.split("\n"):
            if not message.take_plain(line):
                message.take_any(line)
    if not message.faults and len(rows) == message.start:
        raise PayloadError("syntax", "expected at least one line, there is none")
    return message.problem()


class _Message:
    """One payload on its way into the rows."""

    def __init__(self, route: Route, received: int, rows: Rows, limits: Limits) -> None:
        self.route, self.received, self.rows, self.limits = route, received, rows, limits
        self.start = len(rows)
        self.faults: list[PayloadError] = []

    def problem(self) -> Problem | None:
        """All faults as one; the first gives the reason."""
        if not self.faults:
            return None
        shown = "; ".join(error.detail for error in self.faults[:5])
        more = f"; and {len(self.faults) - 5} more" if len(self.faults) > 5 else ""
        return Problem(self.faults[0].reason, shown + more, len(self.faults))

    def take_plain(self, line: str) -> bool:
        """A line without quotes and escapes whose fields were seen before and are numbers; False, and nothing taken, for any other."""
        parts = line.split(" ")
        series = self.route.shapes.get(parts[0]) if 2 <= len(parts) <= 3 else None
        if series is None:
            return False
        fields = parts[1].replace("=", ",").split(",")
        tags = series.shapes.get(tuple(fields[::2]))
        if tags is None or len(fields) != 2 * len(tags):
            return False
        values, time = _plain_numbers(",".join(fields[1::2])), self.received
        if len(parts) == 3:
            if not parts[2].isdecimal() or len(parts[2]) > 19:
                return False
            try:
                time = self._time(int(parts[2]))
            except PayloadError:
                return False
        if values is None:
            return False
        self._add(series.asset, tags, values, time)
        return True

    def take_columns(self, text: str) -> bool:
        """Several lines that are series seen before, one field, a number, and a time each; False, and nothing taken, for any other."""
        words, known = text.rstrip("\n").split(" "), self.route.shapes
        fields = words[1::2]
        count = len(fields)
        between = "\n".join(words[2::2]).split("\n")  # a line's time, the next one's head, and so on
        if not 2 <= count <= self.limits.max_values or len(words) != 2 * count + 1 or len(between) != 2 * count - 1:
            return False
        pairs = ",".join(fields).replace("=", ",").split(",")
        if len(pairs) != 2 * count:
            return False
        values = _plain_numbers(",".join(pairs[1::2]))
        try:
            found = [known[head] for head in (words[0], *between[1::2])]
            tags = [series.shapes[(key,)][0] for series, key in zip(found, pairs[::2], strict=True)]
            times = self._times(_whole_numbers(f"[{','.join(between[::2])}]"))
        except (KeyError, msgspec.MsgspecError, PayloadError):
            return False
        if values is None or len(values) != count:
            return False
        rows = self.rows
        rows.time += times
        rows.tag += tags
        rows.value += values
        rows.runs += [
            (len(list(group)), asset, self.received) for asset, group in groupby(series.asset for series in found)
        ]
        return True

    def _times(self, numbers: list[int]) -> list[int]:
        """Times of several lines; those of one unit are read together."""
        first = self._time(numbers[0])
        factor = first // numbers[0] if numbers[0] > 0 else 0
        low, high = self._time(min(numbers)), self._time(max(numbers))
        if factor and low == min(numbers) * factor and high == max(numbers) * factor:
            return [number * factor for number in numbers]
        return [self._time(number) for number in numbers]

    def take_any(self, text: str) -> None:
        """Lines of any form."""
        for point in points(text):
            if isinstance(point, PayloadError):
                self.faults.append(point)
                continue
            before = len(self.rows)
            try:
                self._take(point, text)
            except PayloadError as error:
                if error.reason == "values":
                    raise
                self.rows.take(before)
                self.faults.append(error)

    def _take(self, point: Point, text: str) -> None:
        series = _Series(point.name, point.tags, self.route, self.rows)
        time = self.received if point.time is None else self._time(point.time)
        tags = self.rows.tags
        if all(type(value) is not str for _, value in point.fields):
            numbers = [tags.number(series.tag(key, self.route.prefix)) for key, _ in point.fields]
            self._add(series.asset, numbers, [value for _, value in point.fields], time)
            self._remember(text, point, numbers)
            return
        for key, value in point.fields:
            name = series.tag(key, self.route.prefix)
            if isinstance(value, str):
                block = value.encode()
                self.rows.add_payload(time, self.received, series.asset, tags.number(f"@text/{name}"), block)
            else:
                self.rows.add(time, self.received, series.asset, tags.number(name), value)
        self._check_count()

    def _add(self, asset: int, tags: list[int], values: list[Any], time: int) -> None:
        rows = self.rows
        rows.time += [time] * len(tags)
        rows.tag += tags
        rows.value += values
        rows.runs.append((len(tags), asset, self.received))
        self._check_count()

    def _check_count(self) -> None:
        count, most = len(self.rows) - self.start, self.limits.max_values
        if count > most:
            raise PayloadError("values", f"expected at most {most} values, got {count} or more")

    def _remember(self, line: str, point: Point, numbers: list[int]) -> None:
        """What a plain line's head and keys mean, for `take_plain`."""
        head, known = line.split(" ", 1)[0], self.route.shapes
        if "\n" in line or '"' in line or "\\" in line or (point.name, point.tags) != read_head(head):
            return
        if len(known) >= _MOST_SERIES:
            known.clear()
        series = known.get(head)
        if series is None:
            series = known[head] = _Series(point.name, point.tags, self.route, self.rows)
        if len(series.shapes) >= _MOST_SHAPES:
            series.shapes.clear()
        series.shapes[tuple(key for key, _ in point.fields)] = numbers

    def _time(self, number: int) -> int:
        precision = self.route.options.precision
        if precision == "auto":
            return parse_time(number, self.route.zone)
        time = number * _FACTORS[precision]
        if abs(time) >= 2**63:
            raise PayloadError("time", f"{number} {precision} is no time that 64 bits of ns can hold")
        return time


def _plain_numbers(joined: str) -> list[float | bool] | None:
    """Numbers with commas between; None where one is none. JSON's are a part of the line protocol's, and are read in one go."""
    has_whole = "i" in joined
    if has_whole:
        if _NO_WHOLE.search(joined):
            return None
        joined = joined.replace("i,", ",").removesuffix("i")
    try:
        values = _numbers(f"[{joined}]")
    except msgspec.MsgspecError:
        return None
    return None if not values or (has_whole and not -_LARGEST < min(values) <= max(values) < _LARGEST) else values


_SAMPLES = (
    b"cpu,host=a usage_idle=98.5,usage_user=1.2 1767225600123456789",
    b'press,line=l1,cell=c\\ 1 power_kw=3.1,count=5i,run=true,mode="auto" 1767225600\n# a remark\n\npress power_kw=3\n',
    b"power_kw value=3.5",
)
COMPONENT = Codec(decode=decode, samples=_SAMPLES, options=Options)
