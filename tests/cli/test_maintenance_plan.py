"""`fieldline maintenance plan`: what the newest rows advise, put into the calendar's shifts."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.analysis.whole_pipe import Pipe
from tests.processing.engine_rig import SECOND, Row, event

DAY = 86_400 * SECOND
START = 1_700_006_400 * SECOND // DAY * DAY  # a Wednesday, midnight UTC
LINE = "plant/hall/line1"
TEXT = """
[[metric]]
kind = "health"
asset = "plant/*/*/*"
windows = ["15m"]
field.risk = { value = "mean(risk_ratio)", unit = "1" }

[metric.advice]
probability = "risk"
failure_cost = 10000
within_s = "24h"

[[metric.advice.action]]
name = "replace bearing"
cost = 500
hours = 4
part = "bearing"

[[calendar]]
[[calendar.shift]]
name = "early"
start = "06:00"
end = "14:00"
[[calendar.shift]]
name = "late"
start = "14:00"
end = "22:00"
"""
CREW = """
crew_hours = 4
[parts]
bearing = 2
[[order]]
line = "plant/hall/line1"
from = 2023-11-15T06:00:00Z
until = 2023-11-15T14:00:00Z
stop_cost_per_h = 10
"""


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    rows = [
        Row(f"{LINE}/{asset}", "risk_ratio", START + minute * 60 * SECOND, risk)
        for asset, risk in (("press", 0.6), ("saw", 0.2), ("oven", 0.001))
        for minute in range(0, 60, 5)
    ]
    pipe = Pipe(tmp_path_factory.mktemp("pipe"), TEXT, rows)
    (pipe.folder / "crew.toml").write_text(CREW)
    return pipe


def arguments(pipe: Pipe, *more: str) -> list[str]:
    there = ["--crew", str(pipe.folder / "crew.toml"), "--plant", pipe.plant, "--store", pipe.store]
    return ["maintenance", "plan", *there, "--at", str(START // SECOND + 3600), "--shifts", "2", *more]


def run(arguments: list[str], code: int = 0) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "120"})
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_each_asset_has_its_action_and_shift_and_why(pipe: Pipe) -> None:
    told = json.loads(run(arguments(pipe, "--json")))

    by_asset = {row["asset"].rpartition("/")[2]: row for row in told["plan"]}
    assert (by_asset["press"]["action"], by_asset["press"]["shift"]) == ("replace bearing", "early 2023-11-15")
    assert (by_asset["saw"]["action"], by_asset["saw"]["shift"]) == ("replace bearing", "late 2023-11-15")
    assert by_asset["oven"]["action"] == "wait" and by_asset["oven"]["why"].startswith("waiting costs least")
    # At 60 % a day the press fails by 17.4 % in the five hours until 06:00; then four hours of its line's order are lost.
    assert by_asset["press"]["cost"] == pytest.approx(10_000 * (1 - 0.4 ** (5 / 24)) + 500 + 40, abs=0.01)
    assert by_asset["press"]["begins"] == "2023-11-15T06:00:00Z"
    assert told["cost"] < told["waiting_cost"]


def test_people_read_a_table_and_a_sentence_for_each(pipe: Pipe) -> None:
    told = run(arguments(pipe))

    assert "2 of 3 assets in 2 shifts cost" in told
    assert "plant/hall/line1/press: saves" in told


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("crew_hours = 4", "crew_hour = 4", "did you mean 'crew_hours'?"),
        ("06:00:00Z", "06:00:00", "expected from and until with their zone"),
        ("2023-11-15T06:00:00Z", "2023-11-16T06:00:00Z", "expected from before until"),
    ],
)
def test_a_slip_in_the_crew_file_is_named(pipe: Pipe, tmp_path: Path, was: str, now: str, says: str) -> None:
    (tmp_path / "crew.toml").write_text(CREW.replace(was, now))

    assert says in run(arguments(pipe, "--crew", str(tmp_path / "crew.toml")), 2)


def test_how_long_a_class_lives_is_told_from_its_events(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = []
    for k, hours in enumerate((20, 31, 45, 60)):
        for asset in ("press", "saw"):
            rows.append(Row(f"{LINE}/{asset}", "temp_c", START, 1.0))
            rows.append(
                event(f"{LINE}/{asset}", "@failure", START + (70 * k + hours + (asset == "saw")) * 3600 * SECOND, b"{}")
            )
            rows.append(event(f"{LINE}/{asset}", "@repaired", START + 70 * (k + 1) * 3600 * SECOND, b"{}"))
    pipe = Pipe(tmp_path_factory.mktemp("pipe"), "", rows)
    asked = ["maintenance", "reliability", "--log", pipe.log, "--to", str(START // SECOND + 300 * 3600)]

    told = json.loads(run([*asked, "--asset", "plant/*", "--json"]))

    assert (told["class"]["lives"], told["class"]["failures"]) == (10, 8)
    assert told["class"]["hours"] == pytest.approx(2 * (20 + 31 + 45 + 60 + 20) + 4)
    shape = next(row for row in told["weibull"] if row["figure"] == "shape")
    assert 1 < shape["low"] < shape["value"] < shape["high"]
    assert "they wear: the shape lies between" in run([*asked, "--asset", "plant/*"])
    assert "no asset that the log has heard of matches 'farm/*'" in run([*asked, "--asset", "farm/*"], 2)


def test_assets_without_rows_and_plants_without_advice_are_told(pipe: Pipe, tmp_path: Path) -> None:
    assert "of assets that match 'farm/*', got none" in run(arguments(pipe, "--asset", "farm/*"), 2)
    (tmp_path / "plant.toml").write_text("")
    assert "no [[metric]] of the plant file has advice" in run(
        arguments(pipe, "--plant", str(tmp_path / "plant.toml")), 2
    )
