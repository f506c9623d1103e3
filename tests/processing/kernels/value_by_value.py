"""The kernels that remember, handed one value after the other of one series."""

from collections.abc import Sequence

import numpy as np

from processing.kernels.adwin import ADWIN, carry_adwin
from processing.kernels.charts import CUSUM, EWMA, carry_cusum, carry_ewma
from processing.kernels.drift import DDM, PAGE_HINKLEY, carry_ddm, carry_page_hinkley
from processing.kernels.kept import first_of

Values = Sequence[float] | np.ndarray


def _one_each(values: Values) -> np.ndarray:
    return np.array(values, np.float64).reshape(-1, 1)


def ewma(values: Values, start: float, smoothing: float) -> np.ndarray:
    """Every average."""
    given, found = _one_each(values), np.empty((len(values), 1))
    state = first_of(EWMA, average=start, has_begun=1)
    for k in range(len(given)):
        carry_ewma(given[k], smoothing, state, found[k])
    return found[:, 0]


def cusum(values: Values, target: float, slack: float, head_start: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Every upper and every lower sum."""
    given, high, low = _one_each(values), np.empty((len(values), 1)), np.empty((len(values), 1))
    state = first_of(CUSUM, high=head_start, low=head_start)
    for k in range(len(given)):
        carry_cusum(given[k], target, slack, state, high[k], low[k])
    return high[:, 0], low[:, 0]


def page_hinkley(values: Values, delta: float, threshold: float, alpha: float, least: int) -> list[float]:
    """Every verdict."""
    given, found = _one_each(values), np.empty((len(values), 1))
    state = first_of(PAGE_HINKLEY, ph_rise_least=np.inf, ph_fall_most=-np.inf)
    for k in range(len(given)):
        carry_page_hinkley(given[k], delta, threshold, alpha, least, state, found[k])
    return found[:, 0].tolist()  # type: ignore[no-any-return]


def ddm(errors: Values, trials: Values, warning: float, drift: float, least: float) -> list[float]:
    """Every verdict on counts of errors and trials."""
    wrong, made, found = _one_each(errors), _one_each(trials), np.empty((len(errors), 1))
    state = first_of(DDM, rate=np.inf, deviation=np.inf)
    for k in range(len(wrong)):
        carry_ddm(wrong[k], made[k], warning, drift, least, state, found[k])
    return found[:, 0].tolist()  # type: ignore[no-any-return]


def adwin(values: Values, delta: float, clock: int, part: int, least: int) -> tuple[list[float], np.ndarray]:
    """Every verdict, and the record in the end."""
    given, found = _one_each(values), np.empty((len(values), 1))
    state = first_of(ADWIN)
    for k in range(len(given)):
        carry_adwin(given[k], delta, clock, part, least, state, found[k])
    return found[:, 0].tolist(), state[0]
