import math

import numpy as np
import pytest

from analysis.productivity import composite
from analysis.productivity.composite import Aggregation, Normalisation

TABLE = np.array([[10.0, 5.0], [20.0, 3.0], [30.0, 1.0]])


def test_min_max_gives_the_best_unit_the_upper_bound_in_either_direction() -> None:
    found = composite.minmax(TABLE, [1, -1], 1.0, 100.0)

    assert found.tolist() == [[1.0, 1.0], [50.5, 50.5], [100.0, 100.0]]


def test_z_scores_have_mean_zero_and_deviation_one_with_n_less_one() -> None:
    found = composite.zscore(TABLE, [1, -1])

    assert found[:, 0].tolist() == [-1.0, 0.0, 1.0]  # deviation 10
    assert np.std(found, axis=0, ddof=1) == pytest.approx([1.0, 1.0])


def test_distance_to_target_goes_beyond_one_where_the_target_is_passed() -> None:
    found = composite.distance_to_target(TABLE, [20.0, 0.0], [1, -1])

    assert found[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert found[:, 1].tolist() == [0.0, 0.4, 0.8]


def test_a_target_that_the_worst_unit_has_reached_leaves_no_way_to_measure() -> None:
    assert np.isnan(composite.distance_to_target([5.0, 6.0], 5.0)).all()


@pytest.mark.parametrize("normalisation", [Normalisation.MINMAX, Normalisation.ZSCORE])
@pytest.mark.parametrize("flat", [[0.1] * 3, [5.0], [math.nan, 2.0, math.nan], [math.nan] * 3])
def test_an_indicator_without_spread_tells_nothing(normalisation: Normalisation, flat: list[float]) -> None:
    assert np.isnan(composite.normalise(flat, normalisation)).all()


def test_a_missing_cell_leaves_its_unit_without_a_score_and_the_others_with_theirs() -> None:
    table = np.vstack((TABLE, [[math.nan, 4.0]]))

    scores = composite.aggregate(composite.minmax(table), [1, 1], Aggregation.ARITHMETIC)

    assert np.isnan(scores).tolist() == [False, False, False, True]


def test_means_are_in_their_known_order_and_equal_for_equal_indicators() -> None:
    generator = np.random.default_rng(8)
    table, weights = generator.uniform(1, 100, (50, 4)), [4.0, 3.0, 2.0, 1.0]

    arithmetic, geometric, harmonic = (composite.aggregate(table, weights, kind) for kind in Aggregation)

    assert (harmonic < geometric).all()
    assert (geometric < arithmetic).all()
    for kind in Aggregation:
        assert composite.aggregate([[7.0, 7.0]], [1, 5], kind) == pytest.approx([7.0])


def test_weights_are_brought_to_one_and_what_weighs_nothing_is_not_asked() -> None:
    assert composite.normalised_weights([2, 6, 0]).tolist() == [0.25, 0.75, 0.0]
    assert composite.aggregate([[2.0, 4.0, math.nan]], [2, 6, 0], Aggregation.ARITHMETIC).tolist() == [3.5]


def test_geometric_and_harmonic_means_need_values_above_zero() -> None:
    for kind in (Aggregation.GEOMETRIC, Aggregation.HARMONIC):
        assert np.isnan(composite.aggregate([[0.0, 1.0], [-1.0, 1.0]], [1, 1], kind)).all()


def test_equal_scores_share_the_better_place_and_unknown_ones_have_none() -> None:
    found = composite.ranks([5.0, 9.0, 5.0, math.nan, 1.0])

    assert found[[0, 1, 2, 4]].tolist() == [2.0, 1.0, 2.0, 4.0]
    assert math.isnan(found[3])


@pytest.mark.parametrize("weights", [[1, -1], [0, 0], [1, math.nan], [1, 1, 1]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights: expected"):
        composite.aggregate([[1.0, 2.0]], weights, Aggregation.ARITHMETIC)


def test_bad_directions_bounds_and_missing_targets_are_refused() -> None:
    with pytest.raises(ValueError, match="directions: expected 1 "):
        composite.minmax(TABLE, [1, 0])
    with pytest.raises(ValueError, match="low below high, got 2"):
        composite.minmax(TABLE, 1, 2.0, 1.0)
    with pytest.raises(ValueError, match="expected targets"):
        composite.normalise(TABLE, Normalisation.DISTANCE_TO_TARGET)


def test_a_named_normalisation_is_that_function() -> None:
    targets = [40.0, 0.0]

    named = composite.normalise(TABLE, Normalisation("distance-to-target"), [1, -1], targets)

    np.testing.assert_array_equal(named, composite.distance_to_target(TABLE, targets, [1, -1]))
