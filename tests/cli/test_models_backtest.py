"""`fieldline models backtest`: a version and the champion on the log's own rows, and what may be promoted after it."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner, Result

from cli.main import app
from fieldline.frames import event_value
from models.draft import Draft, PartDraft
from models.flatten.linear import flat_linear
from models.history import Action, Note
from models.registry import Registry
from processing.scoring.document import Column
from tests.analysis.whole_pipe import Pipe
from tests.processing.engine_rig import SECOND, Row

MINUTE, QUARTER = 60 * SECOND, 900 * SECOND
START = 1_700_000_100_000_000_000 // QUARTER * QUARTER
PRESS, OVEN = "plant/hall/line1/press", "plant/hall/line2/oven"
SPAN = ("--from", str(START // SECOND), "--to", str((START + 20 * QUARTER) // SECOND))
NO_BROKER = ("--to", "mqtt://127.0.0.1:1")
NOTE = Note("2026-03-01T06:00:00Z", "kim")
TEXT = """
[[metric]]
kind = "watch"
asset = "plant/*/*/*"
windows = ["15m", "1h"]
field.load_kw = { value = "mean(power_kw)", unit = "kW" }
field.temp_degc = { value = "mean(temp_degc)", unit = "degC" }

[metric.model]
output.failure_probability = { unit = "1" }
"""


def draft(weights: tuple[float, float], unit: str = "degC") -> tuple[Draft, dict[str, Ridge]]:
    """A version that makes this of load and temperature; its card alarms from 0.47 on, and knows loads of 0 to 1 alone."""
    rows = np.random.default_rng(1).normal(size=(20, 2))
    estimator = Ridge(0.0).fit(rows, rows @ weights)
    made = Draft(
        name="watch",
        task="failure",
        features=(Column("load_kw", "kW"), Column("temp_degc", unit)),
        outputs=(Column("failure_probability", "1"),),
        parts=(PartDraft("linear", flat_linear(estimator), ("load_kw", "temp_degc"), ("failure_probability",)),),
        golden_rows=rows,
        golden_scores=estimator.predict(rows)[:, None],
        card={"threshold": 0.47, "reference": {"load_kw": {"edges": [0.5], "shares": [0.5, 0.5], "missing": 0.0}}},
    )
    return made, {"linear": estimator}


def happened(minute: float, kind: str, **said: object) -> Row:
    payload = json.dumps(said, sort_keys=True).encode()
    return Row(PRESS, f"@{kind}", START + round(minute * MINUTE), event_value(payload), 0, payload)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    """A press that fails in minute 100, an oven that goes on; of the oven's last five quarters nobody knows the temperature."""
    rows = [Row(one, "power_kw", START + k * QUARTER + MINUTE, k / 20) for one in (PRESS, OVEN) for k in range(20)]
    rows += [Row(PRESS, "temp_degc", START + k * QUARTER + MINUTE, 40.0) for k in range(20)]
    rows += [Row(OVEN, "temp_degc", START + k * QUARTER + MINUTE, 40.0) for k in range(15)]
    rows += [happened(100, "failure", mode="bearing"), happened(130, "repaired")]
    return Pipe(tmp_path_factory.mktemp("pipe"), TEXT, rows)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Version 1 says the load; version 2 a hundredth of the temperature more; version 3 was trained on another unit."""
    made = Registry(tmp_path / "registry")
    for weights, unit in (((1.0, 0.0), "degC"), ((1.0, 0.01), "degC"), ((1.0, 0.0), "K")):
        made.add(*draft(weights, unit), NOTE)
    return made


def run(pipe: Pipe, registry: Registry, verb: str, *arguments: str) -> Result:
    where = ["--registry", str(registry.folder)]
    where += ["--log", pipe.log, "--plant", pipe.plant, *SPAN] if verb == "backtest" else []
    return CliRunner().invoke(app, ["models", verb, "watch", *arguments, *where], env={"COLUMNS": "160"})


def promote(pipe: Pipe, registry: Registry, version: int, *more: str) -> Result:
    """By a broker that is not there: what the registry refuses ends with 2, what only nobody can be told with 3."""
    return run(pipe, registry, "promote", str(version), "--why", "so", "--asset", "plant/hall/line1", *NO_BROKER, *more)


def test_a_version_scores_the_log_s_rows_beside_the_champion(pipe: Pipe, registry: Registry) -> None:
    registry.record(
        "watch", NOTE.entry(Action.PROMOTE, 1, since=NOTE.time, assets=("plant/hall/line1",), is_untested=True)
    )

    result = run(pipe, registry, "backtest", "2", "--horizon", "1h", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)["back_test"]
    assert (told["rows"], told["assets"], told["lives"], told["positive"]) == (40, 2, 3, 4)
    assert told["made_of"]["metric"] == "watch" and len(told["made_of"]["plant_sha256"]) == 64
    mine, champion = told["candidate"], told["champion"]
    assert (mine["version"], champion["version"]) == (2, 1)
    assert mine["scored"] == champion["scored"] == 35 and mine["unscored"] == {"no temp_degc": 5}
    # Of the press ten loads are above 0.47, of the oven five that have a score; with 0.4 for the temperature all above 0.07 are.
    assert (champion["crossed"], mine["crossed"]) == (10 + 5, 18 + 13)
    assert mine["drift"]["load_kw"] == pytest.approx(
        0.1 * np.log(0.55 / 0.45) * 0.5, abs=1e-9
    )  # 11 of 20 loads are 0.5 or less
    # The press: six quarters before its failure, the last four within the hour; none of its repair, then seven whose hour is known
    # to be good; and the oven's until an hour before the end of what is known, those without a score left out.
    loads = [0.0, 1, 2, 3, 4, 5, *range(8, 16), *range(15)]
    truth = np.array([0, 0, 1, 1, 1, 1] + [0] * 23)
    for judged, more in ((champion, 0.0), (mine, 0.4)):
        figures = {one["name"]: one["value"] for one in judged["figures"]}
        said = np.array(loads) / 20 + more
        assert figures["brier"] == pytest.approx(np.mean((said - truth) ** 2))
        assert figures["pr_auc"] == pytest.approx(average_precision_score(truth, said))
        assert figures["f1"] == pytest.approx(2 * (truth & (said >= 0.47)).sum() / (truth.sum() + (said >= 0.47).sum()))
    assert champion["figures"][0]["low"] is None  # three lives are too few for an interval
    assert told["differs"]["output"] == "failure_probability"
    assert told["differs"]["candidate"] - told["differs"]["champion"] == pytest.approx(0.4)


def test_what_was_back_tested_may_be_promoted_and_is_shown(pipe: Pipe, registry: Registry) -> None:
    refused = promote(pipe, registry, 2)
    assert refused.exit_code == 2 and "`fieldline models backtest watch 2`" in refused.stderr.replace("\n", " ")
    assert promote(pipe, registry, 2, "--untested").exit_code == 3
    registry.record("watch", NOTE.entry(Action.PROMOTE, 1, since=NOTE.time, assets=("a/b",), is_untested=True))
    assert "promote, untested" in run(pipe, registry, "show", "1").stdout
    registry.record("watch", NOTE.entry(Action.RETIRE, 1, since=NOTE.time, assets=("a/b",)))

    told = run(pipe, registry, "backtest", "2", "--horizon", "1h", "--why", "before spring").stdout

    assert "version 2 has no score of 5 rows: no temp_degc" in told and "there is no champion" in told
    assert promote(pipe, registry, 2).exit_code == 3
    shown = json.loads(run(pipe, registry, "show", "2", "--json").stdout)
    assert shown["back_test"]["candidate"]["scored"] == 35
    done = next(one for one in shown["history"] if one["action"] == "back-test")
    assert (done["version"], done["why"]) == (2, "before spring")
    compared = json.loads(run(pipe, registry, "compare", "1", "2", "--json").stdout)
    figure = next(one for one in compared["figures"] if one["figure"] == "brier")
    assert figure["first"] is None and figure["second"] > 0 and figure["on"].startswith("back-test 2023-11-14")


def test_a_version_that_scores_none_of_the_rows_is_not_promoted(pipe: Pipe, registry: Registry) -> None:
    result = run(pipe, registry, "backtest", "3")

    assert result.exit_code == 1
    assert "expects load_kw [kW], temp_degc [K]; watch has load_kw [kW], temp_degc [degC]" in result.stdout.replace(
        "\n", " "
    )
    refused = promote(pipe, registry, 3)
    assert refused.exit_code == 2 and "scored none of its 40 rows" in refused.stderr.replace("\n", " ")


def test_without_labels_there_are_no_figures_and_it_is_said_why(pipe: Pipe, registry: Registry) -> None:
    told = run(pipe, registry, "backtest", "1", "--horizon", "30d").stdout.replace("\n", " ")

    assert "no figures: expected rows before a failure and others among those that are scored, got 6 and 0" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("1", "--metric", "wach"),
            "expected one that the model 'watch' scores, watch, got 'wach', did you mean 'watch'?",
        ),
        (("1", "--window", "1m"), "watch: expected one of its windows, 15m, 1h, got '1m'"),
        (("9",), "expected one of the versions 1, 2, 3, got 9"),
    ],
)
def test_what_can_not_be_tested_is_refused(
    arguments: tuple[str, ...], says: str, pipe: Pipe, registry: Registry
) -> None:
    result = run(pipe, registry, "backtest", *arguments)

    assert result.exit_code == 2 and says in result.stderr.replace("\n", " ")
