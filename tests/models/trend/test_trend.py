"""Trends on wear whose end is known beforehand, and the published cells of NASA."""

import numpy as np
import pytest

from models.trend.model import Wear, asked_of, fit_wear
from models.trend.shapes import SHAPES, line_reaches, theil_sen
from models.trend.unit import Unit, slope_beyond, standing

CYCLES = np.arange(0.0, 200.0)


def unit(name: str, curve: np.ndarray) -> Unit:
    return Unit(name, CYCLES, curve)


def fleet(shape: str) -> list[Unit]:
    """Three units that reach 1.4 from 2.0 after 120, 150 and 180 cycles, by a line, an exponential or a Weibull curve of shape 2."""
    curves = {
        "linear": lambda end: 2.0 - 0.6 * CYCLES / end,
        "exponential": lambda end: 2.0 * 0.7 ** (CYCLES / end),
        "weibull": lambda end: 2.0 * 0.7 ** ((CYCLES / end) ** 2),
    }
    return [unit(f"{end}", curves[shape](end)) for end in (120, 150, 180)]


@pytest.mark.parametrize("shape", ["linear", "exponential"])
def test_a_unit_alone_ends_where_its_own_slope_leads(shape: str) -> None:
    told = Wear(SHAPES[shape], 1.4, ()).end_of(fleet(shape)[1].until(75.0))

    assert told.time == pytest.approx(150.0, abs=0.5)


def test_the_shape_that_foretells_the_fleet_best_is_chosen() -> None:
    """Cells that lose the same each cycle, from other beginnings on; and cells that age alike at other speeds."""
    same_loss = [unit(f"{start}", start - 0.004 * CYCLES) for start in (1.9, 2.0, 2.1)]

    assert fit_wear(same_loss, 1.4, "linear")[1]["linear"] < 0.02  # of the life that is left
    wear, errors = fit_wear(fleet("weibull"), 1.4, "best")
    assert wear.shape.name == "weibull" and set(errors) == set(SHAPES)
    assert wear.end_of(fleet("weibull")[1].until(75.0)).time == pytest.approx(150.0, rel=0.05)


def test_a_units_end_lies_between_its_own_slope_and_that_of_the_others() -> None:
    slow, fast = unit("slow", 2.0 - 0.003 * CYCLES), unit("fast", 2.0 - 0.006 * CYCLES)

    told = Wear(SHAPES["linear"], 1.4, (fast,)).end_of(slow.until(50.0))

    # 1.85 at cycle 50: 0.45 to go at (0.003 + 0.006) / 2 a cycle
    assert told.time == pytest.approx(150.0, abs=0.5)
    assert told.low == pytest.approx(125.0, abs=0.5) and told.high == pytest.approx(200.0, abs=0.5)


def test_a_unit_of_the_fleet_never_foretells_itself() -> None:
    units = fleet("linear")
    wild = [*units[:2], unit("180", np.full(200, 2.0))]

    told = asked_of(units, SHAPES["linear"], 1.4)
    without = Wear(SHAPES["linear"], 1.4, tuple(units)).end_of(units[2].until(90.0))
    other = Wear(SHAPES["linear"], 1.4, tuple(wild)).end_of(units[2].until(90.0))

    assert without == other
    assert told.unit.tolist() == sorted(told.unit.tolist())


def test_wear_that_rises_is_foretold_as_wear_that_falls() -> None:
    falls = [unit(one.name, one.value) for one in fleet("linear")]
    rises = [unit(one.name, 4.0 - one.value) for one in falls]

    down = Wear(SHAPES["linear"], 1.4, tuple(falls)).end_of(falls[0].until(60.0))
    up = Wear(SHAPES["linear"], 2.6, tuple(rises)).end_of(rises[0].until(60.0))

    assert up.time == pytest.approx(down.time, rel=1e-9)


def test_a_unit_beyond_the_limit_has_its_end_now_and_one_that_does_not_wear_has_none_without_a_fleet() -> None:
    over = Wear(SHAPES["linear"], 1.4, ()).end_of(unit("over", 2.0 - 0.01 * CYCLES).until(100.0))
    flat = Wear(SHAPES["linear"], 1.4, ()).end_of(unit("flat", np.full(200, 2.0)))

    assert over.time == 100.0
    assert flat.time == np.inf


def test_a_third_of_wild_points_does_not_move_the_slope_far() -> None:
    y = 3.0 - 0.5 * CYCLES
    y[::4] += 1000.0

    assert theil_sen(CYCLES, y) == pytest.approx(-0.5, abs=0.1)
    assert np.isnan(theil_sen(CYCLES[:1], y[:1]))
    assert line_reaches(3.0, -0.5, 1.0) == 4.0


def test_a_jump_up_after_a_rest_is_time_gained_between_first_passages() -> None:
    worn = 2.0 - 0.005 * CYCLES + np.where(CYCLES >= 100, 0.1, 0.0)

    slope = slope_beyond(unit("rested", worn), SHAPES["linear"], 1.8, 1.3)

    # 1.8 at cycle 40, 1.3 at cycle 160 instead of 140
    assert slope == pytest.approx(-0.5 / 120, rel=0.02)
    assert standing(unit("rested", worn), SHAPES["linear"]).slope == pytest.approx(-0.005, rel=0.02)
