"""A water chiller that tells an object each ten seconds: the flow of its water, two temperatures, and the power that it draws.

What it cools with is calculated of these, and its coefficient of performance is the plant's own figure: the plant file states both.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from ingest.simulator.devices import SECOND_NS
from ingest.simulator.foreign.told import Told, clock_spans, multiples, row_of
from ingest.simulator.noise import drifting, noise_key
from ingest.simulator.spans import Span

_PERIOD_NS = 10 * SECOND_NS
_FLOW_M3_H, _COP, _SUPPLY_DEGC, _SPREAD_K = 18.0, 4.2, 6.0, 5.5
KWH_PER_M3_K = 1.163
"""Heat that a cubic metre of water takes up by a kelvin [kWh/(m³ K)]."""


class WaterChiller:
    """One chiller."""

    def __init__(self, seed: int, line: str, device: str) -> None:
        self.asset = f"{line}/{device}"
        self._keys = [noise_key(seed, self.asset, name) for name in ("load", "cop", "supply")]

    def told(self, start_ns: int, stop_ns: int, *, begins: bool) -> Iterator[Told]:
        times = np.array(multiples(_PERIOD_NS, start_ns, stop_ns), np.int64)
        columns = {tag: values.tolist() for tag, values in self._columns(times).items()}
        for place, time in enumerate(times.tolist()):
            values = {tag: column[place] for tag, column in columns.items()}
            said = msgspec.json.encode({"ts": time // 1_000_000, **values})
            yield Told(time, self.asset, said, [(tag, time, value) for tag, value in values.items()])

    def figures(self, spans: list[Span], start_ns: int) -> list[dict[str, Any]]:
        rows = []
        for span in clock_spans(spans):
            times = np.array(multiples(_PERIOD_NS, span.start_s * SECOND_NS, span.end_s * SECOND_NS), np.int64)
            columns = self._columns(times)
            columns["heat_kw"] = columns["flow_m3_h"] * KWH_PER_M3_K * (columns["return_degc"] - columns["supply_degc"])
            means = {tag: float(values.mean()) for tag, values in columns.items()}
            figures = {
                "cop": means["heat_kw"] / means["power_kw"],
                "dt_k": means["return_degc"] - means["supply_degc"],
            }
            rows.append(row_of("chiller", self.asset, span, figures))
        return rows

    def readings_per_second(self) -> float:
        return 4 * SECOND_NS / _PERIOD_NS

    def _columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        load, works, supply = (drifting(key, times_ns, 1800.0) for key in self._keys)
        flow = _FLOW_M3_H * (1.0 + 0.1 * load)
        spread = _SPREAD_K * (1.0 + 0.3 * load)
        cooling = flow * KWH_PER_M3_K * spread
        water = _SUPPLY_DEGC + 0.5 * supply
        return {
            "flow_m3_h": np.round(flow, 2),
            "power_kw": np.round(cooling / (_COP * (1.0 + 0.1 * works)), 2),
            "supply_degc": np.round(water, 2),
            "return_degc": np.round(water + spread, 2),
        }
