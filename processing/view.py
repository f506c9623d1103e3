"""What an operator sees of the windows that are to be read out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from processing.kernels import layout as at
from processing.kernels.kept import Partials
from processing.kernels.layout import Plant
from processing.kernels.reprocess import dirty_rows
from processing.kernels.spc import Charted


class Names(Protocol):
    """Names that metric rows carry beside those of assets and tags."""

    @property
    def orders(self) -> list[str]:
        """Orders by number; 0 is none."""

    @property
    def products(self) -> list[str]:
        """Products by row of `Plant.ideal_cycle_s`; 0 is none."""

    def shift_name(self, line: int, start: int) -> str:
        """The shift of a line that begins at `start` [ns UTC]."""


class ChartTable(Protocol):
    """The control charts of a partition."""

    def charted(self, level: int, lines: int, products: list[str]) -> Charted:
        """The charted rows whose cells are of a level, of the first `lines` lines, and the limits while each product is made."""


class Changed(NamedTuple):
    """Rows to be emitted, int64[n] each: row of the pool, window and series."""

    row: np.ndarray
    window: np.ndarray
    series: np.ndarray


@dataclass(frozen=True, kw_only=True)
class View:
    """Windows `ids`, int64[n], all of one level, and all that their figures are made of; to be read only.

    windows, labels : WINDOW and LABEL of every window, by id; dirty : flags of the pool in which the windows' blocks lie.
    line_output : by line, the asset whose good count is the line's, -1: not declared; line_meter : by asset, 1 where its energy is
    its line's. partials : by operator.
    """

    ids: np.ndarray
    level: int
    windows: np.ndarray
    labels: np.ndarray
    plant: Plant
    dirty: np.ndarray
    line_output: np.ndarray
    line_meter: np.ndarray
    names: Names
    charts: ChartTable
    partials: Mapping[str, Partials]

    @cached_property
    def room(self) -> int:
        """How many rows the windows' blocks have in all."""
        return int((1 << self.windows["shift"][self.ids]).sum())

    @cached_property
    def changed(self) -> Changed:
        """The rows that are to be emitted."""
        row, window, series = (np.empty(self.room, np.int64) for _ in Changed._fields)
        n = dirty_rows(self.ids, self.windows, self.plant, self.dirty, row, window, series)
        return Changed(row[:n], window[:n], series[:n])

    def records_of(self, operator: str, rows: np.ndarray) -> np.ndarray:
        """The partial aggregates of an operator in rows of the pool."""
        partials = self.partials[operator]
        return (partials.slices if self.level == at.SLICES else partials.windows)[rows]
