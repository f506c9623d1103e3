"""`energy`: per asset and window, energy and demand, power factor, energy by machine state, what it cost and emitted.

    energy,asset=plant/hall1/line1/oven,window=15m active_energy_kwh=12.4,reactive_energy_kvarh=3.1,apparent_energy_kvah=12.8,
        mean_power_kw=49.6,peak_demand_kw=49.6,load_factor=1,power_factor=0.97,producing_energy_kwh=11.2,idle_energy_kwh=1.2,
        standby_energy_kwh=0,off_energy_kwh=0,energy_cost=3.72,co2_kg=4.7,coverage=1,rev=0

What a tag measures follows from its unit or the plant file. An asset's energy comes from one source at each moment, whatever else tells
of it: in each slice of a minute from the one that observed most of it, and of equals from the first of: what the plant file names, a
register of the total, registers of tariffs or phases, interval energy, pulses, the integral of power (trapezoid rule over event time, no
energy across gaps over the maximum: `max_gap_s` where it is declared, else 300 s or, where the tag speaks in a rhythm of up to 75 min, that
rhythm, see `processing/kernels/power.py`), parts. A window with power readings of which no two are near enough to each other has a row
with energy 0, coverage 0 and the reason. `energy_source` says which, `fieldline/meters.py` has the order and the names. What is fed
back is in `exported_energy_kwh`. A register's readings are believed when the next ones agree: glitches, spikes and jitter count nothing, a
reset that later readings confirm counts from zero, a rollover over the plant file's modulus; `processing/kernels/registers.py` says it
exactly. `rejected_readings` counts what was found wrong, `meter_events` names what was seen. Spans that straddle a window's end are split
there by linear interpolation, so that windows add up; spans of registers over two hours (`register_max_gap_s`) are booked whole at the
later reading. What interval amounts and pulses tell of was drawn since the message before; the first one, and one after more than that
gap, are booked whole at their own time, and a quarter-hour in which that happened is no demand. With `stamp = "start"` they were
drawn after the message, for `interval_s` or in the tag's rhythm. `peak_demand_kw` is the highest mean
power of a quarter-hour of the window that was observed (to 95 %), of the window itself where it is not longer; an order that holds no
whole quarter-hour and is longer has none. `power_factor` is P / sqrt(P² + Q²) of the window's energies, `apparent_energy_kvah`
sqrt(P² + Q²) of them. `mean_power_kw` and `load_factor` go by the length of the whole window, so that they grow while it runs.
`coverage` is the share of the window that lies between samples near enough to each other. An order that has no end yet is as long
as energy was booked in it, by whole slices.

Energy by state: between two samples of a meter the states of its machine (`state_of`, most often the asset itself) share the energy
by the time that each held. What fell into time without a known state is in none of them: their sum is at most the whole, and they are
null where no state was known. `energy_cost` and `co2_kg` are amount times price and emission factor of the minute; the price is what an
event told of the line (`processing/timeline/prices.py`), else the tariff's. Null where
energy was drawn at a time whose price or factor nobody told.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fieldline.catalogue import LEVELS, ORDER_ID, OWN, RETRACTED, REV, Kind
from fieldline.meters import source_name
from processing.formulas.demand import load_factor
from processing.formulas.power import apparent_power, interval_demand
from processing.kernels import energy as kernel
from processing.kernels import energy_states as states
from processing.kernels import energy_windows as windows
from processing.kernels import layout as at
from processing.kernels import registers
from processing.meter_events import JUDGED_BY, METER_EVENTS, REJECTED_READINGS, named_events
from processing.metric_rows import MetricRows, Named, retracted
from processing.operator import Operator
from processing.view import View

_STATES = {
    "producing_energy_kwh": states.DRAWN_PRODUCING,
    "idle_energy_kwh": states.DRAWN_IDLE,
    "standby_energy_kwh": states.DRAWN_STANDBY,
    "off_energy_kwh": states.DRAWN_OFF,
}

_NOT_OBSERVED = "no demand interval was observed"
"""Why there is no peak: of no quarter-hour of the window enough was observed."""

_APART = "no two readings lie near enough to each other: within max_gap_s, or in a rhythm of up to 75 min"
"""Why there is no energy though there were samples."""

_EVERY = 0
"""In place of dirty flags: of every asset."""


class Energies(NamedTuple):
    """Energy of assets in windows: int64[n], int64[n] and FIGURES[n] of `processing/kernels/energy_windows.py`."""

    window: np.ndarray
    asset: np.ndarray
    figures: np.ndarray


def energies(view: View) -> Energies:
    """Of each asset with energy in one of the windows."""
    return _energies(view, _EVERY)


def energies_to_emit(view: View) -> Energies:
    """Of each asset with energy in one of the windows that has a row to be emitted there."""
    return _energies(view, at.EMIT)


def _energies(view: View, flags: int) -> Energies:
    scratch = np.empty(1, kernel.WINDOW_PARTIAL)
    figures = np.empty(view.room, windows.FIGURES)
    partials = view.partials["energy"]
    n = windows.read_out(view.ids, view.windows, view.labels, view.plant, partials, flags, scratch, figures)
    found = figures[:n]
    return Energies(found["window"], found["asset"], found)


def read_out(view: View) -> list[MetricRows]:
    """Rows of the windows, one an asset that has a series to be emitted; retracted where late rows left none of its energy."""
    found = energies_to_emit(view)
    is_gone = found.figures["is_gone"] == 1
    if not is_gone.any():
        return _rows(view, found)
    stand = Energies(*[column[~is_gone] for column in found])
    gone = Energies(*[column[is_gone] for column in found])
    return _rows(view, stand) + [retracted(rows) for rows in _rows(view, gone)]


def _rows(view: View, energies: Energies) -> list[MetricRows]:
    ids, asset, found = energies
    if not len(found):
        return []
    kwh, kvarh, peak_kw, hours = (found[name].copy() for name in ("kwh", "kvarh", "peak_kw", "hours"))
    fields = {
        "active_energy_kwh": np.where(
            found["is_apart"] == 1, 0.0, kwh
        ),  # what was counted, of time that was not observed
        "reactive_energy_kvarh": kvarh,
        "apparent_energy_kvah": apparent_power(kwh, kvarh),
        "mean_power_kw": interval_demand(kwh, hours * kernel.SECONDS_AN_HOUR),
        "peak_demand_kw": peak_kw,
        "load_factor": load_factor(kwh, peak_kw, hours),
        "power_factor": found["power_factor"].copy(),
        **{name: found["in_state"][:, number].copy() for name, number in _STATES.items()},
        "energy_cost": found["cost"].copy(),
        "co2_kg": found["co2_kg"].copy(),
        "exported_energy_kwh": found["fed_back_kwh"].copy(),
        "rejected_readings": found["rejected"].copy(),
        "coverage": found["coverage"].copy(),
    }
    sources = found["sources"].tolist()
    names = {mask: _names_of(mask) for mask in set(sources)}
    without = np.where(found["is_apart"] != 0, 1, np.where(np.isnan(peak_kw) & ~np.isnan(kwh), 0, -1)).astype(np.int32)
    texts = {
        "energy_source": Named.of([names[mask] for mask in sources]),
        "null_reason": Named(without, [_NOT_OBSERVED, _APART]),
        "meter_events": named_events(found["meter_events"]),
    }
    return view.rows_of_assets("energy", ids, asset.copy(), fields, texts)


@lru_cache
def _names_of(sources: int) -> str:
    """The names of sources that are bits of a number, the first in order first."""
    return ", ".join(source_name(number) for number in range(sources.bit_length() - 1, 0, -1) if sources >> number & 1)


_GHG = "GHG Protocol Scope 2 Guidance (WRI, 2015), location-based: activity · emission factor of its time"
_BY_STATE = "ISO 20140-5:2017, energy of a work unit by its state; ISO 22400-2:2014 for the states' times"

ENERGY = Kind(
    "energy",
    "What one asset drew in a window, from power, registers, interval energy or pulses; by what its machine did then, and what "
    "it cost and emitted.",
    (*LEVELS, "window"),
    ("shift", "crew", "product"),
    "share of the window that lies between samples not further apart than the tag's maximum gap (power 300 s or its rhythm, others two "
    "hours)",
    (
        (
            "active_energy_kwh",
            "kWh",
            "active energy, from the first of these that the window has. Registers: differences of readings that "
            "are believed, with rollover and reset. Interval energy: sums. Pulses: sums times the constant. Power: "
            "trapezoid over event time, without intervals longer than the maximum gap",
            "Σ (Rᵢ − Rᵢ₋₁), or Σ Eᵢ, or k · Σ nᵢ, or Σ (Pᵢ₋₁ + Pᵢ) / 2 · Δtᵢ",
            "trapezoidal rule; resets count from zero, as Prometheus' counters have them, once later readings confirm them",
        ),
        (
            "reactive_energy_kvarh",
            "kvarh",
            "reactive energy, by the same rules",
            "as active_energy_kwh",
            "as active_energy_kwh",
        ),
        (
            "apparent_energy_kvah",
            "kVAh",
            "apparent energy of the window's active and reactive energies; absent when one is unknown",
            "√(P² + Q²)",
            "power triangle, from energies",
        ),
        (
            "mean_power_kw",
            "kW",
            "mean active power of the window",
            "active_energy_kwh / hours of the window",
            "definition",
        ),
        (
            "peak_demand_kw",
            "kW",
            "largest mean power over a clock-aligned demand interval of 15 min in the window; in a shorter window the "
            "mean power of that window",
            "max over quarter-hours of energy / 0.25 h",
            "block interval demand: the interval's energy over its length",
        ),
        (
            "load_factor",
            "1",
            "how evenly the energy was drawn; absent without a peak",
            "mean_power_kw / peak_demand_kw",
            "IEEE Std 141-1993 (Red Book), load factor",
        ),
        (
            "power_factor",
            "1",
            "average power factor of the window's energies; absent when both are zero or one is unknown",
            "P / √(P² + Q²)",
            "power triangle, from energies",
        ),
        (
            "producing_energy_kwh",
            "kWh",
            "active energy drawn while the machine produced",
            "Σ energy · share of its time in the state",
            _BY_STATE,
        ),
        (
            "idle_energy_kwh",
            "kWh",
            "active energy drawn while the machine was ready but did not produce: set up, waiting, down, or in a planned stop",
            "as producing_energy_kwh",
            _BY_STATE,
        ),
        (
            "standby_energy_kwh",
            "kWh",
            "active energy drawn in standby: what rest still costs",
            "as producing_energy_kwh",
            _BY_STATE,
        ),
        (
            "off_energy_kwh",
            "kWh",
            "active energy drawn while switched off; what is left of the energy, its machine's state is unknown for",
            "as producing_energy_kwh",
            _BY_STATE,
        ),
        (
            "energy_cost",
            "tariff's",
            "cost of the active energy, each minute's at the price of its time; in the tariff's currency, absent without one",
            "Σ energyₘ · priceₘ",
            "time-of-use tariff of the plant file, or what `price` events tell",
        ),
        (
            "co2_kg",
            "kg CO2e",
            "emissions of the active energy (scope 2), each minute's at the factor of its time; absent without factors",
            "Σ energyₘ · factorₘ",
            _GHG,
        ),
        REJECTED_READINGS,
        (
            "exported_energy_kwh",
            "kWh",
            "active energy that the asset gave: from tags whose names say so (export, returned, feed-in, 2.8.0), apart from what it drew",
            "as active_energy_kwh",
            "as active_energy_kwh",
        ),
        (
            "coverage",
            "1",
            "share of the window that was observed, 0 to 1: that lies between samples not further apart than the tag's "
            "maximum gap",
            "Σ Δtᵢ / window",
            OWN,
        ),
        REV,
        RETRACTED,
    ),
    (
        ORDER_ID,
        (
            "energy_source",
            "what active_energy_kwh comes from: register, interval energy, pulses, power; of tariffs, phases or parts",
        ),
        (
            "null_reason",
            "why there is no energy (readings too far apart), or no peak demand: no quarter-hour of the window was observed",
        ),
        METER_EVENTS,
    ),
)

COMPONENT = Operator(
    name="energy",
    emits=(ENERGY,),
    is_default=True,
    parameters=(
        "asset.tags.formula",
        *(f"asset.tags.{name}" for name in ("unit", "kind", "max_gap_s", "register_max_gap_s")),
        *("asset.rated_power_kw", *JUDGED_BY),
        *(
            "asset.tags.kwh_per_pulse",
            "asset.tags.stamp",
            "asset.tags.interval_s",
            "asset.tags.counts_by",
            "asset.tags.codes",
            "asset.tags.share",
            "states",
            "asset.energy_tags",
        ),
        *("asset.state_of", "asset.state_max_gap_s", "tariff.price", "tariff.period", "tariff.co2_kg_per_kwh"),
        "line.orders",
    ),
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    roles=frozenset(range(at.ACTIVE_POWER, at.ACTIVE_PULSE + 1))
    | {at.STATE, at.RUNNING, at.STATE_EVENT, at.CORRECTION, at.METER_EVENT},
    kept=kernel.KEPT,
    update=kernel.update,
    fold=windows.fold,
    unsettled=kernel.unsettled,
    measured=(*registers.FIELDS, "seen", "told", "told_at", "repeats"),
    left=(
        "waits",
        "boundary_amount",
        "boundary_span",
        "boundary_covered",
    ),  # emptied by the kernel itself, see `drop_boundaries`
    read_out=read_out,
)
