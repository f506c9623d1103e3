"""Digests of tags over windows: each slice has one of its samples, and longer windows merge those below them in the order of time."""

import numpy as np

from processing.kernels.digest import add_digest, add_value, centroid_fields, clear, quantile_of
from processing.kernels.jit import FLOATS, FLOATS2, INT, INTS, NOTHING, kernel, record
from processing.kernels.kept import Partials, State, first_of, kept
from processing.kernels.layout import (
    CHUNKS,
    EMIT,
    LABELS,
    PLANT,
    REFOLD,
    ROWS,
    SLICES,
    SPREAD,
    TREE,
    UNCERTAIN,
    WINDOWS,
)

OF_SLICE = record(*centroid_fields(32))
"""Slices are by far the most, and what they get wrong is evened out where many are merged: so they have fewer centroids."""

OF_WINDOW = record(*centroid_fields(64))
SERIES_STATE = record(("unused", "i8"))


class DistributionState(State):
    """See `State`."""


class DistributionPartials(Partials):
    """See `Partials`."""


KEPT = kept(
    DistributionState,
    DistributionPartials,
    slice=first_of(OF_SLICE),
    window=first_of(OF_WINDOW),
    state=first_of(SERIES_STATE),
)


@kernel(INT, CHUNKS, ROWS, PLANT, WINDOWS, KEPT.state_type)
def update(chunks, rows, plant, windows, kept):
    """Take the samples of series whose quantiles are wanted, sorted and cut into `chunks`; the arguments are those of `telemetry.update`.

    Samples of bad or stale quality, and those that are no finite number, count nothing.
    """
    for chunk in chunks:
        for i in range(chunk.lo, chunk.hi):
            series = plant.series[rows.series[i]]
            if series.has_quantiles == 0 or rows.quality[i] > UNCERTAIN or not np.isfinite(rows.value[i]):
                continue
            add_value(kept.slices[chunk.block + series.local], rows.value[i])
            if rows.live == 1:
                kept.dirty[chunk.block + series.local] |= EMIT | SPREAD
    return 0


@kernel(NOTHING, TREE, WINDOWS, LABELS, PLANT, KEPT.partials_type)
def fold(tree, windows, labels, plant, kept):
    """Digests of longer windows from those below them; arguments as of `telemetry.fold`."""
    for k in range(tree.parents.size):
        parent = windows[tree.parents[k]]
        line = plant.lines[parent.line]
        for j in range(min(np.int64(1) << parent.shift, line.series)):
            row = parent.block + j
            wants = plant.series[plant.row_series[line.base + j]].has_quantiles == 1
            if not wants or kept.dirty[row] & REFOLD == 0:
                continue
            digest = kept.windows[row]
            clear(digest)
            for m in range(tree.first[k], tree.first[k + 1]):
                child = windows[tree.children[m]]
                if j >= np.int64(1) << child.shift:
                    continue
                if child.level == SLICES:
                    add_digest(digest, kept.slices[child.block + j])
                else:
                    add_digest(digest, kept.windows[child.block + j])


@kernel(NOTHING, INTS, INT, KEPT.partials_type, FLOATS, FLOATS, FLOATS2)
def read_quantiles(row, slices, kept, probability, count, quantile):
    """Counts and quantiles of rows of the pools, int64[n], those of slices first, `slices` of them.

    probability : float64[m], 0 to 1. count : float64[n] and quantile : float64[m, n], outputs; NaN of a digest without values.
    """
    for i in range(row.size):
        if i < slices:
            digest = kept.slices[row[i]]
            count[i] = digest.count
            for p in range(probability.size):
                quantile[p, i] = quantile_of(digest, probability[p])
        else:
            whole = kept.windows[row[i]]
            count[i] = whole.count
            for p in range(probability.size):
                quantile[p, i] = quantile_of(whole, probability[p])
