"""Which windows nothing can change any more, and how far back a line's windows reach."""

import numpy as np

from processing.kernels import layout as at
from processing.kernels.table import out_of_reach
from processing.kernels.windows import find_below
from processing.timeline.residency import Residency, found_ids
from processing.timeline.tables import Tables


def expired(tables: Tables, residency: Residency, overlapping: list[int], waiting: np.ndarray) -> np.ndarray:
    """Windows that no row within the allowed lateness can reach, directly or by the window above them; lowest level first.

    overlapping : levels of overlapping windows that are kept; waiting : int64[lines], time of each line's oldest late row that is not
    run yet: the line may have gone on by more than the allowed lateness since it came. [ns UTC]
    """
    table, lines = tables.windows, tables.lines
    within = (lines["newest"] - lines["allowed_lateness"]) // lines["slice"] * lines["slice"]
    limit = np.minimum(within, waiting) - lines["influence"]
    used = int(tables.heap["windows"][0])
    out = np.empty(used, np.int64)
    ids = out[: out_of_reach(table, used, limit, out)]
    if len(ids) and overlapping:
        ids = np.setdiff1d(ids, _with_those_above(tables, _held_by_others(tables, residency, overlapping, ids)))
    return ids[np.argsort(table["level"][ids], kind="stable")]


def _held_by_others(tables: Tables, residency: Residency, overlapping: list[int], ids: np.ndarray) -> np.ndarray:
    """What the overlapping windows that are not among `ids` are folded from."""
    others = residency.flagged(0)
    others = np.setdiff1d(others[np.isin(tables.windows["level"][others], overlapping)], ids)
    first, near = np.empty(len(others) + 1, np.int64), np.empty(at.LEVELS, np.int64)
    found = found_ids(lambda out: find_below(others, tables.plant, tables.windows, first, out, near), 4096)
    return np.unique(found)


def _with_those_above(tables: Tables, ids: np.ndarray) -> np.ndarray:
    """Windows and the hierarchical ones that hold them, by which they are found."""
    found = ids
    while len(ids):
        ids = np.unique(tables.windows["parent"][ids])
        ids = ids[ids >= 0]
        found = np.union1d(found, ids)
    return found


def oldest_start(tables: Tables, residency: Residency, line: int) -> int:
    """When the oldest slice or order of a line began [ns UTC]."""
    windows = tables.windows[residency.flagged(0)]
    of_line = windows[windows["line"] == line]
    start = of_line["start"][np.isin(of_line["level"], (at.SLICES, at.ORDERS))]
    return int(start.min()) if len(start) else at.NONE
