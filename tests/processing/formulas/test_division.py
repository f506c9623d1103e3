import numpy as np

from processing.formulas.division import divide, plain, where_positive, where_valid


def test_division_by_zero_is_undefined_and_says_nothing() -> None:
    quotients = divide([1.0, 0.0, np.nan, 6.0], [0.0, 0.0, 2.0, 3.0])

    np.testing.assert_array_equal(quotients, [np.nan, np.nan, np.nan, 2.0])


def test_scalars_come_back_as_numbers_that_json_can_write() -> None:
    for number in (divide(1, 4), plain(0.25), where_valid(True, 0.25), where_positive(0.25)):
        assert isinstance(number, float)
        assert number == 0.25


def test_division_broadcasts() -> None:
    assert divide([[1.0], [2.0]], [1.0, 0.5]).tolist() == [[1.0, 2.0], [2.0, 4.0]]


def test_what_is_not_above_zero_is_no_divisor() -> None:
    np.testing.assert_array_equal(where_positive([-1.0, 0.0, np.nan, 2.0]), [np.nan, np.nan, np.nan, 2.0])
