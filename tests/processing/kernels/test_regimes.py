"""Deviations from a regime's norm and indices of them, against the same written in numpy, at the ends of what they take."""

import numpy as np

from processing.kernels.regimes import UNKNOWN, Norms, deviations, indices, nearest

NORMS = Norms(
    centres=np.array([[-1.0, 0.0], [1.0, 0.0]]),
    shift=np.array([10.0, 5.0]),
    scale=np.array([2.0, 1.0]),
    mean=np.array([[100.0, 7.0], [200.0, 8.0]]),
    deviation=np.array([[10.0, np.inf], [20.0, 2.0]]),
)


def test_a_row_belongs_to_the_nearest_regime_and_to_none_where_a_setting_is_missing() -> None:
    settings = np.array([[8.1, 5.3], [12.4, 4.0], [10.0, 5.0], [np.nan, 5.0]])
    regime = np.empty(4, np.int64)

    nearest(settings, NORMS, regime)

    assert regime.tolist() == [0, 1, 0, UNKNOWN]  # the third is as near to both: the first counts


def test_deviations_are_of_the_regimes_norm_within_the_limit_and_missing_where_nothing_is_known() -> None:
    channels = np.array([[115.0, 9.0], [160.0, 9.0], [1000.0, np.nan], [115.0, 9.0]])
    out = np.empty((4, 2))

    deviations(channels, np.array([0, 1, 1, UNKNOWN]), NORMS, 8.0, out)

    np.testing.assert_array_equal(out, [[1.5, 0.0], [-2.0, 0.5], [8.0, np.nan], [np.nan, np.nan]])


def test_without_settings_all_rows_are_of_one_regime() -> None:
    regime = np.full(3, 9)

    nearest(np.empty((3, 0)), NORMS._replace(centres=np.zeros((1, 0))), regime)

    assert regime.tolist() == [0, 0, 0]


def test_indices_of_a_table_have_the_bits_of_its_rows_one_by_one() -> None:
    random = np.random.default_rng(3)
    values, weights, offset = random.normal(size=(50, 7)), random.normal(size=(7, 3)), random.normal(size=3)
    table, row = np.empty((50, 3)), np.empty((1, 3))

    indices(values, weights, offset, table)

    np.testing.assert_allclose(table, offset + values @ weights, rtol=1e-12)
    for k in range(50):
        indices(values[k : k + 1], weights, offset, row)
        assert row.tobytes() == table[k : k + 1].tobytes()
