import math

import numpy as np
import pytest

from processing.formulas import emissions


def test_time_matched_and_constant_factors_differ_when_energy_is_drawn_at_clean_hours() -> None:
    energy, factors = [10.0, 30.0], [0.5, 0.2]

    assert emissions.time_matched_emission(energy, factors) == pytest.approx(10 * 0.5 + 30 * 0.2)
    assert emissions.constant_factor_emission(energy, 0.35) == pytest.approx(40 * 0.35)


def test_a_missing_factor_leaves_the_sum_undefined_and_not_smaller() -> None:
    assert math.isnan(emissions.time_matched_emission([10.0, 30.0], [0.5, np.nan]))
    assert math.isnan(emissions.constant_factor_emission([10.0, np.nan], 0.5))
    np.testing.assert_array_equal(emissions.emission([10.0, 30.0], [0.5, np.nan]), [5.0, np.nan])


def test_factors_of_other_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected one for each of \(2,\) energies, got \(3,\)"):
        emissions.time_matched_emission([1.0, 2.0], [0.1, 0.2, 0.3])


def test_without_output_there_is_no_emission_per_unit() -> None:
    np.testing.assert_array_equal(emissions.emission_per_unit([10.0, 10.0], [4.0, 0.0]), [2.5, np.nan])
