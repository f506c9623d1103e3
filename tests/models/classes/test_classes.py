"""Failures and defects: what splits, labels and features may know, rules that are found again, and input that is refused by name."""

from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fieldline.errors import SettingsError
from models.classes import drifting, leaks
from models.classes.crossed import plan
from models.classes.defect import DefectOptions
from models.classes.failure import FailureOptions
from models.classes.features import recipe_of
from models.classes.horizon import within
from models.table import Table
from models.task import Held, silent
from models.tasks.defect import COMPONENT as DEFECT
from models.tasks.failure import COMPONENT as FAILURE

_QUICK = FAILURE.quick
_SAMPLE = FAILURE.sample()


def _with(**columns: Any) -> Table:
    return _SAMPLE._replace(
        frame=_SAMPLE.frame.with_columns(**{name: pl.Series(each) for name, each in columns.items()})
    )


def test_a_rule_of_a_product_is_found_though_nobody_declared_it() -> None:
    model = FAILURE.trained(_SAMPLE, _QUICK, silent)

    (rule,) = [one for one in model.card.limits if one.startswith("Rule: overload")]
    assert rule.startswith("Rule: overload: torque * speed > 6.")
    assert "100% of its failures" in rule


def test_probabilities_are_true_and_the_column_of_a_mode_is_no_feature() -> None:
    model = FAILURE.trained(_SAMPLE, _QUICK, silent)
    figures = {figure.name: figure.value for figure in model.card.figures}

    assert not {"overload", "worn_out", "failure", "machine", "moment"} & set(model.inputs)
    assert figures["f1"] > 0.8 and figures["f1_best"] >= figures["f1"]
    assert figures["calibration_gap"] < 0.08
    (judged,) = [one for one in FAILURE.evaluate(model, Held(_SAMPLE), _QUICK) if one.name == "f1"]
    assert judged.value > figures["f1"]  # of rows that it has seen


def test_declared_formulas_are_features_and_replace_pairs() -> None:
    options = msgspec.structs.replace(_QUICK, formulas=("power = torque * speed", "twice = 2 * wear"))

    recipe = FAILURE.trained(_SAMPLE, options, silent).parts["recipe"]

    made, frame = recipe.made(_SAMPLE), _SAMPLE.frame
    assert recipe.features() == ("torque", "speed", "wear", "kind", "power", "twice")
    np.testing.assert_array_equal(made[:, 4], (frame["torque"] * frame["speed"]).to_numpy())
    np.testing.assert_array_equal(made[:, 3], (frame["kind"] == "b").cast(pl.Float64).to_numpy())


def test_pairs_are_products_and_differences_of_all_numbers_and_a_strange_category_is_missing() -> None:
    recipe = recipe_of(_SAMPLE, ("machine", "moment", "failure", "overload", "worn_out"), ("kind",), (), pairs=True)

    made = recipe.made(_with(kind=["c"] * 400))

    assert recipe.features()[4:] == (
        "torque * speed", "torque - speed", "torque * wear", "torque - wear", "speed * wear", "speed - wear",
    )  # fmt: skip
    np.testing.assert_array_equal(made[:, 4], made[:, 0] * made[:, 1])
    np.testing.assert_array_equal(made[:, 9], made[:, 1] - made[:, 2])
    assert np.isnan(made[:, 3]).all()


def test_a_failure_within_the_horizon_is_known_only_where_the_horizon_was_seen() -> None:
    failed = np.array([0, 0, 1, 0, 0, 0, 0], np.bool_)
    unit, time = np.array([0, 0, 0, 0, 0, 1, 1]), np.array([0.0, 6, 10, 12, 20, 0, 5])

    label, is_known = within(failed, unit, time, 5)

    assert label.tolist() == [False, True, True, False, False, False, False]
    assert is_known.tolist() == [True, True, True, True, False, True, False]


def test_rows_of_a_unit_are_never_on_both_sides_and_time_goes_forward() -> None:
    label, unit, time = np.arange(100) % 2, np.repeat(np.arange(20), 5), np.arange(100.0)

    for split in plan(label, unit, None, 2, 0).splits:
        assert not set(unit[split.train]) & set(unit[split.held])
    for split in plan(label, None, time, 2, 0).splits:
        assert time[split.train].max() < time[split.held].min()
    held = [split.held for split in plan(label, None, None, 2, 0).splits]
    assert np.array_equal(np.bincount(np.concatenate(held)), np.full(100, 2))
    assert all(label[each].mean() == 0.5 for each in held)


def test_columns_that_tell_the_failure_are_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="'overload': expected columns known before the failure"):
        FAILURE.trained(_SAMPLE, msgspec.structs.replace(_QUICK, modes=("worn_out",)), silent)
    truth = np.arange(100) % 5 == 0
    with pytest.raises(SettingsError, match="'a', 'b'"):
        leaks.check(
            ("a", "b", "c"), np.column_stack([-3.0 * truth, truth & (np.arange(100) < 60), np.arange(100)]), truth, "x"
        )


@pytest.mark.parametrize(
    ("columns", "settings", "wanted"),
    [
        ({"failure": [0] * 390 + [1] * 10}, {}, "expected at least 20 rows that fail, got 10"),
        ({"failure": [1] * 400}, {}, "expected at least 20 rows that do not fail, got 0"),
        ({"failure": [2] * 400}, {}, "column 'failure': expected 0 or 1, row 1 has 2"),
        ({}, {"categories": ()}, "'kind': expected numbers; name it in `categories` or in `without`"),
        ({"torque": [1.0] * 400, "speed": [1.0] * 400, "wear": [2.0] * 400}, {"categories": (), "without": ("kind",)},
         "expected columns that move, got 3 constant ones"),
        ({}, {"formulas": ("p = torqe * speed",)}, "formulas: p: no column 'torqe', did you mean 'torque'"),
        ({}, {"formulas": ("torque * speed",)}, "formulas: expected NAME = EXPRESSION"),
        ({}, {"formulas": ("p = mean(torque)",)}, "formulas: p: expected columns of the table alone"),
        ({}, {"modes": ("overlod",)}, "no column 'overlod', did you mean 'overload'"),
    ],
)  # fmt: skip
def test_input_that_cannot_be_learned_from_is_refused_with_what_was_wanted(
    columns: dict[str, Any], settings: dict[str, Any], wanted: str
) -> None:
    with pytest.raises(SettingsError, match=wanted):
        FAILURE.trained(_with(**columns), msgspec.structs.replace(_QUICK, **settings), silent)


def test_a_horizon_needs_unit_and_time() -> None:
    with pytest.raises(SettingsError, match="expected `unit` and `time`"):
        FAILURE.options_of({"horizon": 5.0})
    assert FAILURE.options_of({"horizon": 5.0, "unit": "u", "time": "t"}) == FailureOptions(
        horizon=5.0, unit="u", time="t"
    )


def test_what_drifts_stands_first_with_the_row_at_which_its_level_changed() -> None:
    values = np.random.default_rng(1).normal(size=(600, 3))
    values[300:, 1] += 2.0

    found = drifting.moved(("a", "b", "c"), values)

    assert [one.name for one in found][0] == "b"
    assert found[0].psi > 0.25 > found[1].psi
    assert 300 < found[0].changed < 340
    assert [one.changed for one in found[1:]] == [-1, -1]


def test_kinds_may_stand_in_columns_of_0_and_1_and_give_the_same_model() -> None:
    table = DEFECT.sample()
    names = ("bump", "scratch", "stain")
    flags = table.frame.with_columns(*((pl.col("kind") == name).cast(pl.Int64).alias(name) for name in names)).drop(
        "kind"
    )
    quick = DEFECT.quick

    by_name = DEFECT.trained(table, quick, silent)
    by_flag = DEFECT.trained(
        table._replace(frame=flags), msgspec.structs.replace(quick, target="", kinds=names), silent
    )

    assert by_flag.outputs == by_name.outputs == names
    assert by_flag.golden.outputs.tobytes() == by_name.golden.outputs.tobytes()
    assert {figure.name: figure.value for figure in by_name.card.figures}["macro_f1"] > 0.6


def test_kinds_that_are_rare_unnamed_or_unknown_are_refused() -> None:
    table, quick = DEFECT.sample(), DEFECT.quick
    kind = table.frame["kind"].to_list()
    for changed, wanted in (
        (["rare"] * 3 + kind[3:], "expected at least 10 rows of each kind; of 'rare' got 3"),
        ([""] + kind[1:], "column 'kind': row 1 names no kind"),
        (["stain"] * 300, "expected at least 2 kinds, got 1: stain"),
    ):
        with pytest.raises(SettingsError, match=wanted):
            DEFECT.trained(table._replace(frame=table.frame.with_columns(kind=pl.Series(changed))), quick, silent)
    strange = table._replace(frame=table.frame.with_columns(kind=pl.lit("dent")))
    with pytest.raises(SettingsError, match="expected kinds bump, scratch, stain; got dent"):
        DEFECT.evaluate(DEFECT.trained(table, quick, silent), Held(strange), quick)
    with pytest.raises(SettingsError, match="expected one of them, a column of names or columns of 0 and 1"):
        DEFECT.options_of({})
    assert DEFECT.options_of({"target": "kind"}) == DefectOptions(target="kind")
