"""A checkpoint page: what the blocks of some windows hold, without the rows that are as in the window before.

Most rows of a wide line are. A series that sends once an hour has a row in each slice of its line, and touches a few of them; of an
operator that it is nothing to it touches none.

What is left is written word by word of its records, not record by record: a value that is at once the least, the largest and the last
of its slice is then a stretch that was there before, which zstd finds at a sixth of the time.
"""

from collections.abc import Mapping

import numpy as np

from processing.kernels.blocks import fill_rows, gather_columns, rows_that_differ
from processing.kernels.jit import words
from processing.timeline.tables import DIRTY, Pool, rows_of

_SIZES, _FOLLOWS = "sizes", "follows"
_KEPT, _FIRST = " kept", " first"

COLUMNS = " columns"
"""Behind the name of what is written column by column."""


def packed(pool: Pool, ids: np.ndarray, windows: np.ndarray) -> dict[str, np.ndarray]:
    """What is written of the blocks of windows, which are in order of lines, levels and time; windows : WINDOW.

    By the name of each array the words of the rows that are written, column by column, which ones these are, bit by bit, and the row that
    others are like where there is no window before.
    """
    block, shift = windows["block"][ids], windows["shift"][ids]
    size, follows, rows = np.left_shift(1, shift), _follows(windows, ids), rows_of(block, shift)
    content, is_kept = {_SIZES: size, _FOLLOWS: follows, DIRTY: pool.dirty[rows]}, np.empty(len(rows), np.uint8)
    for name, array, first in zip(pool.names, map(words, pool.arrays), pool.firsts, strict=True):
        rows_that_differ(block, size, follows, first, array, is_kept)
        columns = np.empty((array.shape[1], np.count_nonzero(is_kept)), np.uint64)
        gather_columns(block, size, is_kept, array, columns)
        content |= {name + COLUMNS: columns, name + _KEPT: np.packbits(is_kept), name + _FIRST: first}
    return content


def unpacked(content: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """What `packed` was given: by the name of each array the words of all rows, and the dirty flags.

    Older pages hold just that, or the rows that are written row by row.
    """
    if _SIZES not in content:
        return content
    whole = {DIRTY: content[DIRTY]}
    size, follows = content[_SIZES].copy(), content[_FOLLOWS].copy()  # those of a record may not be written to
    for name in [name.removesuffix(_KEPT) for name in content if name.endswith(_KEPT)]:
        kept = rows_in(content, name)
        first = content[name + _FIRST].copy()
        is_kept = np.unpackbits(content[name + _KEPT], count=int(size.sum()))
        whole[name] = np.empty((len(is_kept), kept.shape[1]), np.uint64)
        fill_rows(size, follows, first, kept, is_kept, whole[name])
    return whole


def by_columns(records: np.ndarray) -> np.ndarray:
    """The words of records, a row for each word of a record: what `rows_in` gives back."""
    return np.ascontiguousarray(words(records).T)


def rows_in(content: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """The words of records of a name, record by record, as older content has them, or column by column; a copy."""
    return content[name].copy() if name in content else content[name + COLUMNS].T.copy()


def _follows(windows: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """uint8[n], 1 for those of the windows that have the line, level and size of the one before."""
    alike = np.zeros(len(ids), np.uint8)
    alike[1:] = np.logical_and.reduce([np.diff(windows[name][ids]) == 0 for name in ("line", "level", "shift")])
    return alike
