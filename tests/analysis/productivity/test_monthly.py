import math
from pathlib import Path

import numpy as np
import pytest

from analysis.productivity.monthly import frontier, report, whole_of
from analysis.productivity.monthly_table import MonthlyTable, read_monthly_table

EXAMPLE = Path(__file__).parents[3] / "examples" / "productivity.csv"


def table_of(quantity: object, used: object, price: object = 1.0, cost: object = 1.0) -> MonthlyTable:
    """A table of one unit from [periods][goods]; prices and costs alike where only one number is given."""
    made, spent = np.array([quantity], float), np.array([used], float)
    return MonthlyTable(
        periods=tuple(f"2026-{month + 1:02}" for month in range(made.shape[1])),
        units=("all",),
        output_names=tuple(f"out {at}" for at in range(made.shape[2])),
        input_names=tuple(f"in {at}" for at in range(spent.shape[2])),
        quantity=made,
        price=np.broadcast_to(np.asarray(price, float), made.shape),
        used=spent,
        cost=np.broadcast_to(np.asarray(cost, float), spent.shape),
        extra={},
        indicators={},
    )


def test_ten_percent_more_from_the_same_is_total_factor_productivity() -> None:
    found = report(table_of([[100.0], [110.0]], [[5.0, 7.0], [5.0, 7.0]]))

    assert found.total_factor.tolist() == pytest.approx([1.0, 1.1])
    assert found.growth.contributions.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_twice_of_everything_is_none() -> None:
    found = report(table_of([[100.0], [200.0]], [[5.0, 7.0], [10.0, 14.0]]))

    assert found.total_factor.tolist() == pytest.approx([1.0, 1.0])
    assert found.input_index.fisher.tolist() == pytest.approx([1.0, 2.0])


def test_output_is_compared_at_prices_of_the_base() -> None:
    # Prices doubled, amounts did not move.
    found = report(table_of([[10.0, 5.0]] * 2, [[4.0]] * 2, price=[[[1.0, 2.0], [2.0, 4.0]]]))

    assert found.partial["in 0"].tolist() == [5.0, 5.0]  # (10·1 + 5·2) / 4
    assert found.output_index.paasche.tolist() == [1.0, 1.0]
    assert found.multifactor.tolist() == [20.0, 40.0]  # at prices of its own period


def test_pieces_of_a_single_output_need_no_price() -> None:
    found = report(table_of([[10.0], [12.0]], [[4.0], [4.0]], price=math.nan))

    assert found.partial["in 0"].tolist() == [2.5, 3.0]
    assert np.isnan(found.multifactor).all()


def test_growth_adds_up_and_is_the_same_whichever_period_is_the_base() -> None:
    table = whole_of(read_monthly_table(EXAMPLE))

    first, last = report(table, base=0), report(table, base=5)

    for found in (first, last):
        total = found.growth.contributions.sum(1) + found.growth.residual
        np.testing.assert_allclose(total, found.growth.output, atol=1e-14)
    np.testing.assert_allclose(first.total_factor / first.total_factor[5], last.total_factor, rtol=1e-12)
    assert last.total_factor[5] == 1.0


def test_the_whole_is_the_sum_of_its_units() -> None:
    table = read_monthly_table(EXAMPLE)

    whole = whole_of(table)

    np.testing.assert_array_equal(whole.used[0], table.used.sum(0))
    np.testing.assert_allclose((whole.quantity * whole.price)[0], (table.quantity * table.price).sum(0), rtol=1e-14)
    np.testing.assert_array_equal(whole.extra["hours"][0], table.extra["hours"].sum(0))


def test_an_empty_cell_hides_its_period_and_in_a_chain_those_beyond_it() -> None:
    found = report(table_of([[10.0], [math.nan], [12.0]], [[4.0], [4.0], [4.0]]))

    assert np.isnan(found.partial["in 0"]).tolist() == [False, True, False]
    assert np.isnan(found.output_index.fisher).tolist() == [False, True, False]
    assert np.isnan(found.total_factor).tolist() == [False, True, True]


def test_an_input_that_is_never_used_takes_no_part() -> None:
    with_it = table_of([[10.0], [12.0]], [[4.0, 0.0], [5.0, 0.0]], cost=[[[8.0, 0.0], [10.0, 0.0]]])
    without = table_of([[10.0], [12.0]], [[4.0], [5.0]], cost=[[[8.0], [10.0]]])

    assert report(with_it).total_factor.tolist() == pytest.approx(report(without).total_factor.tolist())
    assert report(with_it).input_index.laspeyres.tolist() == [1.0, 1.25]
    assert np.isnan(report(with_it).partial["in 1"]).all()


def test_without_inputs_nothing_is_told_of_all_of_them() -> None:
    found = report(table_of([[10.0], [12.0]], [[], []]))

    assert np.isnan(found.multifactor).all()
    assert np.isnan(found.input_index.tornqvist).all()
    assert math.isnan(found.total_factor[1])
    assert found.growth.output[1] == pytest.approx(math.log(1.2))


def test_units_are_measured_against_the_best_of_their_period() -> None:
    # Both use 1; x makes 4 then 4, y makes 2 then 5.
    one = table_of([[4.0], [4.0]], [[1.0], [1.0]])
    quantity = np.array([[[4.0], [4.0]], [[2.0], [5.0]]])
    table = one._replace(units=("x", "y"), quantity=quantity, used=np.ones_like(quantity))

    found = frontier(table)

    assert found.efficiency.tolist() == [[1.0, 0.5], [0.8, 1.0]]
    assert np.isnan(found.malmquist[0]).all()
    assert found.malmquist[1].tolist() == pytest.approx([1.0, 2.5])
    assert found.efficiency_change[1].tolist() == pytest.approx([0.8, 2.0])
    assert found.technical_change[1].tolist() == pytest.approx([1.25, 1.25])


def test_a_base_or_a_unit_that_is_not_there_is_refused() -> None:
    table = table_of([[10.0], [12.0]], [[4.0], [5.0]])

    with pytest.raises(ValueError, match="base: expected a period of 0 to 1, got 2"):
        report(table, base=2)
    with pytest.raises(ValueError, match="unit: expected one of 0 to 0, got 1"):
        report(table, unit=1)
    with pytest.raises(ValueError, match="expected a table with inputs"):
        frontier(table_of([[10.0]], [[]]))
