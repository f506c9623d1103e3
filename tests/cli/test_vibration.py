"""`show spectrum` and `explain vibration` over a real log, the engine's metrics and a local store."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from analysis.logs import existing
from analysis.results import Results
from cli.demo.report import Window, shaken
from cli.main import app
from delivery.query import Source
from fieldline.plant import Plant, load_plant
from tests.analysis.whole_pipe import Pipe
from tests.bits import waves
from tests.processing.engine_rig import SECOND, T0, Row, event
from tests.processing.test_vibration_operator import MACHINE, PRESS

AT = "2023-11-14T22:20"


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    well, worn, weak = waves.payloads()[:3]
    rows: list[Row] = [
        event(PRESS, "@waveform", T0 + k * 60 * SECOND, one) for k, one in enumerate([well, weak, worn, worn] * 8)
    ]
    rows += [Row(PRESS, "temp_c", T0 + k * 30 * SECOND, 20.0) for k in range(80)]
    return Pipe(tmp_path_factory.mktemp("pipe"), MACHINE, rows)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], env={"COLUMNS": "80"})


def test_a_spectrum_is_drawn_with_the_lines_of_the_bearing_and_names_the_fault(pipe: Pipe) -> None:
    told = run("show", *pipe.arguments("spectrum", "--asset", PRESS)).stdout

    assert "acceleration in m/s²" in told and "envelope in m/s²" in told
    assert "outer race is worn, by what the envelope says" in told
    assert max(map(len, told.splitlines())) <= 80


def test_a_spectrum_is_data_too_of_the_waveform_before_a_time(pipe: Pipe) -> None:
    asked = pipe.arguments("spectrum", "--asset", PRESS, "--json")

    last, first = (json.loads(run("show", *asked, *at).stdout) for at in ((), ("--at", "2023-11-14T22:14:10")))

    assert last["fault"] == "outer race" and first["fault"] is None
    assert (first["rate_hz"], first["samples"], first["time"]) == (5120.0, 1280, "2023-11-14T22:14:00Z")
    assert len(last["acceleration"]["at"]) == len(last["acceleration"]["amplitude"])
    lines = {row["fault"]: row for row in last["faults"]}
    assert lines["outer race"]["expected_hz"] == pytest.approx(358.5, abs=0.1)
    assert sum(band["share"] for band in last["bands"]) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(("name", "begins"), [("press.png", b"\x89PNG"), ("press.svg", b"<?xml")])
def test_a_picture_is_written(pipe: Pipe, tmp_path: Path, name: str, begins: bytes) -> None:
    path = tmp_path / name

    told = run("show", *pipe.arguments("spectrum", "--asset", PRESS, "--picture", str(path)))

    assert told.exit_code == 0, told.stderr
    assert path.read_bytes().startswith(begins)
    assert path.stat().st_size > 10_000


def test_orders_are_shown_where_the_shaft_speeds_up(pipe: Pipe) -> None:
    data = json.loads(
        run("show", *pipe.arguments("spectrum", "--asset", PRESS, "--run-up", "5000:7000", "--json")).stdout
    )

    assert data["acceleration"]["axis"] == "orders" and max(data["acceleration"]["at"]) == 32.0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--asset", f"{PRESS}9"), f"show spectrum: the log has no waveform of {PRESS}9"),
        (("--asset", PRESS, "--at", "2022-01-01"), "up to 2022-01-01T00:00:00Z"),
        (("--asset", PRESS, "--picture", "press.gif"), "expected a file that ends in .png or .svg, got 'press.gif'"),
        (("--asset", PRESS, "--picture", "/no/such/folder/p.png"), "/no/such/folder/p.png can't be written"),
        (("--asset", PRESS, "--run-up", "600"), "--run-up: expected two speeds such as 600:1500, got '600'"),
        (("--asset", PRESS, "--run-up", "60:60"), "--run-up: expected an angle that grows by a turn or more"),
        (("--asset", PRESS, "--gap", "5m"), "show spectrum: --gap is about sessions"),
    ],
)
def test_what_can_not_be_shown_is_told_in_one_line(pipe: Pipe, arguments: tuple[str, ...], told: str) -> None:
    result = run("show", *pipe.arguments("spectrum", *arguments))

    assert result.exit_code == 2
    assert told in result.stderr


def test_the_speed_that_a_tag_measures_is_the_one_of_the_lines_and_of_the_recount(tmp_path: Path) -> None:
    rows: list[Row] = [event(PRESS, "@waveform", T0 + k * 60 * SECOND, waves.payloads()[1]) for k in range(8)]
    rows += [Row(PRESS, "shaft_rpm", T0 - SECOND + k * 100 * SECOND, 6000.0 - 10.0 * k) for k in range(6)]
    driven = Pipe(tmp_path, MACHINE.replace("speed_rpm = 6000", 'speed_rpm = 6300\nspeed_tag = "shaft_rpm"'), rows)

    drawn = json.loads(run("show", *driven.arguments("spectrum", "--asset", PRESS, "--json")).stdout)
    asked = driven.arguments("vibration", "--asset", PRESS, "--at", "2023-11-14T22:14", "--window", "1h", "--json")
    data = json.loads(run("explain", *asked).stdout)

    (outer,) = [row for row in drawn["faults"] if row["fault"] == "outer race"]
    assert outer["expected_hz"] == pytest.approx(3.58477553675992 * 5960.0 / 60.0, rel=1e-9)
    assert data["verdict"]["agrees"] is True, data["verdict"]
    assert {series["tag"] for series in data["evidence"]["series"]} == {"@waveform", "shaft_rpm"}


def test_the_demo_ends_with_the_envelope_of_the_bearing_that_is_worn_most(pipe: Pipe) -> None:
    hour = T0 // (3600 * SECOND) * 3600 * SECOND
    results, recorder = Results(Source(pipe.store)), Console(record=True, width=80, file=StringIO())

    with existing(pipe.log) as log:
        for one in shaken(log, load_plant(Path(pipe.plant)), results, Window("1h", "hour", hour, hour + 3600 * SECOND)):
            recorder.print(one)
        assert not list(shaken(log, Plant(), results, Window("1h", "hour", 0, 1)))

    told = recorder.export_text()
    assert f"{PRESS}: outer race worn, evidence" in told and "O" in told.splitlines()[-2]


def test_a_window_is_worked_out_again_from_its_waveforms(pipe: Pipe) -> None:
    asked = pipe.arguments("vibration", "--asset", PRESS, "--at", AT, "--window", "15m")

    told, data = run("explain", *asked).stdout, json.loads(run("explain", *asked, "--json").stdout)

    assert "worked out once more from the log: all" in told and "figures agree to 1e-9" in told
    assert data["verdict"]["agrees"] is True and data["fault_name"] == "outer race"
    assert data["inputs"]["machine"]["bearing"] == "6205-2RS JEM"
    assert {field["field"] for field in data["fields"] if field["agrees"] is None} == {"coverage"}
