import numpy as np
import pytest

from processing.formulas.degree_days import cooling_degree_days, heating_degree_days


def test_degree_days_count_what_lies_beyond_the_base_and_nothing_else() -> None:
    temperatures = [5.0, 18.0, 24.5, np.nan]

    np.testing.assert_array_equal(heating_degree_days(temperatures, 18.0), [13.0, 0.0, 0.0, np.nan])
    np.testing.assert_array_equal(cooling_degree_days(temperatures, 18.0), [0.0, 0.0, 6.5, np.nan])


def test_hours_see_the_cold_night_that_the_mean_of_the_day_hides() -> None:
    hourly = np.array([10.0] * 12 + [22.0] * 12)  # mean 16

    assert heating_degree_days(hourly, 16.0, 1 / 24).sum() == pytest.approx(12 * 6 / 24)
    assert heating_degree_days(hourly.mean(), 16.0) == 0.0


def test_a_base_or_length_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="base_c: expected a temperature, got nan"):
        heating_degree_days(5.0, float("nan"))
    with pytest.raises(ValueError, match="length_days: expected 0 or more, got -1"):
        cooling_degree_days(5.0, 18.0, -1.0)
