import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.formulas import oee

DAY_S = 86_400.0


def test_a_worked_shift_gives_its_published_ratios() -> None:
    # 420 min planned, 47 min stops, 1 s ideal cycle, 19 271 pieces of which 423 are rejects (Vorne, oee.com)
    counted = oee.ratios_of_counts(25_200, 2_820, 1.0, 19_271, 423)

    assert counted.run_s == 22_380
    assert counted.good_count == 18_848
    assert [round(float(ratio), 4) for ratio in counted.ratios] == [0.8881, 0.8611, 0.9780, 0.7479]


def test_oee_is_the_product_of_its_ratios() -> None:
    found = oee.ratios(28_800.0, 25_000.0, 23_000.0, 22_000.0)

    assert found.oee == pytest.approx(found.availability * found.performance * found.quality, rel=1e-14)


def test_a_planned_hour_that_was_not_run_has_an_oee_of_zero_but_no_performance() -> None:
    found = oee.ratios(3_600.0, 0.0, 0.0, 0.0)

    assert found.availability == 0.0
    assert math.isnan(found.performance)
    assert math.isnan(found.quality)
    assert found.oee == 0.0


def test_without_a_plan_nothing_exists() -> None:
    assert all(math.isnan(ratio) for ratio in oee.ratios(0.0, 0.0, 0.0, 0.0))


def test_performance_above_one_is_shown_and_flagged_and_not_clamped() -> None:
    # 1600 pieces of 2 s are 3200 s of ideal time in 3000 s of run time
    found = oee.ratios([3_600.0, 3_600.0], [3_000.0, 3_000.0], [3_200.0, 2_000.0], [3_180.0, 2_000.0])

    assert found.performance[0] == pytest.approx(3_200 / 3_000)
    assert oee.is_above_one(found.performance).tolist() == [True, False]
    assert oee.capped(found.performance)[0] == 1.0
    assert not oee.is_above_one(np.nan)


def test_an_unknown_ideal_cycle_leaves_availability_and_quality() -> None:
    ratios = oee.ratios_of_counts(3_600.0, 600.0, np.nan, 100, 10).ratios

    assert ratios.availability == pytest.approx(3_000 / 3_600)
    assert ratios.quality == pytest.approx(0.9)
    assert math.isnan(ratios.performance)
    assert math.isnan(ratios.oee)


def test_times_and_counts_that_cannot_be_are_unknown() -> None:
    more_stops_than_plan = oee.ratios_of_counts(3_600.0, 4_000.0, 1.0, 10, 0)
    more_rejects_than_pieces = oee.ratios_of_counts(3_600.0, 0.0, 1.0, 10, 11)

    assert math.isnan(more_stops_than_plan.run_s)
    assert math.isnan(more_stops_than_plan.ratios.availability)
    assert math.isnan(more_rejects_than_pieces.good_count)
    assert math.isnan(more_rejects_than_pieces.ratios.quality)


def test_a_stop_of_unknown_length_leaves_no_availability() -> None:
    assert oee.availability_of_stops(27_000.0, [1_320.0, 780.0]) == pytest.approx(24_900 / 27_000)
    assert oee.availability_of_stops(27_000.0, []) == 1.0
    assert math.isnan(oee.availability_of_stops(27_000.0, [1_320.0, np.nan]))


def test_teep_weighs_oee_by_the_share_of_all_time_that_was_planned() -> None:
    found = oee.teep([0.75, np.nan], [28_800.0, 0.0], DAY_S)

    assert found[0] == pytest.approx(0.75 / 3)
    assert math.isnan(found[1])
    assert math.isnan(oee.utilisation(0.0, 0.0))


def test_losses_show_a_performance_above_one_as_a_gain() -> None:
    found = oee.losses(3_600.0, 3_000.0, 3_200.0, 3_180.0)

    assert tuple(found) == (600.0, -200.0, 20.0, 3_180.0)


# Whole milliseconds, as state times are: their sums are exact in float64.
milliseconds = st.integers(0, 10**12).map(float)


@given(st.lists(st.tuples(milliseconds, milliseconds, milliseconds, milliseconds), min_size=1, max_size=20))
def test_losses_add_up_to_the_planned_time_exactly(times: list[tuple[float, float, float, float]]) -> None:
    planned, run, total, good = np.array(times).T

    parts = oee.losses(planned, run, total, good)

    np.testing.assert_array_equal(sum(parts), planned)


shares = st.floats(0.0, 1.2)


@given(st.lists(st.tuples(st.floats(1.0, 1e6), shares, shares, shares), min_size=1, max_size=10))
def test_oee_of_a_line_lies_between_those_of_its_machines(machines: list[tuple[float, float, float, float]]) -> None:
    planned, availability, performance, quality = np.array(machines).T
    run, total = planned * availability, planned * availability * performance

    together = oee.roll_up(planned, run, total, total * quality)
    each = oee.ratios(planned, run, total, total * quality).oee

    assert each.min() * (1 - 1e-12) <= together.oee <= each.max() * (1 + 1e-12)


def test_a_roll_up_adds_times_and_is_no_mean_of_ratios() -> None:
    # 8 h at 80 %, 2 h at 20 %
    planned, good = np.array([28_800.0, 7_200.0]), np.array([23_040.0, 1_440.0])

    found = oee.roll_up(planned, planned, good, good)

    assert found.oee == pytest.approx((23_040 + 1_440) / 36_000)
    assert found.oee != pytest.approx(np.mean([0.8, 0.2]))


def test_a_roll_up_of_roll_ups_is_that_of_all_machines() -> None:
    generator = np.random.default_rng(20)
    planned, run, total, good = np.sort(generator.uniform(0, 3_600, (4, 3, 5)), axis=0)[::-1]

    lines = [part.sum(axis=1) for part in (planned, run, total, good)]

    np.testing.assert_allclose(
        oee.roll_up(*lines), oee.roll_up(*(part.ravel() for part in (planned, run, total, good))), rtol=1e-13
    )
    assert oee.roll_up(planned, run, total, good, axis=0).oee.shape == (5,)


def test_a_machine_that_was_neither_planned_nor_run_does_not_hide_the_others() -> None:
    found = oee.roll_up([3_600.0, 0.0], [3_000.0, 0.0], [2_500.0, np.nan], [2_400.0, np.nan])

    assert found.oee == pytest.approx(2_400 / 3_600)


def test_a_machine_that_ran_with_an_unknown_ideal_cycle_leaves_the_lines_oee_unknown() -> None:
    found = oee.roll_up([3_600.0, 3_600.0], [3_000.0, 1_000.0], [2_500.0, np.nan], [2_400.0, np.nan])

    assert found.availability == pytest.approx(4_000 / 7_200)
    assert math.isnan(found.oee)
