"""Before and after: medians over rounds, ratios, and what counts as reached."""

import pytest

from benchmarks.compared import compared, table, worst
from benchmarks.report import Row


def rows(rate: float, spent: float) -> list[Row]:
    return [
        Row("b", "rate", rate, "/s", 100.0, note=f"at {rate:g}", ratio=1.2),
        Row("b", "spent", spent, "s", is_floor=False, ratio=0.5),
    ]


def test_figures_are_medians_over_rounds_and_ratios_after_to_before() -> None:
    befores = [rows(100.0, 4.0), rows(200.0, 6.0), rows(110.0, 5.0)]
    afters = [rows(150.0, 2.0), rows(160.0, 3.0), rows(400.0, 1.0)]

    rate, spent = compared(befores, afters)

    assert (rate.before, rate.after.measured, rate.ratio) == (110.0, 160.0, pytest.approx(160.0 / 110.0))
    assert rate.rounds == pytest.approx((1.5, 0.8, 400.0 / 110.0))
    assert rate.after.note == "at 160"
    assert (spent.before, spent.after.measured, spent.ratio) == (5.0, 2.0, 0.4)


@pytest.mark.parametrize(("rate", "spent", "met"), [(120.0, 2.0, True), (119.0, 2.1, False)])
def test_a_floor_is_reached_from_above_and_a_ceiling_from_below(rate: float, spent: float, met: bool) -> None:
    found = compared([rows(100.0, 4.0)], [rows(rate, spent)])

    assert [figure.is_met for figure in found] == [met, met]
    assert worst(found) == int(not met)


def test_a_missed_target_of_the_figure_alone_is_told_too() -> None:
    found = compared([rows(50.0, 4.0)], [rows(90.0, 1.0)])

    assert [figure.is_met for figure in found] == [True, True]
    assert worst(found) == 1


def test_a_figure_that_the_older_tree_lacks_stands_without_ratio() -> None:
    fresh = Row("b", "new", 1.0, "s", ratio=2.0)

    (found,) = compared([[]], [[fresh]])

    assert (found.before, found.ratio, found.is_met, found.rounds) == (None, None, None, ())
    assert table([found]).splitlines()[-1] == "| b | new |  |  | 1 s |  | ≥ 2 |  |  |  |"


def test_the_table_tells_before_after_ratio_and_rounds() -> None:
    found = compared([rows(100.0, 4.0), rows(100.0, 4.0)], [rows(130.0, 2.0), rows(110.0, 2.0)])

    assert table(found).splitlines()[2:] == [
        "| b | rate | ≥ 100 /s | 100 /s | 120 /s | met | ≥ 1.2 | 1.20 | met | by round 1.30, 1.10; at 130 |",
        "| b | spent |  | 4 s | 2 s |  | ≤ 0.5 | 0.50 | met | by round 0.50, 0.50 |",
    ]
