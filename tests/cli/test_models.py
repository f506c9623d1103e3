"""The verbs of the registry."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from typer.testing import Result

from processing.scoring.model_file import read_model

RNG = np.random.default_rng(2)
ROWS = RNG.normal(size=(200, 2))
ROWS[::9, 1] = np.nan
NO_BROKER = ("--to", "mqtt://127.0.0.1:1")

Verb = Callable[..., Result]


@pytest.fixture
def models(tmp_path: Path, fieldline: Verb) -> Verb:
    """`fieldline models`, beside an estimator of two features and a table of them."""
    pl.DataFrame({"power_kw": ROWS[:, 0], "temp_degc": ROWS[:, 1]}).write_csv(tmp_path / "rows.csv")
    estimator = HistGradientBoostingRegressor(max_iter=5).fit(ROWS, ROWS[:, 0] ** 2)
    skops.io.dump(estimator, tmp_path / "health.skops")
    return lambda *arguments: fieldline("models", *arguments)


def added(models: Verb, *more: str) -> Result:
    return models("add", "health", "health.skops", "--table", "rows.csv", "--output", "wear_mm", *more)


def test_an_estimator_of_one_s_own_is_added_as_arrays_that_score_as_it_does(models: Verb, tmp_path: Path) -> None:
    result = added(models, "--why", "from the lab", "--by", "kim", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["model"], told["version"], told["family"]) == ("health", 1, "trees")
    model = read_model(tmp_path / "registry" / "health" / "1")
    assert model.digest == told["digest"]
    assert [(one.name, one.unit) for one in (*model.features, *model.outputs)] == [
        ("power_kw", "kW"), ("temp_degc", "degC"), ("wear_mm", "mm")
    ]  # fmt: skip
    estimator = skops.io.load(
        tmp_path / "health.skops", trusted=skops.io.get_untrusted_types(file=tmp_path / "health.skops")
    )
    assert np.array_equal(model.score(ROWS)[:, 0], estimator.predict(ROWS))


def test_models_are_listed_shown_verified_and_compared(models: Verb, tmp_path: Path) -> None:
    assert "no models in" in models("list").stdout
    added(models)
    added(models, "--unit", "temp_degc=K")

    listed = json.loads(models("list", "--json").stdout)
    shown = json.loads(models("show", "health", "--json").stdout)
    compared = json.loads(models("compare", "health", "1", "2", "--json").stdout)

    assert [(one["version"], one["state"], one["task"]) for one in listed] == [
        (1, "candidate", "own estimator"), (2, "candidate", "own estimator")
    ]  # fmt: skip
    assert shown["facts"]["version"] == 2 and shown["features"][1] == {"name": "temp_degc", "unit": "K"}
    assert shown["history"][0]["action"] == "register"
    assert compared["differs"] == [{"what": "feature temp_degc", "first": "degC", "second": "K"}]
    assert models("verify").exit_code == 0

    path = tmp_path / "registry" / "health" / "1" / "arrays.npz"
    path.write_bytes(path.read_bytes()[:-9])
    verified = models("verify", "--json")

    assert verified.exit_code == 1
    assert [one["is_well"] for one in json.loads(verified.stdout)] == [False, True]
    assert "was changed or cut off" in models("show", "health", "1").stderr


def test_a_promotion_without_a_broker_changes_nothing(models: Verb, tmp_path: Path) -> None:
    added(models)

    asset = ("--asset", "plant/hall/line1/press")
    result = models("promote", "health", "1", "--why", "better", "--untested", *asset, *NO_BROKER)

    assert result.exit_code == 3 and "can't be reached" in result.stderr
    assert json.loads(models("list", "--json").stdout)[0]["state"] == "candidate"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("promote", "health", "1", "--why", "x"), "expected what the model is to score: there is no champion to go by"),
        (("promote", "health", "1", "--why", "x", "--asset", "plant/+"), "expected a path such as"),
        (("promote", "health", "1", "--why", "x", "--asset", "plant/*"), "there is no file fieldline.db"),
        (("promote", "health", "7", "--why", "x", "--asset", "p/press"), "expected one of the versions 1, got 7"),
        (("promote", "heath", "1", "--why", "x", "--asset", "p/press"), "did you mean 'health'?"),
        (("rollback", "health", "--why", "x"), "nothing to roll back to: there is no champion"),
        (("add", "health", "absent.skops", "--table", "rows.csv"), "expected estimators saved by skops, got: No such file"),
        (("add", "health", "health.skops", "--table", "absent.csv"), "absent.csv"),
        (("add", "Health", "health.skops", "--table", "rows.csv"), "expected a name of a-z, 0-9, _ and -, got 'Health'"),
        (("add", "health", "health.skops", "--table", "rows.csv", "--unit", "tmp=K"), "expected a feature or an output, got 'tmp'"),
        (("add", "health", "health.skops", "--table", "rows.csv", "--unit", "K"), "expected NAME=UNIT, got 'K'"),
        (("add", "health", "health.skops", "--table", "rows.csv", "--output", "a", "--output", "b"), "expected 1 names"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused(arguments: tuple[str, ...], told: str, models: Verb) -> None:
    added(models)

    result = models(*arguments, *(NO_BROKER if arguments[0] != "add" else ()))

    assert result.exit_code == 2 and told in result.stderr.replace("\n", " ")


def test_classes_have_an_output_each(models: Verb, tmp_path: Path) -> None:
    estimator = HistGradientBoostingClassifier(max_iter=3).fit(ROWS, np.arange(200) % 3)
    skops.io.dump(estimator, tmp_path / "modes.skops")
    outputs = [word for name in ("heat", "wear", "none") for word in ("--output", name)]

    result = models("add", "modes", "modes.skops", "--table", "rows.csv", *outputs)

    assert result.exit_code == 0, result.output
    assert read_model(tmp_path / "registry" / "modes" / "1").score(ROWS).shape == (200, 3)
