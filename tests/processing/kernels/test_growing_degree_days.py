import numpy as np
import pytest

from processing.kernels.growing_degree_days import METHODS, growing_degree_days


def degree_days(method: str, lowest: float, highest: float, lower: float = 10.0, upper: float = 30.0) -> float:
    out = np.empty(1)
    growing_degree_days(
        *(np.array([value], float) for value in (lowest, highest, lower, upper, METHODS.index(method))), out
    )
    return float(out[0])


def integrated(method: str, lowest: float, highest: float, lower: float = 10.0, upper: float = 30.0) -> float:
    """The same by adding up 100,000 moments of the day."""
    shape, _, cutoff = method.partition("_")
    half = (np.arange(100_000) + 0.5) / 100_000  # from the coldest to the warmest moment; back it is the same
    degc = lowest + (highest - lowest) * (half if shape == "triangle" else (1.0 - np.cos(np.pi * half)) / 2.0)
    growth = np.clip(degc, lower, upper) - lower
    if cutoff == "vertical":
        growth[degc > upper] = 0.0
    if cutoff == "intermediate":
        growth -= np.maximum(degc - upper, 0.0)
    return max(float(growth.mean()), 0.0)


@pytest.mark.parametrize("method", METHODS[2:])
@pytest.mark.parametrize(
    "extremes", [(2.0, 8.0), (4.0, 22.0), (12.0, 24.0), (18.0, 37.0), (3.0, 41.0), (31.0, 44.0), (20.0, 20.0)]
)
def test_a_curve_gives_the_area_below_it(method: str, extremes: tuple[float, float]) -> None:
    assert degree_days(method, *extremes) == pytest.approx(integrated(method, *extremes), abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_day_whose_extremes_are_no_day_has_none(method: str) -> None:
    assert np.isnan(
        [degree_days(method, 20.0, 19.9), degree_days(method, np.nan, 20.0), degree_days(method, 1.0, np.inf, np.nan)]
    ).all()
