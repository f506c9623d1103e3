from collections.abc import Callable

import numpy as np
import pytest

from analysis.baseline import Baseline
from analysis.baseline_fit import fit_baseline
from analysis.change_point import Hinge, Shape, find_hinges

TEMPERATURE = np.random.default_rng(17).uniform(-12.0, 34.0, 400)
NOISE = np.random.default_rng(18).normal(0.0, 2.0, 400)

SEASONS: dict[Shape, tuple[np.ndarray, tuple[float, ...]]] = {
    "linear": (400.0 - 3.0 * TEMPERATURE, ()),
    "3ph": (100.0 + 5.0 * np.maximum(15.0 - TEMPERATURE, 0.0), (15.0,)),
    "3pc": (100.0 + 4.0 * np.maximum(TEMPERATURE - 18.0, 0.0), (18.0,)),
    "4p": (100.0 + 5.0 * np.maximum(14.0 - TEMPERATURE, 0.0) - 1.5 * np.maximum(TEMPERATURE - 14.0, 0.0), (14.0,)),
    "5p": (
        100.0 + 5.0 * np.maximum(10.0 - TEMPERATURE, 0.0) + 4.0 * np.maximum(TEMPERATURE - 22.0, 0.0),
        (10.0, 22.0),
    ),
}
"""Energy of a plant for each shape, and its change points."""


def change_points(found: Baseline) -> list[float]:
    return sorted({term.change_point for term in found.terms if term.side != "all"})


@pytest.mark.parametrize("shape", [shape for shape in SEASONS if shape != "linear"])
def test_without_noise_the_change_points_are_found_exactly(shape: Shape) -> None:
    energy, points = SEASONS[shape]

    found = fit_baseline(energy, {"t": TEMPERATURE}, change_point="t", shape=shape)

    assert change_points(found) == pytest.approx(points, abs=1e-4)
    assert found.intercept.coefficient == pytest.approx(100.0, abs=1e-3)


@pytest.mark.parametrize("shape", list(SEASONS))
def test_the_best_shape_is_the_one_that_made_the_energy(shape: Shape) -> None:
    energy, points = SEASONS[shape]

    found = fit_baseline(energy + NOISE, {"t": TEMPERATURE}, change_point="t")

    assert found.shape == shape
    assert change_points(found) == pytest.approx(points, abs=1.0)
    assert found.statistics.parameters == {"linear": 2, "3ph": 3, "3pc": 3, "4p": 4, "5p": 5}[shape]


@pytest.mark.parametrize("shape", ["3ph", "3pc", "4p"])
def test_no_change_point_of_a_fine_grid_fits_better(shape: Shape) -> None:
    energy = SEASONS[shape][0] + NOISE
    arms: dict[str, Callable[[float], list[Hinge]]] = {
        "3ph": lambda point: [Hinge("below", point)],
        "3pc": lambda point: [Hinge("above", point)],
        "4p": lambda point: [Hinge("below", point), Hinge("above", point)],
    }

    def squares(point: float) -> float:
        design = np.column_stack([np.ones(400), *(arm.of(TEMPERATURE) for arm in arms[shape](point))])
        coefficients, *_ = np.linalg.lstsq(design, energy, rcond=None)
        return float(np.sum((energy - design @ coefficients) ** 2))

    found = fit_baseline(energy, {"t": TEMPERATURE}, change_point="t", shape=shape)

    (point,) = change_points(found)
    ordered = np.sort(TEMPERATURE)
    assert squares(point) <= min(squares(other) for other in np.linspace(ordered[20], ordered[-21], 1000)) * (1 + 1e-12)


def test_production_beside_the_temperature_does_not_move_the_change_point() -> None:
    production = np.random.default_rng(19).uniform(100, 900, 400)
    energy = SEASONS["3ph"][0] + 0.7 * production + NOISE

    found = fit_baseline(energy, {"production": production, "t": TEMPERATURE}, change_point="t")

    assert found.shape == "3ph"
    assert change_points(found) == pytest.approx([15.0], abs=0.5)
    assert found.terms[0].coefficient == pytest.approx(0.7, rel=0.01)
    assert found.statistics.parameters == 4


def test_a_shape_whose_slopes_the_data_do_not_have_is_refused() -> None:
    energy = 100.0 - SEASONS["3ph"][0]

    with pytest.raises(ValueError, match="shape 3ph: expected .* 't' has no such change point"):
        fit_baseline(energy, {"t": TEMPERATURE}, change_point="t", shape="3ph")


def test_a_change_point_needs_rows_on_both_of_its_sides() -> None:
    with pytest.raises(
        ValueError, match="expected 2 rows of lower and of higher temperature .* got 4 rows from 1 to 4"
    ):
        find_hinges(np.arange(4.0), np.array([1.0, 2.0, 3.0, 4.0]), "3ph")
    with pytest.raises(ValueError, match="change point: expected 2 rows"):
        find_hinges(np.arange(9.0), np.array([1.0] + [5.0] * 7 + [9.0]), "3ph")
    with pytest.raises(ValueError, match="got 'linear'"):
        find_hinges(np.arange(9.0), np.arange(9.0), "linear")
