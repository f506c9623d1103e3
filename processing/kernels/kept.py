"""What an operator keeps of a line, as records of its own, and the contexts in which its kernels are handed them."""

from typing import Any, NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, INTS, context, records


class State(NamedTuple):
    """What `update` changes; an operator has a subclass of its own, for numba tells contexts apart by their names.

    slices : partial aggregates of slices, and before : the state before each slice, a row a series in the slices' blocks
    state, open : the state after the rows so far, and what is open within a slice, a row a series; at the live edge, or scratch
    dirty : uint8, the slices' dirty flags
    """

    slices: np.ndarray
    before: np.ndarray
    state: np.ndarray
    open: np.ndarray
    dirty: np.ndarray


class Partials(NamedTuple):
    """Partial aggregates of slices and of longer windows, and the dirty flags of both.

    `fold` changes `windows` where `dirty`, their flags, say so; what reads out changes nothing. An operator has a subclass of its own.
    """

    slices: np.ndarray
    windows: np.ndarray
    dirty_slices: np.ndarray
    dirty: np.ndarray


class Kept(NamedTuple):
    """The records of an operator as they are at first, arrays of one record each.

    slice, window : partial aggregates of a slice and of a longer window; state : what the next slice needs to know of a series;
    open : what is open within a slice and empty at its ends, None without any.
    state_type, partials_type : types of `State` and `Partials` for signatures.
    """

    slice: np.ndarray
    window: np.ndarray
    state: np.ndarray
    open: np.ndarray | None
    State: type[State]
    Partials: type[Partials]
    state_type: Any
    partials_type: Any


def first_of(dtype: np.dtype, **values: Any) -> np.ndarray:
    """One record, shape [1]: zero but for `values`."""
    made = np.zeros(1, dtype)
    for name, value in values.items():
        made[name] = value
    return made


def kept(
    of_state: type[State],
    of_partials: type[Partials],
    *,
    slice: np.ndarray,
    window: np.ndarray | None = None,
    state: np.ndarray,
    open: np.ndarray | None = None,
) -> Kept:
    """What an operator keeps, by first records (`first_of`). A longer window keeps what a slice does unless `window` says otherwise."""
    window = slice if window is None else window
    slices, windows, states = records(slice.dtype), records(window.dtype), records(state.dtype)
    opened = INTS if open is None else records(open.dtype)
    state_type = context(of_state, slices, states, states, opened, BYTES)
    return Kept(
        slice,
        window,
        state,
        open,
        of_state,
        of_partials,
        state_type,
        context(of_partials, slices, windows, BYTES, BYTES),
    )
