"""`energy`: per asset and window, active and reactive energy, peak demand and power factor.

    energy,asset=plant/hall1/line1/oven,window=15m active_energy_kwh=12.4,reactive_energy_kvarh=3.1,peak_demand_kw=49.6,
        power_factor=0.97,coverage=1,rev=0

What a tag measures follows from its unit or the plant file. An asset's energy comes from its registers; where a window has none,
from interval amounts, then pulses, then the integral of power (trapezoid rule over event time, no energy across gaps over the
maximum). Several tags of one sort add up (three phases). Registers: a step back is a rollover if the plant file's modulus and
largest step allow it, else a reset that counts from zero; without a modulus a step back to more than half counts nothing. Spans
that straddle a window's end are split there by linear interpolation, so that windows add up; spans of registers over an hour
(`register_max_gap`) are booked whole at the later reading. Interval amounts are booked at their own time. `peak_demand_kw` is the
highest mean power of a quarter-hour of the window, of the window itself where it is shorter. `power_factor` is P / sqrt(P² + Q²) of
the window's energies. `coverage` is the share of the window that lies between samples near enough to each other.
"""

from typing import Any

import numpy as np

from processing.kernels import energy as kernel
from processing.kernels import layout as at
from processing.operators import MetricRows, Operator, time_bits, window_of


def read_out(tables: Any, parts_at: int, ids: np.ndarray, level: int) -> list[MetricRows]:
    """Rows of the windows `ids`, one an asset that has a series marked to be emitted."""
    room = int((1 << tables.nodes[ids, at.N_SHIFT]).sum())
    node, asset, out = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((room, 5))
    stamp = np.full(len(tables.asset_first) - 1, -1, np.int64)
    n = kernel.read_out(
        ids,
        at.EMIT,
        tables.lines,
        tables.nodes,
        tables.row_series,
        tables.series_info,
        tables.asset_first,
        tables.asset_rows,
        tables.parts,
        tables.marks,
        parts_at,
        stamp,
        node,
        asset,
        out,
    )
    if n == 0:
        return []
    node, asset, out = node[:n], asset[:n], out[:n]
    names = ("active_energy_kwh", "reactive_energy_kvarh", "peak_demand_kw", "power_factor", "coverage")
    fields = {name: out[:, k] for k, name in enumerate(names)}
    fields["rev"] = tables.nodes[node, at.N_REV].astype(np.float64)
    window = np.full(n, window_of(level), np.int32)
    return [MetricRows("energy", tables.nodes[node, at.N_START], asset, None, window, fields)]


_FIRST_PARTS = np.zeros(kernel.PARTS)
_FIRST_PARTS[kernel.PEAK] = np.nan

COMPONENT = Operator(
    kind="energy",
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    roles=frozenset(range(at.ACTIVE_POWER, at.ACTIVE_PULSE + 1)),
    first_parts=_FIRST_PARTS,
    own=(1, 1, 0, 0, 1, 1),
    first_carry=np.array([time_bits(at.NONE), 0.0]),
    first_opens=np.zeros(0),
    update=kernel.update,
    fold=kernel.fold,
    read_out=read_out,
)
