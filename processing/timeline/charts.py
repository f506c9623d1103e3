"""Which series of a partition are charted, and what of their plant file entries kernels need, as arrays.

Limits are not part of the operators' state: they hold from when they are declared, and what they judged before stays as it was judged.
A chart that is drawn otherwise after a restart begins anew with its next point.
"""

from math import ceil, log, nan
from zlib import crc32

import numpy as np

from fieldline.plantfile import RULES, SpcEntry
from processing.kernels import layout as at
from processing.kernels import spc
from processing.kernels.kept import first_of

_KINDS = {"i_mr": spc.I_MR, "xbar_r": spc.XBAR_R, "xbar_s": spc.XBAR_S}
_LEVELS = {at.MINUTE: 0, at.QUARTER: at.QUARTERS, at.HOUR: at.HOURS}
_NOT = (-1, 0, 0)


class Charts:
    """The charts of one partition, numbered as their series came. It grows with the charted series.

    levels : those whose windows make points of charts, ascending.
    """

    def __init__(self) -> None:
        self._entries: list[SpcEntry] = []
        self._places: list[tuple[int, int, int]] = []
        self.levels: list[int] = []
        self._charts = np.zeros(0, spc.CHART)
        self._limits = np.zeros((0, 0), spc.LIMITS)
        self._charted: dict[tuple[int, int], tuple[np.ndarray, ...]] = {}

    def add(self, line: int, local: int, entry: SpcEntry | None, day: int) -> tuple[int, int, int]:
        """Take a new series; what `chart`, `chart_size` and `chart_phase` of its SERIES record say of it.

        day : a start of a day in the line's zone [ns UTC]. Hours begin as far after full ones as it does; where clocks change by half
        an hour (Lord Howe) points of `n` samples an hour are taken from half past, for half of the year.
        """
        if entry is None:
            return _NOT
        level = _LEVELS[entry.every_ns]
        self._places.append((line, local, level))
        self.levels = sorted({*self.levels, level})
        self._entries.append(entry)
        self._charted.clear()
        return level, entry.n or 0, day % at.HOUR if level == at.HOURS else 0

    def charted(self, level: int, lines: int, products: list[str]) -> spc.Charted:
        """The charted rows whose cells are of a level, of the first `lines` lines, and the limits while each product is made."""
        found = self._charted.get((level, lines))
        if found is None:
            mine = sorted((line, local, chart) for chart, (line, local, of) in enumerate(self._places) if of == level)
            columns = np.array(mine, np.int64).reshape(-1, 3)
            first = np.searchsorted(columns[:, 0], np.arange(lines + 1)).astype(np.int64)
            found = self._charted[level, lines] = first, columns[:, 1].copy(), columns[:, 2].copy()
        first, local, chart = found
        return spc.Charted(first, local, chart, self.charts, self.limits(products).reshape(-1))

    @property
    def charts(self) -> np.ndarray:
        """CHART[charts]: how each is drawn."""
        known = len(self._charts)
        if known < len(self._entries):
            self._charts = np.concatenate([self._charts, *map(_chart, self._entries[known:])])
        return self._charts

    def limits(self, products: list[str]) -> np.ndarray:
        """LIMITS[products, charts]: what holds while a product is made; NaN without limits. The first product is none."""
        if self._limits.shape != (len(products), len(self._entries)):
            known = {product: p for p, product in enumerate(products)}
            self._limits = np.empty((len(products), len(self._entries)), spc.LIMITS)
            for k, entry in enumerate(self._entries):
                settings = _settings(entry)
                self._limits[:, k] = (0, *_held(entry, None), settings)
                for product in {row.product for row in entry.limits} & known.keys():
                    self._limits[known[product], k] = (0, *_held(entry, product), settings)
            self._limits["product"] = np.arange(len(products))[:, None]
        return self._limits


def _chart(entry: SpcEntry) -> np.ndarray:
    return first_of(
        spc.CHART,
        kind=_KINDS[entry.chart],
        size=entry.n or 0,
        every=entry.every_ns,
        smoothing=entry.ewma_lambda,
        ewma_width=entry.ewma_l,
        widening=_widening(entry.ewma_lambda),
        slack=entry.cusum_k,
        interval=entry.cusum_h,
        rules=sum(1 << RULES.index(rule) for rule in entry.rules),
        lowest=nan if entry.lsl is None else entry.lsl,
        highest=nan if entry.usl is None else entry.usl,
    )


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
