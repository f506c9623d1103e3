"""A Sparkplug B edge node with one device: births that name its metrics, and data by alias alone.

Source of the format: Eclipse Sparkplug 3.0, chapters 4 to 6. The node is born when it is switched on and once each hour again, as
one whose connection breaks; a birth has the values of its moment.
"""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS, days_between
from ingest.simulator.foreign.told import Told, clock_spans, energy_of, multiples, row_of
from ingest.simulator.meter import Meter
from ingest.simulator.noise import drifting, noise_key
from ingest.simulator.schedule import DAY_S
from ingest.simulator.spans import Span
from ingest.sparkplug.payload import DataType
from ingest.sparkplug.wire import encode

_PERIOD_NS = 5 * SECOND_NS
_HOUR_NS, _BORN_NS = 3600 * SECOND_NS, 1800 * SECOND_NS
_MS_NS = 1_000_000
_NOMINAL_KW = 18.0
_TAGS = ("power_kw", "energy_kwh", "suction_mbar")


class EdgeNode:
    """The node `edge1` of a line and its device."""

    def __init__(self, seed: int, line: str, device: str) -> None:
        node = "edge1"
        self.asset = f"{line}/{node}/{device}"
        group = line.replace("/", ":")
        self._of_node = f"spBv1.0/{group}/{{}}/{node}"
        self._of_device = f"{self._of_node}/{device}"
        self._key = noise_key(seed, self.asset, "load")
        self._meter = Meter(seed, self.asset, _NOMINAL_KW * 24 * 0.8, _NOMINAL_KW * 0.5, self._shape)
        self._seq = 0
        self._births = 0

    def told(self, start_ns: int, stop_ns: int, *, begins: bool) -> Iterator[Told]:
        for time, values in self._measured(start_ns, stop_ns):
            if begins or time % _HOUR_NS == _BORN_NS:
                yield self._node_birth(time)
                yield self._say("DBIRTH", time, values, is_born=True)
                begins = False
            else:
                yield self._say("DDATA", time, values, is_born=False)

    def figures(self, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
        return [row_of("energy", self.asset, span, energy_of(self._meter, span)) for span in clock_spans(spans)]

    def readings_per_second(self) -> float:
        return len(_TAGS) * SECOND_NS / _PERIOD_NS

    def _node_birth(self, time_ns: int) -> Told:
        """The node's own birth, a millisecond before its device's: it has no metrics but the protocol's own."""
        self._seq = 0
        born = encode([(1, "bdSeq"), (3, time_ns // _MS_NS), (4, int(DataType.Int64)), (11, self._births % 256)])
        rebirth = encode([(1, "Node Control/Rebirth"), (4, int(DataType.Boolean)), (14, False)])
        self._births += 1
        payload = encode([(1, time_ns // _MS_NS), (2, born), (2, rebirth), (3, 0)])
        return Told(time_ns - _MS_NS, self._of_node.format("NBIRTH"), payload, (), is_in_order=True)

    def _say(self, kind: str, time_ns: int, values: tuple[float, ...], *, is_born: bool) -> Told:
        self._seq = (self._seq + 1) % 256
        rows = [(tag, time_ns, value) for tag, value in zip(_TAGS, values, strict=True)]
        metrics = [(2, _metric(alias, tag, value, time_ns, is_born)) for alias, (tag, _, value) in enumerate(rows, 1)]
        payload = encode([(1, time_ns // _MS_NS), *metrics, (3, self._seq)])
        return Told(time_ns, self._of_device.format(kind), payload, rows, is_in_order=True)

    def _measured(self, start_ns: int, stop_ns: int) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Times, and the values of all tags at each."""
        for _, start, stop in days_between(start_ns, stop_ns):
            times = np.array(multiples(_PERIOD_NS, start, stop), np.int64)
            if len(times):
                suction = np.round(-620.0 + 40.0 * drifting(self._key, times, 300.0), 1)
                columns = (self._meter.power_kw(times), self._meter.register_kwh(times), suction)
                yield from zip(times.tolist(), zip(*(column.tolist() for column in columns), strict=True), strict=True)

    def _shape(self, day: int) -> np.ndarray:
        times = day * DAY_NS + np.arange(DAY_S, dtype=np.int64) * SECOND_NS
        return _NOMINAL_KW * (0.8 + 0.2 * drifting(self._key, times, 300.0))


def _metric(alias: int, tag: str, value: float, time_ns: int, is_born: bool) -> bytes:
    """A metric of type Double; only a birth names it. Field 13 is eight bytes, little-endian."""
    named = [(1, tag), (2, alias)] if is_born else [(2, alias)]
    told: list[tuple[int, Any]] = [*named, (3, time_ns // _MS_NS), *([(4, int(DataType.Double))] if is_born else [])]
    return encode(told) + b"\x69" + struct.pack("<d", value)
