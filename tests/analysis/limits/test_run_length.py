"""Average run lengths: published tables, limits between charts, and the project's own kernels run until they signal."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from analysis.limits.run_length import cusum_arl, ewma_arl, shewhart_arl
from processing.formulas.spc import ewma_limits
from processing.kernels.charts import cusum_step, ewma_step

SHIFTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)


def to_digits(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def mean_run(step: Callable[[tuple[float, ...], float], tuple[tuple[float, ...], bool]], points: np.ndarray) -> float:
    """Mean points until a signal, beginning anew after each."""
    state, signals, begun, last = None, 0, 0, 0
    for i, point in enumerate(points.tolist()):
        state, signal = step(state or (), point)
        if signal:
            state, signals, last = None, signals + 1, i + 1
    return (last - begun) / signals


@pytest.mark.parametrize(
    "limit, head_start, printed",
    [
        # Montgomery (2013), table 9.3; with head starts of half the limit: Lucas and Crosier (1982)
        (4.0, 0.0, (168, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71)),
        (5.0, 0.0, (465, 139, 38.0, 17.0, 10.4, 5.75, 4.01, 3.11, 2.57, 2.01)),
        (4.0, 2.0, (149, 62.7, 20.1, 8.97, 5.29, 2.86, 2.01, 1.59, 1.32, 1.07)),
        (5.0, 2.5, (430, 122, 28.7, 11.2, 6.35, 3.37, 2.36, 1.86, 1.54, 1.16)),
    ],
)
def test_cusum_run_lengths_are_those_of_the_printed_table(
    limit: float, head_start: float, printed: tuple[float, ...]
) -> None:
    found = [to_digits(cusum_arl(0.5, limit, shift, head_start), 3) for shift in SHIFTS]

    assert found == pytest.approx(printed, rel=0.008)  # a step of the third digit


@pytest.mark.parametrize(
    "smoothing, width, printed",
    [
        # Montgomery (2013), table 9.11, after Lucas and Saccucci (1990)
        (0.40, 3.054, (500, 224, 71.2, 28.4, 14.3, 5.9, 3.5, 2.5, 2.0, 1.4)),
        (0.10, 2.814, (500, 106, 31.3, 15.9, 10.3, 6.1, 4.4, 3.4, 2.9, 2.2)),
    ],
)
def test_average_run_lengths_are_those_of_the_printed_table(
    smoothing: float, width: float, printed: tuple[float, ...]
) -> None:
    found = [ewma_arl(smoothing, width, shift) for shift in SHIFTS]

    assert found == pytest.approx(printed, rel=0.004, abs=0.05)


def test_a_shewhart_chart_runs_370_points_in_control_and_44_after_a_shift_of_one_sigma() -> None:
    assert shewhart_arl() == pytest.approx(370.398, abs=1e-3)
    assert shewhart_arl(3.0, 1.0) == pytest.approx(43.89, abs=5e-3)  # Montgomery (2013), 6.2
    assert shewhart_arl(3.0, -1.0) == shewhart_arl(3.0, 1.0)


def test_charts_without_a_memory_are_shewhart_charts() -> None:
    # An average of the newest point alone; a CUSUM with no room signals at any point beyond k
    assert ewma_arl(1.0, 3.0, 0.7) == shewhart_arl(3.0, 0.7)
    assert ewma_arl(0.999999, 3.0, 0.7) == pytest.approx(shewhart_arl(3.0, 0.7), rel=1e-5)
    assert cusum_arl(3.0, 1e-9, 0.7) == pytest.approx(shewhart_arl(3.0, 0.7), rel=1e-6)


def test_run_lengths_do_not_ask_which_way_a_process_shifts() -> None:
    assert cusum_arl(0.5, 4.0, -0.8, 1.0) == pytest.approx(cusum_arl(0.5, 4.0, 0.8, 1.0), rel=1e-12)
    assert ewma_arl(0.2, 2.86, -0.8) == pytest.approx(ewma_arl(0.2, 2.86, 0.8), rel=1e-12)


def test_the_cusum_kernel_runs_as_long_as_theory_says() -> None:
    points = np.random.default_rng(11).normal(0.25, 1.0, 200_000)

    def step(state: tuple[float, ...], point: float) -> tuple[tuple[float, ...], bool]:
        high, low = cusum_step(*(state or (0.0, 0.0)), point, 0.0, 0.5)
        return (high, low), high > 4.0 or low > 4.0

    # some 2700 runs: their mean to about 2 %
    assert mean_run(step, points) == pytest.approx(cusum_arl(0.5, 4.0, 0.25), rel=0.06)


def test_the_average_kernel_runs_as_long_as_theory_says() -> None:
    points = np.random.default_rng(12).normal(0.25, 1.0, 200_000)
    limit = float(ewma_limits(0.0, 1.0, 0.1, 2.814).ucl)

    def step(state: tuple[float, ...], point: float) -> tuple[tuple[float, ...], bool]:
        average = ewma_step(*(state or (0.0,)), point, 0.1)
        return (average,), abs(average) > limit

    # some 1900 runs: their mean to about 2.3 %
    assert mean_run(step, points) == pytest.approx(ewma_arl(0.1, 2.814, 0.25), rel=0.07)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: shewhart_arl(0.0), "width over 0, got 0.0"),
        (lambda: shewhart_arl(3.0, math.nan), "finite shift"),
        (lambda: cusum_arl(-0.1, 4.0), "slack of 0 or more"),
        (lambda: cusum_arl(0.5, 0.0), "limit over 0"),
        (lambda: cusum_arl(0.5, 4.0, 0.0, 4.5), "head start from 0 to the limit"),
        (lambda: cusum_arl(0.5, 1e6), "at most 250 steps"),
        (lambda: ewma_arl(0.0, 3.0), "smoothing over 0"),
        (lambda: ewma_arl(0.1, 3.0, 0.0, 1.0), "start within the limits"),
        (lambda: ewma_arl(1e-6, 3.0), "at most 250 steps"),
    ],
)
def test_parameters_that_cannot_be_are_refused_by_name(call: Callable[[], float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
