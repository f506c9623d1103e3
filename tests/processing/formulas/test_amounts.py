import numpy as np

from processing.formulas.amounts import amount


def test_what_cannot_be_an_amount_is_unknown() -> None:
    given = [0.0, 2.5, -1.0, np.inf, -np.inf, np.nan]

    found = amount(given)

    np.testing.assert_array_equal(found, [0.0, 2.5, np.nan, np.nan, np.nan, np.nan])


def test_a_scalar_stays_a_scalar() -> None:
    assert np.ndim(amount(3)) == 0
    assert amount(3) == 3.0
