"""Running a slice again: its state is restored, its rows are run, and what changed is flagged.

What an operator keeps is treated as rows of words here, alike for all.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import BYTES, INT, INTS, NOTHING, WORDS, context, kernel
from processing.kernels.layout import CHANGED, CLOSED, EMIT, PLANT, REVISED, SPREAD, TOUCHED, WINDOWS

# what running a slice again does with a word of its partial aggregate
OWN = 1  # the slice's rows fill it: it begins anew
LATER = 0  # rows after the slice set it: it is emptied when the state after the slice changes
LEFT = 2  # nothing


class Again(NamedTuple):
    """Records of one operator as words, for slices that are run again.

    slices, before : those of the slices' blocks, changed; old, state : scratch, from each slice's `base` on: its partial aggregates as
    they were, and the state that its rows are run over; first : words[1] of a partial aggregate at first; own : uint8[words of a
    partial aggregate], OWN, LATER or LEFT; live : the state at the live edge, changed.
    """

    slices: np.ndarray
    before: np.ndarray
    old: np.ndarray
    state: np.ndarray
    first: np.ndarray
    own: np.ndarray
    live: np.ndarray


AGAIN = context(Again, WORDS, WORDS, WORDS, WORDS, WORDS, BYTES, WORDS)


@kernel(NOTHING, INTS, INTS, WINDOWS, AGAIN)
def begin(ids, bases, windows, again):
    """Restore the state before each slice into scratch rows from its base on, and begin its partial aggregates anew."""
    for w in range(ids.size):
        window, base = windows[ids[w]], bases[w]
        for r in range(np.int64(1) << window.shift):
            row = window.block + r
            for c in range(again.own.size):
                again.old[base + r, c] = again.slices[row, c]
                if again.own[c] == OWN:
                    again.slices[row, c] = again.first[0, c]
            for c in range(again.before.shape[1]):
                again.state[base + r, c] = again.before[row, c]


@kernel(NOTHING, INTS, INTS, PLANT, WINDOWS, AGAIN, BYTES)
def hand_on(ids, bases, plant, windows, again, carried):
    """Give the state after each slice to the next one where it differs from what that began with, or to the live edge.

    carried : uint8 of scratch rows, set to 1 where the next slice's state changed.
    """
    for w in range(ids.size):
        window, base = windows[ids[w]], bases[w]
        line = plant.lines[window.line]
        for r in range(min(np.int64(1) << window.shift, line.series)):
            if window.newer < 0:
                for c in range(again.live.shape[1]):
                    again.live[line.base + r, c] = again.state[base + r, c]
                continue
            row = windows[window.newer].block + r
            for c in range(again.before.shape[1]):
                if again.before[row, c] != again.state[base + r, c]:
                    again.before[row, c] = again.state[base + r, c]
                    carried[base + r] = 1


@kernel(NOTHING, INTS, INTS, PLANT, WINDOWS, AGAIN, BYTES, BYTES)
def compare(ids, bases, plant, windows, again, carried, differs):
    """Say which rows of the slices' partial aggregates differ from what they were: uint8 of scratch rows, set to 1 where they do.

    What later rows gave a slice is emptied where the state after it changed: those rows are run again, and give it anew.
    """
    for w in range(ids.size):
        window, base = windows[ids[w]], bases[w]
        for r in range(min(np.int64(1) << window.shift, plant.lines[window.line].series)):
            row = window.block + r
            for c in range(again.own.size):
                if again.own[c] == LATER and carried[base + r] == 1:
                    again.slices[row, c] = again.first[0, c]
                if again.slices[row, c] != again.old[base + r, c]:
                    differs[base + r] = 1


@kernel(NOTHING, INTS, INTS, PLANT, WINDOWS, BYTES, BYTES, BYTES, INT)
def finish(ids, bases, plant, windows, carried, differs, dirty, is_anew):
    """Flag rows that differ, their slices, and the slices that begin with another state now.

    is_anew : 1 where the slices were emptied of what later rows gave them, too: an asset's figures stand at its first row, which the
    kernels flag only where they see a change.
    """
    for w in range(ids.size):
        window, base = windows[ids[w]], bases[w]
        line = plant.lines[window.line]
        changed = follow = False
        for r in range(np.int64(1) << window.shift):
            if differs[base + r] == 1:
                dirty[window.block + r] |= EMIT | SPREAD
                changed = True
                if is_anew == 1 and r < line.series:
                    dirty[window.block + plant.series[plant.row_series[line.base + r]].lead] |= EMIT | SPREAD
            follow = follow or carried[base + r] == 1
        if changed:
            window.flags |= TOUCHED | CHANGED
            if window.flags & CLOSED != 0:
                window.flags |= REVISED
        if follow:
            windows[window.newer].flags |= CHANGED
