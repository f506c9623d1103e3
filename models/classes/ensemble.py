"""Probabilities of classes by ensembles of trees, or by a line where rows are few and drift."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MOST = 12
_CLIP = 6.0  # deviations, beyond which a standardised input says no more of a linear model


class Member(NamedTuple):
    """A fitted estimator, and the columns of the features that it sees, int64[k]."""

    estimator: Any
    columns: NDArray[np.int64]


class Blend(NamedTuple):
    """The mean of the probabilities of members; classes : int64, as they were given."""

    members: dict[str, Member]
    classes: NDArray[np.int64]

    def probability(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of each class, float64[n, classes]."""
        told = [member.estimator.predict_proba(features[:, member.columns]) for member in self.members.values()]
        return np.asarray(np.sum(told, axis=0) / len(told), np.float64)


def fitted(kind: str, features: NDArray[np.float64], label: NDArray[np.int64], size: int, seed: int) -> Blend:
    """Fit the members of a kind. size : trees of a forest, and steps of boosting. Classes are not weighted: probabilities stay true.

    kind : `rules`, for what happens beyond limits; `looks`, for classes that differ in many features a little; `linear`, for many weak
    inputs that drift
    """
    everything = np.arange(features.shape[1])
    if kind == "linear":
        return Blend(_fitted(_linear(seed), features, label, everything), np.unique(label))
    if kind == "looks":
        return Blend(_fitted(_looks(size, seed), features, label, everything), np.unique(label))
    members = _fitted(_of_all(size, seed), features, label, everything)
    share = members["forest"].estimator.feature_importances_
    # Pairs make many columns that say little: trees that see the dozen that matter cut cleanly, those that see all rank what is rare.
    most = np.sort(np.argsort(-share, kind="stable")[:_MOST])
    return Blend(members | _fitted(_of_few(size, seed), features, label, most), np.unique(label))


def _fitted(
    estimators: dict[str, Any], features: NDArray[np.float64], label: NDArray[np.int64], columns: NDArray[np.int64]
) -> dict[str, Member]:
    seen = features[:, columns]
    return {name: Member(estimator.fit(seen, label), columns) for name, estimator in estimators.items()}


def _of_all(size: int, seed: int) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier

    return {
        "forest": RandomForestClassifier(n_estimators=size, max_features=0.6, random_state=seed),
        "bagged": RandomForestClassifier(n_estimators=size, max_features=1.0, random_state=seed + 1),
    }


def _of_few(size: int, seed: int) -> dict[str, Any]:
    from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

    boosting = HistGradientBoostingClassifier(
        max_iter=3 * size // 2, learning_rate=0.06, max_leaf_nodes=12, early_stopping=False, random_state=seed
    )
    return {
        "boosting": boosting,
        "extra_trees": ExtraTreesClassifier(n_estimators=size, max_features=1.0, random_state=seed),
    }


def _looks(size: int, seed: int) -> dict[str, Any]:
    from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

    boosting = HistGradientBoostingClassifier(
        max_iter=size, learning_rate=0.04, max_leaf_nodes=16, min_samples_leaf=8, max_features=0.2,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    return {
        "extra_trees": ExtraTreesClassifier(n_estimators=size, max_features=0.5, random_state=seed),
        "boosting": boosting,
    }


def _linear(seed: int) -> dict[str, Any]:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    clip = FunctionTransformer(np.clip, kw_args={"a_min": -_CLIP, "a_max": _CLIP})
    line = LogisticRegression(C=0.003, max_iter=500, random_state=seed)
    return {"line": make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), clip, line)}


def importances(blend: Blend, features: Sequence[str]) -> list[tuple[str, float]]:
    """Features by the share of impurity that forests which see all took out by them, the largest first; none without a forest."""
    shares = [
        member.estimator.feature_importances_
        for member in blend.members.values()
        if len(member.columns) == len(features) and hasattr(member.estimator, "feature_importances_")
    ]
    if not shares:
        return []
    mean = np.mean(shares, axis=0)
    return [(features[place], float(mean[place])) for place in np.argsort(-mean, kind="stable")]
