"""An asset's energy in windows: the fold of longer ones from shorter ones, and what is read out of one.

Only here do the series of an asset meet: of several sources of energy that a window has the best one counts, and its states, its
cost and its CO2 are those of that source. Prices and emission factors are labels of slices, so that a correction of them folds
windows again and runs no reading.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.energy import ENERGY_STATES, KEPT, SECONDS_AN_HOUR, WINDOW_PARTIAL
from processing.kernels.jit import INT, INTS, NOTHING, inline, kernel, record, records
from processing.kernels.layout import (
    FAR,
    LABELS,
    PLANT,
    QUARTER,
    QUARTERS,
    REACTIVE_INTERVAL,
    REACTIVE_POWER,
    REACTIVE_REGISTER,
    REFOLD,
    SLICES,
    TREE,
    WINDOWS,
)

FIGURES = record(
    ("window", "i8"),
    ("asset", "i8"),
    ("kwh", "f8"),
    ("kvarh", "f8"),
    ("peak_kw", "f8"),
    ("power_factor", "f8"),
    ("coverage", "f8"),
    ("in_state", "f8", ENERGY_STATES),  # kWh in each energy state
    ("cost", "f8"),
    ("co2_kg", "f8"),
    ("hours", "f8"),  # how long the window is, or has been going on
)
"""The energy of an asset in a window; NaN where a value does not exist."""

_PREFERENCE = (0, 1, 1, 4, 4, 3, 3, 2)
"""Of sources of energy the one with the highest number counts, by role: registers, then intervals, pulses, power; 0 is none."""


class Block(NamedTuple):
    """Where a window's partial aggregates are.

    parts : WINDOW_PARTIAL, from row `first` on `rows` of them, whose series are those from row `base` of `Plant.row_series` on
    """

    parts: np.ndarray
    first: int
    rows: int
    base: int


@inline
def clear(part):
    """Nothing is booked yet."""
    part.amount = part.covered = part.stated = part.cost = part.co2_kg = 0.0
    part.bookings = part.reached_ns = 0
    part.peak_kw = np.nan
    for e in range(ENERGY_STATES):
        part.in_state[e] = 0.0


@inline
def merge_slice(part, child, label, end):
    """Take what a slice has into a window above it, from whose start the slice's end lies `end` ns."""
    has_boundary = child.boundary_covered > 0.0
    bookings = child.bookings + 1 if has_boundary else child.bookings
    amount = child.amount + child.boundary_amount
    part.amount += amount
    part.covered += child.covered + child.boundary_covered
    part.bookings += bookings
    stated = child.stated
    for e in range(ENERGY_STATES):
        drawn = child.in_state[e]
        if has_boundary:
            stated += child.open_s[e]
            # The boundary contribution goes by the time that each state held then.
            if child.open_s[e] > 0.0:
                drawn += child.boundary_amount * (child.open_s[e] / child.boundary_covered)
        part.in_state[e] += drawn
    part.stated += stated
    if bookings > 0:
        # Without a booking an unknown price must not make the window's cost unknown.
        part.cost += amount * label.price
        part.co2_kg += amount * label.co2
        part.reached_ns = max(part.reached_ns, end)


@inline
def merge(part, child, offset):
    """Take what a window has into one above it, from whose start the window begins `offset` ns."""
    part.amount += child.amount
    part.covered += child.covered
    part.bookings += child.bookings
    for e in range(ENERGY_STATES):
        part.in_state[e] += child.in_state[e]
    part.stated += child.stated
    part.cost += child.cost
    part.co2_kg += child.co2_kg
    if child.bookings > 0:
        part.reached_ns = max(part.reached_ns, offset + child.reached_ns)
    if np.isnan(part.peak_kw) or child.peak_kw > part.peak_kw:
        part.peak_kw = child.peak_kw


@inline
def role_of(row, block, plant):
    """What a row of a block is a source of: its role, or 0 where nothing was booked."""
    if row >= block.rows or block.parts[block.first + row].bookings == 0:
        return np.int64(0)
    return plant.series[plant.row_series[block.base + row]].role


@inline
def best_roles(asset, block, plant):
    """The roles of the best sources of active and of reactive energy that a window has for an asset; 0: there is none."""
    active = reactive = np.int64(0)
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        role = role_of(plant.asset_rows[m], block, plant)
        if role in (REACTIVE_POWER, REACTIVE_REGISTER, REACTIVE_INTERVAL):
            if _PREFERENCE[role] > _PREFERENCE[reactive]:
                reactive = role
        elif _PREFERENCE[role] > _PREFERENCE[active]:
            active = role
    return active, reactive


@inline
def total_of(wanted, asset, block, plant):
    """Energy and mean covered seconds of an asset's series whose role is `wanted`."""
    amount, covered, n = 0.0, 0.0, 0
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if role_of(row, block, plant) == wanted:
            part = block.parts[block.first + row]
            amount += part.amount
            covered += part.covered
            n += 1
    return amount, covered / n if n > 0 else 0.0


@inline
def reached_of(asset, block, plant):
    """How far an asset's energy reaches in a window, which is how long an order that has no end yet has been going on [ns]."""
    reached = np.int64(0)
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        if plant.asset_rows[m] < block.rows:
            reached = max(reached, block.parts[block.first + plant.asset_rows[m]].reached_ns)
    return reached


@inline
def set_peaks(window, plant, kept):
    """The mean power of a quarter-hour, at the first row of each asset that is folded anew."""
    base = plant.lines[window.line].base
    block = Block(kept.windows, window.block, np.int64(1) << window.shift, base)
    hours = (window.end - window.start) * 1e-9 / SECONDS_AN_HOUR
    for j in range(min(block.rows, plant.lines[window.line].series)):
        series = plant.series[plant.row_series[base + j]]
        if series.lead != j or kept.dirty[window.block + j] & REFOLD == 0:
            continue
        active, _ = best_roles(series.asset, block, plant)
        if active > 0:
            amount, _ = total_of(active, series.asset, block, plant)
            kept.windows[window.block + j].peak_kw = amount / hours


@kernel(NOTHING, TREE, WINDOWS, LABELS, PLANT, KEPT.partials_type)
def fold(tree, windows, labels, plant, kept):
    """Longer windows from those below them; the arguments are those of `telemetry.fold`."""
    for k in range(tree.parents.size):
        parent = windows[tree.parents[k]]
        for j in range(np.int64(1) << parent.shift):
            if kept.dirty[parent.block + j] & REFOLD == 0:
                continue
            part = kept.windows[parent.block + j]
            clear(part)
            for m in range(tree.first[k], tree.first[k + 1]):
                child = windows[tree.children[m]]
                if j >= np.int64(1) << child.shift:
                    continue
                row = child.block + j
                if child.level == SLICES:
                    merge_slice(part, kept.slices[row], labels[tree.children[m]], child.end - parent.start)
                else:
                    merge(part, kept.windows[row], child.start - parent.start)
        if parent.level == QUARTERS:
            set_peaks(parent, plant, kept)


@inline
def is_dirty(asset, window, plant, kept, flags):
    """Whether one of an asset's rows in a window has one of the dirty flags."""
    dirty = kept.dirty_slices if window.level == SLICES else kept.dirty
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if row < np.int64(1) << window.shift and dirty[window.block + row] & flags != 0:
            return True
    return False


@inline
def merge_slices(asset, window, label, plant, kept, parts):
    """An asset's rows of a slice as those of a window that is made of nothing else, in `parts`."""
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if row < np.int64(1) << window.shift:
            clear(parts[row])
            merge_slice(parts[row], kept.slices[window.block + row], label, window.end - window.start)


@inline
def read_context(figures, active, asset, block, plant):
    """Energy by state, cost and CO2 of an asset's series whose role is `active`."""
    figures.cost = figures.co2_kg = stated = 0.0
    for e in range(ENERGY_STATES):
        figures.in_state[e] = 0.0
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if role_of(row, block, plant) == active:
            part = block.parts[block.first + row]
            figures.cost += part.cost
            figures.co2_kg += part.co2_kg
            stated += part.stated
            for e in range(ENERGY_STATES):
                figures.in_state[e] += part.in_state[e]
    if stated <= 0.0:
        for e in range(ENERGY_STATES):
            figures.in_state[e] = np.nan


@inline
def empty(figures):
    """No value exists yet."""
    figures.kwh = figures.kvarh = figures.peak_kw = figures.power_factor = np.nan
    figures.coverage = figures.cost = figures.co2_kg = figures.hours = np.nan
    for e in range(ENERGY_STATES):
        figures.in_state[e] = np.nan


@inline
def read_asset(figures, series, window, block, plant):
    """The energy of a series' asset in a window; series : the asset's first. False, with nothing written, where it has none."""
    asset = series.asset
    active, reactive = best_roles(asset, block, plant)
    if active == 0 and reactive == 0:
        return False
    empty(figures)
    length = (window.end - window.start) * 1e-9
    if window.end >= FAR:
        length = reached_of(asset, block, plant) * 1e-9
    figures.hours = length / SECONDS_AN_HOUR
    if active > 0:
        figures.kwh, covered = total_of(active, asset, block, plant)
        figures.coverage = min(covered / length, 1.0)
        figures.peak_kw = block.parts[block.first + series.lead].peak_kw
        if length <= QUARTER * 1e-9:
            figures.peak_kw = figures.kwh / (length / SECONDS_AN_HOUR)
        read_context(figures, active, asset, block, plant)
    if reactive > 0:
        figures.kvarh, covered = total_of(reactive, asset, block, plant)
        if active == 0:
            figures.coverage = min(covered / length, 1.0)
        elif figures.kwh != 0.0 or figures.kvarh != 0.0:
            apparent = np.sqrt(figures.kwh * figures.kwh + figures.kvarh * figures.kvarh)
            figures.power_factor = figures.kwh / apparent
    return True


@kernel(INT, INTS, WINDOWS, LABELS, PLANT, KEPT.partials_type, INT, records(WINDOW_PARTIAL), records(FIGURES))
def read_out(ids, windows, labels, plant, kept, flags, scratch, figures):
    """The energy of each asset that has a row with one of the dirty flags `flags` in one of the windows `ids`; 0: of every asset.

    scratch : of slices, WINDOW_PARTIAL[rows of the largest block]. figures : FIGURES, output, with room for every row of the windows.
    Assets without energy in a window have no row. Returns how many were written.
    """
    n = 0
    for w in ids:
        window = windows[w]
        base, rows = plant.lines[window.line].base, np.int64(1) << window.shift
        for j in range(min(rows, plant.lines[window.line].series)):
            series = plant.series[plant.row_series[base + j]]
            asset = series.asset
            if series.lead != j or (flags != 0 and not is_dirty(asset, window, plant, kept, flags)):
                continue
            block = Block(kept.windows, window.block, rows, base)
            if window.level == SLICES:
                merge_slices(asset, window, labels[w], plant, kept, scratch)
                block = Block(scratch, 0, rows, base)
            if read_asset(figures[n], series, window, block, plant):
                figures[n].window, figures[n].asset = w, asset
                n += 1
    return n
