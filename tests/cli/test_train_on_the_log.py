"""`fieldline train --metric`: a model of the plant's own log in one step, the same as by way of a file, and back-tested with it."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from fieldline.frames import event_value
from models.evaluation.drift import CHANGED
from models.lineage import sha256_of
from models.registry import Registry
from tests.analysis.whole_pipe import Pipe
from tests.processing.engine_rig import SECOND, Row

MINUTE, QUARTER = 60 * SECOND, 900 * SECOND
START = 1_700_000_100_000_000_000 // QUARTER * QUARTER
LIFE, LIVES = 14, 13
"""A life lasts so many quarter-hours: the press fails in the last of them, and the next begins in the quarter-hour after it."""
TEXT = """
[[metric]]
kind = "watch"
asset = "plant/*/*/press"
windows = ["15m"]
field.load = { value = "mean(power_kw)", unit = "kW" }
field.warm = { value = "mean(temp_degc)", unit = "degC" }

[metric.model]
output.failure_probability = { unit = "1" }
"""
PRESS = "plant/hall/line1/press"
SPAN = ("--from", str(START // SECOND), "--until", str((START + LIVES * (LIFE + 1) * QUARTER) // SECOND))
QUICK = ("--set", "size=4", "--set", "repeats=1")


def happened(quarter: float, kind: str, **said: object) -> Row:
    payload = json.dumps(said).encode()
    return Row(PRESS, f"@{kind}", START + round(quarter * QUARTER), event_value(payload), 0, payload)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    """A press that is the warmer the nearer its failure is."""
    rng, rows = np.random.default_rng(3), []
    for life in range(LIVES):
        for age in range(LIFE):
            time = START + (life * (LIFE + 1) + age) * QUARTER + MINUTE
            rows.append(Row(PRESS, "power_kw", time, float(rng.uniform(10, 40))))
            rows.append(Row(PRESS, "temp_degc", time, 40.0 + 2 * age + float(rng.normal(0, 4))))
        rows.append(happened(life * (LIFE + 1) + LIFE - 0.5, "failure", mode="heat"))
        rows.append(happened((life + 1) * (LIFE + 1) - 0.1, "repaired"))
    return Pipe(tmp_path_factory.mktemp("pipe"), TEXT, rows)


def run(pipe: Pipe, folder: Path, *arguments: str) -> Result:
    where = ("--plant", pipe.plant, "--log", pipe.log)
    registry = () if arguments[0] == "metrics" else ("--registry", str(folder / "registry"))
    return CliRunner().invoke(app, [*arguments, *where, *registry], env={"COLUMNS": "160"})


def test_one_step_is_what_two_are_and_its_lineage_says_which_rows_of_the_log(pipe: Pipe, tmp_path: Path) -> None:
    file, horizon = str(tmp_path / "watch.parquet"), ("--horizon", "1h")

    one = run(pipe, tmp_path, "train", "failure", "--metric", "watch", *SPAN, *horizon, *QUICK, "--name", "watch")

    assert one.exit_code == 0, (one.output, one.exception)
    of_file = (
        "target=fails_soon",
        "unit=unit",
        "mode=failure_mode",
        'without=["time", "asset"]',
        'units=["load = kW", "warm = degC"]',
    )
    told = [word for setting in of_file for word in ("--set", setting)]
    span = [word.replace("--until", "--to") for word in SPAN]
    assert run(pipe, tmp_path, "metrics", "table", "watch", file, "--window", "15m", *span, *horizon).exit_code == 0
    two = run(pipe, tmp_path, "train", "failure", "--table", file, *told, *QUICK, "--json")
    assert two.exit_code == 0, (two.output, two.exception)
    model, card = Registry(tmp_path / "registry").read("watch", 1), json.loads(two.stdout)["card"]
    for member in ("inputs", "features", "figures", "reference", "threshold", "limits"):
        assert model.document.card[member] == card[member]
    assert [(one.name, one.unit) for one in model.features] == [("load", "kW"), ("warm", "degC")]
    log = model.document.lineage["log"]
    assert (log["metric"], log["window"], log["horizon_h"]) == ("watch", "15m", 1.0)
    assert log["plant_sha256"] == sha256_of(Path(pipe.plant))
    assert card["source"]["made_of"] is None

    tested = run(pipe, tmp_path, "models", "backtest", "watch", "1", "--from", SPAN[1], "--json")

    assert tested.exit_code == 0, (tested.output, tested.exception)
    found = json.loads(tested.stdout)["back_test"]
    assert found["made_of"]["horizon_h"] == 1.0  # as it was trained
    assert found["seen"] == 1.0 and found["candidate"]["scored"] == LIVES * LIFE
    assert max(found["candidate"]["drift"].values()) < CHANGED
    figures = {one["name"]: one for one in found["candidate"]["figures"]}
    assert figures["pr_auc"]["value"] > 0.9 and figures["pr_auc"]["low"] <= figures["pr_auc"]["value"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("failure",), "or --metric KIND of the plant's own log"),
        (("failure", "--metric", "watch", "--table", "a.csv"), "or --metric KIND of the plant's own log"),
        (("failure", "--metric", "wach"), "got 'wach', did you mean 'watch'?"),
        (("failure", "--metric", "watch", "--window", "1h"), "watch: expected one of its windows, 15m, got '1h'"),
        (("novelty", "--metric", "watch"), "novelty does not learn from a metric's windows"),
        (("failure", "--metric", "watch", "--from", "now", "--until", "-1h"), "--from must be before --until"),
        (("rul", "--metric", "watch", *SPAN), "watch 15m of the log: expected at least 20 units that ran to failure, got 13"),
        (
            ("trend", "--metric", "watch", *SPAN, "--set", "value=warm", "--set", "threshold=60"),
            "unit plant/hall/line1/press#0: expected at least 20 rows of 'warm', got 13",
        ),
    ],
)  # fmt: skip
def test_what_can_not_be_learned_from_the_log_is_refused(
    arguments: tuple[str, ...], says: str, pipe: Pipe, tmp_path: Path
) -> None:
    told = run(pipe, tmp_path, "train", *arguments)

    assert told.exit_code == 2 and says in told.stderr.replace("\n", " "), told.output


def test_normal_work_is_learned_from_windows_that_are_not_those_before_a_failure(pipe: Pipe, tmp_path: Path) -> None:
    told = run(
        pipe, tmp_path, "train", "anomaly", "--metric", "watch", *SPAN, "--horizon", "1h", "--set", "lags=1", "--json"
    )

    assert told.exit_code == 0, (told.output, told.exception)
    card = json.loads(told.stdout)["card"]
    source = card["source"]
    assert (source["file"], source["rows"]) == ("watch 15m of the log", LIVES * 13)
    assert any("Rows that fail soon" in limit for limit in card["limits"])
    assert source["made_of"]["metric"] == "watch"
