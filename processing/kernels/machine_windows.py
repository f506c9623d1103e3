"""A machine's longer windows: its slices as calendars and orders have them, added up.

In a slice that the calendar has as a planned stop or as unscheduled, all time but production is that, the machine's own stops
and what is unknown too; stops there are none of its failures. A breakdown counts once, where its scheduled time begins: one that began
in a break or outside shifts and goes on, in the slice with which scheduled time begins again. The same holds for minor stops. Pieces
count everywhere, each at the ideal cycle time of the product that was made when it was counted. Those that were made between orders
and have none are kept apart.
"""

import numpy as np

from processing.kernels.jit import INT, INTS, NOTHING, inline, kernel, record, records
from processing.kernels.labels import product_on
from processing.kernels.layout import (
    GOOD_COUNT,
    LABELS,
    PLANNED_STOP,
    PLANT,
    REFOLD,
    SLICES,
    TREE,
    UNSCHEDULED,
    WINDOWS,
)
from processing.kernels.machine import KEPT, WINDOW_PARTIAL
from processing.kernels.machine_counts import PLACES

MACHINE = record(("window", "i8"), ("asset", "i8"), ("is_flagged", "i8"))
"""A machine in a window; is_flagged : 1 where its own row has dirty flags that were asked for."""

NS_A_SECOND = 1e9


@inline
def clear(part):
    """Nothing was reported yet."""
    part.production = part.setup = part.delay = part.downtime = part.planned = 0
    part.micro = part.stops = part.microstops = 0
    part.break_production = part.outside_production = part.sliced_planned = part.sliced_unscheduled = 0
    part.reached = part.reported = part.rejected = part.meter_events = 0
    for place in range(PLACES):
        part.counts[place] = part.ideals[place] = part.between[place] = 0.0


@inline
def add_scheduled(part, piece, rest_since):
    """Add the time of a slice in which production was scheduled; rest_since : since when there was none before it, else FAR."""
    delay, down = piece.is_micro * piece.open_delay, piece.is_micro * piece.open_down
    part.setup += piece.setup
    part.delay += piece.delay - delay
    part.downtime += piece.downtime - down
    part.planned += piece.planned
    part.micro += piece.micro + (delay + down)
    part.stops += piece.stops - piece.is_micro * piece.open_stops
    part.microstops += piece.microstops + piece.is_micro * piece.open_begun
    carried_micro = piece.carried_micro + piece.is_micro * piece.carried_open
    if piece.down_since >= rest_since:
        part.stops += 1 - carried_micro
    if piece.stop_since >= rest_since:
        part.microstops += carried_micro


@inline
def has_confirmed(asset, window, plant, kept):
    """Whether a counter of an asset has readings in a slice that later ones confirmed."""
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if row < np.int64(1) << window.shift and kept.slices[window.block + row].confirmed != 0.0:
            return True
    return False


@inline
def confirmed_of(place, asset, window, plant, kept):
    """Pieces of an asset's readings in a slice that later ones confirmed, of the counters of a place."""
    pieces = 0.0
    for m in range(plant.asset_first[asset], plant.asset_first[asset + 1]):
        row = plant.asset_rows[m]
        if row < np.int64(1) << window.shift:
            role = plant.series[plant.row_series[plant.lines[window.line].base + row]].role
            if role - GOOD_COUNT == place:
                pieces += kept.slices[window.block + row].confirmed
    return pieces


@inline
def add_pieces(part, piece, asset, window, label, plant, kept):
    """Add the pieces of an asset in a slice, and their ideal time in whole ns."""
    if piece.reported == 0:
        return
    product, more = product_on(asset, window, label, plant), has_confirmed(asset, window, plant, kept)
    cycle = plant.ideal_cycle_s[asset, product]
    for place in range(PLACES):
        pieces = piece.counts[place]
        if more:
            pieces += confirmed_of(place, asset, window, plant, kept)
        if pieces != 0.0:
            part.counts[place] += pieces
            if product == 0 and np.isnan(cycle):
                part.between[place] += pieces
                continue
            # Whole, so that losses add up exactly; and one and the same NaN, for rows are compared by their bits.
            ideal = part.ideals[place] + np.rint(pieces * cycle * NS_A_SECOND)
            part.ideals[place] = np.nan if np.isnan(ideal) else ideal


@inline
def add_slice(part, piece, offset, length, label):
    """Add the partial aggregate of a slice, with its label, to that of a window, but for its pieces.

    offset, length : from the window's start to the slice, and of the slice [ns]
    """
    if piece.reported == 0:
        return
    part.reported |= piece.reported
    part.rejected += piece.rejected
    part.meter_events |= piece.meter_events
    part.reached = max(part.reached, offset + length)
    part.production += piece.production
    if label.plan == PLANNED_STOP:
        part.break_production += piece.production
        part.sliced_planned += length
    elif label.plan == UNSCHEDULED:
        part.outside_production += piece.production
        part.sliced_unscheduled += length
    else:
        add_scheduled(part, piece, label.rest_since)


@inline
def add_window(part, child, offset):
    """Add the partial aggregate of a shorter window, `offset` after the longer one's start [ns]."""
    if child.reported == 0:
        return
    part.production += child.production
    part.setup += child.setup
    part.delay += child.delay
    part.downtime += child.downtime
    part.planned += child.planned
    part.micro += child.micro
    part.stops += child.stops
    part.microstops += child.microstops
    part.break_production += child.break_production
    part.outside_production += child.outside_production
    part.sliced_planned += child.sliced_planned
    part.sliced_unscheduled += child.sliced_unscheduled
    part.reached = max(part.reached, offset + child.reached)
    part.reported |= child.reported
    part.rejected += child.rejected
    part.meter_events |= child.meter_events
    for place in range(PLACES):
        part.counts[place] += child.counts[place]
        part.between[place] += child.between[place]
        ideal = part.ideals[place] + child.ideals[place]
        part.ideals[place] = np.nan if np.isnan(ideal) else ideal


@kernel(NOTHING, TREE, WINDOWS, LABELS, PLANT, KEPT.partials_type)
def fold(tree, windows, labels, plant, kept):
    """Longer windows from the windows below them; the arguments are those of `telemetry.fold`."""
    for k in range(tree.parents.size):
        parent = windows[tree.parents[k]]
        line = plant.lines[parent.line]
        for j in range(min(np.int64(1) << parent.shift, line.series)):
            if kept.dirty[parent.block + j] & REFOLD == 0:
                continue
            part, asset = kept.windows[parent.block + j], plant.series[plant.row_series[line.base + j]].asset
            clear(part)
            for m in range(tree.first[k], tree.first[k + 1]):
                child, label = windows[tree.children[m]], labels[tree.children[m]]
                if j >= np.int64(1) << child.shift:
                    continue
                offset = child.start - parent.start
                if child.level == SLICES:
                    piece = kept.slices[child.block + j]
                    add_slice(part, piece, offset, child.end - child.start, label)
                    add_pieces(part, piece, asset, child, label, plant, kept)
                else:
                    add_window(part, kept.windows[child.block + j], offset)


@kernel(INT, INTS, WINDOWS, LABELS, PLANT, KEPT.partials_type, INT, records(MACHINE), records(WINDOW_PARTIAL))
def read_out(ids, windows, labels, plant, kept, flags, machines, parts):
    """The machines that have a part in those of the windows `ids` in which any machine has dirty `flags`; 0: in all of them.

    machines, parts : MACHINE[n] and WINDOW_PARTIAL[n], output; what slices have is as calendars and orders have it. Returns n.
    """
    found = 0
    for number in ids:
        window, label = windows[number], labels[number]
        line = plant.lines[window.line]
        begun, is_wanted = found, flags == 0
        for j in range(min(np.int64(1) << window.shift, line.series)):
            row, asset = window.block + j, plant.series[plant.row_series[line.base + j]].asset
            is_slice = window.level == SLICES
            is_flagged = (kept.dirty_slices[row] if is_slice else kept.dirty[row]) & flags != 0
            is_wanted = is_wanted or is_flagged
            # What came to be nothing has no row, and yet its line's is another one without it.
            if (kept.slices[row].reported if is_slice else kept.windows[row].reported) == 0:
                continue
            machine = machines[found]
            machine.window, machine.asset, machine.is_flagged = number, asset, 1 if is_flagged else 0
            if is_slice:
                clear(parts[found])
                length = window.end - window.start
                add_slice(parts[found], kept.slices[row], 0, length, label)
                add_pieces(parts[found], kept.slices[row], asset, window, label, plant, kept)
            else:
                parts[found] = kept.windows[row]
            found += 1
        if not is_wanted:
            found = begun
    return found
