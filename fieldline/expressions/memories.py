"""Functions that remember from window to window: what they are given, and what that may be.

Which kernel each is tells `processing/derived/calls.py`.
"""

from math import inf, nan
from typing import NamedTuple

MOST_NEWEST = 100
"""Windows that `rolling_…` looks back over, at most."""

MOST_REGIMES = 8
"""Regimes that `baseline` tells apart at most: whole numbers from 0 on."""


class Constant(NamedTuple):
    """A number that stands behind a function's values.

    default : where it is not written; None: it must be. low, high : it lies between, low itself only if not `is_above`, high itself not if
    `is_below`
    """

    name: str
    default: float | None = None
    low: float = -inf
    high: float = inf
    is_above: bool = False
    is_below: bool = False
    is_whole: bool = False

    def fault(self, value: float) -> str:
        """What is wrong with a value; "" where nothing is."""
        fits = self.low <= value <= self.high and not (self.is_whole and value % 1.0)
        fits &= not (self.is_above and value == self.low) and not (self.is_below and value == self.high)
        return "" if fits else f"{self.name}: expected {self}, got {value:g}"

    def __str__(self) -> str:
        words = "a whole number" if self.is_whole else "a number"
        bounds = []
        if self.low > -inf:
            bounds.append(f"{'above' if self.is_above else 'from'} {self.low:g}")
        if self.high < inf:
            bounds.append(f"{'below' if self.is_below else 'up to'} {self.high:g}")
        return f"{words} {', '.join(bounds)}".rstrip()


class Remembering(NamedTuple):
    """A function that remembers.

    values : names of its first arguments, which are expressions; constants : of those behind, which are numbers; keeps_unit : whether
    its value is in the unit of its argument, else in 1; begins_anew : whether it does when the asset was repaired, whose time is one more
    argument then, which nobody writes; by_length : whether the window's length is one; by_regime : whether an expression may stand behind
    the numbers that says the window's regime, a whole number below `MOST_REGIMES`
    """

    values: tuple[str, ...]
    constants: tuple[Constant, ...]
    keeps_unit: bool
    begins_anew: bool = False
    by_length: bool = False
    by_regime: bool = False

    @property
    def least(self) -> int:
        """How many arguments it has at least."""
        return len(self.values) + sum(one.default is None for one in self.constants)

    @property
    def most(self) -> int:
        """How many it may have."""
        return len(self.values) + len(self.constants) + self.by_regime

    def whole(self, constants: tuple[float, ...]) -> tuple[float, ...]:
        """All constants, those that are not written too."""
        left_out = (one.default for one in self.constants[len(constants) :])
        return (*constants, *(value for value in left_out if value is not None))

    def written(self, name: str) -> str:
        """How it is written, with what may be left out in brackets."""
        told = [*self.values, *(one.name for one in self.constants if one.default is None)]
        left_out = "".join(f"[, {one.name}]" for one in self.constants if one.default is not None)
        left_out += "[, regime]" * self.by_regime
        return f"{name}({', '.join(told)}{left_out})"


_SLACK = Constant("slack", low=0.0)
_HEAD_START = Constant("head_start", 0.0, low=0.0)
_CUSUM = Remembering(("x",), (Constant("target"), _SLACK, _HEAD_START), keeps_unit=True)
_ROLLING = Remembering(("x",), (Constant("windows", low=1, high=MOST_NEWEST, is_whole=True),), keeps_unit=True)
_SPREAD = Remembering(("x",), (Constant("windows", low=2, high=MOST_NEWEST, is_whole=True),), keeps_unit=True)
MEMORIES = {
    "previous": Remembering(("x",), (), keeps_unit=True),
    "ewma": Remembering(
        ("x",), (Constant("smoothing", low=0.0, high=1.0, is_above=True), Constant("start", nan)), keeps_unit=True
    ),
    "cusum_high": _CUSUM,
    "cusum_low": _CUSUM,
    "rolling_mean": _ROLLING,
    "rolling_sum": _ROLLING,
    "rolling_min": _ROLLING,
    "rolling_max": _ROLLING,
    "rolling_deviation": _SPREAD,
    "rolling_slope": _SPREAD,
    "baseline": Remembering(
        ("x",),
        (Constant("windows", low=1, high=1e6, is_whole=True),),
        keeps_unit=True,
        begins_anew=True,
        by_regime=True,
    ),
    "page_hinkley": Remembering(
        ("x",),
        (
            Constant("delta", low=0.0),
            Constant("threshold", low=0.0, is_above=True),
            Constant("forgetting", 0.9999, low=0.0, high=1.0, is_above=True),
            Constant("least", 30.0, low=1.0, high=1e6, is_whole=True),
        ),
        keeps_unit=False,
    ),
    "adwin": Remembering(
        ("x",),
        (
            Constant("delta", 0.002, low=0.0, high=1.0, is_above=True, is_below=True),
            Constant("clock", 1.0, low=1.0, high=1e6, is_whole=True),
        ),
        keeps_unit=False,
    ),
    "ddm": Remembering(
        ("errors", "trials"),
        (
            Constant("warning", 2.0, low=0.0, is_above=True),
            Constant("drift", 3.0, low=0.0, is_above=True),
            Constant("least", 30.0, low=0.0),
        ),
        keeps_unit=False,
    ),
    "novelty": Remembering(("x",), (), keeps_unit=False, by_length=True),
}
"""Functions that remember, by name. Sources stand with their kernels (`processing/kernels/`: `charts.py`, `drift.py`, `adwin.py`,
`recent.py`, `novelty.py`).

`ewma(x, smoothing[, start])` : begins at the first value, or at `start`
`cusum_high(x, target, slack[, head_start])`, `cusum_low` : upper and lower sum of the tabular CUSUM
`rolling_…(x, windows)` : over the newest windows in which x exists, with this one; none as long as there are fewer; `rolling_deviation`
is the sample standard deviation, `rolling_slope` the slope of least squares, by one window
`baseline(x, windows[, regime])` : the mean of x over its first windows since the asset was repaired or replaced, of each regime for
itself; none as long as there are fewer, and in a window of no regime
`page_hinkley(x, delta, threshold[, forgetting, least])`, `adwin(x[, delta, clock])` : 1 a rise, -1 a fall, 0 neither
`ddm(errors, trials[, warning, drift, least])` : 2 a drift, 1 a warning, 0 neither
`novelty(x)` : where something new begins how new it is, else 0
"""
