"""Energy from cumulative registers: what a reading that is believed settles (`registers.py`), and the slices that it lies in.

It lies between the base and the reading, also where other readings lie between: those of a run that it confirms share it among their
times, others have no part in it. Time is covered between any two readings near enough to each other, believed or not, so that no late
reading takes a row away.
"""

import numpy as np

from processing.kernels import registers
from processing.kernels.energy_boundaries import cover, cover_before, gap_of, set_boundary, set_covered
from processing.kernels.jit import inline
from processing.kernels.layout import ACTIVE_REGISTER, NONE, REACTIVE_REGISTER


@inline
def is_register(role):
    """Whether a series is a cumulative register, whose readings are judged."""
    return role in (ACTIVE_REGISTER, REACTIVE_REGISTER)


@inline
def part_of(amount, start, end, a, b):
    """What of an amount that was drawn evenly from start to end lies between a and b."""
    a, b = max(a, start), min(b, end)
    return amount * ((b - a) / (end - start)) if a < b else 0.0


@inline
def settled(base, found, time, a, b):
    """What of that which a reading settles lies between a and b; found : what `judge` gave."""
    became, before, inside, after = found
    if became < registers.ROLLOVER:
        return part_of(after, base.time, time, a, b)
    drawn = part_of(before, base.time, base.first_time, a, b)
    drawn += part_of(inside, base.first_time, base.last_time, a, b)
    return drawn + part_of(after, base.last_time, time, a, b)


@inline
def split_register(chunk, series, base, found, time, windows, kept):
    """Set the boundary contributions of the slices before a chunk's that lie between the base and the reading that counts next.

    Where the base is the newest reading of all, they are covered, too; else `cover_before` sees to it.
    """
    older = windows[chunk.window].older
    while older >= 0 and windows[older].end > base.time:
        window = windows[older]
        a, b = max(base.time, window.start), window.end
        there = settled(base, found, time, a, b) * series.scale
        set_boundary(window, window.block + series.local, there, (b - a) * 1e-9, kept)
        if base.seen == base.time:
            set_covered(window, window.block + series.local, (b - a) * 1e-9, kept)
        older = window.older


@inline
def book_reading(chunk, series, base, time, found, windows, kept):
    """Book what a register's reading that is believed settles. Returns as `book_sample` does.

    Where the base lies further back than the maximum gap, it is booked whole at the reading, but for the part of it in the time of which
    an event says what was counted.
    """
    if base.time == NONE:
        return 0.0, np.int64(0)
    if time - base.time > gap_of(series):
        _, before, inside, after = registers.unsaid_of(base, found, time)
        here, length = before + inside + after, np.int64(0)
        kept.slices[chunk.block + series.local].whole |= here != 0.0
    else:
        a = max(base.time, chunk.start)
        here, length = settled(base, found, time, a, time), time - a
        if base.time < chunk.start:
            split_register(chunk, series, base, found, time, windows, kept)
    here *= series.scale
    kept.slices[chunk.block + series.local].amount += here
    return here, length


@inline
def cover_reading(chunk, series, base, time, counts, windows, kept):
    """Time is covered up to a reading of a register from the one before on; counts : whether it is believed."""
    part = kept.slices[chunk.block + series.local]
    if base.seen != NONE and time - base.seen <= gap_of(series):
        cover(part, base.seen, time, chunk.start)
        if base.seen < chunk.start and (base.seen != base.time or not counts):
            cover_before(chunk, series.local, base.seen, windows, kept)
    elif base.seen != NONE:
        part.bookings += 1


@inline
def read_register(chunk, series, base, time, value, zero, windows, kept):
    """Take a reading of a register; zero : see `registers.judge`. Returns whether it counts, and as `book_sample` does."""
    part = kept.slices[chunk.block + series.local]
    held, first_value = base.held, base.first_value
    found = registers.judge(base, series, time, value, zero)
    became = found[0]
    if became != registers.BELIEVED or held > 0:
        registers.note(part, base, series, value, first_value, held, became)
    counts = became not in (registers.HELD, registers.REFUSED)
    cover_reading(chunk, series, base, time, counts, windows, kept)
    here, length = 0.0, np.int64(0)
    if counts:
        here, length = book_reading(chunk, series, base, time, found, windows, kept)
        registers.settle(base, time, value)
    base.seen = time
    return counts, here, length
