"""Flattened estimators score as scikit-learn does: trees to the last bit, the others within 1e-12."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from fieldline.errors import ModelError
from models.draft import Flat
from models.flatten import flatten
from models.flatten.subspace import flat_subspace
from processing.scoring.family import PartData, Scorer, families

RNG = np.random.default_rng(7)
ROWS = RNG.normal(size=(400, 6)) * 3.0 + 1.0
TARGET = ROWS[:, 0] * np.sign(ROWS[:, 1]) + np.sin(ROWS[:, 2]) + RNG.normal(size=400)
TWO = (TARGET > 1.0).astype(int)
THREE = np.digitize(TARGET, [-1.0, 2.0])
HOLED = np.where(RNG.random(ROWS.shape) < 0.15, np.nan, ROWS)
SORTED = HOLED.copy()  # with categories in columns 1 and 4
SORTED[:, 1], SORTED[:, 4] = RNG.integers(0, 5, 400) * 2.5, RNG.integers(0, 30, 400)
SORTED[::17, 1] = np.nan
ODD = SORTED[:200].copy()  # categories that training never saw, infinities, other gaps
ODD[::5, 1], ODD[::7, 4], ODD[::11, 0], ODD[::13, 2], ODD[::3, 5] = 99.0, -1.0, np.inf, -np.inf, np.nan
BY_SORTS = TARGET + 3.0 * (SORTED[:, 1] == 5.0) + np.sin(7 * SORTED[:, 4])

FEW = {"n_estimators": 12, "random_state": 0}
SHORT: dict[str, Any] = {"max_iter": 12, "early_stopping": False}
NETWORK: dict[str, Any] = {"hidden_layer_sizes": (9, 5), "max_iter": 8, "random_state": 0, "tol": 1.0}


def scorer_of(flat: Flat, inputs: int, outputs: int) -> Scorer:
    return families()[flat.family].load(PartData("part", flat.family, inputs, outputs, flat.settings, flat.arrays))


def scores(flat: Flat, rows: np.ndarray, like: np.ndarray) -> np.ndarray:
    return scorer_of(flat, rows.shape[1], like.shape[1]).score(rows)


def predicted(estimator: Any, rows: np.ndarray) -> np.ndarray:
    """What the estimator says, in the form that `flatten` promises."""
    if not hasattr(estimator, "predict_proba"):
        return estimator.predict(rows)[:, None]
    probability = estimator.predict_proba(rows)
    return probability[:, 1:] if probability.shape[1] == 2 else probability


@pytest.mark.parametrize("kind", [RandomForestRegressor, ExtraTreesRegressor])
@pytest.mark.parametrize("table", [ROWS, HOLED], ids=["whole", "with gaps"])
def test_forests_of_numbers_give_the_same_bits(kind: Callable, table: np.ndarray) -> None:
    estimator = kind(**FEW).fit(table, TARGET)
    wanted = predicted(estimator, HOLED)

    assert np.array_equal(scores(flatten(estimator), HOLED, wanted), wanted)


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
@pytest.mark.parametrize("classes", [TWO, THREE], ids=["two", "three"])
def test_forests_of_classes_give_the_same_bits(kind: Callable, classes: np.ndarray) -> None:
    estimator = kind(**FEW).fit(HOLED, classes)
    wanted = predicted(estimator, HOLED)

    assert np.array_equal(scores(flatten(estimator), HOLED, wanted), wanted)


@pytest.mark.parametrize("table", [ROWS, HOLED], ids=["whole", "with gaps"])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
def test_histogram_boosting_gives_the_same_bits(table: np.ndarray, loss: str) -> None:
    estimator = HistGradientBoostingRegressor(loss=loss, **SHORT).fit(table, np.abs(TARGET))
    wanted, near = predicted(estimator, ODD), 4e-16 if loss == "poisson" else 0.0

    np.testing.assert_allclose(scores(flatten(estimator), ODD, wanted), wanted, rtol=near, atol=0)


def test_histogram_boosting_with_categories_gives_the_same_bits() -> None:
    estimator = HistGradientBoostingRegressor(categorical_features=[1, 4], **SHORT).fit(SORTED, BY_SORTS)
    flat = flatten(estimator)
    wanted = predicted(estimator, ODD)

    assert flat.arrays["category"].size > 30
    assert np.array_equal(scores(flat, ODD, wanted), wanted)


def test_a_split_that_parts_missing_values_from_all_others_keeps_infinity_among_the_others() -> None:
    rows = np.where(np.arange(200)[:, None] % 2 == 0, np.nan, np.linspace(1, 2, 200)[:, None])
    estimator = HistGradientBoostingRegressor(max_leaf_nodes=2, **SHORT).fit(rows, np.arange(200) % 2)
    asked = np.array([[np.inf], [-np.inf], [np.nan], [1e300], [1.5]])
    wanted = predicted(estimator, asked)

    assert np.isposinf(estimator._predictors[0][0].nodes["num_threshold"][0])
    assert np.array_equal(scores(flatten(estimator), asked, wanted), wanted)


@pytest.mark.parametrize("classes", [TWO, THREE], ids=["two", "three"])
def test_histogram_boosting_of_classes_gives_the_same_sums_and_probabilities(classes: np.ndarray) -> None:
    estimator = HistGradientBoostingClassifier(categorical_features=[1, 4], **SHORT).fit(SORTED, classes)
    flat, wanted = flatten(estimator), predicted(estimator, ODD)

    sums = scores(flat._replace(settings={"link": "identity"}), ODD, wanted)

    assert np.array_equal(sums, estimator._raw_predict(ODD))
    np.testing.assert_allclose(scores(flat, ODD, wanted), wanted, rtol=0, atol=4e-16)


@pytest.mark.parametrize("settings", [{}, {"loss": "huber", "subsample": 0.7}, {"init": "zero", "learning_rate": 0.3}])
def test_gradient_boosting_of_numbers_gives_the_same_bits(settings: dict[str, Any]) -> None:
    estimator = GradientBoostingRegressor(**FEW, **settings).fit(ROWS, TARGET)
    wanted = predicted(estimator, ROWS)

    assert np.array_equal(scores(flatten(estimator), ROWS, wanted), wanted)


@pytest.mark.parametrize("classes", [TWO, THREE], ids=["two", "three"])
def test_gradient_boosting_of_classes_gives_the_same_sums_and_probabilities(classes: np.ndarray) -> None:
    estimator = GradientBoostingClassifier(**FEW).fit(ROWS, classes)
    flat, wanted = flatten(estimator), predicted(estimator, ROWS)

    sums = scores(flat._replace(settings={**flat.settings, "link": "identity"}), ROWS, wanted)

    assert np.array_equal(sums, estimator.decision_function(ROWS).reshape(len(ROWS), -1))
    np.testing.assert_allclose(scores(flat, ROWS, wanted), wanted, rtol=0, atol=4e-16)


def test_gradient_boosting_has_no_score_where_a_value_is_missing() -> None:
    estimator = GradientBoostingRegressor(**FEW).fit(ROWS, TARGET)

    scored = scores(flatten(estimator), HOLED, TARGET[:, None])[:, 0]

    assert np.array_equal(np.isnan(scored), np.isnan(HOLED).any(axis=1))


@pytest.mark.parametrize(("table", "share"), [(ROWS, 1.0), (HOLED, 0.5)], ids=["whole", "half the features, with gaps"])
def test_isolation_forests_are_within_a_rounding(table: np.ndarray, share: float) -> None:
    estimator = IsolationForest(max_features=share, **FEW).fit(table)
    wanted = -estimator.score_samples(HOLED)[:, None]

    np.testing.assert_allclose(scores(flatten(estimator), HOLED, wanted), wanted, rtol=0, atol=2.3e-16)


LINEAR: dict[str, Callable[[], Any]] = {
    "ridge": lambda: Ridge(0.1).fit(ROWS, TARGET),
    "scaled": lambda: make_pipeline(StandardScaler(), LinearRegression()).fit(ROWS, TARGET),
    "two targets": lambda: make_pipeline(StandardScaler(with_mean=False), Ridge()).fit(ROWS, ROWS[:, :2] ** 2),
    "without deviation": lambda: make_pipeline(StandardScaler(with_std=False), Ridge()).fit(ROWS, TARGET),
    "two classes": lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, TWO),
    "three classes": lambda: LogisticRegression(max_iter=500).fit(ROWS, THREE),
}


@pytest.mark.parametrize("made", LINEAR.values(), ids=LINEAR)
def test_linear_models_are_within_1e_12(made: Callable[[], Any]) -> None:
    estimator = made()
    wanted = predicted(estimator, ROWS).reshape(len(ROWS), -1)

    np.testing.assert_allclose(scores(flatten(estimator), ROWS, wanted), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh", "logistic"])
@pytest.mark.parametrize("classes", [None, TWO, THREE], ids=["numbers", "two", "three"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_networks_are_within_1e_12(activation: str, classes: np.ndarray | None) -> None:
    kind = MLPRegressor if classes is None else MLPClassifier
    network = kind(activation=activation, **NETWORK)
    estimator = make_pipeline(StandardScaler(), network).fit(ROWS, TARGET if classes is None else classes)
    wanted = predicted(estimator, ROWS)

    np.testing.assert_allclose(scores(flatten(estimator), ROWS, wanted), wanted, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_network_has_no_score_where_a_value_is_missing() -> None:
    estimator = MLPRegressor(activation="relu", **NETWORK).fit(ROWS, TARGET)

    scored = scores(flatten(estimator), HOLED, TARGET[:, None])[:, 0]

    assert np.array_equal(np.isnan(scored), np.isnan(HOLED).any(axis=1))


def exact(estimator: Any, rows: np.ndarray) -> np.ndarray:
    """What a pipeline of scaling, Nyström features and ridge means, in long doubles."""
    scaler, features, ridge = (step for _, step in estimator.steps)
    scaled = (rows.astype(np.longdouble) - scaler.mean_) / scaler.scale_
    distance = ((scaled[:, None] - features.components_[None]) ** 2).sum(axis=2)
    made = np.exp(-np.longdouble(features.gamma) * distance) @ features.normalization_.T.astype(np.longdouble)
    return (made @ ridge.coef_.astype(np.longdouble) + ridge.intercept_)[:, None].astype(np.float64)


def test_nystroem_features_are_within_1e_12_of_what_they_mean_and_nearer_than_scikit_learn() -> None:
    features = Nystroem(gamma=0.1, n_components=200, random_state=0)
    estimator = make_pipeline(StandardScaler(), features, Ridge(0.05)).fit(ROWS, TARGET)
    wanted = exact(estimator, ROWS)

    scored = scores(flatten(estimator), ROWS, wanted)

    np.testing.assert_allclose(scored, wanted, rtol=0, atol=1e-12)
    assert np.abs(scored - wanted).max() < np.abs(predicted(estimator, ROWS) - wanted).max() < 1e-10


def monitored(estimator: Any) -> np.ndarray:
    """T² and Q as textbooks write them."""
    scaled = estimator[0].transform(ROWS)
    states = estimator[1].transform(scaled)
    rest = scaled - estimator[1].inverse_transform(states)
    return np.column_stack([(states**2 / estimator[1].explained_variance_).sum(axis=1), (rest**2).sum(axis=1)])


def test_principal_components_give_t2_and_q_within_1e_12() -> None:
    estimator = make_pipeline(StandardScaler(), PCA(3)).fit(ROWS)
    wanted = monitored(estimator)

    np.testing.assert_allclose(scores(flatten(estimator), ROWS, wanted), wanted, rtol=1e-12, atol=1e-12)


def test_canonical_variates_give_t2_and_q_within_1e_12() -> None:
    mean, deviation = ROWS.mean(axis=0), ROWS.std(axis=0)
    states, rest = RNG.normal(size=(2, 6)), RNG.normal(size=(6, 6))
    scaled = (ROWS - mean) / deviation
    wanted = np.column_stack([((scaled @ states.T) ** 2).sum(axis=1), ((scaled @ rest.T) ** 2).sum(axis=1)])

    flat = flat_subspace(mean, deviation, states, rest)

    np.testing.assert_allclose(scores(flat, ROWS, wanted), wanted, rtol=1e-12, atol=1e-12)


EXPLAINED: dict[str, Callable[[], Any]] = {
    "forest": lambda: RandomForestRegressor(**FEW).fit(HOLED, TARGET),
    "three classes": lambda: RandomForestClassifier(**FEW).fit(HOLED, THREE),
    "categories": lambda: HistGradientBoostingRegressor(categorical_features=[1, 4], **SHORT).fit(SORTED, BY_SORTS),
    "boosting": lambda: GradientBoostingRegressor(loss="huber", **FEW).fit(ROWS, TARGET),
}


@pytest.mark.parametrize("made", EXPLAINED.values(), ids=EXPLAINED)
def test_what_features_contribute_adds_up_to_the_score(made: Callable[[], Any]) -> None:
    estimator = made()
    rows = ROWS if isinstance(estimator, GradientBoostingRegressor) else SORTED
    wanted = predicted(estimator, rows)

    contributions, base = scorer_of(flatten(estimator), 6, wanted.shape[1]).explain(rows)  # type: ignore[attr-defined]

    np.testing.assert_allclose(contributions.sum(axis=1) + base, wanted, rtol=0, atol=1e-12)


def test_what_features_contribute_to_two_classes_adds_up_to_the_log_odds() -> None:
    estimator = HistGradientBoostingClassifier(**SHORT).fit(HOLED, TWO)

    contributions, base = scorer_of(flatten(estimator), 6, 1).explain(HOLED)  # type: ignore[attr-defined]

    raw = (contributions.sum(axis=1) + base)[:, 0]
    np.testing.assert_allclose(expit(raw), estimator.predict_proba(HOLED)[:, 1], rtol=0, atol=1e-12)


def test_a_feature_that_only_one_tree_asks_contributes_what_its_split_changes() -> None:
    """One tree of one split: the mean of all is the base, and the feature adds the difference to its side's mean."""
    rows = np.array([[0.0, 5.0], [0.0, 6.0], [0.0, 7.0], [1.0, 8.0]])
    estimator = RandomForestRegressor(1, max_depth=1, bootstrap=False, max_features=1.0, random_state=0).fit(
        rows, np.array([2.0, 2.0, 2.0, 10.0])
    )

    contributions, base = scorer_of(flatten(estimator), 2, 1).explain(rows)  # type: ignore[attr-defined]

    # (2 + 2 + 2 + 10) / 4 = 4; both features part the rows alike, so which one is asked does not matter
    np.testing.assert_allclose(base, [4.0])
    np.testing.assert_allclose(contributions.sum(axis=1)[:, 0], [-2.0, -2.0, -2.0, 6.0])
    assert (contributions != 0).sum() == 4


LETTERS = np.array([["a", 1.0], ["b", 2.0]] * 30, object)
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "kind": (lambda: SVR().fit(ROWS, TARGET), "expected one of .*; got SVR"),
    "pipeline": (
        lambda: make_pipeline(StandardScaler(), RandomForestRegressor(2)).fit(ROWS, TARGET),
        "got StandardScaler → RandomForestRegressor",
    ),
    "targets": (lambda: RandomForestRegressor(2).fit(ROWS, ROWS[:, :2]), "forest: expected one target, got 2"),
    "init": (
        lambda: GradientBoostingRegressor(n_estimators=2, init=Ridge()).fit(ROWS, TARGET),
        "expected init None or 'zero'",
    ),
    "kernel": (
        lambda: make_pipeline(Nystroem(kernel="linear", n_components=3), Ridge()).fit(ROWS, TARGET),
        "expected the kernel rbf",
    ),
    "categories": (
        lambda: HistGradientBoostingRegressor(categorical_features=[0], max_iter=2).fit(LETTERS, TARGET[:60]),
        "expected categories that are numbers",
    ),
}


@pytest.mark.parametrize(("made", "told"), REFUSED.values(), ids=REFUSED)
def test_what_no_family_is_for_is_refused(made: Callable[[], Any], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        flatten(made())
