"""A LoRaWAN soil probe behind The Things Stack: an uplink each five minutes, and some of them twice, since two gateways heard them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from ingest.simulator.devices import SECOND_NS
from ingest.simulator.farm import air_temperature_c
from ingest.simulator.foreign.told import Told, multiples, row_of
from ingest.simulator.noise import draw, drifting, noise_key
from ingest.simulator.spans import Span

_PERIOD_NS = 300 * SECOND_NS
_AIR_NS = 12_340_000_000
_AGAIN_NS = 800_000_000
_TWICE = 0.2
_COUNTED = "soil_moisture_pct"


class Probe:
    """One probe. The network server has an uplink some seconds after the five minutes, or once more a moment later."""

    def __init__(self, seed: int, line: str, device: str) -> None:
        self.asset = f"{line}/{device}"
        self._device = device
        self._key = noise_key(seed, self.asset)

    def told(self, start_ns: int, stop_ns: int, *, begins: bool) -> Iterator[Told]:
        for slot in multiples(_PERIOD_NS, start_ns - _AIR_NS, stop_ns - _AIR_NS):
            time = slot + _AIR_NS
            rows = [(tag, time, value) for tag, value in self._values(slot).items()]
            topic = f"v3/farm@ttn/devices/{self._device}/up"
            yield Told(time, topic, self._uplink(slot, time), rows, is_in_order=True)
            if draw(self._key, slot) < _TWICE:
                again = time + _AGAIN_NS
                yield Told(again, topic, self._uplink(slot, again), rows, is_copy=True, is_in_order=True)

    def figures(self, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
        rows = []
        for span in (span for span in spans if span.window == "1h"):
            slots = multiples(_PERIOD_NS, span.start_s * SECOND_NS, span.end_s * SECOND_NS)
            values = [self._values(slot)[_COUNTED] for slot in slots]
            figures = {"count": float(len(values)), "min": min(values), "max": max(values), "last": values[-1]}
            rows.append({**row_of("telemetry", self.asset, span, figures), "tag": _COUNTED})
        return rows

    def readings_per_second(self) -> float:
        return 3 * SECOND_NS / _PERIOD_NS

    def _values(self, time_ns: int) -> dict[str, float]:
        times = np.array([time_ns], np.int64)
        return {
            _COUNTED: float(np.round(25.0 + 4.0 * drifting(self._key, times, 14_400.0), 1)[0]),
            "soil_temperature_degc": float(np.round(0.5 * air_temperature_c(times) + 6.0, 1)[0]),
            "battery_v": 3.6,
        }

    def _uplink(self, slot: int, received_ns: int) -> bytes:
        second = datetime.fromtimestamp(received_ns // SECOND_NS, UTC)
        stamp = f"{second:%Y-%m-%dT%H:%M:%S}.{received_ns % SECOND_NS:09d}Z"
        message = {
            "end_device_ids": {"device_id": self._device, "application_ids": {"application_id": "farm"}},
            "received_at": stamp,
            "uplink_message": {
                "f_port": 2,
                "f_cnt": slot // _PERIOD_NS % 65_536,
                "decoded_payload": self._values(slot),
                "rx_metadata": [{"gateway_ids": {"gateway_id": "barn-roof"}, "rssi": -97, "snr": 6.2}],
            },
        }
        return msgspec.json.encode(message)
