"""Published values are in the oracle cases of `energy`; here are limits, signs, missing values and shapes."""

import math

import numpy as np
import pytest

from processing.formulas import power


def test_the_power_triangle_closes() -> None:
    apparent = power.apparent_power(80.0, 60.0)

    assert apparent == 100.0
    assert power.reactive_power(apparent, 80.0) == pytest.approx(60.0, rel=1e-15)
    assert power.active_power(apparent, power.power_factor(80.0, 60.0)) == pytest.approx(80.0, rel=1e-15)


def test_reactive_power_keeps_its_digits_near_unity_power_factor() -> None:
    # S = sqrt(P² + Q²) with Q = 1 var on P = 1 MW: P² + Q² has lost Q², S - P has not.
    active, reactive = 1000.0, 1.0

    found = power.reactive_power(math.hypot(active, reactive), active)

    assert found == pytest.approx(reactive, rel=1e-9)


def test_power_factor_follows_the_sign_of_active_power_and_is_undefined_without_power() -> None:
    found = power.power_factor([80.0, -80.0, 0.0, 0.0, np.nan], [60.0, 60.0, 5.0, 0.0, 1.0])

    np.testing.assert_array_equal(found, [0.8, -0.8, 0.0, np.nan, np.nan])


def test_average_power_factor_is_not_the_mean_of_instants() -> None:
    active, reactive = np.array([100.0, 10.0]), np.array([0.0, 30.0])

    average = power.average_power_factor(active.sum(), reactive.sum())

    assert average == pytest.approx(110 / math.sqrt(110**2 + 30**2))
    assert average > power.power_factor(active, reactive).mean() + 0.2


def test_more_active_than_apparent_power_is_shown_and_not_computed_with() -> None:
    assert power.true_power_factor(110.0, 100.0) == pytest.approx(1.1)
    assert math.isnan(power.true_power_factor(0.0, 0.0))
    assert math.isnan(power.reactive_power(100.0, 110.0))
    assert math.isnan(power.active_power(100.0, 1.1))


def test_a_balanced_load_is_the_sum_of_its_phases() -> None:
    line_voltage, current, factor = 400.0, 100.0, 0.85

    by_line = power.three_phase_active_power(line_voltage, current, factor)
    by_phases = power.three_phase_active_power_of_phases([line_voltage / math.sqrt(3)] * 3, [current] * 3, factor)

    assert by_line == pytest.approx(by_phases, rel=1e-14)
    assert by_line == pytest.approx(power.three_phase_apparent_power(line_voltage, current) * factor)


def test_a_missing_phase_leaves_the_power_and_the_imbalance_undefined() -> None:
    currents = [[98.0, 104.0, 110.0], [98.0, np.nan, 110.0]]

    assert np.isnan(power.three_phase_active_power_of_phases(230.0, currents, 0.9)).tolist() == [False, True]
    assert np.isnan(power.phase_imbalance(currents)).tolist() == [False, True]


def test_imbalance_runs_from_balanced_to_one_phase_alone() -> None:
    # 30 A on one phase of three: the mean is 10 A, the largest deviation 20 A.
    found = power.phase_imbalance([[10.0, 10.0, 10.0], [30.0, 0.0, 0.0], [0.0, 0.0, 0.0]])

    np.testing.assert_array_equal(found, [0.0, 2.0, np.nan])


def test_distortion_is_relative_to_the_fundamental() -> None:
    found = power.total_harmonic_distortion([[100.0, 0.0, 0.0], [10.0, 6.0, 8.0], [0.0, 3.0, 4.0], [5.0, np.nan, 0.0]])

    np.testing.assert_array_equal(found, [0.0, 1.0, np.nan, np.nan])


def test_capacitors_bring_the_power_factor_where_it_was_wanted() -> None:
    active, now, wanted = 100.0, 0.75, 0.95
    reactive = active * math.tan(math.acos(now))

    capacitor = power.capacitor_reactive_power(active, now, wanted)

    assert power.power_factor(active, reactive - capacitor) == pytest.approx(wanted, rel=1e-14)


def test_capacitor_sizing_is_zero_where_nothing_is_to_do_and_undefined_outside_its_range() -> None:
    found = power.capacitor_reactive_power(100.0, [0.9, 1.0, 0.0, -0.5, 1.2], [0.9, 0.9, 0.9, 0.9, 0.9])

    assert found[0] == 0.0
    assert found[1] == pytest.approx(-100 * math.tan(math.acos(0.9)))  # better than wanted already
    assert np.isnan(found[2:]).all()


def test_pulses_give_energy_by_the_constant_on_the_plate() -> None:
    assert power.pulse_energy(2450, 1.8) == pytest.approx(4.41)


def test_an_interval_without_length_has_no_demand() -> None:
    np.testing.assert_array_equal(power.interval_demand(25.0, [900.0, 0.0, -900.0, np.nan]), [100.0] + 3 * [np.nan])


def test_without_output_there_is_no_energy_per_unit() -> None:
    np.testing.assert_array_equal(
        power.specific_energy([18_450.0, 250.0, 250.0], [1230.0, 0.0, -3.0]), [15.0, np.nan, np.nan]
    )
