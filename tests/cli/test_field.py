"""`show field`, and the example farm, over a real log, the engine's metrics and a local store."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.analysis.whole_pipe import Pipe
from tests.processing.test_fields_operators import BARE, FARM, FIELD, STATION, weather


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    return Pipe(tmp_path_factory.mktemp("pipe"), FARM, weather(3))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], env={"COLUMNS": "80"})


def test_a_field_is_drawn_with_its_weather_and_its_advice(pipe: Pipe) -> None:
    told = run("show", *pipe.arguments("field", "--asset", FIELD)).stdout

    assert "weather: reference evapotranspiration " in told
    assert "by Penman-Monteith; radiation measured; humidity measured; wind measured" in told
    assert "advice: irrigate " in told
    assert "after three more days without water the crop takes" in told
    assert [line[:10] for line in told.splitlines()[1:4]] == ["2025-07-15", "2025-07-16", "2025-07-17"]
    assert max(map(len, told.splitlines())) <= 80


def test_a_field_is_data_too_and_one_without_a_crop_has_nothing_to_advise(pipe: Pipe) -> None:
    grown, bare = (
        json.loads(run("show", *pipe.arguments("field", "--asset", path, "--json")).stdout) for path in (FIELD, BARE)
    )

    assert len(grown["days"]) == 3
    assert grown["advice"]["advised_volume_m3"] == pytest.approx(20.0 * grown["advice"]["advised_gross_mm"])
    assert bare["advice"]["advice"] == "nothing grows" and bare["advice"]["advised_net_mm"] is None


@pytest.mark.parametrize(
    ("window", "at"), [("day", "2025-07-16T12:00"), ("1h", "2025-07-16T03:00"), ("1h", "2025-07-16T13:00")]
)
def test_evapotranspiration_is_worked_out_once_more(pipe: Pipe, window: str, at: str) -> None:
    asked = pipe.arguments("explain", "et0", "--asset", STATION, "--window", window, "--at", at, "--json")

    told = json.loads(run(*asked).stdout)

    assert told["verdict"]["agrees"] is True and told["verdict"]["compared"] == 9
    assert told["inputs"]["station"]["altitude_m"] == 520


@pytest.mark.parametrize(
    ("kind", "asset", "compared"), [("soil_water", FIELD, 29), ("rain", STATION, 1), ("irrigation", FIELD, 3)]
)
def test_water_is_worked_out_once_more(pipe: Pipe, kind: str, asset: str, compared: int) -> None:
    asked = pipe.arguments("explain", kind, "--asset", asset, "--window", "day", "--at", "2025-07-16T12:00", "--json")

    told = json.loads(run(*asked).stdout)

    assert told["verdict"]["agrees"] is True and told["verdict"]["compared"] == compared
    assert kind != "soil_water" or told["inputs"]["ties"]["station"] == STATION


def test_what_is_no_field_is_refused(pipe: Pipe) -> None:
    told = run("show", *pipe.arguments("field", "--asset", "farm/north/barn"))

    assert told.exit_code != 0
    assert "there is no row of soil_water of farm/north/barn" in str(told.exception) + told.output


def test_the_example_farm_is_accepted() -> None:
    told = run("check", "--plant", str(Path("examples/farm.toml")))

    assert told.exit_code == 0 and "all good" in told.stdout
