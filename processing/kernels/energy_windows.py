"""An asset's energy in windows: the fold of longer ones from shorter ones, and what is read out of one.

Only here do the series of an asset meet, at its first row. Of its sources of energy (`fieldline/meters.py`) one is chosen in each slice,
that which observed most of it and of equals that which goes before the others; so longer windows, which add slices up, neither leave a
gap nor count twice where one source ends and another begins. States, cost and CO2 are those of the chosen source. Prices and emission
factors are labels of slices, so that a correction of them folds windows again and runs no reading.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels import power
from processing.kernels.emission import is_of_order
from processing.kernels.energy import KEPT, SECONDS_AN_HOUR, WINDOW_PARTIAL
from processing.kernels.energy_states import ENERGY_STATES
from processing.kernels.jit import INT, INTS, NOTHING, inline, kernel, record, records
from processing.kernels.layout import (
    FAR,
    LABELS,
    METER_EVENT,
    ORDERS,
    PLANT,
    QUARTER,
    QUARTERS,
    REACTIVE_INTERVAL,
    REACTIVE_POWER,
    REACTIVE_REGISTER,
    REFOLD,
    REVISED,
    SLICES,
    TREE,
    WINDOWS,
)

FIGURES = record(
    ("window", "i8"),
    ("asset", "i8"),
    ("sources", "i8"),  # bits, by number of source: where `kwh` is from
    ("kwh", "f8"),
    ("kvarh", "f8"),
    ("fed_back_kwh", "f8"),
    ("peak_kw", "f8"),
    ("power_factor", "f8"),
    ("coverage", "f8"),
    ("in_state", "f8", ENERGY_STATES),  # kWh in each energy state
    ("cost", "f8"),
    ("co2_kg", "f8"),
    (
        "is_apart",
        "i8",
    ),  # there are samples, and none near enough to another one for energy; 1: of what was drawn, 2: of another sort
    ("hours", "f8"),  # how long the window is, or has been going on
    ("rejected", "f8"),  # readings of the asset's registers that were refused
    ("meter_events", "i8"),  # bits, see `registers.py`
    ("is_gone", "i8"),  # it has no energy any more, since late rows changed the window
)
"""The energy of an asset in a window; NaN where a value does not exist."""

# whose energy a series tells
DRAWN = 0
REACTIVE = 1
FED_BACK = 2

SAME_S = 1e-6
"""Seconds by which two sources must differ for one to have observed more: sums of the same spans differ in their last bits."""

HAS_REACTIVE = 1 << 40
HAS_FED_BACK = 1 << 41
HAS_WHOLE = 1 << 42
"""Bits of `sources` beside those of the drawn energy's sources: energy of that sort was booked; some that was drawn was booked at one time,
and may have been drawn long before."""

HAS_APART = 1 << 43
HAS_OTHER_APART = 1 << 44
"""Two more: nothing was drawn, or there was no energy at all, but there were samples that had some if they lay nearer to each other."""

OBSERVED = 0.95
"""Share of a quarter-hour that must be observed for its mean power to count as a demand."""


class Source(NamedTuple):
    """The source that was chosen in a slice.

    number : of `fieldline/meters.py`, 0: there is none. row : of its series where it is one alone, else -1
    """

    number: np.int64
    row: np.int64


@inline
def sort_of(series):
    """Whose energy a series tells, -1: none."""
    if series.source == 0:
        return -1
    if series.is_fed_back == 1:
        return FED_BACK
    role = series.role
    return REACTIVE if role in (REACTIVE_POWER, REACTIVE_REGISTER, REACTIVE_INTERVAL) else DRAWN


@inline
def is_there(part):
    """Whether a series has a sample in a slice, or one before and one after it that lie near to each other."""
    return part.bookings > 0 or part.boundary_covered > 0.0


@inline
def seconds_of(series, part):
    """What a series observed of a slice, -1: nothing was booked [s]."""
    if not is_there(part):
        return -1.0
    seconds = part.covered if part.waits & power.OWN == 0 else 0.0
    if part.waits & (power.BOUNDARY | power.SAID) == 0:
        seconds += part.boundary_covered
    return -1.0 if seconds <= 0.0 and series.role <= REACTIVE_POWER else seconds


@inline
def amount_of(part):
    """What a series drew in a slice [kWh or kvarh]."""
    amount = part.amount if part.waits & power.OWN == 0 else 0.0
    return amount + (part.boundary_amount if part.waits & (power.BOUNDARY | power.SAID) == 0 else 0.0)


@inline
def series_of(row, window, plant):
    """The series of a row of a window's block."""
    return plant.series[plant.row_series[plant.lines[window.line].base + row]]


@inline
def mean_seconds(number, sort, asset, window, plant, kept):
    """What the series of a source that adds up observed of a slice, on the average [s]."""
    seconds, n = 0.0, 0
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if row < np.int64(1) << window.shift:
            series = series_of(row, window, plant)
            mine = seconds_of(series, kept.slices[window.block + row])
            if series.source == number and sort_of(series) == sort and mine >= 0.0:
                seconds += mine
                n += 1
    return seconds / n if n > 0 else 0.0


@inline
def choose(sort, asset, window, plant, kept):
    """The source that counts in a slice: the one that observed most, of equals that of the highest number, then the first by rank."""
    best, most, number, summed = np.int64(-1), -1.0, np.int64(0), np.int64(0)
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if row >= np.int64(1) << window.shift:
            continue
        series = series_of(row, window, plant)
        if sort_of(series) != sort:
            continue
        seconds = seconds_of(series, kept.slices[window.block + row])
        if seconds < 0.0:
            continue
        single = row
        if series.adds_up == 1:
            if summed & (np.int64(1) << series.source) != 0:
                continue
            summed |= np.int64(1) << series.source
            seconds = mean_seconds(series.source, sort, asset, window, plant, kept)
            single = np.int64(-1)
        if seconds > most + SAME_S or (seconds > most - SAME_S and series.source > number):
            best, most, number = single, seconds, series.source
    return Source(np.int64(number), np.int64(best))


@inline
def is_of(source, sort, row, series):
    """Whether a series is of the source that was chosen."""
    return series.source == source.number and sort_of(series) == sort and (source.row < 0 or source.row == row)


@inline
def clear(part):
    """Nothing is booked yet."""
    part.sources = part.reached_ns = part.rejected = part.meter_events = 0
    part.amount = part.covered = part.stated = part.cost = part.co2_kg = part.reactive_covered = 0.0
    part.reactive = part.fed_back = 0.0
    part.peak_kw = np.nan
    for e in range(ENERGY_STATES):
        part.in_state[e] = 0.0


@inline
def add_states(part, child):
    """Take the energy by state of a series' slice."""
    own = 1.0 if child.waits & power.OWN == 0 else 0.0
    is_over = child.boundary_span > 0.0 and child.waits & (power.BOUNDARY | power.SAID) == 0
    part.stated += own * child.stated
    for e in range(ENERGY_STATES):
        part.in_state[e] += own * child.in_state[e]
        # The boundary contribution goes by the time that each state held then.
        if is_over and child.open_s[e] > 0.0:
            part.stated += child.open_s[e]
            part.in_state[e] += child.boundary_amount * (child.open_s[e] / child.boundary_span)


@inline
def add_events(part, asset, window, plant, kept):
    """Take what became of the readings of an asset's registers in a slice. Returns of which sorts of energy it has samples, a bit each."""
    sorts = np.int64(0)
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if row < np.int64(1) << window.shift:
            child = kept.slices[window.block + row]
            part.rejected += child.rejected
            part.meter_events |= child.meter_events
            sort = sort_of(series_of(row, window, plant))
            if sort >= 0 and is_there(child):
                sorts |= np.int64(1) << sort
    return sorts


@inline
def has_sort(sorts, sort):
    """Whether a sort of energy is among those of which there are samples."""
    return sorts & (np.int64(1) << sort) != 0


@inline
def add_source(part, sorts, sort, asset, window, plant, kept):
    """Take the energy of one sort that an asset has in a slice. Returns whether there is a source, and kWh or kvarh.

    sorts : those of which it has samples
    """
    if not has_sort(sorts, sort):
        return False, 0.0
    source = choose(sort, asset, window, plant, kept)
    if source.number == 0:
        return False, 0.0
    amount, seconds, n = 0.0, 0.0, 0
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if row >= np.int64(1) << window.shift:
            continue
        series, child = series_of(row, window, plant), kept.slices[window.block + row]
        if not is_of(source, sort, row, series):
            continue
        mine = seconds_of(series, child)
        if mine >= 0.0:
            amount += amount_of(child)
            seconds += mine
            n += 1
            if sort == DRAWN:
                add_states(part, child)
                if child.whole == 1:
                    part.sources |= HAS_WHOLE
    if sort == DRAWN:
        part.sources |= np.int64(1) << source.number
        part.amount += amount
        part.covered += seconds / n
    elif sort == REACTIVE:
        part.sources |= HAS_REACTIVE
        part.reactive += amount
        part.reactive_covered += seconds / n
    else:
        part.sources |= HAS_FED_BACK
        part.fed_back += amount
    return True, amount


@inline
def merge_slice(part, asset, window, label, plant, kept, end):
    """Take what an asset has in a slice into a window above it, from whose start the slice's end lies `end` ns."""
    sorts = add_events(part, asset, window, plant, kept)
    if sorts == 0:
        return
    has_drawn, drawn = add_source(part, sorts, DRAWN, asset, window, plant, kept)
    has_reactive, _ = add_source(part, sorts, REACTIVE, asset, window, plant, kept)
    has_fed_back, _ = add_source(part, sorts, FED_BACK, asset, window, plant, kept)
    if has_drawn:
        # Without energy an unknown price must not make the window's cost unknown.
        part.cost += drawn * label.price
        part.co2_kg += drawn * label.co2
    elif has_sort(sorts, DRAWN):
        part.sources |= HAS_APART
    if has_drawn or has_reactive or has_fed_back:
        part.reached_ns = max(part.reached_ns, end)
    elif has_sort(sorts, REACTIVE) or has_sort(sorts, FED_BACK):
        part.sources |= HAS_OTHER_APART


@inline
def exists(part):
    """Whether a window has energy of any sort, whatever its amount is, which odd readings make NaN; or samples of it."""
    return part.sources != 0


@inline
def is_drawn(part):
    """Whether a window has energy that the asset drew."""
    return part.sources & (HAS_REACTIVE - 1) != 0


@inline
def merge(part, child, offset):
    """Take what a window has into one above it, from whose start the window begins `offset` ns."""
    part.sources |= child.sources
    part.amount += child.amount
    part.covered += child.covered
    for e in range(ENERGY_STATES):
        part.in_state[e] += child.in_state[e]
    part.stated += child.stated
    part.reactive += child.reactive
    part.reactive_covered += child.reactive_covered
    part.fed_back += child.fed_back
    part.rejected += child.rejected
    part.meter_events |= child.meter_events
    part.cost += child.cost
    part.co2_kg += child.co2_kg
    if child.reached_ns > 0:
        part.reached_ns = max(part.reached_ns, offset + child.reached_ns)
    if np.isnan(part.peak_kw) or child.peak_kw > part.peak_kw:
        part.peak_kw = child.peak_kw


@inline
def demand(part, seconds):
    """The mean power of a window that makes a demand interval; NaN where it was observed too little, or not all was drawn in it [kW]."""
    if not is_drawn(part) or part.sources & HAS_WHOLE != 0 or part.covered < OBSERVED * seconds:
        return np.nan
    return part.amount / (seconds / SECONDS_AN_HOUR)


@kernel(NOTHING, TREE, WINDOWS, LABELS, PLANT, KEPT.partials_type)
def fold(tree, windows, labels, plant, kept):
    """Longer windows from those below them; the arguments are those of `telemetry.fold`. Only first rows of assets hold anything."""
    for k in range(tree.parents.size):
        parent = windows[tree.parents[k]]
        for j in range(min(np.int64(1) << parent.shift, plant.lines[parent.line].series)):
            series = series_of(j, parent, plant)
            if series.lead != j or kept.dirty[parent.block + j] & REFOLD == 0:
                continue
            part = kept.windows[parent.block + j]
            clear(part)
            for m in range(tree.first[k], tree.first[k + 1]):
                child = windows[tree.children[m]]
                if child.level == SLICES:
                    merge_slice(
                        part, series.asset, child, labels[tree.children[m]], plant, kept, child.end - parent.start
                    )
                elif j < np.int64(1) << child.shift:
                    merge(part, kept.windows[child.block + j], child.start - parent.start)
            if parent.level == QUARTERS:
                part.peak_kw = demand(part, (parent.end - parent.start) * 1e-9)


@inline
def is_told_of(asset, window, plant):
    """Whether events tell of an asset's meters: then energy may be that of no reading, and go when something else is told."""
    for k in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        if series_of(plant.asset_rows[k], window, plant).role == METER_EVENT:
            return True
    return False


@inline
def can_be_gone(row, window, plant):
    """Whether an asset may have had a row of a window that has none of its energy now; row : the asset's first one in a block.

    Machines of a line that take their own orders each have a window of an order, and so has the line: of those an asset has rows in
    one only. The others, which begin when it does and are called as it is, would say that its row is gone.
    """
    number = plant.row_series[plant.lines[window.line].base + row]
    is_its_own = window.level != ORDERS or is_of_order(window, number, plant)
    return is_its_own and is_told_of(plant.series[number].asset, window, plant)


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
def empty(figures):
    """No value exists yet."""
    figures.kwh = figures.kvarh = figures.fed_back_kwh = figures.peak_kw = figures.power_factor = np.nan
    figures.coverage = figures.cost = figures.co2_kg = figures.hours = np.nan
    for e in range(ENERGY_STATES):
        figures.in_state[e] = np.nan


@inline
def read_asset(figures, window, part):
    """The energy of an asset in a window; part : what its first row holds."""
    empty(figures)
    length = (window.end - window.start) * 1e-9
    figures.is_apart = 0
    if not is_drawn(part) and part.sources & HAS_APART != 0:
        figures.is_apart = 1
    elif not is_drawn(part) and part.sources & (HAS_REACTIVE | HAS_FED_BACK) == 0:
        figures.is_apart = 2
    if figures.is_apart != 0:
        figures.coverage = 0.0
    if window.end >= FAR:
        length = part.reached_ns * 1e-9
    figures.hours = length / SECONDS_AN_HOUR
    figures.sources = part.sources & (HAS_REACTIVE - 1)
    if part.sources & HAS_FED_BACK != 0:
        figures.fed_back_kwh = part.fed_back
    figures.rejected, figures.meter_events = part.rejected, part.meter_events
    if is_drawn(part):
        figures.kwh, figures.cost, figures.co2_kg = part.amount, part.cost, part.co2_kg
        figures.coverage = min(part.covered / length, 1.0)
        figures.peak_kw = demand(part, length) if length <= QUARTER * 1e-9 else part.peak_kw
        if part.stated > 0.0:
            for e in range(ENERGY_STATES):
                figures.in_state[e] = part.in_state[e]
    if part.sources & HAS_REACTIVE != 0:
        figures.kvarh = part.reactive
        if not is_drawn(part):
            figures.coverage = min(part.reactive_covered / length, 1.0)
        elif figures.kwh != 0.0 or figures.kvarh != 0.0:
            apparent = np.sqrt(figures.kwh * figures.kwh + figures.kvarh * figures.kvarh)
            figures.power_factor = figures.kwh / apparent


@kernel(INT, INTS, WINDOWS, LABELS, PLANT, KEPT.partials_type, INT, records(WINDOW_PARTIAL), records(FIGURES))
def read_out(ids, windows, labels, plant, kept, flags, scratch, figures):
    """The energy of each asset that has a row with one of the dirty flags `flags` in one of the windows `ids`; 0: of every asset.

    scratch : WINDOW_PARTIAL[1]. figures : FIGURES, output, with room for every row of the windows.
    Assets without energy in a window have no row; of those to be emitted, in a window that late rows changed, one says that it is gone.
    Returns how many were written.
    """
    n = 0
    for w in ids:
        window = windows[w]
        rows = np.int64(1) << window.shift
        for j in range(min(rows, plant.lines[window.line].series)):
            series = series_of(j, window, plant)
            asset = series.asset
            if series.lead != j or (flags != 0 and not is_dirty(asset, window, plant, kept, flags)):
                continue
            part = kept.windows[window.block + j] if window.level != SLICES else scratch[0]
            if window.level == SLICES:
                clear(part)
                merge_slice(part, asset, window, labels[w], plant, kept, window.end - window.start)
            is_revised = flags != 0 and window.flags & REVISED != 0
            is_gone = is_revised and not exists(part) and can_be_gone(j, window, plant)
            if exists(part) or is_gone:
                read_asset(figures[n], window, part)
                figures[n].window, figures[n].asset, figures[n].is_gone = w, asset, 1 if is_gone else 0
                n += 1
    return n
