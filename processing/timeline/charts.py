"""Which series of a partition are charted, and what of their plant file entries kernels need, as arrays.

Limits are not part of the operators' state: they hold from when they are declared, and what they judged before stays as it was judged.
A chart that is drawn otherwise after a restart begins anew with its next point.
"""

from math import ceil, log, nan
from typing import NamedTuple
from zlib import crc32

import numpy as np

from fieldline.plantfile import RULES, SpcEntry
from processing.kernels import layout as at
from processing.kernels import spc

_KINDS = {"i_mr": spc.I_MR, "xbar_r": spc.XBAR_R, "xbar_s": spc.XBAR_S}
_LEVELS = {at.MINUTE: 0, at.QUARTER: at.QUARTERS, at.HOUR: at.HOURS}
_NOT = (-1, 0, 0)


class Charted(NamedTuple):
    """Charted rows of all lines for one length of cells.

    first : int64[lines + 1] into the others; local : int64, rows of a line's blocks; chart : int64, rows of `Charts.parameters`.
    """

    first: np.ndarray
    local: np.ndarray
    chart: np.ndarray

    def chart_of(self, line: np.ndarray, local: np.ndarray) -> np.ndarray:
        """The charts of rows `local` of lines `line`, all of which are charted; int64[n] each."""
        key = np.repeat(np.arange(len(self.first) - 1), np.diff(self.first)) << 32 | self.local
        return self.chart[np.searchsorted(key, line << 32 | local)]


class Charts:
    """The charts of one partition, numbered as their series came. It grows with the charted series."""

    def __init__(self) -> None:
        self._entries: list[SpcEntry] = []
        self._places: list[tuple[int, int, int]] = []
        self._parameters = np.zeros((0, spc.PARAMETERS))
        self._limits = np.zeros((0, 0, spc.HELD))
        self._charted: dict[tuple[int, int], Charted] = {}

    def add(self, line: int, local: int, entry: SpcEntry | None, day: int) -> tuple[int, int, int]:
        """Take a new series; what `S_CHART`, `S_CHART_SIZE` and `S_CHART_PHASE` say of it.

        day : a start of a day in the line's zone [ns UTC]. Hours begin as far after full ones as it does; where clocks change by half
        an hour (Lord Howe) points of `n` samples an hour are taken from half past, for half of the year.
        """
        if entry is None:
            return _NOT
        level = _LEVELS[entry.every_ns]
        self._places.append((line, local, level))
        self._entries.append(entry)
        self._charted.clear()
        return level, entry.n or 0, day % at.HOUR if level == at.HOURS else 0

    def charted(self, level: int, lines: int) -> Charted:
        """The charted rows whose cells are of a level, of the first `lines` lines."""
        found = self._charted.get((level, lines))
        if found is None:
            mine = sorted((line, local, chart) for chart, (line, local, of) in enumerate(self._places) if of == level)
            columns = np.array(mine, np.int64).reshape(-1, 3)
            first = np.searchsorted(columns[:, 0], np.arange(lines + 1)).astype(np.int64)
            found = Charted(first, columns[:, 1].copy(), columns[:, 2].copy())
            self._charted[level, lines] = found
        return found

    @property
    def parameters(self) -> np.ndarray:
        """float64[charts, PARAMETERS], see `processing/kernels/spc.py`."""
        known = len(self._parameters)
        if known < len(self._entries):
            fresh = np.array([_parameters(entry) for entry in self._entries[known:]])
            self._parameters = np.concatenate([self._parameters, fresh])
        return self._parameters

    def limits(self, products: list[str]) -> np.ndarray:
        """float64[products, charts, HELD]: what holds while a product is made; NaN without limits. The first product is none."""
        if self._limits.shape[:2] != (len(products), len(self._entries)):
            known = {product: p for p, product in enumerate(products)}
            self._limits = np.empty((len(products), len(self._entries), spc.HELD))
            self._limits[:, :, spc.PRODUCT] = np.arange(len(products))[:, None]
            for k, entry in enumerate(self._entries):
                self._limits[:, k, spc.VERSION : spc.SETTINGS] = _held(entry, None)
                self._limits[:, k, spc.SETTINGS] = _settings(entry)
                for product in {row.product for row in entry.limits} & known.keys():
                    self._limits[known[product], k, spc.VERSION : spc.SETTINGS] = _held(entry, product)
        return self._limits


def _parameters(entry: SpcEntry) -> np.ndarray:
    row = np.full(spc.PARAMETERS, nan)
    row[[spc.KIND, spc.EVERY]] = _KINDS[entry.chart], entry.every_ns
    row[spc.SIZE] = entry.n or nan
    row[[spc.SMOOTHING, spc.EWMA_WIDTH, spc.WIDENING]] = entry.ewma_lambda, entry.ewma_l, _widening(entry.ewma_lambda)
    row[[spc.SLACK, spc.INTERVAL]] = entry.cusum_k, entry.cusum_h
    row[spc.RULES] = sum(1 << RULES.index(rule) for rule in entry.rules)
    row[[spc.LOWEST, spc.HIGHEST]] = [nan if limit is None else limit for limit in (entry.lsl, entry.usl)]
    return row


def _held(entry: SpcEntry, product: str | None) -> tuple[float, float, float]:
    held = entry.limits_for(product)
    return held.version, held.center, held.sigma


def _settings(entry: SpcEntry) -> float:
    """A number that is another one when the chart is drawn otherwise; its memory begins anew then."""
    drawn = (entry.chart, entry.every, entry.n, entry.ewma_lambda, entry.cusum_k)
    return float(crc32(repr(drawn).encode()))


def _widening(smoothing: float) -> int:
    """Points after which 1 - (1 - λ)^(2k) is 1 to the last bit."""
    return 1 if smoothing == 1.0 else ceil(54.0 * log(2.0) / (-2.0 * log(1.0 - smoothing)))
