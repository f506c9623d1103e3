import numpy as np
import pytest

from analysis.productivity.malmquist import malmquist


def test_the_index_is_efficiency_change_times_technical_change() -> None:
    generator = np.random.default_rng(11)
    x0, y0, x1, y1 = (generator.uniform(1, 10, (8, 2)) for _ in range(4))

    found = malmquist(x0, y0, x1, y1)

    direct = np.sqrt(found.distance_0_1 / found.distance_0_0 * found.distance_1_1 / found.distance_1_0)
    assert found.malmquist == pytest.approx(found.efficiency_change * found.technical_change, rel=1e-12)
    assert found.malmquist == pytest.approx(direct, rel=1e-12)


def test_all_making_a_tenth_more_is_technical_change_alone() -> None:
    x, y = [[2.0, 3.0], [4.0, 2.0], [5.0, 4.0]], np.array([[4.0], [5.0], [6.0]])

    found = malmquist(x, y, x, 1.1 * y)

    assert found.efficiency_change == pytest.approx([1.0] * 3)
    assert found.technical_change == pytest.approx([1.1] * 3)


def test_catching_up_with_a_frontier_that_stands_is_efficiency_change_alone() -> None:
    x = [[1.0], [1.0]]

    found = malmquist(x, [[10.0], [5.0]], x, [[10.0], [8.0]])

    assert found.efficiency_change.tolist() == [1.0, 1.6]
    assert found.technical_change.tolist() == [1.0, 1.0]


def test_a_unit_that_stood_still_has_no_index_and_hides_no_other() -> None:
    x0, y0 = [[1.0], [0.0], [2.0]], [[2.0], [0.0], [3.0]]
    x1, y1 = [[1.0], [1.0], [2.0]], [[3.0], [2.0], [4.0]]

    found = malmquist(x0, y0, x1, y1)

    assert np.isnan(found.malmquist).tolist() == [False, True, False]
    assert found.malmquist[[0, 2]] == pytest.approx([1.5, 4 / 3])


def test_different_units_are_refused() -> None:
    with pytest.raises(ValueError, match="expected the same units twice"):
        malmquist([[1.0]], [[1.0]], [[1.0], [2.0]], [[1.0], [2.0]])
