import math

import numpy as np
import pytest

from processing.formulas import quality


def test_good_scrap_and_rework_are_shares_of_all_pieces() -> None:
    assert quality.good_ratio(570, 600) == 0.95
    assert quality.scrap_ratio(18, 600) == 0.03
    assert quality.rework_ratio(12, 600) == 0.02
    assert quality.first_pass_yield(600, 18, 12) == 0.95


@pytest.mark.parametrize("ratio", [quality.good_ratio, quality.scrap_ratio, quality.rework_ratio])
def test_a_share_of_no_pieces_is_undefined(ratio: object) -> None:
    found = ratio([0.0, 5.0], [0.0, 10.0])

    assert math.isnan(found[0])
    assert found[1] == 0.5


def test_more_scrap_and_rework_than_pieces_leave_no_first_pass_yield() -> None:
    assert math.isnan(quality.first_pass_yield(10, 6, 5))


def test_rolled_yield_is_the_product_of_steps() -> None:
    lines = [[0.98, 0.95, 0.96], [1.0, 0.5, np.nan], [1.0, 0.5, 1.2]]

    found = quality.rolled_throughput_yield(lines)

    assert found[0] == pytest.approx(0.89376)
    assert np.isnan(found[1:]).all()
    assert math.isnan(quality.rolled_throughput_yield([]))


def test_defects_per_million_divide_by_every_opportunity() -> None:
    # 34 defects on 1000 boards of 200 solder joints
    assert quality.defects_per_unit(34, 1_000) == pytest.approx(0.034)
    assert quality.defects_per_million_opportunities(34, 1_000, 200) == pytest.approx(170.0)
    assert math.isnan(quality.defects_per_million_opportunities(0, 0, 200))


def test_throughput_yield_is_the_chance_of_no_defect() -> None:
    assert quality.throughput_yield(0.0) == 1.0
    assert quality.throughput_yield(1.0) == pytest.approx(math.exp(-1))
    assert math.isnan(quality.throughput_yield(np.nan))


@pytest.mark.parametrize(
    ("dpmo", "level"), [(3.4, 6.0), (233, 5.0), (6_210, 4.0), (66_807, 3.0), (308_538, 2.0), (691_462, 1.0)]
)
def test_sigma_levels_are_those_of_the_published_table(dpmo: float, level: float) -> None:
    assert quality.sigma_level(dpmo) == pytest.approx(level, abs=5e-4)


def test_a_sigma_level_without_a_shift_is_the_normal_quantile() -> None:
    assert quality.sigma_level(500_000, shift=0.0) == pytest.approx(0.0, abs=1e-15)
    assert quality.sigma_level(158_655.2539, shift=0.0) == pytest.approx(1.0, abs=1e-9)


def test_no_defect_seen_and_nothing_but_defects_have_no_sigma_level() -> None:
    assert np.isnan(quality.sigma_level([0.0, 1e6, -1.0, np.nan])).all()


def test_a_pareto_falls_and_ends_at_one_with_ties_by_name() -> None:
    rows = quality.pareto({"scratch": 5, "burr": 10, "crack": 5, "other": 0})

    assert [row.name for row in rows] == ["burr", "crack", "scratch", "other"]
    assert [row.share for row in rows] == [0.5, 0.25, 0.25, 0.0]
    assert [row.cumulative_share for row in rows] == [0.5, 0.75, 1.0, 1.0]


def test_a_pareto_of_nothing_has_no_shares() -> None:
    rows = quality.pareto({"scratch": 0, "burr": 0})

    assert [row.name for row in rows] == ["burr", "scratch"]
    assert all(math.isnan(row.share) and math.isnan(row.cumulative_share) for row in rows)
    assert quality.pareto({}) == []


def test_an_unknown_count_stands_last_and_in_no_total() -> None:
    rows = quality.pareto({"unread": math.nan, "burr": 3, "bad": -1.0, "crack": 1})

    assert [row.name for row in rows] == ["burr", "crack", "bad", "unread"]
    assert [row.share for row in rows[:2]] == [0.75, 0.25]
    assert all(math.isnan(row.share) and math.isnan(row.cumulative_share) for row in rows[2:])
