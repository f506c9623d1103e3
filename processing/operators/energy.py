"""`energy`: per asset and window, energy and demand, power factor, energy by machine state, what it cost and emitted.

    energy,asset=plant/hall1/line1/oven,window=15m active_energy_kwh=12.4,reactive_energy_kvarh=3.1,apparent_energy_kvah=12.8,
        mean_power_kw=49.6,peak_demand_kw=49.6,load_factor=1,power_factor=0.97,producing_energy_kwh=11.2,idle_energy_kwh=1.2,
        standby_energy_kwh=0,off_energy_kwh=0,energy_cost=3.72,co2_kg=4.7,coverage=1,rev=0

What a tag measures follows from its unit or the plant file. An asset's energy comes from its registers; where a window has none,
from interval amounts, then pulses, then the integral of power (trapezoid rule over event time, no energy across gaps over the
maximum). Several tags of one sort add up (three phases). Registers: a step back is a rollover if the plant file's modulus and
largest step allow it, else a reset that counts from zero; without a modulus a step back to more than half counts nothing. Spans
that straddle a window's end are split there by linear interpolation, so that windows add up; spans of registers over an hour
(`register_max_gap`) are booked whole at the later reading. Interval amounts are booked at their own time. `peak_demand_kw` is the
highest mean power of a quarter-hour of the window, of the window itself where it is not longer; an order that holds no whole
quarter-hour and is longer has none. `power_factor` is P / sqrt(P² + Q²) of the window's energies, `apparent_energy_kvah`
sqrt(P² + Q²) of them. `mean_power_kw` and `load_factor` go by the length of the whole window, so that they grow while it runs.
`coverage` is the share of the window that lies between samples near enough to each other. An order that has no end yet is as long
as energy was booked in it, by whole slices.

Energy by state: between two samples of a meter the states of its machine (`state_of`, most often the asset itself) share the energy
by the time that each held. What fell into time without a known state is in none of them: their sum is at most the whole, and they are
null where no state was known. `energy_cost` and `co2_kg` are amount times price and emission factor of the hour; null where
energy was drawn at an hour whose price or factor is not declared.
"""

from typing import Any

import numpy as np

from processing.formulas.demand import load_factor
from processing.formulas.power import apparent_power, interval_demand
from processing.kernels import energy as kernel
from processing.kernels import energy_windows as windows
from processing.kernels import layout as at
from processing.kernels import states
from processing.operators import MetricRows, Named, Operator, time_bits, window_of

_STATES = ("producing_energy_kwh", "idle_energy_kwh", "standby_energy_kwh", "off_energy_kwh")


def energies(tables: Any, parts_at: int, ids: np.ndarray, mark: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Window, asset and figures of each asset with energy in the windows `ids` that has a row marked `mark`; 0: of every one.

    Returns int64[n], int64[n] and float64[n, OUT], whose columns `processing/kernels/energy_windows.py` names.
    """
    room = int((1 << tables.nodes[ids, at.N_SHIFT]).sum())
    node, asset, out = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((room, windows.OUT))
    n = windows.read_out(
        ids,
        mark,
        tables.lines,
        tables.nodes,
        tables.row_series,
        tables.series_info,
        tables.asset_first,
        tables.asset_rows,
        tables.parts,
        tables.marks,
        tables.labels,
        parts_at,
        np.full(len(tables.asset_first) - 1, -1, np.int64),
        node,
        asset,
        out,
    )
    return node[:n], asset[:n], out[:n]


def read_out(tables: Any, parts_at: int, ids: np.ndarray, level: int) -> list[MetricRows]:
    """Rows of the windows `ids`, one an asset that has a series marked to be emitted."""
    node, asset, out = energies(tables, parts_at, ids, at.EMIT)
    if not len(node):
        return []
    kwh, kvarh, hours = out[:, windows.KWH], out[:, windows.KVARH], out[:, windows.HOURS]
    peak = out[:, windows.PEAK_KW]
    fields = {
        "active_energy_kwh": kwh,
        "reactive_energy_kvarh": kvarh,
        "apparent_energy_kvah": apparent_power(kwh, kvarh),
        "mean_power_kw": interval_demand(kwh, hours * kernel.SECONDS_AN_HOUR),
        "peak_demand_kw": peak,
        "load_factor": load_factor(kwh, peak, hours),
        "power_factor": out[:, windows.POWER_FACTOR],
        **{name: out[:, windows.IN_STATE + k] for k, name in enumerate(_STATES)},
        "energy_cost": out[:, windows.MONEY],
        "co2_kg": out[:, windows.KG_CO2],
        "coverage": out[:, windows.COVERAGE],
        "rev": tables.nodes[node, at.N_REV].astype(np.float64),
    }
    window = np.full(len(node), window_of(level), np.int32)
    labels, texts = told(tables, node, level)
    return [MetricRows("energy", tables.nodes[node, at.N_START], asset, None, window, fields, labels, texts)]


def told(tables: Any, node: np.ndarray, level: int) -> tuple[dict[str, Named], dict[str, Named]]:
    """Labels and texts of rows of windows `node`, int64[n]: the shift's name; an order's product and name."""
    if level == at.SHIFTS:

        def shift_of(window: int) -> str:
            return str(tables.names.shift_name(*tables.nodes[window, [at.N_LINE, at.N_START]].tolist()))

        return {"shift": Named.by_number(node, shift_of)}, {}
    if level != at.ORDERS:
        return {}, {}
    product, order = tables.labels[node][:, [at.B_PRODUCT, at.B_ORDER]].astype(np.int64).T
    labels = {"product": Named.by_number(product, tables.names.products.__getitem__)}
    return labels, {"order_id": Named.by_number(order, tables.names.orders.__getitem__)}


_FIRST_PARTS = np.zeros(kernel.PARTS)
_FIRST_PARTS[kernel.PEAK] = np.nan
_OWN = np.ones(kernel.PARTS, np.uint8)
_OWN[[kernel.TAIL_AMOUNT, kernel.TAIL_COVERED]] = 2  # tails that the kernel empties itself, see `drop_tails`
_FIRST_CARRY = np.zeros(kernel.CARRY)
_FIRST_CARRY[kernel.TIME] = time_bits(at.NONE)
_FIRST_CARRY[kernel.STATE + np.array([states.SAMPLE_UNTIL, states.FIXED_UNTIL, states.FIXED_SINCE])] = time_bits(
    at.NONE
)

COMPONENT = Operator(
    kind="energy",
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    roles=frozenset(range(at.ACTIVE_POWER, at.ACTIVE_PULSE + 1))
    | {at.STATE, at.RUNNING, at.STATE_EVENT, at.CORRECTION},
    first_parts=_FIRST_PARTS,
    own=tuple(_OWN.tolist()),
    first_carry=_FIRST_CARRY,
    first_opens=np.zeros(kernel.OPENS),
    update=kernel.update,
    fold=windows.fold,
    read_out=read_out,
)
