"""Thresholds, calibration and detection against published definitions, scikit-learn and sums written out."""

import numpy as np
import pytest
from sklearn import metrics

from models.evaluation.calibration import brier, reliability
from models.evaluation.detection import detected
from models.evaluation.thresholds import average_precision, best_f1, crossed_alarms, f1, roc_auc

_RANDOM = np.random.default_rng(0)
TRUTH = _RANDOM.random(500) < 0.2
PROBABILITY = np.round(np.clip(0.2 + 0.3 * TRUTH + 0.2 * _RANDOM.normal(size=500), 0, 1), 2)  # with ties


def test_areas_and_scores_are_those_of_scikit_learn_with_ties_too() -> None:
    assert roc_auc(TRUTH, PROBABILITY) == pytest.approx(metrics.roc_auc_score(TRUTH, PROBABILITY))
    assert average_precision(TRUTH, PROBABILITY) == pytest.approx(metrics.average_precision_score(TRUTH, PROBABILITY))
    assert brier(TRUTH, PROBABILITY) == pytest.approx(metrics.brier_score_loss(TRUTH, PROBABILITY))
    assert f1(TRUTH, PROBABILITY > 0.4) == pytest.approx(metrics.f1_score(TRUTH, PROBABILITY > 0.4))


def test_no_threshold_has_a_higher_f1_than_the_one_chosen() -> None:
    chosen = best_f1(TRUTH, PROBABILITY)

    assert f1(TRUTH, chosen.threshold <= PROBABILITY) == pytest.approx(chosen.f1)
    assert all(f1(TRUTH, one <= PROBABILITY) <= chosen.f1 + 1e-12 for one in np.linspace(0, 1, 101))


def test_a_fold_has_no_say_in_the_threshold_by_which_it_is_judged() -> None:
    fold = np.arange(500) % 5
    flipped = np.where(fold == 2, ~TRUTH, TRUTH)

    mine = crossed_alarms(TRUTH, PROBABILITY, fold)[fold == 2]

    assert np.array_equal(crossed_alarms(flipped, PROBABILITY, fold)[fold == 2], mine)


def test_where_one_class_is_missing_areas_do_not_exist() -> None:
    nothing = np.zeros(10, np.bool_)

    assert np.isnan(
        [roc_auc(nothing, np.arange(10.0)), average_precision(nothing, np.arange(10.0)), f1(nothing, nothing)]
    ).all()
    assert best_f1(nothing, np.arange(10.0)).threshold == 1.0


def test_reliability_is_the_share_that_came_true_in_each_bin() -> None:
    curve = reliability(np.array([0, 1, 1, 1, 0], np.bool_), np.array([0.05, 0.15, 0.1, 0.95, 1.0]))

    assert curve.rows.tolist() == [1, 2, 2]
    np.testing.assert_allclose(curve.predicted, [0.05, 0.125, 0.975])
    np.testing.assert_allclose(curve.observed, [0, 1, 0.5])
    assert curve.gap() == pytest.approx((0.05 + 2 * 0.875 + 2 * 0.475) / 5)


def test_a_fault_is_found_by_so_many_alarms_in_a_row() -> None:
    alarm = np.array([1, 1, 0, 1, 1, 1, 0], np.bool_)

    assert detected(alarm, 3) == (pytest.approx(2 / 7), 5)
    assert detected(alarm, 4).delay is None
