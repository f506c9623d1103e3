"""Blocks of records in a pool: taken by powers of two, given back to a list of each size."""

import numpy as np

from processing.kernels.jit import BYTES, INTS, NOTHING, WORDS, kernel, records
from processing.kernels.layout import PLANT, POOL, WINDOWS


@kernel(NOTHING, INTS, PLANT, WINDOWS, records(POOL), INTS)
def take_blocks(ids, plant, windows, pool, chain):
    """A block of its line's present size for each window; what the blocks hold is not set.

    chain : int64[rows], changed: at a free block's first row the next free block of its size. There must be room.
    """
    heap = pool[0]
    for number in ids:
        window = windows[number]
        shift = plant.lines[window.line].shift
        size = np.int64(1) << shift
        block = heap.free[shift]
        if block >= 0:
            heap.free[shift] = chain[block]
        else:
            block = heap.rows
            heap.rows += size
        heap.used += size
        window.block = block
        window.shift = shift


@kernel(NOTHING, INTS, INTS, records(POOL), INTS)
def free_blocks(blocks, shifts, pool, chain):
    """Give back blocks of 2**shift rows."""
    heap = pool[0]
    for k in range(blocks.size):
        chain[blocks[k]] = heap.free[shifts[k]]
        heap.free[shifts[k]] = blocks[k]
        heap.used -= np.int64(1) << shifts[k]


@kernel(NOTHING, INTS, WORDS, WORDS, BYTES)
def compare_rows(rows, now, before, changed):
    """Say of each of `rows` of `now`, whose words were `before`, whether they changed; 1 stays 1 in `changed`."""
    for k in range(rows.size):
        for c in range(now.shape[1]):
            if now[rows[k], c] != before[k, c]:
                changed[k] = 1
                break
