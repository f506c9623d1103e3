"""Intervals that cover as promised, and what splits and the bootstrap promise."""

import numpy as np
import pytest

from fieldline.errors import SettingsError
from models.evaluation.bootstrap import interval
from models.evaluation.conformal import calibrate, crossed, least_units
from models.evaluation.splits import by_unit, forward


def worlds(seed: int, units: int, rows: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True, predicted and unit: an error that is a unit's own for the most part, and larger where the prediction is."""
    random = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), rows)
    predicted = random.uniform(0, 100, units * rows)
    own = np.repeat(random.normal(size=units), rows)
    return predicted + (1 + predicted / 10) * (own + 0.3 * random.normal(size=units * rows)), predicted, unit


def test_units_that_took_no_part_are_covered_as_often_as_promised() -> None:
    true, predicted, unit = worlds(5, 600)
    calibrated = calibrate(*worlds(6, 600), confidence=0.9)

    low, high = calibrated.around(predicted)

    covered = ((true >= low) & (true <= high)).reshape(600, 8).mean()
    assert 0.87 < covered < 0.93
    width = high - low
    assert width[predicted > 80].mean() > 3 * width[predicted < 20].mean()  # errors there are 10 to 1 for 90 to 10


def test_a_unit_weighs_one_however_many_rows_it_has() -> None:
    true, predicted, unit = worlds(7, 40)
    bad = (unit == 0).nonzero()[0]
    true[bad] += 1000

    once = calibrate(true, predicted, unit, 0.9).factor
    rows = np.concatenate([np.arange(len(unit)), np.repeat(bad, 50)])  # the bad unit tells its rows fifty times more
    many = calibrate(true[rows], predicted[rows], unit[rows], 0.9)

    share = (np.abs(true - predicted) <= many.factor * many.sigma(predicted))[unit != 0].mean()
    assert np.isfinite(once) and share > 0.8


def test_too_few_units_are_refused_with_the_number_wanted() -> None:
    assert (least_units(0.9), least_units(0.95)) == (9, 19)
    true, predicted, unit = worlds(8, 8)

    with pytest.raises(SettingsError, match="expected at least 9 units for an interval of 90%, got 8"):
        calibrate(true, predicted, unit, 0.9)


def test_no_unit_calibrates_its_own_interval() -> None:
    true, predicted, unit = worlds(9, 40)
    low, high = crossed(true, predicted, unit, seed=0)

    other = true.copy()
    other[unit == 3] += 500
    low_then, high_then = crossed(other, predicted, unit, seed=0)

    assert np.array_equal(low[unit == 3], low_then[unit == 3]) and np.array_equal(high[unit == 3], high_then[unit == 3])
    assert not np.array_equal(high, high_then)


def test_a_unit_is_never_on_both_sides_of_a_split() -> None:
    unit = np.random.default_rng(1).integers(0, 17, 400)

    splits = list(by_unit(unit, 4, seed=0))

    assert sorted(np.concatenate([split.held for split in splits]).tolist()) == list(range(400))
    for split in splits:
        assert not set(unit[split.train]) & set(unit[split.held])
    with pytest.raises(SettingsError, match="expected at least 20 units .*got 17"):
        list(by_unit(unit, 20, seed=0))


def test_going_forward_no_row_is_learned_from_that_came_later_or_at_the_same_moment() -> None:
    time = np.random.default_rng(2).integers(0, 60, 300).astype(float)

    splits = list(forward(time, 3))

    assert len(splits) == 3
    for split in splits:
        assert time[split.train].max() < time[split.held].min()
    assert max(time[splits[-1].held]) == time.max()


def test_the_bootstrap_of_a_mean_is_as_wide_as_its_standard_error_says() -> None:
    """Of 100 units whose two rows are equal: 1.645 standard errors of 100 values, not of 200."""
    values = np.repeat(np.random.default_rng(3).normal(10.0, 2.0, 100), 2)

    low, high = interval(lambda rows: float(values[rows].mean()), np.repeat(np.arange(100), 2), seed=0)

    assert (high - low) / 2 == pytest.approx(1.645 * values.std() / 10, rel=0.1)
    assert low < values.mean() < high
