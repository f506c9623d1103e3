"""What features move a score by: parts add up to how far it is from its level, through pairs, links and means; and what can't tell says so."""

from itertools import combinations
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from fieldline.errors import ModelError
from models.draft import Draft, Flat, PartDraft
from models.evaluation.drift import reference_of
from models.flatten import flatten
from models.flatten.subspace import flat_subspace
from models.model_writer import write_model
from processing.scoring.contributions import contributions
from processing.scoring.document import Column
from processing.scoring.model import Model

ROWS = np.random.default_rng(2).normal(size=(300, 3))
FAILS = (ROWS[:, 0] * ROWS[:, 1] > 0.3).astype(int)  # the third feature says nothing
NAMES = ("load", "warm", "beside")


def model_of(folder: Any, parts: list[PartDraft], output: str, scores: np.ndarray) -> Model:
    card = {"reference": msgspec.to_builtins({name: reference_of(ROWS[:, k]) for k, name in enumerate(NAMES)})}
    draft = Draft(
        name="press",
        task="failure",
        features=tuple(map(Column, NAMES)),
        outputs=(Column(output),),
        parts=tuple(parts),
        golden_rows=ROWS[:10],
        golden_scores=scores[:10, None],
        card=card,
    )
    return write_model(draft, folder / "model")


@pytest.fixture(scope="module")
def blend(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Boosting behind a logistic link and a forest without one, both on pairs, and their mean."""
    pairs = list(combinations(range(3), 2))
    made = np.column_stack([column for a, b in pairs for column in (ROWS[:, a] * ROWS[:, b], ROWS[:, a] - ROWS[:, b])])
    rows = np.concatenate([ROWS, made], axis=1)
    boosting = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(rows, FAILS)
    forest = RandomForestClassifier(10, random_state=0).fit(rows, FAILS)
    names = tuple(f"{what} {a}{b}" for a, b in pairs for what in ("product", "difference"))
    first, second = np.array(pairs).T.copy()
    mean = Flat("linear", {"lowest": 0.0, "highest": 1.0}, {"weights": np.full((1, 2), 0.5), "intercept": np.zeros(1)})
    parts = [
        PartDraft("pairs", Flat("pairs", {}, {"first": first, "second": second}), NAMES, names),
        PartDraft("boosting", flatten(boosting), (*NAMES, *names), ("of boosting",)),
        PartDraft("forest", flatten(forest), (*NAMES, *names), ("of forest",)),
        PartDraft("mean", mean, ("of boosting", "of forest"), ("risk",)),
    ]
    scores = (boosting.predict_proba(rows)[:, 1] + forest.predict_proba(rows)[:, 1]) / 2
    return model_of(tmp_path_factory.mktemp("blend"), parts, "risk", scores)


def test_parts_add_up_to_how_far_a_score_is_from_one_level(blend: Model) -> None:
    found = contributions(blend, "risk", ROWS)

    levels = blend.score(ROWS)[:, 0] - found.sum(axis=1)
    np.testing.assert_allclose(levels, levels[0], rtol=0, atol=1e-12)


def test_features_that_say_nothing_move_little(blend: Model) -> None:
    sizes = np.abs(contributions(blend, "risk", ROWS)).mean(axis=0)

    assert sizes[2] < 0.25 * sizes[:2].min()


def test_a_row_s_parts_are_the_same_bits_whichever_rows_stand_beside_it(blend: Model) -> None:
    together = contributions(blend, "risk", ROWS)

    for some in ([5], [7, 5], list(range(100))):
        assert contributions(blend, "risk", ROWS[some]).tobytes() == together[some].tobytes()


def test_a_missing_value_of_trees_leaves_the_others_their_parts(blend: Model) -> None:
    rows = ROWS[:5].copy()
    rows[:, 2] = np.nan

    found = contributions(blend, "risk", rows)

    assert np.isfinite(found).all()


def test_of_a_subspace_they_are_those_of_the_larger_statistic(tmp_path: Any) -> None:
    rng = np.random.default_rng(1)
    states, rest, limits = rng.normal(size=(2, 3)), rng.normal(size=(1, 3)), np.array([5.0, 2.0])
    flat = flat_subspace(np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 2.0]), states, rest, limits)
    z = (ROWS - [1.0, 2.0, 3.0]) / [0.5, 1.0, 2.0]
    statistics = np.stack([((z @ each.T) ** 2).sum(axis=1) for each in (states, rest)], axis=1)
    parts = [PartDraft("normal", flat, NAMES, ("t2", "q", "anomaly_ratio"))]
    model = model_of(tmp_path, parts, "anomaly_ratio", (statistics / limits).max(axis=1))

    found = contributions(model, "anomaly_ratio", ROWS)

    each = np.stack([z * (z @ m.T @ m) for m in (states, rest)])  # partial decomposition of a sum of squares
    wanted = np.where((statistics / limits).argmax(axis=1)[:, None] == 0, each[0] / limits[0], each[1] / limits[1])
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    assert set((statistics / limits).argmax(axis=1)) == {0, 1}


def test_a_part_that_cannot_tell_is_named(tmp_path: Any) -> None:
    weights = np.concatenate([np.ones(3), np.zeros(1), np.ones(1), np.zeros(1)])
    flat = Flat("mlp", {"activation": "relu"}, {"sizes": np.array([3, 1, 1], np.int64), "weights": weights})
    model = model_of(tmp_path, [PartDraft("net", flat, NAMES, ("risk",))], "risk", np.maximum(ROWS.sum(axis=1), 0.0))

    with pytest.raises(ModelError, match="part 'net' can't say what its inputs contribute"):
        contributions(model, "risk", ROWS)
