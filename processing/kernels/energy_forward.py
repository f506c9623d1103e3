"""Amounts of energy that were drawn after their time: what an interval tells that is stamped at its start.

They are booked as slices go by, and nothing that comes later changes a slice before.
"""

import numpy as np

from processing.kernels.energy_boundaries import gap_of
from processing.kernels.energy_registers import part_of
from processing.kernels.energy_states import share
from processing.kernels.jit import inline
from processing.kernels.layout import NONE


@inline
def lay_out(chunk, series, until, is_ended, kept):
    """Book what a slice has of an amount that was drawn after its time, up to the next sample or the slice's end, and by state.

    is_ended : the next sample is there; what is left of an amount that should have taken longer was drawn up to it
    """
    row, newest = chunk.block + series.local, kept.state[chunk.state + series.local]
    a, here, length = max(newest.time, chunk.start), 0.0, np.int64(0)
    if newest.time != NONE and newest.first_time > a:
        b, part = min(newest.first_time, until), kept.slices[row]
        here = part_of(
            newest.value * series.scale, newest.time, newest.first_time, a, newest.first_time if is_ended else b
        )
        length = until - a
        part.amount += here
        part.covered += (b - a) * 1e-9
        part.bookings += 1
    share(chunk, series, length, here, until, kept)
    return here != 0.0 or length > 0


@inline
def book_forward(chunk, series, time, value, kept):
    """Book what is left of an amount that was drawn after its time, and take the next one.

    It was drawn for as long as is declared, else for the shorter one of the two spans before it, so that one message that is missing
    makes no difference. Where neither is known, it is booked whole at its own time.
    """
    lay_out(chunk, series, time, True, kept)
    newest, part = kept.state[chunk.state + series.local], kept.slices[chunk.block + series.local]
    since = time - newest.time if newest.time != NONE else np.int64(0)
    if since > gap_of(series):
        since = np.int64(0)
    length = series.interval
    if length == 0:
        length = min(since, newest.last_time) if newest.last_time > 0 and since > 0 else since
    newest.time, newest.value, newest.last_time = time, value, since
    newest.first_time = time + length if length > 0 else 0
    part.bookings += 1
    if length == 0:
        part.amount += value * series.scale
        part.whole |= value != 0.0
