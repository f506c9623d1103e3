"""`explain` of health and advice that are made of waveforms: worked out once more from these, and from when the machine was repaired."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.overview.asked import ALL_TIME
from analysis.results import Results
from cli.demo.report import ailing
from cli.main import app
from delivery.query import Source
from fieldline.frames import event_value
from fieldline.plant import Plant, load_plant
from tests.analysis.whole_pipe import Pipe
from tests.bits import waves
from tests.cli.report.test_drawings import drawn
from tests.processing.engine_rig import SECOND, Row, event
from tests.processing.test_vibration_operator import MACHINE, PRESS

MINUTE = 60 * SECOND
START = 1_700_000_100_000_000_000 // (900 * SECOND) * 900 * SECOND
TEXT = f"""{MACHINE}
[[metric]]
kind = "press_health"
asset = "{PRESS}"
windows = ["15m"]
field.rms = {{ value = "vibration.acceleration_rms_m_s2", unit = "m/s2" }}
field.grown = {{ value = "rms / baseline(rms, 2)", unit = "1" }}
field.of_bearing = {{ value = "1.5 - grown / 4", unit = "1" }}
field.of_oil = {{ value = "(100 - mean(temp_c)) / 100", unit = "1" }}
field.risk = {{ value = "1 - of_bearing", unit = "1" }}

[metric.health]
channels = ["of_bearing", "of_oil"]

[metric.advice]
probability = "risk"
failure_cost = 1000

[[metric.advice.action]]
name = "replace"
cost = 200
"""


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    well, worn, weak = waves.payloads()[:3]
    said = [well, weak, well, weak, worn, weak, well, worn, weak, well, weak, worn]
    rows: list[Row] = [event(PRESS, "@waveform", START + k * 5 * MINUTE + SECOND, said[k % 12]) for k in range(24)]
    rows += [Row(PRESS, "temp_c", START + k * MINUTE, 20.0 + k % 7) for k in range(120)]
    rows.append(Row(PRESS, "@repaired", START + 50 * MINUTE, event_value(b"{}"), 0, b"{}"))
    return Pipe(tmp_path_factory.mktemp("pipe"), TEXT, rows)


@pytest.mark.parametrize("quarter", [1, 3, 5, 7])
def test_health_agrees_with_what_the_waveforms_come_to(pipe: Pipe, quarter: int) -> None:
    at = (START + quarter * 15 * MINUTE) // SECOND
    done = CliRunner().invoke(app, pipe.arguments("explain", "press_health", "--asset", PRESS, "--at", at, "--window", "15m", "--json"))  # fmt: skip

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["verdict"]["agrees"] and told["verdict"]["compared"] == 9, told["verdict"]
    fields = {one["field"]: one["value"] for one in told["fields"]}
    assert fields["health"] == pytest.approx(min(max(min(fields["of_bearing"], 1.0), 0.0), fields["of_oil"]))
    assert told["advised_action"] in ("wait", "replace") and told["weakest_channel"] in ("of_bearing", "of_oil")


def test_a_baseline_begins_anew_after_the_repair(pipe: Pipe) -> None:
    at = (START + 5 * 15 * MINUTE) // SECOND
    told = json.loads(CliRunner().invoke(app, pipe.arguments("explain", "press_health", "--asset", PRESS, "--at", at, "--window", "15m", "--json")).stdout)  # fmt: skip

    read = {one["what"]: one["value"] for one in told["inputs"]["read"]}
    assert read["maintenance.time_s"] == (START + 50 * MINUTE) / SECOND


def test_the_demo_s_picture_is_of_the_machine_whose_health_fell_deepest(pipe: Pipe) -> None:
    plant, results = load_plant(Path(pipe.plant)), Results(Source(pipe.store))

    (picture,) = ailing(plant, results)

    told = "\n".join(drawn(picture, 80))
    rows = [row for row in results.rows("press_health", PRESS, "15m", 0, ALL_TIME) if row["health"] is not None]
    assert f"{PRESS}: health by 15m" in told and f"least health {min(row['health'] for row in rows):.2f}" in told
    assert list(ailing(Plant(), results)) == []
