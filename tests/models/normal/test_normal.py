"""What is normal in a plant: statistics have their theory's values, limits hold on rows that nobody saw, and a fault is one."""

import numpy as np
import polars as pl
import pytest
from sklearn.decomposition import PCA

from fieldline.errors import SettingsError
from models.normal.limit import limit_of, unseen
from models.normal.runs import lagged, runs_of, whole
from models.normal.subspace import Shape, fitted
from models.normal.training import AnomalyOptions, anomaly_ratio, evaluate
from models.table import Table
from models.task import Held, Trained, silent
from models.tasks.anomaly import COMPONENT

_OPTIONS = AnomalyOptions(lags=2, states=4)


def _plant(rows: int, seed: int) -> np.ndarray:
    """Six channels that two slow movements drive, with a little noise of their own."""
    random = np.random.default_rng(seed)
    driven, state = np.empty((rows, 2)), np.zeros(2)
    for row in range(rows):
        state = 0.8 * state + random.normal(size=2)
        driven[row] = state
    return driven @ np.random.default_rng(0).normal(size=(2, 6)) + 0.15 * random.normal(size=(rows, 6))


def _table(values: np.ndarray, **more: object) -> Table:
    frame = pl.DataFrame(values, schema=[f"tag_{k}" for k in range(values.shape[1])])
    return COMPONENT.sample()._replace(
        frame=frame.with_columns(**{name: pl.Series(each) for name, each in more.items()})
    )


@pytest.fixture(scope="module")
def model() -> Trained:
    return COMPONENT.trained(_table(_plant(800, seed=1)), _OPTIONS, silent)


def test_principal_components_are_those_of_scikit_learn() -> None:
    values = _plant(400, seed=2)
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    pca = PCA(n_components=2).fit(scaled)

    statistics = fitted([values], Shape("pca", 1, 1, float(pca.explained_variance_ratio_.sum()) - 1e-9)).score(values)

    scores = pca.transform(scaled)
    np.testing.assert_allclose(statistics[:, 0], (scores**2 / pca.explained_variance_).sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(statistics[:, 1], ((scaled - pca.inverse_transform(scores)) ** 2).sum(axis=1), rtol=1e-9)


def test_canonical_variates_have_unit_variance_so_their_squares_add_up_to_their_number() -> None:
    values = _plant(3000, seed=3)

    statistics = fitted([values], Shape("cva", 2, 4, 0.85, ridge=0.0)).score(lagged(values, 2)[1:])

    np.testing.assert_allclose(statistics.mean(axis=0), [4, 12 - 4], rtol=0.01)


def test_units_of_the_channels_do_not_matter() -> None:
    values, factors = _plant(300, seed=4), np.array([1e-6, 1.0, 1e6, 3.0, 0.1, 20.0])
    shape = Shape("cva", 2, 4, 0.85)

    plain, other = (
        fitted([each], shape).score(lagged(each, 2)[1:]) for each in (values, values * factors + 5 * factors)
    )

    np.testing.assert_allclose(other, plain, rtol=1e-6)


def test_the_limit_holds_on_normal_rows_that_neither_the_fit_nor_the_limit_saw(model: Trained) -> None:
    alarms = anomaly_ratio(model, _plant(4000, seed=5), _OPTIONS.lags)[1:] > 1

    assert 0.01 < alarms.mean() < 0.05  # 3 % are asked for


def test_limits_of_rows_that_were_fitted_would_be_too_tight() -> None:
    values = _plant(200, seed=6)
    shape = Shape("cva", 4, 8, 0.85, ridge=0.001)
    seen = fitted([values], shape).score(lagged(values, 4)[3:])
    left_out = np.concatenate([part.statistics for part in unseen([values], shape)])
    fresh = fitted([values], shape).score(lagged(_plant(4000, seed=7), 4)[3:])

    by_seen, by_left_out = ((limit_of(each, 0.03).ratio(fresh) > 1).mean() for each in (seen, left_out))

    assert by_left_out < 0.05 and by_seen > 1.5 * by_left_out


def test_two_sensors_that_were_swapped_are_an_anomaly_though_each_looks_as_ever(model: Trained) -> None:
    values = _plant(500, seed=8)
    swapped = values[:, [1, 0, 2, 3, 4, 5]]

    figures = evaluate(
        model,
        Held(_table(np.concatenate([values, swapped]), faulty=np.repeat([0.0, 1.0], 500))),
        AnomalyOptions(lags=2, states=4, fault="faulty"),
    )

    found = {figure.name: figure.value for figure in figures}
    assert found["false_alarm_share"] < 0.06
    assert found["missed_share"] < 0.25


def test_a_missing_value_leaves_rows_without_a_score_until_it_is_out_of_the_past(model: Trained) -> None:
    values = _plant(20, seed=9)
    values[10, 3] = np.nan

    ratio = anomaly_ratio(model, values, 2)

    assert np.flatnonzero(np.isnan(ratio)).tolist() == [0, 10, 11]


def test_rows_before_a_run_are_never_those_of_another() -> None:
    runs = runs_of(_table(_plant(60, seed=1), batch=np.repeat(["a", "b", "a"], 20)), "batch", "", ())

    assert [len(run) for run in runs.values] == [40, 20]
    assert runs.channels == tuple(f"tag_{k}" for k in range(6))
    assert whole(lagged(runs.values[1], 3)).sum() == 18


def test_what_cannot_be_learned_from_is_refused_by_name() -> None:
    still = np.tile([1.0, 2.0], (200, 1))
    with pytest.raises(SettingsError, match="expected channels that move, got 2 constant ones"):
        COMPONENT.trained(_table(still), _OPTIONS, silent)
    holes = _plant(200, seed=1)
    holes[::3, 0] = np.nan
    with pytest.raises(
        SettingsError, match="at least 100 rows of normal work with 4 in a row and nothing missing, got 0"
    ):
        COMPONENT.trained(_table(holes), _OPTIONS, silent)
    with pytest.raises(SettingsError, match="train: sample.csv: .*'word'"):
        COMPONENT.trained(_table(_plant(200, seed=1), word=["on"] * 200), _OPTIONS, silent)


def test_a_channel_that_stands_still_in_what_is_judged_is_named(model: Trained) -> None:
    values = _plant(200, seed=1)
    values[:, 2] = 7.0

    with pytest.raises(SettingsError, match="constant: tag_2"):
        evaluate(model, Held(_table(values)), _OPTIONS)
