"""How long each state held in a window, from a list of state changes as they come: out of order and more than once.

For tables and replays. The pipe keeps the same times on the stream, where rows are in order and unique already.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class StateTimes(NamedTuple):
    """Time by state, and the time in which none is known; together they are the window. Unit and type of the times given."""

    by_state: NDArray[Any]
    unqualified: Any


def state_durations(
    time: ArrayLike, state: ArrayLike, start: Any, end: Any, n_states: int, longest_hold: Any = None
) -> StateTimes:
    """How long each state held in the window `start` to `end`.

    time : int64[n] or float64[n]
        Moments of the changes, in any order, any of them repeated; those before `start` say what held then. Integers
        (nanoseconds) stay integers, and the parts add up to the window exactly.
    state : int64[n]
        State from that moment on, 0 to `n_states` - 1. Of several at one moment the smallest counts, as everywhere in the pipe,
        whatever came first.
    longest_hold : number
        Longest time a state holds without news; after it time is unqualified. By default a state holds until the next one.

    Raises
    ------
    ValueError
        If the arrays differ in length, a state is outside its range, or the window ends before it starts.
    """
    times, states = np.atleast_1d(np.asarray(time)), np.atleast_1d(np.asarray(state, np.int64))
    if times.shape != states.shape or times.ndim != 1:
        raise ValueError(f"expected a state for each moment, got {times.shape} moments and {states.shape} states")
    if end < start:
        raise ValueError(f"expected a window that ends after it starts, got {start} to {end}")
    if states.size and not 0 <= states.min() <= states.max() < n_states:
        raise ValueError(f"expected states of 0 to {n_states - 1}, got {states.min()} to {states.max()}")
    order = np.lexsort((states, times))
    times, states = times[order], states[order]
    first = np.concatenate(([True], times[1:] != times[:-1]))[: times.size]
    times, states = times[first], states[first]
    ends = np.append(times[1:], end).astype(times.dtype)
    if longest_hold is not None:
        # Subtracted, not added: a moment plus a long hold could overflow int64 nanoseconds.
        ends = times + np.minimum(ends - times, longest_hold)
    held = np.clip(ends, start, end) - np.clip(times, start, end)
    by_state = np.zeros(n_states, held.dtype)
    np.add.at(by_state, states, np.maximum(held, 0))
    return StateTimes(by_state, (end - start) - by_state.sum())
