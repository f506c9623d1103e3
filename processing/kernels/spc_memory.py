"""Memory of control charts, handed from cell to cell: a point that comes late changes those after it as far as it changes anything.

Every cell carries the memory before its point, and what the cell before it leaves is worked out again from that one's memory and
moments. So a cell that is gone is missed by nobody: the next one knows what it left, see `is_cut_off`.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, INT, INTS, WORDS, context, inline, kernel, records
from processing.kernels.labels import product_on
from processing.kernels.layout import CHANGED, CLOSED, EMIT, LABELS, PLANT, REVISED, TOUCHED, WINDOWS
from processing.kernels.spc import CELL, CHARTED
from processing.kernels.spc_points import SCRATCH, copy_memory, first_memory, is_alike, take_point


class Cells(NamedTuple):
    """Cells of one level, changed: cells : CELL; words : the same as words; dirty : flags of their rows."""

    cells: np.ndarray
    words: np.ndarray
    dirty: np.ndarray


CELLS = context(Cells, records(CELL), WORDS, BYTES)


class Handed(NamedTuple):
    """Scratch for memory that is handed on: room : `Scratch`; words : its memory as words[1]."""

    room: tuple[np.ndarray, ...]
    words: np.ndarray


HANDED = context(Handed, SCRATCH, WORDS)


@inline
def is_wide(window, plant):
    """Whether a window is in memory with a row for each series of its line."""
    return window.block >= 0 and window.shift >= plant.lines[window.line].shift


@inline
def is_resident(window, windows, plant):
    """Whether a window, the one before it and the one after it can be read."""
    if window.older >= 0 and windows[window.older].block < 0:
        return False
    return is_wide(window, plant) and (window.newer < 0 or is_wide(windows[window.newer], plant))


@inline
def want(number, windows, plant, wanted):
    """Ids of a window, the one before and the next ones that must be made resident, as many as fit; how many."""
    window = windows[number]
    count, following = 0, window.newer
    if window.older >= 0 and windows[window.older].block < 0:
        wanted[0] = window.older
        count = 1
    if not is_wide(window, plant):
        wanted[count] = number
        count += 1
    while following >= 0 and count < wanted.size and not is_wide(windows[following], plant):
        wanted[count] = following
        count += 1
        following = windows[following].newer
    return count


@inline
def is_scanned(window, cells):
    """Whether memory was handed through a window, which is in memory."""
    return cells[window.block].scanned > 0


@inline
def is_cut_off(window, plant, windows, cells):
    """Whether the memory before a cell stands, since nothing changes what was before it: the cells there are gone, or are not run again.

    Of those some may be left that an order or a month is folded from, with holes between them, so the one before it in the table need
    not be the one that left its memory. A new cell, of which none is known, takes what the next one began with.
    """
    if window.older < 0:
        return True
    if windows[window.older].end > plant.lines[window.line].kept_from:
        return False
    return is_scanned(window, cells) or (window.newer >= 0 and is_scanned(windows[window.newer], cells))


@inline
def memory_before(window, j, chart, plant, windows, cells, room):
    """The memory before a cell's point, in row j: what the cell before leaves, into `room.memory`; where it is cut off, what stands."""
    if not is_cut_off(window, plant, windows, cells):
        older = windows[window.older]
        if j < np.int64(1) << older.shift:
            take_point(cells[older.block + j], older.start, chart, room)
        else:
            first_memory(room.memory[0])
        return
    block = window.block
    if window.newer >= 0 and not is_scanned(window, cells) and is_scanned(windows[window.newer], cells):
        block = windows[window.newer].block
    copy_memory(room.memory[0], cells[block + j])


@inline
def remember_before(row, cells, of_memory):
    """Put memory, as words, behind the other words of a cell; whether any bit changed."""
    first = cells.words.shape[1] - of_memory.shape[1]
    differs = False
    for c in range(of_memory.shape[1]):
        if cells.words[row, first + c] != of_memory[0, c]:
            cells.words[row, first + c] = of_memory[0, c]
            differs = True
    return differs


@inline
def hold(cell, limits):
    """Put the limits into a cell that hold in it; whether they are others than before."""
    alike = cell.now_product == limits.product and is_alike(cell.now_version, limits.version)
    alike = alike and is_alike(cell.now_center, limits.center) and is_alike(cell.now_sigma, limits.sigma)
    if alike and is_alike(cell.now_settings, limits.settings):
        return False
    cell.now_product, cell.now_version, cell.now_center = limits.product, limits.version, limits.center
    cell.now_sigma, cell.now_settings = limits.sigma, limits.settings
    return True


@inline
def pass_through(window, label, charted, plant, windows, cells, handed):
    """Hand memory to the charted rows of a window; 0: nothing changed, 1: bits changed, 2: rows to be emitted changed."""
    changed, base = 0, plant.lines[window.line].base
    for r in range(charted.first[window.line], charted.first[window.line + 1]):
        number = charted.chart[r]
        row = window.block + charted.local[r]
        memory_before(window, charted.local[r], charted.charts[number], plant, windows, cells.cells, handed.room)
        differs = remember_before(row, cells, handed.words)
        cell = cells.cells[row]
        if cell.count > 0.0:
            asset = plant.series[plant.row_series[base + charted.local[r]]].asset
            product = product_on(asset, window, label, plant)
            differs |= hold(cell, charted.limits[product * charted.charts.size + number])
        if differs:
            changed = max(changed, 1)
            if cell.count > 0.0:
                cells.dirty[row] |= EMIT
                changed = 2
    return changed


@inline
def note(window, changed, is_asked, cells):
    """Say in a window that memory was handed through it, and what came of that."""
    cell, is_closed = cells[window.block], window.flags & CLOSED != 0
    scanned = 2 if is_closed else 1
    if changed == 2:
        window.flags |= TOUCHED
        if is_closed and (not is_asked or cell.scanned == 2):
            window.flags |= REVISED
    if changed > 0 or cell.scanned != scanned:
        cell.scanned = scanned
        window.flags |= CHANGED


class Way(NamedTuple):
    """How far memory was handed on.

    ids : int64[n], windows of one level, those of a line together and oldest first
    place : int64[2], changed: number of the next id and the window at hand, 0 and -1 at first
    """

    ids: np.ndarray
    place: np.ndarray


WAY = context(Way, INTS, INTS)


@kernel(INT, WAY, CHARTED, PLANT, WINDOWS, LABELS, CELLS, HANDED, INTS)
def carry_on(way, charted, plant, windows, labels, cells, handed, wanted):
    """Hand memory through the cells `way.ids`, and on through newer ones as long as bits change.

    wanted : output, ids that must be made resident. Returns how many; call again after that, until it is 0.
    """
    ids, place = way.ids, way.place
    i, number = place[0], place[1]
    while i < ids.size or number >= 0:
        if number < 0:
            number = ids[i]
        place[0], place[1] = i, number
        window = windows[number]
        if not is_resident(window, windows, plant):
            return want(number, windows, plant, wanted)
        if window.older >= 0 and not is_scanned(windows[window.older], cells.cells):
            number = window.older
            continue
        is_asked = i < ids.size and ids[i] == number
        i += is_asked
        changed = pass_through(window, labels[number], charted, plant, windows, cells, handed)
        note(window, changed, is_asked, cells.cells)
        number = np.int64(-1)
        newer = window.newer
        if newer >= 0 and (is_asked or changed > 0 or not is_scanned(windows[newer], cells.cells)):
            number = newer
    place[0], place[1] = i, -1
    return 0
