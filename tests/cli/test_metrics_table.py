"""`fieldline metrics table`: what the stream makes of each window, and what became of the asset, as a file to learn from."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cli.main import app
from fieldline.frames import event_value
from tests.analysis.whole_pipe import Pipe
from tests.processing.engine_rig import SECOND, Row

MINUTE, QUARTER = 60 * SECOND, 900 * SECOND
START = 1_700_000_100_000_000_000 // QUARTER * QUARTER
PRESS, OVEN = "plant/hall/line1/press", "plant/hall/line2/oven"
TEXT = """
[[metric]]
kind = "watch"
asset = "plant/*/*/*"
windows = ["15m", "1h"]
field.load_kw = { value = "mean(power_kw)", unit = "kW" }
field.before_kw = { value = "previous(mean(power_kw))", unit = "kW" }
field.beside = { value = "1" }

[metric.model]
features = ["before_kw", "load_kw"]
output.failure_probability = { unit = "1" }
"""


def happened(minute: float, kind: str, **said: object) -> Row:
    payload = json.dumps(said, sort_keys=True).encode()
    return Row(PRESS, f"@{kind}", START + round(minute * MINUTE), event_value(payload), 0, payload)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    rows = [
        Row(asset, "power_kw", START + k * QUARTER + 5 * MINUTE, float(k)) for asset in (PRESS, OVEN) for k in range(20)
    ]
    rows += [
        happened(100, "failure", mode="bearing"),
        happened(130, "repaired"),
        happened(200, "failure", mode="motor"),
        happened(200, "failure", phase="void", recorded=1_800_000_000),
    ]
    return Pipe(tmp_path_factory.mktemp("pipe"), TEXT, sorted(rows, key=lambda row: row.time))


def run(arguments: list[str], code: int = 0) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def table(pipe: Pipe, *more: str, file: str) -> list[str]:
    span = ["--from", str(START // SECOND), "--to", str((START + 20 * QUARTER) // SECOND)]
    return ["metrics", "table", "watch", file, "--plant", pipe.plant, "--log", pipe.log, *span, *more]


def test_each_window_has_its_features_its_life_and_what_became_of_the_asset(pipe: Pipe, tmp_path: Path) -> None:
    file = tmp_path / "watch.parquet"

    told = json.loads(run(table(pipe, "--window", "15m", "--horizon", "1h", "--json", file=str(file))))

    found = pl.read_parquet(file)
    assert found.columns == [
        "unit",
        "time",
        "asset",
        "before_kw",
        "load_kw",
        "remaining_life_h",
        "fails_soon",
        "failure_mode",
    ]
    assert found.height == told["rows"] == 40 and told["failures"] == 1 and told["lives"] == 3
    press = found.filter(pl.col("asset") == PRESS)
    assert press["load_kw"].to_list() == [float(k) for k in range(20)]
    assert press["before_kw"].to_list() == [None, *(float(k) for k in range(19))]
    # It fails in minute 100, in the seventh quarter-hour, and is repaired in minute 130, in the ninth.
    assert press["unit"].to_list() == [f"{PRESS}#0"] * 6 + [None] * 2 + [f"{PRESS}#1"] * 12
    assert press["remaining_life_h"].to_list()[:6] == pytest.approx([(100 - 15 * k) / 60 for k in range(1, 7)])
    assert press["fails_soon"].to_list() == [0, 0, 1, 1, 1, 1, None, None] + [0] * 8 + [None] * 3 + [None]
    assert press["failure_mode"].to_list() == [None] * 2 + ["bearing"] * 4 + [None] * 14
    oven = found.filter(pl.col("asset") == OVEN)
    assert oven["unit"].unique().to_list() == [f"{OVEN}#0"] and oven["remaining_life_h"].null_count() == 20


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--window", "1m"], "watch: expected one of its windows, 15m, 1h, got '1m'"),
        (
            ["--window", "1h", "--from", "2001-01-01", "--to", "2001-02-01"],
            "the log has no window of watch in that span",
        ),
    ],
)
def test_what_can_not_be_written_is_refused_and_says_why(
    pipe: Pipe, tmp_path: Path, more: list[str], says: str
) -> None:
    assert says in run(table(pipe, *more, file=str(tmp_path / "t.csv")), 2)


def test_a_kind_or_a_file_that_is_none_is_named(pipe: Pipe, tmp_path: Path) -> None:
    arguments = table(pipe, "--window", "15m", file=str(tmp_path / "t.csv"))

    assert "got 'wach', did you mean 'watch'?" in run([word.replace("watch", "wach") for word in arguments], 2)
    assert "expected a file that ends in .parquet or .csv, got 't.txt'" in run(
        [word.replace("t.csv", "t.txt") for word in arguments], 2
    )
