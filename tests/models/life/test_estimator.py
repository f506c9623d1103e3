"""Nothing of the future and nothing of the unit itself gets into what is told of it; and who judges by true lives gives one a unit."""

import numpy as np
import polars as pl
import pytest

from fieldline.errors import SettingsError
from models.evaluation.life_figures import Predicted, life_figures
from models.life.estimator import Recipe, fit
from models.life.fleet import Fleet
from models.life.options import RulOptions, fleet_in, for_table
from models.life.unseen import moments, unseen
from models.one_thread import one_thread
from models.task import Held, silent
from models.tasks import rul

RECIPE = Recipe(cap=30.0, iterations=10, bags=1, seed=0)


@pytest.fixture(scope="module")
def machines() -> Fleet:
    return fleet_in(rul.sample(), for_table(RulOptions(), rul.sample()))


def without_last_rows(fleet: Fleet, unit: int, rows: int) -> Fleet:
    mine = np.flatnonzero(fleet.unit == unit)
    kept = np.ones(len(fleet.unit), bool)
    kept[mine[-rows:]] = False
    return fleet.of_rows(kept)


def test_what_is_told_at_a_moment_needs_nothing_that_came_later(machines: Fleet) -> None:
    with one_thread():
        model = fit(machines, RECIPE, lambda share: None)
        whole, cut = model.rows_of(machines), model.rows_of(without_last_rows(machines, 3, 12))

    mine = np.flatnonzero(machines.unit == 3)[:-12]
    before = cut[np.flatnonzero(without_last_rows(machines, 3, 12).unit == 3)]
    partner = model.features.index("partner_mean_1")
    assert before[:, :partner].tobytes() == whole[mine, :partner].tobytes()
    # The partner's value is a product of matrices, whose last bits may hang on how many rows are multiplied at once.
    np.testing.assert_allclose(before, whole[mine], rtol=1e-9, atol=1e-9)


def test_a_unit_is_foretold_by_a_fit_that_did_not_see_when_it_failed(machines: Fleet) -> None:
    shorter = without_last_rows(machines, 5, 10)  # as if it had failed ten cycles earlier

    with one_thread():
        first, second = (unseen(fit, fleet, RECIPE, lambda share: None) for fleet in (machines, shorter))

    as_it_was = first.predicted[np.flatnonzero(first.unit == 5)[:-10]]
    np.testing.assert_allclose(second.predicted[second.unit == 5], as_it_was, rtol=1e-9)


def test_units_are_asked_while_they_have_the_lives_that_were_drawn(machines: Fleet) -> None:
    rows = moments(machines, 30.0, seed=0)

    left = machines.left[rows]
    assert set(machines.unit[rows]) == set(range(24))
    assert left.min() >= 1 and left.max() <= 36  # 0.04 and 1.2 caps


def test_true_lives_are_one_for_each_unit() -> None:
    model = rul.COMPONENT.trained(rul.sample(), rul.COMPONENT.quick, silent)

    with pytest.raises(SettingsError, match=r"expected 24 true lives, one for each unit of sample.csv, got 3"):
        rul.COMPONENT.evaluate(model, Held(rul.sample(), np.array([1.0, 2.0, 3.0])), rul.COMPONENT.quick)
    with pytest.raises(SettingsError, match="expected the true lives of the units"):
        rul.COMPONENT.evaluate(model, Held(rul.sample()), rul.COMPONENT.quick)
    figures = rul.COMPONENT.evaluate(model, Held(rul.sample(), np.zeros(24)), rul.COMPONENT.quick)
    frame = rul.sample().frame
    other = rul.sample()._replace(frame=frame.select(pl.lit(1.0).alias("more"), *reversed(frame.columns)))
    assert rul.COMPONENT.evaluate(model, Held(other, np.zeros(24)), rul.COMPONENT.quick) == figures
    lacking = rul.sample()._replace(frame=frame.drop("sensor_b"))
    with pytest.raises(SettingsError, match="no column 'sensor_b'"):
        rul.COMPONENT.evaluate(model, Held(lacking, np.zeros(24)), rul.COMPONENT.quick)
    assert {figure.name: figure for figure in figures}["rmse"].value < 5  # all have failed at their last row


def test_figures_are_those_of_lives_worked_out_by_hand() -> None:
    found = Predicted(
        np.arange(2), *(np.array(column, float) for column in ([150, 40], [115, 50], [100, 45], [130, 60]))
    )

    figures = {figure.name: figure for figure in life_figures(found.capped(125.0), "two", "capped", "cycles", 0)}

    assert figures["rmse"].value == 10.0  # 10 early, 10 late
    assert figures["bias"].value == 0.0
    assert figures["phm08_score"].value == pytest.approx(np.exp(10 / 13) + np.exp(1) - 2)
    assert figures["interval_coverage"].value == 0.5  # 125 lies within 100..130, 40 not within 45..60
    assert figures["interval_width"].value == 22.5
