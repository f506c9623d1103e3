"""A smart plug with Tasmota: a document a minute with the energy in total, today and yesterday, at its local time without an offset."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS
from ingest.simulator.foreign.told import Told, clock_spans, energy_of, multiples, row_of
from ingest.simulator.meter import Meter
from ingest.simulator.noise import drifting, noise_key
from ingest.simulator.schedule import DAY_S
from ingest.simulator.spans import Span

_PERIOD_NS = 60 * SECOND_NS
_STATE_NS = 300 * SECOND_NS
_NOMINAL_KW = 1.2
_VOLTS = 230.0
_NAMES = {
    "Total": "energy_kwh",
    "Yesterday": "ENERGY/Yesterday",
    "Today": "ENERGY/Today",
    "Power": "power_w",
    "Factor": "ENERGY/Factor",
    "Voltage": "voltage_v",
    "Current": "current_a",
}
"""What Tasmota calls it, and the tag that its preset makes of it."""


class Plug:
    """One plug; its clock shows UTC, which is the plant's zone."""

    def __init__(self, seed: int, line: str, device: str) -> None:
        self.asset = f"{line}/{device}"
        self._device = device
        self._key = noise_key(seed, self.asset, "load")
        self._meter = Meter(seed, self.asset, _NOMINAL_KW * 24 * 0.7, _NOMINAL_KW * 0.5, self._shape)

    def told(self, start_ns: int, stop_ns: int, *, begins: bool) -> Iterator[Told]:
        for time in multiples(_PERIOD_NS, start_ns, stop_ns):
            energy = self._energy(time)
            said: dict[str, Any] = {"Time": _local(time), "ENERGY": {"TotalStartTime": "2025-11-03T09:12:44", **energy}}
            rows = [(tag, time, energy[name]) for name, tag in _NAMES.items()]
            yield Told(time, f"tele/{self._device}/SENSOR", msgspec.json.encode(said), rows)
        for time in multiples(_STATE_NS, start_ns, stop_ns):
            said = {"Time": _local(time), "UptimeSec": time // SECOND_NS % 864_000, "POWER": "ON", "Wifi": {"RSSI": 68}}
            yield Told(time, f"tele/{self._device}/STATE", msgspec.json.encode(said), [("POWER", time, 1.0)])

    def figures(self, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
        return [row_of("energy", self.asset, span, energy_of(self._meter, span)) for span in clock_spans(spans)]

    def readings_per_second(self) -> float:
        return len(_NAMES) * SECOND_NS / _PERIOD_NS + SECOND_NS / _STATE_NS

    def _energy(self, time_ns: int) -> dict[str, float]:
        midnight = time_ns // DAY_NS * DAY_NS
        now, today, yesterday = (self._register(time) for time in (time_ns, midnight, midnight - DAY_NS))
        watts = round(1000.0 * float(self._meter.power_kw(np.array([time_ns], np.int64))[0]))
        return {
            "Total": now,
            "Yesterday": round(today - yesterday, 3),
            "Today": round(now - today, 3),
            "Power": watts,
            "Factor": 0.97,
            "Voltage": _VOLTS,
            "Current": round(watts / _VOLTS / 0.97, 3),
        }

    def _register(self, time_ns: int) -> float:
        return float(self._meter.register_kwh(np.array([time_ns], np.int64))[0])

    def _shape(self, day: int) -> np.ndarray:
        times = day * DAY_NS + np.arange(DAY_S, dtype=np.int64) * SECOND_NS
        return _NOMINAL_KW * (0.7 + 0.3 * drifting(self._key, times, 600.0))


def _local(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // SECOND_NS, UTC):%Y-%m-%dT%H:%M:%S}"
