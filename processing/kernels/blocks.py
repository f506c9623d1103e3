"""Blocks of records in a pool: taken by powers of two, given back to a list of each size."""

import numpy as np

from processing.kernels.jit import BYTES, INTS, NOTHING, WORDS, inline, kernel, records
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


@inline
def copy_words(row, out):
    """The words of one row to another."""
    for c in range(out.size):
        out[c] = row[c]


@kernel(NOTHING, INTS, INTS, WORDS, WORDS)
def begin_blocks(blocks, sizes, first, records):
    """Records of fresh blocks, by their first rows and how many rows they have, as `first` is."""
    for k in range(blocks.size):
        block = records[blocks[k] : blocks[k] + sizes[k]]
        for r in range(block.shape[0]):
            copy_words(first[0], block[r])


@inline
def differs_from(row, other):
    """1 where the words of two rows are not the same, else 0."""
    differing = np.uint64(0)
    for c in range(row.size):
        differing |= row[c] ^ other[c]
    return 1 if differing != 0 else 0


@kernel(NOTHING, INTS, INTS, BYTES, WORDS, WORDS, BYTES)
def rows_that_differ(blocks, sizes, follows, first, now, differs):
    """Say of each row of blocks whether it is other than in the block before, where it follows that, else than `first`."""
    n = np.int64(0)
    for k in range(blocks.size):
        block = now[blocks[k] : blocks[k] + sizes[k]]
        before = now[blocks[k - 1] : blocks[k - 1] + sizes[k]] if follows[k] == 1 else block
        for r in range(block.shape[0]):
            differs[n] = differs_from(block[r], before[r] if follows[k] == 1 else first[0])
            n += 1


@kernel(NOTHING, INTS, INTS, BYTES, WORDS, WORDS)
def gather_columns(blocks, sizes, is_kept, now, out):
    """The words of those rows of blocks for which is_kept is 1, in order, a row of `out` for each word of a record."""
    n = i = np.int64(0)
    for k in range(blocks.size):
        for r in range(blocks[k], blocks[k] + sizes[k]):
            if is_kept[i] == 1:
                for c in range(out.shape[0]):
                    out[c, n] = now[r, c]
                n += 1
            i += 1


@kernel(NOTHING, INTS, BYTES, WORDS, WORDS, BYTES, WORDS)
def fill_rows(sizes, follows, first, kept, is_kept, out):
    """All rows of blocks: `kept` where is_kept is 1, the others as in the block before, where one follows that, else as `first` is."""
    n = i = np.int64(0)
    for k in range(sizes.size):
        for _ in range(sizes[k]):
            if is_kept[i] == 1:
                copy_words(kept[n], out[i])
                n += 1
            else:
                copy_words(out[i - sizes[k]] if follows[k] == 1 else first[0], out[i])
            i += 1
