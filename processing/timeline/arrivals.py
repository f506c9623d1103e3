"""Rows in the order in which they arrive, in columns, by series."""

from typing import NamedTuple

import numpy as np


class Arrivals(NamedTuple):
    """Rows in columns, all of length n; offset : log offset of each row's frame."""

    time: np.ndarray
    series: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    offset: np.ndarray

    @classmethod
    def none(cls) -> "Arrivals":
        """No rows."""
        return cls(*(np.empty(0, kind) for kind in _TYPES))

    @classmethod
    def joined(cls, blocks: "list[Arrivals]") -> "Arrivals":
        """The rows of some blocks, at least one, one after the other."""
        if len(blocks) == 1:
            return blocks[0]
        return cls(*(np.concatenate(column) for column in zip(*blocks, strict=True)))

    def only(self, index: np.ndarray | slice) -> "Arrivals":
        """The rows at `index`, a mask, places or a slice."""
        return Arrivals(*(column[index] for column in self))


_TYPES = (np.int64, np.int32, np.float64, np.uint8, np.int64)
