"""`production_order`: what was made and what it took, per machine and line, in orders, shifts and fixed windows.

    production_order,asset=plant/hall1/line1,window=order,product=A good_count=5213,scrap_count=104,total_count=5317,
        active_energy_kwh=812.4,energy_per_good_unit_kwh=0.156,co2_per_good_unit_kg=0.059,energy_cost_per_good_unit=0.041,standby_energy_kwh=12.1,
        producing_time_s=22800,duration_s=28800,oee=0.82,coverage=1,rev=0,order_id="4711"

It keeps nothing of its own: pieces, times and OEE are those of `quality` and `oee` for the same window, energy, cost and CO2 those of
`energy`, so that the rows of one window never contradict each other. It has a row where a machine reported its state or its pieces.

A machine's energy is its own asset's. A line's is the sum of its meters: the assets that the plant file names (`[[line]] meters`), else all
that drew energy in it. A meter that measures others (`[[asset]] feeds`; where nothing is said, a main meter by its name) counts in their
place, or they in its, where it observed less of the window than they: never both. A sum has the cost and CO2 that all its parts
have, and the standby energy of those whose state is known. A line's pieces are those of its output, its OEE is that of `oee`. A unit's
energy is null where no good piece was made, and `null_reason` says why. `coverage` is the smaller of the shares of the window in which
the state was known and in which energy was (of a line: of its meter with the smallest). `duration_s` is the window's length; of an
order that has no end yet, how far readings reach in it.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fieldline.catalogue import LEVELS, NULL_REASON, ORDER_ID, OWN, RETRACTED, REV, Kind
from processing.formulas import oee
from processing.formulas.division import divide
from processing.formulas.emissions import emission_per_unit
from processing.formulas.power import specific_energy
from processing.joins import find, pair_keys
from processing.kernels import layout as at
from processing.kernels.energy import SECONDS_AN_HOUR
from processing.kernels.energy_states import DRAWN_STANDBY
from processing.line_rows import groups_of, lines_of, outputs_of, with_lines
from processing.machine_rows import Rows, all_machines, ranks
from processing.metric_rows import MetricRows, Named
from processing.operator import Operator
from processing.operators import energy
from processing.view import View

NS_A_SECOND = 1e9
_SAME = 1e-9
"""By how much shares that were observed must differ for one to be less."""

_REASONS = ["no energy", "no output declared", "no count", "no good pieces"]


class Drawn(NamedTuple):
    """Energy of rows, float64[n] each; NaN: unknown [kWh, currency, kg, kWh, 1, h]."""

    kwh: np.ndarray
    cost: np.ndarray
    co2_kg: np.ndarray
    standby_kwh: np.ndarray
    coverage: np.ndarray
    hours: np.ndarray


class Made(NamedTuple):
    """Machines or lines of windows: pieces, time and OEE in columns of length n; NaN: unknown.

    reached_s : how far their times reach in the window [s]; no_output : whether a line's output is not declared.
    """

    window: np.ndarray
    asset: np.ndarray
    good: np.ndarray
    scrap: np.ndarray
    total: np.ndarray
    producing_s: np.ndarray
    reached_s: np.ndarray
    oee: np.ndarray
    coverage: np.ndarray
    no_output: np.ndarray


def read_out(view: View) -> list[MetricRows]:
    """Rows of the windows: of machines that have a series to be emitted, and of their lines."""
    changed = view.changed
    if not len(changed.row):
        return []
    keys = pair_keys(view, changed.window, view.plant.series["asset"][changed.series])
    # All machines of the windows: a machine's pieces are wanted also when only its energy changed.
    view = replace(view, ids=np.unique(changed.window))
    found = all_machines(view)
    if found is None:
        return []
    pairs = zip(_of_machines(view, found), _of_lines(view, found), strict=True)
    made = Made(*[np.concatenate(pair) for pair in pairs])
    is_line = made.asset == view.plant.lines["asset"][view.windows["line"][made.window]]
    wanted = is_line | (find(keys, pair_keys(view, made.window, made.asset)) >= 0)
    if not wanted.any():
        return []
    made = Made(*[column[wanted] for column in made])
    return _metric_rows(view, _drawn(view, made, is_line[wanted]), made)


def _of_machines(view: View, rows: Rows) -> Made:
    """Each machine by itself; what a line reports itself is among its machines."""
    rows = rows.only(rows.asset != view.plant.lines["asset"][view.windows["line"][rows.window]])
    pieces, no_output = rows.pieces, np.zeros(len(rows.window), bool)
    return Made(
        rows.window, rows.asset, pieces.good, pieces.scrap, pieces.total, *_times(rows, rows.with_state), no_output
    )


def _times(rows: Rows, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Production [s], how far it reaches [s], OEE and coverage of rows; NaN, but for the second, where no state is `known`."""
    ratio = oee.ratios(rows.busy, rows.run, rows.ideal_total, rows.ideal_good).oee
    columns = (
        rows.times["production"] / NS_A_SECOND,
        np.atleast_1d(ratio),
        np.atleast_1d(divide(rows.length - rows.unqualified, rows.length)),
    )
    production, effectiveness, coverage = (np.where(known, column, np.nan) for column in columns)
    return production, rows.length / NS_A_SECOND, effectiveness, coverage


def _of_lines(view: View, found: Rows) -> Made:
    """The lines of machines: pieces of their output, times and OEE as `oee` has them."""
    found = with_lines(view, found) if view.has_order_machines else found
    groups = groups_of(view, found)
    output, no_output = outputs_of(view, found, groups)
    pieces = np.stack([found.pieces.good, found.pieces.scrap, found.pieces.total])
    good, scrap, total = np.where(output >= 0, pieces[:, output], np.nan)
    timed = lines_of(view, found)
    place = find(timed.window, groups.window)
    times = _times(timed, np.ones(len(timed.window), bool))
    production, _, effectiveness, coverage = (np.append(column, np.nan)[place] for column in times)
    # Of machines that are added up calendar time is, too; a line's is that of the one that reaches farthest.
    reached_s = np.maximum.reduceat(found.length, groups.first) / NS_A_SECOND
    return Made(
        groups.window, groups.asset, good, scrap, total, production, reached_s, effectiveness, coverage, no_output
    )


def _drawn(view: View, made: Made, is_line: np.ndarray) -> Drawn:
    """The energy of machines; of lines the sum of their meters."""
    window, asset, found = energy.energies(view)
    standby_kwh = found["in_state"][:, DRAWN_STANDBY]
    of_assets = Drawn(found["kwh"], found["cost"], found["co2_kg"], standby_kwh, found["coverage"], found["hours"])
    counts = _outermost(view, window, asset, of_assets)
    # By name: a sum's last bit depends on the order in which it is added up.
    meters = np.flatnonzero(counts)[np.lexsort((ranks(view.plant)[asset[counts]], window[counts]))]
    windows, first = np.unique(window[meters], return_index=True)
    of_lines = _sums(Drawn(*[column[meters] for column in of_assets]), first)
    of_asset = find(pair_keys(view, window, asset), pair_keys(view, made.window, made.asset))
    of_line = find(windows, made.window)
    pairs = zip(of_assets, of_lines, strict=True)
    return Drawn(*[np.where(is_line, np.append(b, np.nan)[of_line], np.append(a, np.nan)[of_asset]) for a, b in pairs])


def _outermost(view: View, window: np.ndarray, asset: np.ndarray, of_assets: Drawn) -> np.ndarray:
    """Which rows of meters make up their lines' energy, bool[n].

    A meter that measures others counts in their place, as long as it observed no less of the window than they did on the average.
    """
    counts = (view.line_meter[asset] == 1) & ~np.isnan(of_assets.kwh)
    feeder, keys = view.fed_by[asset], pair_keys(view, window, asset)
    if (feeder < 0).all():
        return counts
    known = np.where(counts, keys, -1)
    above = np.where(feeder >= 0, find(known, pair_keys(view, window, feeder)), -1)
    while (gone := (above < 0) & (feeder >= 0)).any():
        feeder = np.where(gone, view.fed_by[feeder], feeder)
        above = np.where(feeder >= 0, find(known, pair_keys(view, window, feeder)), -1)
    fed = np.flatnonzero(counts & (above >= 0))
    n = np.bincount(above[fed], minlength=len(counts))
    seconds = np.bincount(above[fed], of_assets.coverage[fed], minlength=len(counts))
    counts &= of_assets.coverage * n >= seconds - _SAME * n
    is_measured, further = np.zeros(len(counts), bool), above
    while (further >= 0).any():
        is_measured |= (further >= 0) & counts[further]
        further = np.where(further >= 0, above[further], -1)
    return counts & ~is_measured


def _sums(meters: Drawn, first: np.ndarray) -> Drawn:
    """Meters together, those from each of `first` on."""
    if not len(first):
        return meters
    is_known = ~np.isnan(meters.standby_kwh)
    standby_kwh = np.add.reduceat(np.nan_to_num(meters.standby_kwh), first)
    return Drawn(
        np.add.reduceat(meters.kwh, first),
        np.add.reduceat(meters.cost, first),
        np.add.reduceat(meters.co2_kg, first),
        np.where(np.logical_or.reduceat(is_known, first), standby_kwh, np.nan),
        np.minimum.reduceat(meters.coverage, first),
        np.maximum.reduceat(meters.hours, first),
    )


def _metric_rows(view: View, drawn: Drawn, made: Made) -> list[MetricRows]:
    holds = [np.isnan(drawn.kwh), made.no_output, np.isnan(made.good), made.good <= 0.0]
    reason = np.where(np.any(holds, axis=0), np.argmax(holds, axis=0), -1).astype(np.int32)
    fields = {
        "good_count": made.good,
        "scrap_count": made.scrap,
        "total_count": made.total,
        "active_energy_kwh": drawn.kwh,
        "energy_per_good_unit_kwh": specific_energy(drawn.kwh, made.good),
        "co2_per_good_unit_kg": emission_per_unit(drawn.co2_kg, made.good),
        "energy_cost_per_good_unit": specific_energy(drawn.cost, made.good),
        "standby_energy_kwh": drawn.standby_kwh,
        "producing_time_s": made.producing_s,
        "duration_s": _durations(view.windows.take(made.window), drawn, made),
        "oee": made.oee,
        "coverage": np.fmin(made.coverage, drawn.coverage),
    }
    return view.rows_of_assets(
        "production_order", made.window, made.asset, fields, {"null_reason": Named(reason, _REASONS)}
    )


def _durations(found: np.ndarray, drawn: Drawn, made: Made) -> np.ndarray:
    """How long windows, WINDOW[n], are, or have been going on [s]."""
    so_far = np.fmax(drawn.hours * SECONDS_AN_HOUR, made.reached_s)
    return np.where(found["end"] >= at.FAR, so_far, (found["end"] - found["start"]) / NS_A_SECOND)


_GHG = "GHG Protocol Scope 2 Guidance (WRI, 2015), location-based: activity · emission factor of its time"
_ENPI = "ISO 50006:2014, energy performance indicator as a ratio: energy over the relevant variable"
_BY_STATE = "ISO 20140-5:2017, energy of a work unit by its state; ISO 22400-2:2014 for the states' times"

ORDER = Kind(
    "production_order",
    "What was made and what it took: per machine and line, in each order and shift and in fixed windows.",
    (*LEVELS, "window"),
    ("shift", "crew", "product"),
    "the smaller of the shares of the window that energy and states were known in",
    (
        (
            "good_count",
            "1",
            "good pieces; of a line those of its declared output",
            "Σ steps of the counter",
            "ISO 22400-2:2014, GQ",
        ),
        ("scrap_count", "1", "pieces scrapped", "as good_count", "ISO 22400-2:2014, SQ"),
        ("total_count", "1", "pieces made", "as good_count; else good + scrap", "ISO 22400-2:2014, PQ"),
        (
            "active_energy_kwh",
            "kWh",
            "active energy; of a line the sum of its meters",
            "as energy.active_energy_kwh",
            OWN,
        ),
        (
            "energy_per_good_unit_kwh",
            "kWh",
            "energy that a good piece took; absent without good pieces",
            "active_energy_kwh / good_count",
            _ENPI,
        ),
        ("co2_per_good_unit_kg", "kg CO2e", "emissions a good piece", "co2_kg / good_count", _GHG),
        ("energy_cost_per_good_unit", "tariff's", "energy cost a good piece", "energy_cost / good_count", _ENPI),
        ("standby_energy_kwh", "kWh", "active energy drawn in standby", "as energy.standby_energy_kwh", _BY_STATE),
        ("producing_time_s", "s", "time in production", "as oee.actual_production_time_s", "ISO 22400-2:2014, APT"),
        (
            "duration_s",
            "s",
            "how long the window is; of an order that goes on, so far",
            "end − start",
            "ISO 22400-2:2014, AOET",
        ),
        ("oee", "1", "overall equipment effectiveness in the window", "as oee.oee", "ISO 22400-2:2014, OEE index"),
        ("coverage", "1", "share of the window that was observed, 0 to 1", "min of the two shares", OWN),
        REV,
        RETRACTED,
    ),
    (ORDER_ID, NULL_REASON),
)

COMPONENT = Operator(
    name="order",
    emits=(ORDER,),
    is_default=True,
    needs=("energy", "machine"),
    parameters=("line.output", "line.pacemaker", "line.between_orders", "line.orders", "line.meters", "asset.feeds"),
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    read_out=read_out,
)
