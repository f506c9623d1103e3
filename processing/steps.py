"""How the rows of frames are cut into steps of the engine: many frames into one, a frame whose rows lie far apart into several."""

from collections.abc import Iterator
from itertools import accumulate, pairwise

import numpy as np

from fieldline.frames import ROW_COLUMNS, Readings

STEP_ROWS = 50_000
_SPARSE_ROWS = 2_000  # a step of rows that lie far apart makes many slices


def groups(time: np.ndarray, counts: list[int], span_ns: int) -> Iterator[tuple[int, list[slice]]]:
    """Frames that are run together: up to which, and their rows by step.

    All are, unless they reach over more time than a step may, `span_ns`: each minute of it takes memory, which is given back between
    groups. A frame that does so alone is run in steps of its own. time : of the rows [ns UTC]; counts : rows of each frame.
    """
    ends = [0, *accumulate(counts)]
    cuts, sparse = [0], set[int]()
    if _is_sparse(time, span_ns):
        begin = 0
        for k in range(len(counts)):
            if _is_sparse(time[ends[k] : ends[k + 1]], span_ns):
                sparse.add(k)
                cuts += [k, k + 1]
                begin = k + 1
            elif ends[k] - ends[begin] >= _SPARSE_ROWS and _is_sparse(time[ends[begin] : ends[k + 1]], span_ns):
                cuts.append(k)
                begin = k
    for begin, end in pairwise(sorted({*cuts, len(counts)})):
        first, last = ends[begin], ends[end]
        size = _SPARSE_ROWS if begin in sparse else max(last - first, 1)
        yield end, [slice(k, min(k + size, last)) for k in range(first, last, size)]


def only(rows: Readings, span: slice) -> Readings:
    """Some of the rows, without their sequence numbers, or all of them as they are."""
    if span == slice(0, len(rows.time)):
        return rows
    columns = {name: getattr(rows, name)[span] for name in ROW_COLUMNS}
    return rows._replace(**columns, seq=None, payload=None if rows.payload is None else rows.payload[span])


def _is_sparse(time: np.ndarray, span_ns: int) -> bool:
    """Whether rows lie so far apart that each may be a slice of its own."""
    return len(time) > 1 and int(time.max()) - int(time.min()) > span_ns
