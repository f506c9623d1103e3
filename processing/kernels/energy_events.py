"""What events say of energy meters: that one was exchanged, and what one counted until a time.

In slices of which an event says what was counted, that is their energy, in place of what readings booked there.
"""

import numpy as np

from processing.kernels import power, registers
from processing.kernels.energy_registers import book_reading, cover_reading, is_register
from processing.kernels.energy_states import ENERGY_STATES, is_known, pass_time
from processing.kernels.jit import inline
from processing.kernels.layout import EMIT, SPREAD


@inline
def take_meter_event(chunk, series, time, event, windows, kept):
    """Take what an event says of a register: it was exchanged, or what it counted. Returns as `read_register` does."""
    base, here, length = kept.state[chunk.state + series.local], 0.0, np.int64(0)
    if np.isfinite(event.new):
        counted = registers.exchange(kept.slices[chunk.block + series.local], base, event.old)
        cover_reading(chunk, series, base, time, True, windows, kept)
        found = (registers.BELIEVED, 0.0, 0.0, counted)
        here, length = book_reading(chunk, series, base, time, found, windows, kept)
        registers.settle(base, time, event.new)
        base.seen = time
        return True, here, length
    registers.take_amount(base, event, time, chunk.length)
    return False, here, length


@inline
def end_said(chunk, series, plant, kept):
    """Where an event says what a register counted in a slice, that is its energy; and where none does any more, it is what was booked."""
    row, k = chunk.block + series.local, chunk.state + series.local
    part, base = kept.slices[row], kept.state[k]
    part.waits &= ~power.SAID
    if chunk.closes == 0 or not registers.is_said(base, chunk.start):
        return
    part.waits |= power.SAID
    until = min(chunk.end, base.said_until)
    amount = registers.said_until(base, until) - registers.said_until(base, chunk.start)
    part.amount, part.covered, part.stated = amount * series.scale, (chunk.end - chunk.start) * 1e-9, 0.0
    part.bookings += 1
    part.whole = 0
    part.meter_events |= registers.CORRECTED
    lead = chunk.state + series.state_row
    is_stated = series.state_row >= 0 and is_known(kept.state[lead])
    if is_stated:
        pass_time(kept.state[lead], kept.open[lead], chunk.start, chunk.end)
    for e in range(ENERGY_STATES):
        spent = kept.open[lead].in_state_ns[e] if is_stated else np.int64(0)
        part.in_state[e] = part.amount * (spent / (chunk.end - chunk.start))
        part.stated += spent * 1e-9


@inline
def end_registers(chunk, live, plant, kept):
    """Close a slice of registers of which events say what they counted, or open it again."""
    for j in range(chunk.series):
        series = plant.series[plant.row_series[chunk.base + j]]
        base = kept.state[chunk.state + j]
        if is_register(series.role) and (live == 0 or base.said_until != 0):
            end_said(chunk, series, plant, kept)
            if chunk.closes == 1:
                registers.forget_said(base, chunk.end)
            if live == 1:
                kept.dirty[chunk.block + j] |= EMIT | SPREAD
