import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.productivity import index_numbers

# Two goods over two periods; sums stand beside each test.
P0, Q0, P1, Q1 = [2.0, 5.0], [10.0, 4.0], [3.0, 4.0], [8.0, 6.0]

positive = st.floats(0.01, 100.0)
goods = st.lists(st.tuples(positive, positive, positive, positive), min_size=1, max_size=6)


def test_laspeyres_takes_the_first_basket_and_paasche_the_second() -> None:
    found = index_numbers.quantity_indices(P0, Q0, P1, Q1)

    assert found.laspeyres == pytest.approx(46 / 40)  # (2·8 + 5·6) / (2·10 + 5·4)
    assert found.paasche == pytest.approx(48 / 46)  # (3·8 + 4·6) / (3·10 + 4·4)
    assert found.fisher == pytest.approx(math.sqrt(46 / 40 * 48 / 46))


def test_tornqvist_weighs_logarithms_by_mean_shares() -> None:
    found = index_numbers.quantity_indices(P0, Q0, P1, Q1)

    # Shares are 1/2 and 1/2 in both periods: 20 + 20, 24 + 24.
    assert found.tornqvist == pytest.approx(math.sqrt(8 / 10 * 6 / 4))


@given(goods)
def test_fishers_price_times_quantity_is_the_ratio_of_values(table: list[tuple[float, ...]]) -> None:
    columns = np.array(table).T

    price, quantity = index_numbers.price_indices(*columns), index_numbers.quantity_indices(*columns)

    value = index_numbers.value_ratio(*columns)
    assert price.fisher * quantity.fisher == pytest.approx(value, rel=1e-12)
    assert price.laspeyres * quantity.paasche == pytest.approx(value, rel=1e-12)


@given(goods)
def test_fisher_and_tornqvist_turn_over_when_time_does(table: list[tuple[float, ...]]) -> None:
    p0, q0, p1, q1 = np.array(table).T

    forth, back = index_numbers.quantity_indices(p0, q0, p1, q1), index_numbers.quantity_indices(p1, q1, p0, q0)

    assert forth.fisher * back.fisher == pytest.approx(1.0, rel=1e-12)
    assert forth.tornqvist * back.tornqvist == pytest.approx(1.0, rel=1e-12)


@given(goods, positive)
def test_all_four_are_the_factor_where_every_quantity_grows_by_it(
    table: list[tuple[float, ...]], factor: float
) -> None:
    p0, q0, p1, _ = np.array(table).T

    found = index_numbers.quantity_indices(p0, q0, p1, q0 * factor)

    assert list(found) == pytest.approx([factor] * 4, rel=1e-12)


def test_a_good_that_appears_leaves_tornqvist_undefined_and_the_others_defined() -> None:
    found = index_numbers.quantity_indices([2.0, 5.0], [10.0, 0.0], [2.0, 5.0], [10.0, 4.0])

    assert found.laspeyres == 2.0  # 40 / 20
    assert found.paasche == 2.0
    assert math.isnan(found.tornqvist)


def test_a_good_that_neither_period_has_takes_no_part_even_without_a_price() -> None:
    with_it = index_numbers.quantity_indices([*P0, np.nan], [*Q0, 0.0], [*P1, np.nan], [*Q1, 0.0])

    assert list(with_it) == pytest.approx(list(index_numbers.quantity_indices(P0, Q0, P1, Q1)))


def test_no_goods_and_worthless_goods_have_no_index() -> None:
    empty = index_numbers.quantity_indices([], [], [], [])
    worthless = index_numbers.quantity_indices([0.0], [1.0], [0.0], [1.0])

    assert np.isnan(list(empty)).all()
    assert np.isnan(list(worthless)).all()


def test_many_periods_at_once_are_each_against_the_base() -> None:
    found = index_numbers.quantity_indices(P0, Q0, [P0, P1], [Q0, Q1])

    assert found.laspeyres.tolist() == pytest.approx([1.0, 46 / 40])


def test_a_chain_is_one_in_its_base_and_links_its_neighbours() -> None:
    links = [1.1, 1.2, 0.5]

    found = index_numbers.chained(links, base=1)

    assert found == pytest.approx([1 / 1.1, 1.0, 1.2, 0.6])
    assert found[1:] / found[:-1] == pytest.approx(links)


def test_an_unknown_link_hides_the_periods_beyond_it() -> None:
    found = index_numbers.chained([1.1, np.nan, 1.2], base=0)

    assert np.isnan(found).tolist() == [False, False, True, True]


def test_a_base_outside_the_chain_is_refused() -> None:
    with pytest.raises(ValueError, match="base: expected a period of 0 to 2, got 3"):
        index_numbers.chained([1.1, 1.2], base=3)
