"""Capability: by hand, against published intervals, and whether the intervals hold what they promise."""

import math

import numpy as np
import pytest

from analysis.limits.capability import (
    both_interval,
    capability_indices,
    nearest_interval,
    study_individuals,
    study_subgroups,
)


def test_indices_are_distances_to_the_limits_over_three_sigma() -> None:
    found = capability_indices(16.0, 2.0, 8.0, 20.0, 14.0)

    assert found.both == 1.0  # 12 / 12
    assert found.upper == pytest.approx(4.0 / 6.0)
    assert found.lower == pytest.approx(8.0 / 6.0)
    assert found.nearest == found.upper
    assert found.off_center == pytest.approx(2.0 / 6.0)  # 2 from the middle of a half tolerance of 6
    assert found.to_target == pytest.approx(12.0 / (6.0 * math.sqrt(4.0 + 4.0)))


def test_a_mean_outside_the_limits_has_negative_indices() -> None:
    assert capability_indices(21.0, 2.0, 8.0, 20.0).nearest == pytest.approx(-1.0 / 6.0)


def test_one_limit_has_that_limits_index_alone() -> None:
    found = capability_indices(16.0, 2.0, math.nan, 20.0)

    assert found.nearest == found.upper == pytest.approx(4.0 / 6.0)
    assert np.isnan([found.both, found.lower, found.off_center, found.to_target]).all()


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan])
def test_no_spread_has_no_indices(sigma: float) -> None:
    assert np.isnan(capability_indices(16.0, sigma, 8.0, 20.0, 14.0)).all()


def test_no_target_has_no_index_of_it() -> None:
    assert math.isnan(capability_indices(16.0, 2.0, 8.0, 20.0).to_target)


@pytest.mark.parametrize(
    "lsl, usl, message", [(math.nan, math.nan, "got neither"), (5.0, 5.0, "lower limit below"), (9.0, 5.0, "lsl 9")]
)
def test_limits_that_cannot_be_are_refused(lsl: float, usl: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        capability_indices(1.0, 1.0, lsl, usl)


def test_the_interval_of_cp_is_the_published_one() -> None:
    # Montgomery (2013), example 8.4: Cp 2.29 of 20 readings, 95 %: 1.57 to 3.01
    low, high = both_interval(2.29, 19)

    assert (round(low, 2), round(high, 2)) == (1.57, 3.01)


def test_the_interval_of_cpk_is_the_published_one() -> None:
    # Montgomery (2013), example 8.5: Cpk 1.33 of 20 readings, 95 %: 0.88 to 1.78 (0.89 with the table's z = 2)
    low, high = nearest_interval(1.33, 20)

    assert low == pytest.approx(0.88, abs=0.01)
    assert high == pytest.approx(1.78, abs=0.01)


def test_intervals_hold_the_true_index_as_often_as_they_promise() -> None:
    random = np.random.default_rng(21)
    # sigma 1, limits -3 and 4.5: Cp 1.25, Cpk 1
    held = np.zeros(4)

    for _ in range(1500):
        study = study_subgroups(random.normal(0.0, 1.0, (20, 5)), -3.0, 4.5, confidence=0.9)
        truth = ((study.cp, 1.25), (study.cpk, 1.0), (study.pp, 1.25), (study.ppk, 1.0))
        held += [interval.low <= index <= interval.high for interval, index in truth]

    # 1500 trials at 0.9: standard error 0.0077
    assert held / 1500 == pytest.approx([0.9] * 4, abs=0.03)


def test_moving_ranges_are_worth_fewer_degrees_of_freedom_than_readings() -> None:
    random = np.random.default_rng(22)
    held = 0

    for _ in range(1500):
        study = study_individuals(random.normal(0.0, 1.0, 50), -3.0, 3.0, confidence=0.9)
        held += study.cp.low <= 1.0 <= study.cp.high

    assert study.degrees_within == pytest.approx(
        0.61 * 49, rel=0.03
    )  # Cryer and Ryan (1990): efficiency 1 / (2 x 0.8264)
    assert held / 1500 == pytest.approx(0.9, abs=0.03)


def test_subgroups_are_worth_the_degrees_of_freedom_that_tables_print() -> None:
    # Duncan, Quality Control and Industrial Statistics, 5th ed., table D3: ranges of 20 subgroups of 5
    study = study_subgroups(np.random.default_rng(1).normal(size=(20, 5)), -3.0, 3.0)

    assert study.degrees_within == pytest.approx(72.7, abs=0.05)


def test_deviations_are_worth_the_degrees_of_freedom_that_their_scatter_has() -> None:
    random, sigmas = np.random.default_rng(24), []

    for _ in range(3000):
        study = study_subgroups(random.normal(size=(8, 5)), -3.0, 3.0, spread="deviation")
        sigmas.append(study.sigma_within)

    # relative variance 1 / 2ν; that of 3000 trials to 2.6 %
    degrees = 0.5 * (np.mean(sigmas) / np.std(sigmas)) ** 2
    assert study.degrees_within == pytest.approx(degrees, rel=0.08)


def test_a_drifting_process_can_do_more_than_it_did() -> None:
    random = np.random.default_rng(23)
    subgroups = random.normal(0.0, 1.0, (40, 5)) + np.linspace(-2.0, 2.0, 40)[:, None]

    study = study_subgroups(subgroups, -6.0, 6.0)

    assert study.within.both == pytest.approx(2.0, rel=0.15)
    assert study.overall.both < 0.8 * study.within.both


def test_missing_readings_are_left_out() -> None:
    with_hole = study_individuals([1.0, 2.0, math.nan, 3.0, 5.0], 0.0, 9.0)

    assert with_hole.n == 4
    assert with_hole.mean == 2.75
    assert with_hole.sigma_within == pytest.approx(1.5 / 1.1283791670955126)  # ranges 1 and 2


@pytest.mark.parametrize("values", [[], [4.0], [4.0] * 9])
def test_readings_without_a_spread_have_no_study(values: list[float]) -> None:
    for study in (study_individuals(values, 0.0, 9.0), study_subgroups([values], 0.0, 9.0)):
        assert np.isnan([*study.within, *study.overall]).all()
        assert np.isnan([*study.cp, *study.cpk, *study.pp, *study.ppk]).all()


def test_subgroups_of_one_have_a_performance_but_no_capability() -> None:
    study = study_subgroups([[4.0], [5.0], [6.0]], 0.0, 9.0)

    assert math.isnan(study.within.both)
    assert study.overall.both == pytest.approx(9.0 / 6.0)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_that_is_no_share_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match=f"between 0 and 1, got {confidence}"):
        study_individuals([1.0, 2.0, 3.0], 0.0, 9.0, confidence=confidence)


def test_another_spread_is_refused() -> None:
    with pytest.raises(ValueError, match="'range' or 'deviation', got 'mad'"):
        study_subgroups([[1.0, 2.0]], 0.0, 9.0, spread="mad")
